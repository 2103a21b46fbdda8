"""Settings of a forecaster: those that the user passed, and those that a fit chose."""

from dataclasses import asdict, dataclass, replace

import numpy as np

from sklstm._forecast.baselines import BASELINES, N_DIFFERENCES, best_baseline
from sklstm._forecast.bases import context_size
from sklstm._forecast.training_windows import n_windows_to_split, observed_length
from sklstm._input.frequency import default_season_length
from sklstm._input.plain import saved_as

# A window is used for fine-tuning if it has at least a season plus this many values,
# and at least twice this number of values.
N_ENOUGH = 8


@saved_as("forecaster_settings")
@dataclass(frozen=True)
class ForecasterSettings:
    """Parameters of a forecaster. Some of them may still be "auto".

    Attributes
    ----------
    window_size : int or "auto"
        Number of values in a window.
    horizon : int
        Number of steps to forecast.
    strategy : {"direct", "recursive"}
        Whether all steps are forecast at once or one by one.
    season_length : int or None
        Number of steps of a season, 1 without a season.
    baseline : str
        A kind of :func:`sklstm._forecast.baselines.baseline_forecasts`, "weighted" for
        a mixture of base forecasts, or "auto".
    pretrained : bool
        Whether the pretrained networks mix the base forecasts.
    fine_tune : float or "auto"
        Fraction of the fine-tuning.
    log : bool or "auto"
        Whether logarithms are forecast.
    n_estimators : int
        Number of regressors.
    """

    window_size: int | str
    horizon: int
    strategy: str
    season_length: int | None
    baseline: str
    pretrained: bool
    fine_tune: float | str
    log: bool | str
    n_estimators: int
    # Number of values that forecasts are computed from, at least `window_size`.
    context_size: int = 0

    @property
    def n_steps_at_once(self):
        """Number of steps that are forecast at once."""
        return 1 if self.strategy == "recursive" else self.horizon


def choose_settings(
    settings, panel, is_any_future_known, calibration_fraction, has_regressor
):
    """Choose the season, whether to forecast logarithms, and the size of windows.

    Parameters
    ----------
    settings : ForecasterSettings
        Settings as the user passed them.
    panel : Panel
        Series to fit.
    is_any_future_known : bool
        Whether there are covariates that are known in the future.
    calibration_fraction : float or None
        Fraction of the windows to hold out.
    has_regressor : bool
        Whether a regressor corrects the baseline.

    Returns
    -------
    settings : ForecasterSettings
        Settings in which only `baseline` may still be "auto", for a recursive forecast.
    """
    season_length = settings.season_length or max(
        map(default_season_length, panel.times)
    )
    settings = replace(
        settings,
        season_length=season_length,
        log=uses_logarithms(settings.log, panel),
    )
    if settings.baseline == "auto" and settings.strategy == "direct":
        settings = replace(settings, baseline="weighted")
    is_weighted = settings.baseline == "weighted"
    size_of_mixture, enough = sizes_of_mixture(settings)
    if is_weighted and not has_regressor:
        return replace(settings, window_size=enough, context_size=size_of_mixture)
    size = regressor_window_size(
        settings, panel, is_any_future_known, calibration_fraction
    )
    n_seen = max(size, size_of_mixture) if is_weighted else size
    return replace(settings, window_size=size, context_size=n_seen)


def regressor_window_size(settings, panel, is_any_future_known, calibration_fraction):
    """Return the number of values that a regressor sees.

    Parameters
    ----------
    settings : ForecasterSettings
        Settings whose window size may be "auto".
    panel, is_any_future_known, calibration_fraction
        As in :func:`choose_settings`.

    Returns
    -------
    window_size : int
        Number of values.

    Raises
    ------
    ValueError
        If all series are too short, or if the window is too short for the covariates.
    """
    # The regressor sees covariates that are known in the future in a window that ends
    # with the last step to forecast. The window must contain all of these steps.
    min_size = settings.n_steps_at_once if is_any_future_known else 1
    n_windows = 1
    if calibration_fraction is not None:
        n_windows = n_windows_to_split(settings.horizon, calibration_fraction)
    longest = max(observed_length(one.values) for one in panel.series)
    max_size = longest - settings.horizon - n_windows + 1
    size = settings.window_size
    if size == "auto":
        size = auto_window_size(settings, min_size, max_size)
    if size > max_size:
        raise ValueError(
            f"y is too short: its longest series has {longest} values, but "
            f"window_size={size}, horizon={settings.horizon} and calibration_fraction="
            f"{calibration_fraction} need {longest + size - max_size}. Pass "
            f"{_ways_out(min_size, calibration_fraction)}."
        )
    if size < min_size:
        raise ValueError(
            f"window_size={size} is less than the {min_size} steps for which X is "
            'known in the future. Increase it, or fit with strategy="recursive".'
        )
    return size


def sizes_of_mixture(settings):
    """Return how many values a mixture sees, and how many it needs to learn.

    Parameters
    ----------
    settings : ForecasterSettings
        Settings as the user passed them, with the length of the season.

    Returns
    -------
    context_size : int
        Number of values that forecasts are computed from.
    min_size : int
        Number of values that a window must have to be used for fine-tuning.
    """
    size = settings.window_size
    if size == "auto":
        size = context_size(settings.season_length)
    enough = max(settings.season_length + N_ENOUGH, 2 * N_ENOUGH)
    return size, min(enough, size)


def _ways_out(min_size, calibration_fraction):
    """Return what to pass if all series are too short, for a message."""
    ways_out = ["a longer series", "a smaller window_size or horizon"]
    if calibration_fraction is not None:
        ways_out.append("calibration_fraction=None")
    if min_size > 1:
        ways_out.extend(['strategy="recursive"', "no X"])
    return f"{', '.join(ways_out[:-1])} or {ways_out[-1]}"


def auto_window_size(settings, min_size, max_size):
    """Return a season plus three steps or, without a season, more than the horizon."""
    size = max(10, int(np.ceil(1.25 * settings.horizon)))
    if settings.season_length > 1:
        size = max(settings.season_length + N_DIFFERENCES, min_size)
    return max(min(size, max_size), min_size)


def choose_baseline(settings, windows):
    """Choose the baseline with the smallest error on the training windows.

    Parameters
    ----------
    settings : ForecasterSettings
        Settings whose baseline may be "auto".
    windows : TrainingWindows
        Training windows.

    Returns
    -------
    settings : ForecasterSettings
        Settings without "auto".
    """
    if settings.baseline != "auto":
        return settings
    kinds = BASELINES if settings.season_length > 1 else BASELINES[:1]
    blocks = ((block.values, block.targets) for block in windows.blocks())
    best = best_baseline(kinds, blocks, settings.season_length)
    return replace(settings, baseline=best)


def uses_logarithms(log, panel):
    """Return whether to forecast logarithms; for "auto", if all values are positive."""
    lowest = min(np.nanmin(one.values) for one in panel.series)
    if log == "auto":
        return bool(lowest > 0)
    if log and lowest <= 0:
        raise ValueError(
            f"Logarithms need positive values, but y contains {lowest}. Fit with "
            'log=False or log="auto".'
        )
    return log


def fixed_by_fit(settings, spec, regressor):
    """Return the settings that a warm start cannot change, by name."""
    names_and_future = zip(spec.names, spec.is_future_known.tolist(), strict=True)
    return {
        **asdict(settings),
        "type of regressor": type(regressor).__name__,
        "columns of X (and whether their future is known)": list(names_and_future),
        "date_features": spec.date_features,
    }


def check_unchanged(fixed, last_fixed):
    """Raise if a warm start would change a setting that the last fit has fixed."""
    for name, value in fixed.items():
        if value != last_fixed[name]:
            raise ValueError(
                f"warm_start=True cannot change the {name} of the last fit from "
                f"{last_fixed[name]} to {value}. Keep the old value, or pass "
                "warm_start=False to start a new fit."
            )
