"""Plot of the gates and states of a recurrent layer for one window."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sklstm._displays.axes import BETWEEN_0_AND_1, new_axes, signed_limits
from sklstm._inspection.inputs import read_network_input
from sklstm._inspection.traces import LEVELS, trace
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Title of each gate and state, gates first.
GATES = {
    "forget": "forget gate",
    "input": "input gate",
    "output": "output gate",
    "reset": "reset gate",
    "update": "update gate",
}
STATES = {"candidate": "candidate", "cell": "cell state", "hidden": "hidden state"}
# Size of one image and its scale, and height of the label of the steps, in inches.
WIDTH, HEIGHT, MARGIN = 3.2, 2.3, 0.3


class GateDisplay:
    """Plot of the gates and states of one recurrent layer for one window.

    Each gate and each state is an image with one row for each unit and one column for
    each time step. Gates are between 0, closed, and 1, open. The candidate and the
    states are red where they are positive and blue where they are negative. An LSTM has
    three gates and three states, a GRU two of each, and a simple recurrent network has
    the hidden state only. Create a display with :meth:`from_estimator` or
    :meth:`from_traces`. The parameters are stored as attributes; :meth:`plot` can be
    called again with other axes or styles.

    Parameters
    ----------
    traces : DataFrame
        Gates and states in columns, and one row for each (step, unit), which are the
        levels of the index.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_images,)
        Axes of the images: those of the gates and then those of the states.

    figure_ : matplotlib Figure
        Figure of the axes.

    images_ : dict of str to matplotlib AxesImage
        Image of each gate and state: "forget", "input", "output", "candidate", "cell"
        and "hidden" for an LSTM; "reset", "update", "candidate" and "hidden" for a GRU.

    colorbars_ : dict of str to matplotlib Colorbar
        Scale of the colors of each image.

    See Also
    --------
    sklstm.inspection.gate_traces : Compute the gates and states of all layers.
    AttributionDisplay : Plot of what each step contributes to a prediction.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import GateDisplay, LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> model = LSTMRegressor((4,), conv_filters=(), max_iter=9, random_state=0)
    >>> model = model.fit(X, X[:, -1])
    >>> display = GateDisplay.from_estimator(model, X, window=2)
    >>> list(display.images_)
    ['forget', 'input', 'output', 'candidate', 'cell', 'hidden']
    """

    axes_: NDArray[Any]
    figure_: "Figure"
    images_: dict[str, Any]
    colorbars_: dict[str, Any]

    def __init__(self, traces: pd.DataFrame):
        self.traces = traces

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        window: int = 0,
        layer: int = 0,
        direction: str = "forward",
        network: int = 0,
        ax: ArrayLike = None,
        **styles: Any,
    ) -> Self:
        """Compute the gates and states of one window and plot them.

        Parameters
        ----------
        estimator : estimator
            Fitted :class:`LSTMRegressor`, :class:`LSTMClassifier` or
            :class:`LSTMAutoencoder`, a pipeline that ends in one, or a
            ``TransformedTargetRegressor`` or a search around them.

        X : array-like or list of sequences
            Data that the estimator accepts.

        window : int, default=0
            Number of the window or sequence in X. For a pipeline with a
            :class:`SlidingWindowTransformer`, number of the row that is predicted.
            Negative numbers count from the end.

        layer : int, default=0
            Number of the recurrent layer, from 0.

        direction : {"forward", "backward"}, default="forward"
            Direction in which the layer reads the steps. Only bidirectional layers
            have "backward".

        network : int, default=0
            Number of the network, if the estimator has several (`n_estimators`).

        ax : array-like of matplotlib Axes or None, default=None
            Axes to plot on, one for each image. If None, a new figure is created.

        **styles : dict
            `image_kwargs` of :meth:`plot`.

        Returns
        -------
        display : GateDisplay
            The plotted display.

        Raises
        ------
        TypeError
            If the estimator has no network of this package.
        ValueError
            If X is not as in `fit`; if the sequence is empty; if there is no such
            window, layer, direction or network; if the network has no recurrent cells;
            or if `ax` has another number of axes.
        ImportError
            If matplotlib is not installed.
        """
        read = read_network_input(estimator, X).select(window)
        traces = trace(read, network)
        where = {"layer": layer, "direction": direction}
        return cls.from_traces(traces, **where, ax=ax, **styles)

    @classmethod
    def from_traces(
        cls,
        traces: pd.DataFrame,
        *,
        window: int = 0,
        layer: int = 0,
        direction: str = "forward",
        ax: ArrayLike = None,
        **styles: Any,
    ) -> Self:
        """Plot the gates and states of one window.

        Parameters
        ----------
        traces : DataFrame
            Frame that :func:`sklstm.inspection.gate_traces` returns.

        window : int, default=0
            Number of the window, as in the index of `traces`.

        layer : int, default=0
            Number of the recurrent layer, from 0.

        direction : {"forward", "backward"}, default="forward"
            Direction in which the layer reads the steps. Only bidirectional layers
            have "backward".

        ax : array-like of matplotlib Axes or None, default=None
            Axes to plot on, one for each image. If None, a new figure is created.

        **styles : dict
            `image_kwargs` of :meth:`plot`.

        Returns
        -------
        display : GateDisplay
            The plotted display.

        Raises
        ------
        TypeError
            If `traces` is not a frame of :func:`sklstm.inspection.gate_traces`.
        ValueError
            If `traces` has no such window, layer or direction, or if `ax` has another
            number of axes.
        ImportError
            If matplotlib is not installed.
        """
        _check_traces(traces)
        for level, wanted in zip(
            ("window", "layer", "direction"), (window, layer, direction), strict=True
        ):
            _check_level(traces, level, wanted)
        return cls(traces.loc[window, layer, direction]).plot(ax, **styles)

    def plot(
        self,
        ax: ArrayLike = None,
        *,
        image_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the gates and states.

        Parameters
        ----------
        ax : array-like of matplotlib Axes or None, default=None
            Axes to plot on, one for each image. If None, a new figure is created.

        image_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : GateDisplay
            The display itself, with its attributes set.

        Raises
        ------
        ValueError
            If `ax` has another number of axes than there are images.
        ImportError
            If matplotlib is not installed.
        """
        rows = [[n for n in kind if n in self.traces] for kind in (GATES, STATES)]
        rows = [names for names in rows if names]
        names = [name for row in rows for name in row]
        self.axes_ = _new_axes(rows) if ax is None else np.ravel(ax)
        if len(self.axes_) != len(names):
            raise ValueError(
                f"GateDisplay plots {len(names)} images, got {len(self.axes_)} axes. "
                f"Pass the axes of plt.subplots({len(rows)}, {len(rows[0])})."
            )
        self.figure_ = self.axes_[0].figure
        self.images_, self.colorbars_ = {}, {}
        for name, axes in zip(names, self.axes_, strict=True):
            image = _plot_image(axes, name, self.traces[name], image_kwargs or {})
            self.images_[name] = image
            self.colorbars_[name] = self.figure_.colorbar(image, ax=axes)
        return self


def _new_axes(rows):
    """Create a figure with a row of axes for the gates and one for the states."""
    n_rows, n_columns = len(rows), len(rows[0])
    size = WIDTH * n_columns, HEIGHT * n_rows + MARGIN
    return np.ravel(
        new_axes("GateDisplay", n_rows, n_columns, sharey=True, figsize=size)
    )


def _plot_image(ax, name, numbers, style):
    """Plot a gate or a state, with one row for each unit; return the image."""
    numbers = numbers.unstack("step").to_numpy()  # (n_units, n_timesteps)
    limits = {"cmap": BETWEEN_0_AND_1, "vmin": 0, "vmax": 1}
    colors = limits if name in GATES else signed_limits(numbers)
    image = ax.imshow(numbers, **{"aspect": "auto", **colors, **style})
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_major_locator().set_params(integer=True)
    ax.set(title=GATES.get(name) or STATES[name], xlabel="time step", ylabel="unit")
    ax.label_outer()
    return image


def _check_traces(traces):
    """Raise a TypeError unless traces are those of `gate_traces`."""
    names = getattr(getattr(traces, "index", None), "names", [])
    if list(names) != LEVELS:
        raise TypeError(
            "traces must be the frame that sklstm.inspection.gate_traces returns, got "
            f"{type(traces).__name__}. Its index has the levels {LEVELS}. Pass the "
            "frame itself, or the estimator to GateDisplay.from_estimator."
        )


def _check_level(traces, level, wanted):
    """Raise a ValueError if a level of the index does not have a value."""
    known = traces.index.unique(level).to_list()
    if wanted not in known:
        raise ValueError(
            f"{level}={wanted!r} was passed, but traces has {known}. Pass one of them."
        )
