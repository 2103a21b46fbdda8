"""Ticks of dates that do not overlap. This module is the one that needs matplotlib."""

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

# Width of the longest label and its margin, relative to what matplotlib reserves.
LABEL_WIDTH = 1.2


class FewDates(AutoDateLocator):
    """Locator of dates with as many ticks as fit on the axis when it is drawn."""

    def __init__(self, tz=None):
        super().__init__(tz, minticks=2)

    def get_locator(self, dmin, dmax):
        """Return the locator of the ticks between two dates."""
        n_ticks = max(2, int(self.axis.get_tick_space() / LABEL_WIDTH))
        self.maxticks = dict.fromkeys(self.maxticks, n_ticks)
        return super().get_locator(dmin, dmax)


def set_date_ticks(axis):
    """Set the ticks of an axis of dates, unless the user has chosen others."""
    if axis.isDefault_majloc:
        zone = getattr(axis.get_major_locator(), "tz", None)
        locator = FewDates(tz=zone)
        axis.set_major_locator(locator)
        axis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
