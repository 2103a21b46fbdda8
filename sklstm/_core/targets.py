"""Tasks: how targets are read and scaled, and the loss that a network minimizes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.utils import assert_all_finite
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from sklstm._core.samples import make_step_mask
from sklstm._core.scaling import Scale, identity_scale, scale_of_columns
from sklstm._input.arrays import unwrap
from sklstm._input.check import check_columns, count_axes
from sklstm._input.numbers import check_no_dates, check_numbers
from sklstm._input.padding import is_ragged
from sklstm._input.plain import saved_as
from sklstm._nn.losses import make_loss


class Task(ABC):
    """Task of a network: its targets, their scale and the loss.

    Attributes
    ----------
    needs_y : bool
        Whether the targets come from y.
    has_fixed_width : bool
        Whether all samples of a network have the same number of targets.
    loss : dict
        Parameters of :func:`sklstm._nn.losses.make_loss`.
    """

    needs_y = True
    has_fixed_width = True
    loss: dict

    @abstractmethod
    def read(self, y, windows):
        """Read the targets of windows.

        Parameters
        ----------
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), or None
            Target of each window, or of each real step of all windows, as the user
            passed it.
        windows : Windows
            Windows that the targets belong to.

        Returns
        -------
        targets : ndarray of shape (n_rows, n_targets)
            Targets for the loss.
        """

    @abstractmethod
    def scale_of_targets(self, samples, x_scale):
        """Compute the scale of the targets.

        Parameters
        ----------
        samples : Samples
            Training windows with their targets.
        x_scale : Scale
            Scale of the features.

        Returns
        -------
        scale : Scale
            Number to subtract from each target, and number to divide it by.
        """

    def network_parameters(self, samples):
        """Return the parameters of the network that depend on the targets."""
        outputs_per_target = make_loss(**self.loss).outputs_per_target
        return {"n_outputs": samples.n_targets * outputs_per_target}

    def fitted_attributes(self, samples):
        """Return the attributes of a fitted estimator that depend on the task."""
        return {"n_outputs_": samples.n_targets}


@saved_as("regression")
@dataclass(frozen=True)
class Regression(Task):
    """Task to predict numbers for each window."""

    owner: str  # name of the estimator, for messages
    loss: dict
    is_1d: bool  # whether y has no second axis
    allows_missing: bool = False  # whether NaN in y is a missing target

    @classmethod
    def of(cls, y, owner, loss, allows_missing=False):
        """Return the task for y."""
        _check_not_none(y, owner, "one number, or one row of numbers,")
        return cls(owner, loss, count_axes(y, "y") == 1, allows_missing)

    def read(self, y, windows):
        """Read y as targets, float64 of shape (n_rows, n_outputs)."""
        _check_not_none(y, self.owner, "one number, or one row of numbers,")
        n_axes = count_axes(y, "y")
        if n_axes not in (1, 2):
            raise ValueError(
                f"y has {n_axes} dimensions, but it must have shape (n_windows,) or "
                "(n_windows, n_outputs). Flatten the axes after the first."
            )
        check_columns(y, "y")
        check_no_dates(y, "y")
        with check_numbers("y", "To predict classes, use LSTMClassifier."):
            y = check_array(
                y,
                dtype=np.float64,
                ensure_2d=False,
                ensure_all_finite="allow-nan" if self.allows_missing else True,
                input_name="y",
                estimator=self.owner,
            )
        if self.loss["name"] == "poisson" and np.nanmin(y) < 0:
            raise ValueError(
                'loss="poisson" is for counts: y must not be negative, but its minimum '
                f"is {np.nanmin(y)}. Choose another loss."
            )
        return y.reshape(len(y), -1)

    def scale_of_targets(self, samples, x_scale):
        """Compute the mean and the standard deviation of each target."""
        scale = scale_of_columns(*samples.flat_targets())
        if self.loss["name"] == "poisson":
            # Counts must not be shifted. They are only divided by their mean.
            return Scale(
                np.zeros_like(scale.mean), np.where(scale.mean > 0, scale.mean, 1.0)
            )
        return scale


@saved_as("reconstruction")
@dataclass(frozen=True)
class Reconstruction(Task):
    """Task to reconstruct the windows themselves."""

    loss: dict

    needs_y = False

    def read(self, y, windows):
        """Return the values of the windows."""
        return windows.values

    def scale_of_targets(self, samples, x_scale):
        """Return the scale of the features."""
        return x_scale

    def network_parameters(self, samples):
        """Return an empty dict, because the outputs are the features."""
        return {}

    def fitted_attributes(self, samples):
        """Return the attributes, with the window length for `inverse_transform`."""
        n_timesteps = samples.windows.values.shape[1]
        return super().fitted_attributes(samples) | {"n_timesteps_": n_timesteps}


@saved_as("classification")
@dataclass(frozen=True)
class Classification(Task):
    """Task to predict one of two or more classes, or any of several labels."""

    owner: str  # name of the estimator, for messages
    # "binary", "multiclass" or "multilabel-indicator". With transitions, two classes
    # are "multiclass", because the network has a score for each class.
    kind: str
    classes: np.ndarray  # sorted classes; for a multilabel y, the column numbers
    # Pairs of the numbers of classes that follow each other. None if all may.
    seen_transitions: tuple[tuple[int, int], ...] | None = None

    @classmethod
    def of(cls, y, owner, classes=None, transitions=False):
        """Return the task for y; `classes` are all possible classes."""
        _check_not_none(y, owner, "one label, or one row of 0 and 1,")
        kind = _kind_of_labels(y)
        if kind == "multilabel-indicator":
            if transitions:
                raise ValueError(
                    f"transitions={transitions!r} needs one class for each time step, "
                    f"but y has {np.shape(y)[1]} labels for each. Set "
                    "transitions=False, or fit a classifier for each label."
                )
            return cls(owner, kind, np.arange(np.shape(y)[1]))
        classes = np.unique(_as_labels(y)) if classes is None else read_classes(classes)
        if len(classes) < 2:
            raise ValueError(
                f"y has {len(classes)} class(es), {classes.tolist()}, but a classifier "
                "needs at least two. Pass windows of two classes or more."
            )
        is_binary = len(classes) == 2 and not transitions
        return cls(owner, "binary" if is_binary else "multiclass", classes)

    @property
    def loss(self):
        """Parameters of :func:`sklstm._nn.losses.make_loss`."""
        name = "cross_entropy" if self.kind == "multiclass" else "logistic"
        return {"name": name}

    def network_parameters(self, samples):
        """Return the parameters of the network that depend on the targets."""
        of_targets = super().network_parameters(samples)
        return of_targets | {"seen_transitions": self.seen_transitions}

    def with_seen_transitions(self, *parts):
        """Return the task with the transitions of earlier fits and of samples.

        Parameters
        ----------
        *parts : Samples or None
            Windows with a class for each step. Windows of weight 0 do not count.

        Returns
        -------
        task : Classification
            The task with all transitions that were seen.
        """
        pairs = set(self.seen_transitions or ())
        for samples in (part for part in parts if part is not None):
            pairs |= self._transitions(samples.select(samples.window_weights > 0))
        return replace(self, seen_transitions=tuple(sorted(pairs)))

    def _transitions(self, samples):
        """Return the pairs of the numbers of classes that follow each other."""
        numbers = self.class_numbers(samples.targets)
        pairs = np.stack([numbers[:, :-1], numbers[:, 1:]], axis=2)
        # The padding is at the start.
        pairs = pairs[make_step_mask(samples.windows)[:, :-1]]
        return {tuple(pair) for pair in np.unique(pairs, axis=0).tolist()}

    def fitted_attributes(self, samples):
        """Return the attributes, with the classes."""
        return super().fitted_attributes(samples) | {"classes_": self.classes}

    def read(self, y, windows):
        """Read labels as targets of 0 and 1.

        Parameters
        ----------
        y : array-like of shape (n_rows,) or (n_rows, n_labels)
            One of `classes` for each row, or 0 or 1 for each label of a row.
        windows : Windows
            Not used.

        Returns
        -------
        targets : ndarray of shape (n_rows, n_targets)
            With two classes, 1 for the second class. With more classes, 1 in the column
            of the row's class. With several labels, 1 for each label that the row has.
            All other values are 0.

        Raises
        ------
        ValueError
            If y has other classes or another number of labels.
        """
        _check_not_none(y, self.owner, "one label, or one row of 0 and 1,")
        is_multilabel = self.kind == "multilabel-indicator"
        if (_kind_of_labels(y) == "multilabel-indicator") != is_multilabel:
            wanted = "a row of 0 and 1" if is_multilabel else "one class"
            raise ValueError(
                f"y has shape {np.shape(y)}, but it must have {wanted} for each "
                "window, like the y of the training windows."
            )
        if is_multilabel:
            return self._read_multilabel(y)
        labels = _as_labels(y)
        unknown = np.setdiff1d(labels, self.classes)
        if len(unknown):
            raise ValueError(
                f"y has the classes {unknown.tolist()}, which are not among the "
                f"classes seen before, {self.classes.tolist()}. Drop the windows of "
                "other classes."
            )
        columns = np.searchsorted(self.classes, labels)
        if self.kind == "binary":
            return columns[:, None].astype(np.float64)
        return np.eye(len(self.classes))[columns]

    def _read_multilabel(self, y):
        """Read columns of 0 and 1."""
        y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise ValueError(
                f"y must have {len(self.classes)} columns of 0 and 1, one per label, "
                f"got shape {y.shape}."
            )
        return y.astype(np.float64)

    def scale_of_targets(self, samples, x_scale):
        """Return a scale that leaves the targets as they are."""
        return identity_scale(samples.n_targets)

    def check_all_classes(self, samples):
        """Raise unless each class has a target."""
        if self.kind == "multilabel-indicator":
            return
        targets, _ = samples.flat_targets()
        missing = np.delete(self.classes, np.unique(self.class_numbers(targets)))
        if len(missing):
            raise ValueError(
                "With warm_start=True, y must have all classes of the last fit, but it "
                f"lacks {missing.tolist()}. Use partial_fit to continue with some of "
                "the classes, or set warm_start=False."
            )

    def class_numbers(self, targets):
        """Return the position of each row's class in `classes`; 0 if multilabel."""
        if self.kind == "multilabel-indicator":
            return np.zeros(targets.shape[:-1], int)
        if self.kind == "binary":
            return targets[..., 0].astype(int)
        return targets.argmax(axis=-1)

    def apply_class_weights(self, samples, class_weights):
        """Multiply the weights of samples by the weights of their classes.

        Parameters
        ----------
        samples : Samples or None
            Windows with their classes. None is returned as it is.
        class_weights : ndarray of shape (n_classes,)
            Weights that :meth:`class_weights` returns.

        Returns
        -------
        samples : Samples or None
            The same windows with new weights.
        """
        if samples is None or (class_weights == 1).all():
            return samples
        by_class = class_weights[self.class_numbers(samples.targets)]
        weights = samples.weights
        weights = weights if by_class.ndim == weights.ndim else weights[:, None]
        return samples._replace(weights=weights * by_class)

    def class_weights(self, class_weight, samples):
        """Compute the weight of each class.

        Parameters
        ----------
        class_weight : dict, "balanced" or None
            As in :func:`sklearn.utils.class_weight.compute_class_weight`.
        samples : Samples
            Training windows with their classes.

        Returns
        -------
        weights : ndarray of shape (n_classes,)
            Weights in the order of `classes`.

        Raises
        ------
        ValueError
            If a weight is negative or not a finite number, if a class is missing, or
            if y is multilabel.
        """
        if class_weight is None:
            return np.ones(len(self.classes))
        if self.kind == "multilabel-indicator":
            raise ValueError(
                f"class_weight={class_weight!r} is not available for windows with "
                "several labels. Pass class_weight=None, and a weight for each window "
                "as sample_weight."
            )
        if class_weight == "balanced":
            return self._balanced_weights(samples)
        weights = compute_class_weight(
            class_weight, classes=self.classes, y=self.classes
        )
        if not np.all(np.isfinite(weights) & (weights >= 0)):
            raise ValueError(
                f"class_weight={class_weight!r} must hold finite numbers that are not "
                "negative."
            )
        return weights

    def _balanced_weights(self, samples):
        """Compute weights that give each class in y the same total weight."""
        targets, weights = samples.flat_targets()
        totals = np.bincount(self.class_numbers(targets), weights, len(self.classes))
        occurs = totals > 0
        totals[~occurs] = 1
        return np.where(occurs, totals[occurs].sum() / occurs.sum() / totals, 0)

    def decision(self, outputs):
        """Convert outputs to the values of the decision function."""
        if self.kind == "binary":
            return outputs[..., 0]
        if self.kind == "multiclass" and len(self.classes) == 2:
            return outputs[..., 1] - outputs[..., 0]
        return outputs

    def labels(self, outputs):
        """Convert outputs of the network to labels, or to rows of 0 and 1."""
        if self.kind == "multilabel-indicator":
            return (outputs > 0).astype(int)
        if self.kind == "binary":
            return self.classes[(outputs[..., 0] > 0).astype(int)]
        return self.classes[outputs.argmax(axis=-1)]

    def log_probabilities(self, outputs):
        """Convert outputs to logarithms of probabilities, (..., n_classes)."""
        with np.errstate(invalid="ignore"):  # outputs are NaN at padding steps
            if self.kind == "multiclass":
                return outputs - np.logaddexp.reduce(outputs, axis=-1, keepdims=True)
            positive, negative = (
                -np.logaddexp(0, side) for side in (-outputs, outputs)
            )
        if self.kind == "multilabel-indicator":
            return positive
        return np.concatenate([negative, positive], axis=-1)


def read_classes(classes):
    """Read the possible classes of a partial fit, and return them sorted."""
    classes = unwrap(classes, "classes")
    if is_ragged(classes) or count_axes(classes, "classes") != 1:
        raise ValueError(
            "classes must be a list of labels, such as np.unique(y), got "
            f"{classes!r:.60}."
        )
    _kind_of_labels(classes, "classes")
    return np.unique(classes)


def _kind_of_labels(y, name="y"):
    """Check the labels in y and return their kind, as scikit-learn names it."""
    if is_ragged(y):
        raise ValueError(
            "The rows of y have different numbers of labels. Convert several labels "
            "per window with sklearn.preprocessing.MultiLabelBinarizer().fit_transform("
            "y). For a label per time step, set pooling=None."
        )
    if not hasattr(y, "toarray"):
        check_columns(y, "y")
        labels = np.asarray(y)
        # Among objects, scikit-learn finds only NaN. It fails to sort None and NA.
        if labels.dtype == object and pd.isna(labels).any():
            raise ValueError(
                f"Input {name} contains NaN, None or NA: {pd.isna(labels).sum()} "
                "labels are missing. Drop the windows without a label."
            )
        _check_one_type(y, labels, name)
        assert_all_finite(labels, input_name=name)
    check_classification_targets(y)
    kind = type_of_target(y, input_name=name)
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"y has shape {np.shape(y)}, but a window has one label, or a row of 0 and "
            "1. Convert several labels per window with sklearn.preprocessing."
            "MultiLabelBinarizer().fit_transform(y). For a label per time step, set "
            "pooling=None."
        )
    return kind


def _check_one_type(y, labels, name):
    """Raise if labels are objects that are not all strings."""
    is_of_pandas = not isinstance(getattr(y, "dtype", labels.dtype), np.dtype)
    if is_of_pandas or labels.dtype != object:
        return
    types = set(map(type, labels.ravel()))
    if not all(issubclass(cls, str) for cls in types):
        names = ", ".join(sorted(cls.__name__ for cls in types))
        raise ValueError(
            f"Unknown label type: {name} holds objects of the types {names}, which "
            f"cannot be sorted. Convert them to one type: np.asarray({name})."
            "astype(str), or astype(int) if they are integers."
        )


def _as_labels(y):
    """Read y as one label per row."""
    return column_or_1d(y, warn=True)


def _check_not_none(y, owner, wanted):
    """Raise if y is None."""
    if y is None:
        raise ValueError(
            f"{owner} requires y to be passed, but the target y is None. Pass {wanted} "
            "per window."
        )
