"""State of estimators in files of pickle, joblib and skops."""

import re

from sklstm._input.plain import from_plain, to_plain
from sklstm._version import __version__

VERSION_KEY = "_sklstm_version"


class SavedStateMixin:
    """Mixin of estimators whose files hold plain values and the version of sklstm.

    The attributes of `_not_saved` are left out.
    """

    _not_saved: tuple[str, ...] = ()

    def _attributes_to_save(self):
        """Return the attributes that a file or a copy holds."""
        return {k: v for k, v in vars(self).items() if k not in self._not_saved}

    def __getstate__(self):
        state = {key: to_plain(v) for key, v in self._attributes_to_save().items()}
        return state | {VERSION_KEY: __version__}

    def __setstate__(self, state):
        check_version(state.get(VERSION_KEY), type(self).__name__)
        for key, value in state.items():
            if key != VERSION_KEY:
                vars(self)[key] = from_plain(value)

    def __copy__(self):
        copy = type(self).__new__(type(self))
        vars(copy).update(self._attributes_to_save())
        return copy


def check_version(version, name):
    """Raise if a file was written by a newer version of sklstm.

    Parameters
    ----------
    version : str or None
        Version that wrote the file; None if it is not known.
    name : str
        Name of the estimator, for the message.

    Raises
    ------
    ValueError
        If the version is newer than this one.
    """
    if version is None or release(version) <= release(__version__):
        return
    raise ValueError(
        f"The {name} in this file was saved with sklstm {version}, and sklstm "
        f"{__version__} is installed, which is older. Install the version of the file "
        f'or a newer one: pip install "sklstm>={version}".'
    )


def release(version):
    """Return the numbers of a version without its suffix, such as (0, 1, 0)."""
    return tuple(map(int, re.match(r"\d+(?:\.\d+)*", version)[0].split(".")))
