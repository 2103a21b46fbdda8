"""Frames of the gates and states of recurrent layers."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar

from sklstm._nn.cells import CELLS
from sklstm._nn.gates import trace_network
from sklstm._nn.runtime import default_modes, threads_for

LEVELS = ["window", "layer", "direction", "step", "unit"]


def trace(read, number=0):
    """Compute the gates and states of a network at each time step.

    Parameters
    ----------
    read : NetworkInput
        The windows and their estimator.
    number : int, default=0
        Number of the network, if the estimator has several.

    Returns
    -------
    traces : DataFrame
        As :func:`sklstm.inspection.gate_traces` returns them.

    Raises
    ------
    ValueError
        If there is no such network, or if it has no recurrent cells.
    """
    model = _select_network(read.model, number).in_double_precision()
    with threads_for(model.n_per_block(read.windows)), default_modes():
        encoder = getattr(model.network, "encoder", model.network)
        traces, step_mask = trace_network(encoder, *model.scaled(read.windows))
    return traces_to_frame(traces, step_mask)


def _select_network(estimator, network):
    """Return the model with a number, and check that it has recurrent cells."""
    models = estimator._models
    check_scalar(network, "network", Integral, min_val=0, max_val=len(models) - 1)
    cell = models[network].architecture["cell"]
    if cell not in CELLS:
        raise ValueError(
            f"The network was fitted with cell={cell!r}, which has no gates. Fit a "
            'model with cell="lstm" or "gru".'
        )
    return models[network]


def traces_to_frame(traces, step_mask):
    """Convert traces to a frame with one row for each unit and real step.

    Parameters
    ----------
    traces : list of Trace
        Gates and states of each layer and direction.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        True where a step is real. Padding is at the start of a window. None if there is
        no padding.

    Returns
    -------
    frame : DataFrame
        Gates and states as columns, with the levels `LEVELS` of the index. Steps are
        counted from the first real step of a window.
    """
    shape = traces[0].gates["hidden"].shape[:2]
    is_step = np.ones(shape, bool) if step_mask is None else step_mask.numpy()
    return pd.concat([_frame_of(trace, is_step) for trace in traces]).sort_index()


def _frame_of(trace, is_step):
    """Return the frame of one layer in one direction."""
    windows, steps = np.nonzero(is_step)
    steps = steps - (~is_step).sum(axis=1)[windows]
    size = trace.gates["hidden"].shape[2]
    n_rows = len(windows)
    index = pd.MultiIndex.from_arrays(
        [
            np.repeat(windows, size),
            np.full(n_rows * size, trace.layer),
            np.full(n_rows * size, trace.direction),
            np.repeat(steps, size),
            np.tile(np.arange(size), n_rows),
        ],
        names=LEVELS,
    )
    columns = {
        name: gate.numpy()[is_step].reshape(-1) for name, gate in trace.gates.items()
    }
    return pd.DataFrame(columns, index)
