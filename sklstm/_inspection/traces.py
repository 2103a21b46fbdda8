"""Frames of the gates and states of recurrent layers."""

import numpy as np
import pandas as pd

LEVELS = ["window", "layer", "direction", "step", "unit"]


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
