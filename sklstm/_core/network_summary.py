"""Networks of an estimator as text and as HTML."""

from abc import abstractmethod
from html import escape

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklstm._core.nested import last_estimator
from sklstm._core.sklearn_compat import DocumentedMixin
from sklstm._input.saved_state import SavedStateMixin
from sklstm._nn.summary import count_weights, layers_of

HEADINGS = "layer", "output shape", "weights"
# The colors of the text and of its background are those of the notebook.
STYLE = "display:flex;flex-wrap:wrap;align-items:center;gap:6px;margin:8px 0"
BOX_STYLE = (
    "border:1px solid #0072B2;border-radius:4px;padding:4px 8px;text-align:center;"
    "background:rgba(86,180,233,0.15);line-height:1.4"
)
CAPTION_STYLE = "flex-basis:100%;font-weight:bold"


class SummaryMixin(SavedStateMixin, DocumentedMixin):
    """Summary of the networks of an estimator, and a drawing of them in notebooks."""

    @abstractmethod
    def _networks_by_title(self):
        """Return lists of networks with the same layers, by their titles."""

    def summary(self) -> None:
        """Print the layers of the network, as in Keras.

        The table has one line for each layer, from the input to the output: the shape
        of its output for one window, and its number of weights. ``n_timesteps`` and
        ``n_symbols`` are the length of a window or of a sequence.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted: its layers depend on the data.
        ValueError
            If the estimator holds no network, such as a forecaster with a linear
            regressor.
        """
        check_is_fitted(self)
        networks = self._networks_by_title()
        if not networks:
            raise ValueError(
                f"This {type(self).__name__} holds no network of this package, so "
                "there are no layers to print. Fit it with an LSTMRegressor."
            )
        print("\n\n".join(network_text(*each) for each in networks.items()))

    def _html_repr(self):
        """Return the representation of scikit-learn, with the networks below it."""
        html = super()._html_repr()
        try:
            check_is_fitted(self)
        except NotFittedError:
            return html
        drawn = (network_html(*each) for each in self._networks_by_title().items())
        return html + "".join(drawn)


def networks_of(estimator):
    """Return the networks of an estimator that another one holds, by their titles."""
    last = last_estimator(estimator)
    return last._networks_by_title() if isinstance(last, SummaryMixin) else {}


def network_text(title, networks):
    """Return the layers of a network as a table.

    Parameters
    ----------
    title : str
        First line.
    networks : list of torch.nn.Module
        Networks with the same layers.

    Returns
    -------
    text : str
        Lines of the table.
    """
    rows = [
        (layer.name, _shape_text(layer.shape), f"{layer.n_weights:,}")
        for layer in layers_of(networks[0])
    ]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    lines = [
        f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {n_weights:>{widths[2]}}"
        for name, shape, n_weights in (HEADINGS, *rows)
    ]
    rule = "-" * len(lines[0])
    return "\n".join([title, rule, lines[0], rule, *lines[1:], rule, _total(networks)])


def network_html(title, networks):
    """Return the layers of a network as boxes of HTML, as :func:`network_text`."""
    boxes = [
        f'<div style="{BOX_STYLE}"><b>{escape(layer.name)}</b><br>'
        f"{escape(_shape_text(layer.shape))}<br>"
        f"<small>{_weights_text(layer.n_weights)}</small></div>"
        for layer in layers_of(networks[0])
    ]
    caption = f"{escape(title)}: {_total(networks)}"
    return (
        f'<div class="sklstm-network" style="{STYLE}">'
        f'<div style="{CAPTION_STYLE}">{caption}</div>'
        f"{'<span>&rarr;</span>'.join(boxes)}</div>"
    )


def _shape_text(shape):
    """Return a shape as Python writes it, without quotes; nothing if not known."""
    inner = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    return f"({inner})" if shape else ""


def _weights_text(n_weights):
    """Return a number of weights as text; nothing for a layer without weights."""
    plural = "" if n_weights == 1 else "s"
    return f"{n_weights:,} weight{plural}" if n_weights else "&nbsp;"


def _total(networks):
    """Return the number of weights of networks, and their precision."""
    n_weights = count_weights(networks[0])
    dtype = str(next(networks[0].parameters()).dtype).removeprefix("torch.")
    each = f"{n_weights:,} weights ({dtype})"
    return each if len(networks) == 1 else f"{len(networks)} networks with {each} each"
