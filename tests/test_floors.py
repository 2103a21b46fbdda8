"""The house has floors: a module imports only from the lines above its own."""

import ast
import sys
from pathlib import Path

import pytest

import sklstm

# Modules on one line know nothing of each other.
FLOORS = [
    [
        "_anomaly",
        "_core",
        "_displays",
        "_export",
        "_forecast",
        "_input",
        "_nn",
        "_nn.bptt",
    ],
    ["_synthetic"],
    ["_inspection", "_language", "_transcription"],
    ["_translation"],
    ["_windowing"],
    ["_streaming"],
    ["_typing", "_version"],
    ["saving"],
    ["_input.plain_times"],
    ["_input.plain"],
    ["_input.saved_state"],
    # 1: the engine, and what users pass
    ["_nn.augmentation", "_nn.ctc", "_nn.layers", "_nn.runtime"],
    ["_nn.sequence_layer"],
    ["_nn.losses"],
    ["_nn.activations", "_nn.crf", "_nn.masking", "_nn.onednn"],
    ["_nn.batches", "_nn.cells", "_nn.input_layers"],
    ["_nn.torch_compat"],
    ["_nn.dispatch", "_nn.dropout", "_nn.optimizers", "_nn.processes"],
    ["_nn.products"],
    ["_nn.bptt.unrolled"],
    ["_nn.bptt.gru", "_nn.bptt.lstm", "_nn.bptt.rnn"],
    ["_nn.autograd"],
    ["_nn.hidden_states"],
    ["_nn.recurrent", "_nn.transformer"],
    ["_nn.stack"],
    ["_nn.attention", "_nn.gates", "_nn.network", "_nn.saving"],
    ["_nn.encoder", "_nn.symbol_network"],
    ["_nn.decoder", "_nn.language"],
    ["_nn.autoencoder", "_nn.backprop", "_nn.initialization", "_nn.translator"],
    ["_nn.beam_search"],
    ["_nn.architecture", "_nn.mixture"],
    ["_nn.summary"],
    ["_input.time_dtypes"],
    ["_input.arrays", "_input.finite", "_input.missing", "_input.numbers"],
    ["_input.time_errors", "_input.tokens", "_input.windows"],
    ["_input.frequency", "_input.padding", "_input.row_times", "_input.symbols"],
    ["_input.instances"],
    ["_input.check"],
    ["_input.table"],
    # 2: training
    ["_nn.progress"],
    ["_nn.training"],
    ["_nn.mixture_tuning"],
    # 3: arrays to network and back
    ["_core.convergence", "_core.defaults", "_core.edit_distance", "_core.ensemble"],
    ["_core.layer_sizes"],
    ["_core.nested", "_core.samples"],
    ["_core.auto", "_core.scaling", "_core.sklearn_compat", "_core.symbol_fit"],
    ["_core.fit_methods", "_core.network_summary", "_core.targets"],
    ["_core.window_scaling"],
    ["_core.scaled_network", "_core.symbol_model", "_core.transfer"],
    ["_core.base"],
    # 3: what one estimator needs
    ["_anomaly.averages", "_anomaly.comparison", "_anomaly.errors"],
    ["_anomaly.expectation", "_anomaly.settings", "_anomaly.threshold"],
    ["_anomaly.events", "_anomaly.windows"],
    ["_anomaly.limits", "_anomaly.stuck", "_anomaly.targets"],
    ["_anomaly.ranges", "_windowing.context", "_windowing.leakage"],
    ["_anomaly.scoring", "_windowing.missing_past", "_windowing.missing_rows"],
    ["_windowing.windower"],
    ["_forecast.baselines", "_forecast.conformal", "_forecast.date_features"],
    ["_forecast.checks", "_forecast.exponential_smoothing", "_forecast.horizon"],
    ["_forecast.sample_paths", "_forecast.series_table"],
    ["_forecast.bases", "_forecast.covariates"],
    ["_forecast.mixture", "_forecast.pretrained", "_forecast.training_windows"],
    ["_forecast.residual_model"],
    ["_forecast.panel", "_forecast.settings"],
    ["_forecast.backtest", "_forecast.fitted", "_forecast.history"],
    ["_forecast.fitting"],
    ["_forecast.drawn_series", "_streaming.next_rows"],
    ["_language.texts"],
    ["_language.training"],
    ["_language.fitting", "_language.prediction"],
    ["_transcription.decoding"],
    ["_transcription.labels"],
    ["_translation.answers", "_translation.pairs"],
    ["_translation.prediction", "_translation.sources", "_translation.training"],
    ["_translation.fitting"],
    ["_inspection.integration", "_inspection.lines", "_inspection.outputs"],
    ["_inspection.baselines", "_inspection.permutation", "_inspection.sequences"],
    ["_inspection.traces"],
    # 3: made-up series
    ["_synthetic.calendar", "_synthetic.dates", "_synthetic.mixture"],
    ["_synthetic.calendar_effects", "_synthetic.counts", "_synthetic.disturbances"],
    ["_synthetic.gaussian_processes", "_synthetic.levels", "_synthetic.noise"],
    ["_synthetic.seasons", "_synthetic.trends"],
    ["_synthetic.smoothing", "_synthetic.structural"],
    ["_synthetic.series"],
    # 3: plots
    ["_displays.dates"],
    ["_displays.axes", "_displays.series"],
    ["_displays.anomaly", "_displays.forecast"],
    ["_displays.loss_curve", "_displays.windows"],
    # 4: what the user calls
    ["autoencoding", "classification", "datasets", "encoding"],
    ["preprocessing"],
    ["language", "regression", "scaling", "sequences"],
    ["transcription", "translation"],
    # 5: what holds estimators
    ["anomaly", "forecasting"],
    ["_inspection.models", "_inspection.targets"],
    ["_inspection.attributions", "_inspection.inputs"],
    ["_displays.attribution", "_displays.gates"],
    ["_streaming.forecasts", "_streaming.rows", "inspection", "testing"],
    ["displays", "streaming"],
    ["_export.estimators", "_export.graph"],
    ["_export.module", "_export.windows"],
    ["_export.answers", "_export.layers"],
    ["_export.model"],
    ["_export.pipeline"],
    ["export"],
    ["__init__"],
]

# The only libraries, beside Python's own, that the lower floors know.
LIBRARIES = {
    "_nn": {"torch"},
    "_input.arrays": {"numpy"},
    "_input.padding": {"numpy"},
    "_input.windows": {"numpy"},
    "_synthetic": {"numpy"},
    "sequences": {"numpy"},
}

ROOT = Path(sklstm.__file__).parent


def module_name(path):
    """Name of a module below the package: `_nn.cells`, `_nn` for a subpackage."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imports(name):
    """Dotted names that a module imports, also inside its functions."""
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_modules(name):
    """Modules of the package that a module imports."""
    for dotted in imports(name):
        package, *parts = dotted.split(".")
        if package == "sklstm":
            stems = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
            yield next((stem for stem in stems if stem in MODULES), "__init__")


def test_every_module_has_its_floor():
    assert sorted(name for floor in FLOORS for name in floor) == sorted(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_module_imports_only_from_above_its_line(name):
    line = next(i for i, names in enumerate(FLOORS) if name in names)
    above = {other for names in FLOORS[:line] for other in names}
    assert set(imported_modules(name)) <= above


def allowed_libraries(name):
    """Libraries that a module may know, by its own name or its room's; None: any."""
    return LIBRARIES.get(name, LIBRARIES.get(name.split(".")[0]))


@pytest.mark.parametrize("name", [n for n in MODULES if allowed_libraries(n)])
def test_lower_floors_know_one_library_only(name):
    libraries = {dotted.split(".")[0] for dotted in imports(name)}
    foreign = libraries - sys.stdlib_module_names - {"sklstm"}
    assert foreign <= allowed_libraries(name)


@pytest.mark.parametrize("name", [n for n in MODULES if n != "_core.sklearn_compat"])
def test_private_parts_of_scikit_learn_enter_through_one_door(name):
    parts = [dotted.split(".") for dotted in imports(name)]
    private = [p for p in parts if p[0] == "sklearn" and any(q[0] == "_" for q in p)]
    assert private == []
