"""Parameters that a fitted detector keeps until the next fit."""

from typing import NamedTuple


class DetectorSettings(NamedTuple):
    """Parameters of a detector that its scores depend on."""

    method: str
    distance: str
    range_window: int | None
    halflife: float | None
