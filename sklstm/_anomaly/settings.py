"""Parameters that a fitted detector keeps until the next fit."""

from typing import NamedTuple

from sklstm._input.plain import saved_as


@saved_as("detector_settings")
class DetectorSettings(NamedTuple):
    """Parameters of a detector that its scores depend on."""

    method: str
    distance: str
    range_window: int | None
    halflife: float | str | None
    contamination: float | str
    window_size: int

    @property
    def smoothing(self):
        """Half-life of the distances that all rows are scored by, or None."""
        return None if self.halflife == "auto" else self.halflife

    @property
    def is_followed(self):
        """Whether the threshold follows the distances of the rows before."""
        return self.contamination == "auto" and self.distance != "range"
