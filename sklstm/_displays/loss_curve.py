"""Plot of the losses of the epochs of training."""

from itertools import cycle
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklstm._core.nested import last_estimator
from sklstm._displays.axes import PALETTE, merge_styles, set_one_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = {
    "training": {},
    "validation": {"linestyle": "--"},
    "best": {"linestyle": "", "marker": "o"},
}
# Attributes in which estimators of this package keep those that they hold.
NESTED = ("estimator_", "estimators_")


class LossCurveDisplay:
    """Plot of the training and validation loss of one estimator or several.

    The loss of the training data is a solid line, that of the validation data a dashed
    one. A point marks the best epoch, the one with the lowest loss. With validation
    data, it is the lowest validation loss, and `fit` has kept the weights of this
    epoch. Create a display with :meth:`from_estimator`. The parameters are stored as
    attributes; :meth:`plot` can be called again with other axes or styles.

    Parameters
    ----------
    loss_curves : dict of str to array-like of shape (n_epochs,)
        Training loss of each epoch, by the name of the estimator.

    validation_loss_curves : dict of str to array-like of shape (n_epochs,), \
            default=None
        Validation loss of each epoch. Estimators without validation data are left out.
        If None, there are no validation data.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (1,)
        The axes.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        Figure of the axes.

    lines_ : dict of str to dict of str to matplotlib Line2D
        The lines "training", "validation" and "best" of each estimator, by its name.
        Without validation data, there is no line "validation".

    best_epochs_ : dict of str to int
        Best epoch of each estimator, counted from 1.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores by the number of samples.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LossCurveDisplay, LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(60, 5, 1))
    >>> model = LSTMRegressor(4, max_iter=20, early_stopping=True, random_state=0)
    >>> model = model.set_params(n_iter_no_change=20).fit(X, X[:, -1, 0])
    >>> display = LossCurveDisplay.from_estimator(model, yscale="log")
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('epoch', 'loss')
    """

    axes_: NDArray[Any]
    ax_: Any
    figure_: "Figure"
    lines_: dict[str, dict[str, Any]]
    best_epochs_: dict[str, int]

    def __init__(
        self,
        loss_curves: dict[str, Any],
        *,
        validation_loss_curves: dict[str, Any] | None = None,
    ):
        self.loss_curves = loss_curves
        self.validation_loss_curves = validation_loss_curves

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        yscale: str = "linear",
        **styles: Any,
    ) -> Self:
        """Plot the losses of one fitted estimator or several.

        Parameters
        ----------
        estimator : estimator, list of estimator or dict of str to estimator
            Fitted estimators with the attribute `loss_curve_`, also of other packages.
            They may be at the end of a pipeline, in a search, or in an
            :class:`LSTMForecaster` or an :class:`LSTMOutlierDetector`. The keys of a
            dict are the names in the legend.

        ax : matplotlib Axes or None, default=None
            Axes to plot on. If None, a new figure is created.

        yscale : str, default="linear"
            Scale of the losses, such as "log", as in
            :meth:`matplotlib.axes.Axes.set_yscale`.

        **styles : dict
            `training_kwargs`, `validation_kwargs` and `best_kwargs` of :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay
            Display with the plot.

        Raises
        ------
        ValueError
            If no network was trained; or if a loss is not positive and `yscale` is
            "log".
        TypeError
            If an estimator has no `loss_curve_`.
        ImportError
            If matplotlib is not installed.
        """
        trained = _by_name(estimator)
        validation = {
            name: curve
            for name, each in trained.items()
            if (curve := getattr(each, "validation_loss_curve_", None)) is not None
        }
        curves = {name: each.loss_curve_ for name, each in trained.items()}
        display = cls(curves, validation_loss_curves=validation or None)
        return display.plot(ax, yscale=yscale, **styles)

    def plot(
        self,
        ax: Any = None,
        *,
        yscale: str = "linear",
        training_kwargs: dict[str, Any] | None = None,
        validation_kwargs: dict[str, Any] | None = None,
        best_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the losses, and a point at the best epoch.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot on. If None, a new figure is created.

        yscale : str, default="linear"
            Scale of the losses, such as "log", as in
            :meth:`matplotlib.axes.Axes.set_yscale`.

        training_kwargs, validation_kwargs, best_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display itself, with its attributes set.

        Raises
        ------
        ValueError
            If a loss is not positive and `yscale` is "log".
        ImportError
            If matplotlib is not installed.
        """
        validation = self.validation_loss_curves or {}
        if yscale == "log":
            _check_positive([*self.loss_curves.values(), *validation.values()])
        set_one_axes(self, ax)
        styles = merge_styles(
            STYLES,
            training=training_kwargs,
            validation=validation_kwargs,
            best=best_kwargs,
        )
        self.lines_, self.best_epochs_ = {}, {}
        colors = cycle(PALETTE)
        for name, training in self.loss_curves.items():
            curves = {"training": training, "validation": validation.get(name)}
            curves = {kind: c for kind, c in curves.items() if c is not None}
            prefix = "" if len(self.loss_curves) == 1 else f"{name}, "
            self.best_epochs_[name] = int(np.argmin(list(curves.values())[-1])) + 1
            self.lines_[name] = _plot_curves(
                self.ax_, curves, self.best_epochs_[name], prefix, next(colors), styles
            )
        self.ax_.set(xlabel="epoch", ylabel="loss", yscale=yscale)
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.legend()
        return self


def _plot_curves(ax, curves, best_epoch, prefix, color, styles):
    """Plot the losses of an estimator and its best epoch; return the lines."""
    lines = {}
    for kind, curve in curves.items():
        epochs = np.arange(1, len(curve) + 1)
        style = {"color": color, "label": f"{prefix}{kind}", **styles[kind]}
        (lines[kind],) = ax.plot(epochs, curve, **style)
    style = {"color": color, "label": f"{prefix}best epoch: {best_epoch}"}
    lowest = list(curves.values())[-1][best_epoch - 1]
    (lines["best"],) = ax.plot([best_epoch], [lowest], **style | styles["best"])
    return lines


def _by_name(estimator):
    """Return the trained estimators by their names in the legend."""
    given = estimator
    if isinstance(estimator, list | tuple):
        given = {f"{_name(each)} {n}": each for n, each in enumerate(estimator, 1)}
    elif not isinstance(estimator, dict):
        given = {_name(estimator): estimator}
    trained = {}
    for name, each in given.items():
        check_is_fitted(each)
        found = list(_trained(each))
        if not found:
            raise ValueError(
                f"{_name(each)} has trained no network, so it has no losses. Pass an "
                "estimator that was trained, such as a fitted LSTMRegressor."
            )
        names = [name, *(f"{name} ({n})" for n in range(2, len(found) + 1))]
        trained |= dict(zip(names, found, strict=True))
    return trained


def _trained(estimator):
    """Yield the estimators with losses in an estimator."""
    last = last_estimator(estimator)
    nested = [getattr(last, name) for name in NESTED if hasattr(last, name)]
    if hasattr(last, "loss_curve_"):
        yield last
    elif nested:
        for each in nested[0] if isinstance(nested[0], list) else nested[:1]:
            yield from _trained(each)
    else:
        raise TypeError(
            f"LossCurveDisplay needs an estimator with the attribute loss_curve_, such "
            f"as an LSTMRegressor, got {estimator!r}."
        )


def _name(estimator):
    """Return the name of the class of an estimator; of a pipeline, of its last step."""
    return type(last_estimator(estimator)).__name__


def _check_positive(curves):
    """Raise a ValueError if a loss is not positive."""
    lowest = min(np.min(curve) for curve in curves)
    if lowest <= 0:
        raise ValueError(
            f'The lowest loss is {lowest:.4g}, and yscale="log" needs positive losses. '
            'Pass yscale="symlog" or "linear".'
        )
