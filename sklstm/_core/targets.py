"""What there is to learn: how targets are read, scaled, and lost by."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from sklstm._core.scaling import Scale, identity_scale, scale_of_columns
from sklstm._input.check import check_no_dates, check_no_strings, count_axes
from sklstm._input.padding import is_ragged


class Regression(NamedTuple):
    """Numbers to predict for each window."""

    owner: str  # name of the estimator, for messages
    loss: dict  # parameters of :func:`sklstm._nn.losses.make_loss`
    is_1d: bool  # whether y has one number per window, and no second axis

    @property
    def learnt(self):
        """Attributes of the estimator that tell of the task."""
        return {}

    @classmethod
    def of(cls, y, owner, loss):
        """Find the task that y sets."""
        _refuse_none(y, owner, "one number, or one row of numbers,")
        return cls(owner, loss, count_axes(y, "y") == 1)

    def read(self, y):
        """Read y as targets, float64 of shape (n_windows, n_outputs)."""
        _refuse_none(y, self.owner, "one number, or one row of numbers,")
        n_axes = count_axes(y, "y")
        if n_axes not in (1, 2):
            raise ValueError(
                f"y has {n_axes} dimensions; it must have shape (n_windows,) or "
                "(n_windows, n_outputs). Flatten the axes behind the first."
            )
        check_no_dates(y, "y")
        with check_no_strings("y"):
            y = check_array(
                y,
                dtype=np.float64,
                ensure_2d=False,
                input_name="y",
                estimator=self.owner,
            )
        if self.loss["name"] == "poisson" and y.min() < 0:
            raise ValueError(
                'loss="poisson" is for counts: y must not be negative, but its least '
                f"number is {y.min()}. Choose another loss."
            )
        return y.reshape(len(y), -1)

    def scale_of_targets(self, samples):
        """Measure what targets are to be brought to."""
        scale = scale_of_columns(*samples.scored())
        if self.loss["name"] == "poisson":
            # A shifted count is none; divided by its mean it is one around 1.
            return Scale(
                np.zeros_like(scale.mean), np.where(scale.mean > 0, scale.mean, 1.0)
            )
        return scale


class Reconstruction(NamedTuple):
    """Windows to make again from few numbers."""

    loss: dict  # parameters of :func:`sklstm._nn.losses.make_loss`

    @property
    def learnt(self):
        """Attributes of the estimator that tell of the task."""
        return {}


class Classification(NamedTuple):
    """Classes to tell apart: one of two or more, or any of several labels."""

    owner: str  # name of the estimator, for messages
    kind: str  # "binary", "multiclass" or "multilabel-indicator"
    classes: np.ndarray  # labels in order; of several labels, their columns

    @classmethod
    def of(cls, y, owner, classes=None):
        """Find the task that y sets, or that y and all `classes` there may be do."""
        _refuse_none(y, owner, "one label, or one row of 0 and 1,")
        kind = _kind(y)
        if kind == "multilabel-indicator":
            return cls(owner, kind, np.arange(np.shape(y)[1]))
        classes = np.unique(_labels(y) if classes is None else classes)
        if len(classes) < 2:
            raise ValueError(
                f"There is nothing to tell apart: y has {len(classes)} class(es), "
                f"{classes.tolist()}. Pass windows of two classes or more."
            )
        kind = "binary" if len(classes) == 2 else "multiclass"
        return cls(owner, kind, classes)

    @property
    def learnt(self):
        """Attributes of the estimator that tell of the task."""
        return {"classes_": self.classes}

    @property
    def loss(self):
        """Parameters of :func:`sklstm._nn.losses.make_loss`."""
        name = "cross_entropy" if self.kind == "multiclass" else "logistic"
        return {"name": name}

    def read(self, y):
        """Read labels as targets of 0 and 1.

        Parameters
        ----------
        y : array-like of shape (n_windows,) or (n_windows, n_labels)
            Labels of `classes`, or 0 and 1 for each of several labels.

        Returns
        -------
        targets : ndarray of shape (n_windows, n_targets)
            Whether the window has the second class of two, each of several classes, or
            each of several labels.

        Raises
        ------
        ValueError
            If y has other classes, or labels of another number.
        """
        _refuse_none(y, self.owner, "one label, or one row of 0 and 1,")
        has_several = self.kind == "multilabel-indicator"
        if (_kind(y) == "multilabel-indicator") != has_several:
            wanted = "a row of 0 and 1" if has_several else "one class"
            raise ValueError(
                f"y has shape {np.shape(y)}, but it must have {wanted} for each "
                f"window, like that of the first fit or of X."
            )
        if has_several:
            return self._read_many(y)
        labels = _labels(y)
        unknown = np.setdiff1d(labels, self.classes)
        if len(unknown):
            raise ValueError(
                f"y has the classes {unknown.tolist()}, which are not among those "
                f"to tell apart, {self.classes.tolist()}."
            )
        places = np.searchsorted(self.classes, labels)
        if self.kind == "binary":
            return places[:, None].astype(np.float64)
        return np.eye(len(self.classes))[places]

    def _read_many(self, y):
        """Read columns of 0 and 1."""
        y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise ValueError(
                f"y must have one column of 0 and 1 for each of {len(self.classes)} "
                f"labels, got shape {y.shape}."
            )
        return y.astype(np.float64)

    def scale_of_targets(self, samples):
        """Leave targets as they are."""
        return identity_scale(samples.targets.shape[-1])

    def strata(self, targets):
        """Tell the class of each window or step by a number; 0 for several labels."""
        if self.kind == "multilabel-indicator":
            return np.zeros(targets.shape[:-1], int)
        if self.kind == "binary":
            return targets[..., 0].astype(int)
        return targets.argmax(axis=-1)

    def weighed(self, samples, class_weights):
        """Let samples count by their classes too.

        Parameters
        ----------
        samples : Samples or None
            Windows; None stays None.
        class_weights : ndarray of shape (n_classes,)
            What :meth:`class_weights` returns.
        """
        if samples is None or (class_weights == 1).all():
            return samples
        of_each = class_weights[self.strata(samples.targets)]
        weights = samples.weights
        weights = weights if of_each.ndim == weights.ndim else weights[:, None]
        return samples._replace(weights=weights * of_each)

    def class_weights(self, class_weight, samples):
        """Say what classes count.

        Parameters
        ----------
        class_weight : dict, "balanced" or None
            As of :func:`sklearn.utils.class_weight.compute_class_weight`.
        samples : Samples
            What there is to learn from.

        Returns
        -------
        weights : ndarray of shape (n_classes,)
            For the numbers of :meth:`strata`.

        Raises
        ------
        ValueError
            If a weight is negative or no number, or classes are missing; or if windows
            have several labels.
        """
        if class_weight is None:
            return np.ones(len(self.classes))
        if self.kind == "multilabel-indicator":
            raise ValueError(
                f"class_weight={class_weight!r} cannot weigh windows of several "
                "labels. Pass class_weight=None, and what each window counts as "
                "sample_weight."
            )
        if class_weight == "balanced":
            return self._balanced(samples)
        weights = compute_class_weight(
            class_weight, classes=self.classes, y=self.classes
        )
        if not np.all(np.isfinite(weights) & (weights >= 0)):
            raise ValueError(
                f"class_weight={class_weight!r} must hold finite numbers from 0 on."
            )
        return weights

    def _balanced(self, samples):
        """Let all classes that there are count alike."""
        targets, weights = samples.scored()
        counts = np.bincount(self.strata(targets), weights, len(self.classes))
        is_there = counts > 0
        counts[~is_there] = 1
        return np.where(is_there, counts[is_there].sum() / is_there.sum() / counts, 0)

    def labels(self, outputs):
        """Read outputs of the network as labels, or as rows of 0 and 1."""
        if self.kind == "multilabel-indicator":
            return (outputs > 0).astype(int)
        if self.kind == "binary":
            return self.classes[(outputs[..., 0] > 0).astype(int)]
        return self.classes[outputs.argmax(axis=-1)]

    def log_probabilities(self, outputs):
        """Read outputs as logarithms of probabilities, (..., n_classes)."""
        with np.errstate(invalid="ignore"):  # NaN where a step does not exist
            if self.kind == "multiclass":
                return outputs - np.logaddexp.reduce(outputs, axis=-1, keepdims=True)
            is_so, is_not = (-np.logaddexp(0.0, side) for side in (-outputs, outputs))
        if self.kind == "multilabel-indicator":
            return is_so
        return np.concatenate([is_not, is_so], axis=-1)


def _kind(y):
    """Find what kind of labels y holds, or refuse it."""
    if is_ragged(y):
        raise ValueError(
            "y has labels of unequal number. Make rows of 0 and 1 with sklearn."
            "preprocessing.MultiLabelBinarizer; a label for every step of a sequence "
            "needs pooling=None."
        )
    if not hasattr(y, "toarray"):
        assert_all_finite(np.asarray(y), input_name="y")
    check_classification_targets(y)
    return type_of_target(y, input_name="y")


def _labels(y):
    """Read y as one label per window."""
    return column_or_1d(y, warn=True)


def _refuse_none(y, owner, wanted):
    """Say that an estimator learns from targets."""
    if y is None:
        raise ValueError(
            f"{owner} requires y to be passed, but the target y is None. Pass {wanted} "
            "per window."
        )
