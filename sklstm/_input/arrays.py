"""Convert containers that NumPy misreads, and find arrays that are files."""

from mmap import mmap

import numpy as np


def unwrap(data, name):
    """Convert a tensor or a masked array to an array, and an Arrow table to a frame.

    Parameters
    ----------
    data : object
        Data that a user passed. Everything else is returned unchanged. The items of a
        list are converted as well.
    name : str
        Name of the data in messages.

    Returns
    -------
    data : ndarray, dataframe, list or object
        Array with the values of the tensor, or of the masked array with NaN where it is
        masked; frame with the columns of the table; or list of such arrays.

    Raises
    ------
    ValueError
        If a tensor is nested, packed or sparse, or has no values.
    """
    if isinstance(data, list | tuple) and not hasattr(data, "_fields"):
        if any(map(_is_wrapped, set(map(type, data)))):
            return [unwrap(item, f"{name}[{i}]") for i, item in enumerate(data)]
        return data
    if isinstance(data, np.ma.MaskedArray):
        return _fill_masked(data)
    if hasattr(data, "is_nested"):
        return _from_tensor(data, name)
    if type(data).__name__ == "PackedSequence":
        raise ValueError(
            f"{name} is a PackedSequence. Pass the list of sequences that "
            f"torch.nn.utils.rnn.unpack_sequence({name}) returns."
        )
    is_arrow_table = hasattr(data, "column_names") and hasattr(data, "to_pandas")
    return data.to_pandas() if is_arrow_table else data


def _is_wrapped(item_type):
    """Whether the items of a list may be tensors or masked arrays."""
    return hasattr(item_type, "is_nested") or issubclass(item_type, np.ma.MaskedArray)


def _from_tensor(tensor, name):
    """Convert a tensor to an array."""
    if tensor.is_nested:
        raise ValueError(
            f"{name} is a nested tensor. Pass a list of sequences: "
            f"list({name}.unbind())."
        )
    if "strided" not in str(tensor.layout):
        raise ValueError(f"{name} is a sparse tensor. Pass {name}.to_dense().")
    if tensor.is_meta:
        raise ValueError(
            f"{name} is a meta tensor, which has no values. Pass a tensor on another "
            "device, such as the CPU."
        )
    tensor = tensor.detach().cpu().resolve_conj()
    # NumPy has neither bfloat16 nor float8.
    is_unknown = "bfloat16" in str(tensor.dtype) or "float8" in str(tensor.dtype)
    return (tensor.float() if is_unknown else tensor).numpy()


def _fill_masked(array):
    """Replace the masked values of an array by NaN, or NaT among dates."""
    if not np.ma.is_masked(array) or array.dtype.names:
        return np.asarray(array)
    kind = array.dtype.kind
    if kind in "mM":
        dtype, missing = array.dtype, "NaT"
    else:
        dtype = array.dtype if kind in "fc" else np.float64 if kind in "biu" else object
        missing = np.nan
    values = array.data.astype(dtype)
    values[np.ma.getmaskarray(array)] = missing
    return values


def is_memory_mapped(array):
    """Whether the values of an array, or of a view, are in a memory-mapped file."""
    while array is not None:
        if isinstance(array, np.memmap | mmap):
            return True
        array = getattr(array, "base", None)
    return False
