"""Windows in a file, or larger than the memory, are loaded one batch at a time."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from numpy.lib.format import open_memmap
from one_layer import ONE_LAYER
from sklearn.base import clone

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMOutlierDetector,
    LSTMRegressor,
    SlidingWindowTransformer,
    make_windows,
)
from sklstm._core import window_scaling
from sklstm._input.arrays import is_memory_mapped

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"max_iter": 2, "batch_size": 16, "random_state": 0}
SERIES = np.random.default_rng(0).normal(size=(200, 2)).cumsum(0).astype(np.float32)
WINDOWS, TARGETS, _ = make_windows(SERIES, SERIES[:, 0], window_size=6)
RAGGED = np.array(WINDOWS)
RAGGED[::3, :2] = np.nan
CLASSES = np.where(np.median(TARGETS) < TARGETS, "up", "down")


def regressor(**parameters):
    return LSTMRegressor(4, **ONE_LAYER | SMALL | parameters)


def save(tmp_path, array):
    path = tmp_path / "array.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


@pytest.fixture
def loaded(monkeypatch):
    """The number of windows of each batch that was loaded."""
    sizes, load = [], window_scaling._load_batch

    def count(values, *args, **options):
        sizes.append(len(values))
        return load(values, *args, **options)

    monkeypatch.setattr(window_scaling, "_load_batch", count)
    return sizes


MODELS = {
    "regressor": (regressor(), TARGETS),
    "unscaled": (regressor(standardize=False), TARGETS),
    "steps": (regressor(standardize="steps"), TARGETS),
    "windows": (regressor(standardize="windows"), TARGETS),
    "float64": (regressor(dtype="float64"), TARGETS),
    "ensemble": (regressor(n_estimators=2), TARGETS),
    "early stopping": (regressor(early_stopping=True), TARGETS),
    "classifier": (LSTMClassifier(4, **ONE_LAYER | SMALL), CLASSES),
    "stratified": (LSTMClassifier(4, **SMALL, early_stopping=True), CLASSES),
    "autoencoder": (LSTMAutoencoder((4, 2), **SMALL), None),
    "stopped autoencoder": (LSTMAutoencoder(4, **SMALL, early_stopping=True), None),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["view", "ragged"])
def test_results_are_those_of_an_array_to_the_bit(tmp_path, loaded, name, kind):
    if (name, kind) == ("steps", "ragged"):
        pytest.skip("steps have no scale of their own in ragged windows")
    model, y = MODELS[name]
    if kind == "view":
        series = save(tmp_path, SERIES)
        windows, _, _ = make_windows(series, series[:, 0], window_size=6)
        array = WINDOWS
    else:
        array, windows = RAGGED, save(tmp_path, RAGGED)
    assert is_memory_mapped(windows)
    wanted = clone(model).fit(array, y)
    assert not loaded
    found = clone(model).fit(windows, y)
    assert found.loss_curve_ == wanted.loss_curve_
    assert found.validation_loss_curve_ == wanted.validation_loss_curve_
    method = "reconstruction_error" if y is None else "predict"
    npt.assert_array_equal(
        getattr(found, method)(windows), getattr(wanted, method)(array)
    )
    # The loss of an epoch needs one batch at a time; so do validation windows, whose
    # blocks are those of predictions.
    if name != "stratified":  # its training windows are selected at random, as a copy
        assert loaded


def test_training_loads_one_batch_at_a_time(tmp_path, loaded):
    regressor().fit(save(tmp_path, WINDOWS), TARGETS)
    n_batches = int(np.ceil(len(WINDOWS) / 16))
    assert len(loaded) == 2 * n_batches
    assert max(loaded) <= 16


def test_large_arrays_are_not_copied(monkeypatch, loaded):
    monkeypatch.setattr(window_scaling, "LARGEST_COPY", WINDOWS[:100, 0].nbytes)
    found = regressor().fit(WINDOWS, TARGETS)
    assert max(loaded) <= 16
    loaded.clear()
    wanted = regressor()
    monkeypatch.setattr(window_scaling, "LARGEST_COPY", 2**20)
    assert found.loss_curve_ == wanted.fit(WINDOWS, TARGETS).loss_curve_
    assert not loaded


def test_views_of_files_are_recognized(tmp_path):
    mapped = save(tmp_path, SERIES)
    for view in (mapped, np.asarray(mapped)[3:, ::-1].T, mapped.reshape(-1)[None]):
        assert is_memory_mapped(view)
    for array in (SERIES, SERIES[1:], mapped + 1, np.array(mapped)):
        assert not is_memory_mapped(array)


def test_an_error_names_the_window_in_the_file(tmp_path):
    windows = np.array(WINDOWS)
    windows[7, 3, 1] = np.inf
    with pytest.raises(ValueError, match="infinity, in window 7 at step 3"):
        regressor().fit(save(tmp_path, windows), TARGETS)


def test_a_file_is_not_changed(tmp_path):
    path = tmp_path / "series.npy"
    series = open_memmap(path, "w+", np.float32, SERIES.shape)
    series[:] = SERIES
    windows, _, _ = make_windows(series, series[:, 0], window_size=6)
    regressor().fit(windows, TARGETS).predict(windows)
    series.flush()
    npt.assert_array_equal(np.load(path), SERIES)


def test_the_detector_reads_files(tmp_path):
    detector = LSTMOutlierDetector(regressor(), window_size=5, random_state=0)
    wanted = clone(detector).fit(SERIES).score_samples(SERIES)
    series = save(tmp_path, SERIES)
    npt.assert_array_equal(clone(detector).fit(series).score_samples(series), wanted)


# Chunks


def chunks(n_rows, size):
    return [slice(start, start + size) for start in range(0, n_rows, size)]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_partial_fits_on_chunks_are_one_pass_in_order(cell):
    # With scales of their own, the chunks would be scaled by the first one.
    model = regressor(cell=cell, standardize=False, dtype="float64", max_iter=1)
    n_windows, size = 192, 16
    whole = clone(model).set_params(shuffle=False)
    whole.fit(WINDOWS[:n_windows], TARGETS[:n_windows])
    for rows in chunks(n_windows, size):
        model.partial_fit(WINDOWS[rows], TARGETS[rows])
    npt.assert_allclose(model.predict(WINDOWS), whole.predict(WINDOWS), rtol=1e-6)


def test_partial_fits_of_classes_are_one_pass_in_order():
    model = LSTMClassifier(
        4, **ONE_LAYER | SMALL | {"standardize": False, "max_iter": 1}
    )
    whole = clone(model).set_params(shuffle=False).fit(WINDOWS[:192], CLASSES[:192])
    for rows in chunks(192, 16):
        model.partial_fit(WINDOWS[rows], CLASSES[rows], classes=["up", "down"])
    npt.assert_allclose(
        model.predict_proba(WINDOWS), whole.predict_proba(WINDOWS), rtol=1e-6
    )


def test_partial_fits_of_an_autoencoder_are_one_pass_in_order():
    model = LSTMAutoencoder(4, **SMALL | {"standardize": False, "max_iter": 1})
    whole = clone(model).set_params(shuffle=False).fit(WINDOWS[:192])
    for rows in chunks(192, 16):
        model.partial_fit(WINDOWS[rows])
    npt.assert_allclose(
        model.reconstruction_error(WINDOWS),
        whole.reconstruction_error(WINDOWS),
        rtol=1e-6,
    )


@pytest.mark.parametrize("shift", [0, 2])
def test_windows_of_chunks_are_those_of_the_whole_series(shift):
    frame = pd.DataFrame(SERIES, pd.date_range("2024", periods=200, freq="min"))
    windower = SlidingWindowTransformer(6, shift=shift)
    wanted = windower.fit_transform(frame)[50:]
    windower.fit(frame[:50])
    found = []
    for rows in chunks(150, 40):
        chunk = frame[50:][rows]
        found.append(windower.transform(chunk))
        windower.update(chunk)
    npt.assert_array_equal(np.concatenate(found), wanted)


def test_row_groups_of_a_parquet_file_are_chunks(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    frame = pd.DataFrame(SERIES, columns=["load", "heat"])
    frame.index = pd.date_range("2024", periods=200, freq="min", name="time")
    path = tmp_path / "series.parquet"
    frame.to_parquet(path, row_group_size=50)
    windower, model = SlidingWindowTransformer(6, shift=1), regressor()
    file = parquet.ParquetFile(path)
    assert file.num_row_groups == 4
    first = file.read_row_group(0).to_pandas()
    model.partial_fit(windower.fit_transform(first), first["load"])
    for number in range(1, 4):
        chunk = file.read_row_group(number).to_pandas()
        model.partial_fit(windower.transform(chunk), chunk["load"])
        windower.update(chunk)
    whole = SlidingWindowTransformer(6, shift=1).fit_transform(frame)
    assert model.n_iter_ == 4
    assert np.isfinite(model.predict(whole)).all()
