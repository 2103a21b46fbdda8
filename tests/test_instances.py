"""Frames with a MultiIndex (instance, time): one sequence per instance."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMRegressor,
    SlidingWindowTransformer,
)

RANDOM = np.random.default_rng(0)
LENGTHS = [4, 6, 3, 5]
SEQUENCES = [RANDOM.normal(size=(n, 2)) for n in LENGTHS]
NAMES = list("wzbc")
X = pd.concat(
    {
        name: pd.DataFrame(
            values,
            index=pd.date_range("2024-01-01", periods=len(values)),
            columns=["temperature", "load"],
        )
        for name, values in zip(NAMES, SEQUENCES, strict=True)
    },
    names=["machine", "day"],
)
y = np.array([0.0, 1.0, 2.0, 3.0])
PARTS = [SEQUENCES[n][:, 0] for n in range(4)]
SHUFFLED = RANDOM.permutation(18)
SETTINGS = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def first_values(frame):
    return frame.to_numpy()[:, 0]


@pytest.mark.parametrize("Model", [LSTMRegressor, LSTMClassifier])
def test_instances_are_sequences_in_order_of_appearance(Model):
    model = Model(**SETTINGS)
    expected = model.fit(SEQUENCES, y).predict(SEQUENCES)
    model.fit(X, y)
    npt.assert_array_equal(model.predict(X), expected)
    npt.assert_allclose(model.predict(X.loc[["b", "w"]]), expected[[2, 0]], rtol=1e-12)
    assert model.feature_names_in_.tolist() == ["temperature", "load"]
    assert model.n_features_in_ == 2


@pytest.mark.parametrize(
    "times",
    [
        X.index.get_level_values(1),
        X.groupby(level=0, sort=False).cumcount(),
        X.groupby(level=0, sort=False).cumcount() / 7,
        X.index.get_level_values(1).to_period("D"),
        X.index.get_level_values(1) - pd.Timestamp("2023"),
        X.index.get_level_values(1).tz_localize("UTC"),
    ],
    ids=["dates", "integers", "floats", "periods", "durations", "instants"],
)
def test_rows_may_be_in_any_order(times):
    expected = LSTMRegressor(**SETTINGS).fit(SEQUENCES, y).predict(SEQUENCES)
    index = pd.MultiIndex.from_arrays([X.index.get_level_values(0), times])
    frame = X.set_axis(index).iloc[SHUFFLED]
    order = [NAMES.index(name) for name in frame.index.droplevel(-1).unique()]
    model = LSTMRegressor(**SETTINGS).fit(frame, y[order])
    npt.assert_allclose(model.predict(frame), expected[order], rtol=1e-6)


def test_instances_of_equal_length_need_no_padding():
    frame = X.groupby(level=0, sort=False).head(3)
    model = LSTMRegressor(**SETTINGS).fit(frame, y)
    windows = np.stack([sequence[:3] for sequence in SEQUENCES])
    npt.assert_array_equal(model.predict(frame), model.fit(windows, y).predict(windows))


def test_instances_may_have_several_levels():
    several = pd.concat({"north": X, "south": X[::-1]}, names=["region"])
    model = LSTMRegressor(**SETTINGS).fit(X, y)
    expected = model.predict(X)
    npt.assert_array_equal(
        model.predict(several), np.concatenate([expected, expected[::-1]])
    )
    with pytest.raises(ValueError, match=r"groupby\(level=\[0, 1\], sort=False\)"):
        model.fit(several, np.arange(36.0))


def test_a_single_instance_is_one_sequence():
    model = LSTMRegressor(**SETTINGS).fit(X, y)
    for name, prediction in zip(NAMES, model.predict(X), strict=True):
        npt.assert_allclose(model.predict(X.loc[[name]]), [prediction], rtol=1e-9)
    first = model.predict(X.loc[["w"]].head(1))
    expected = LSTMRegressor(**SETTINGS).fit(SEQUENCES, y).predict([SEQUENCES[0][:1]])
    npt.assert_allclose(first, expected)


def test_integers_are_measured_exactly():
    frame = (X * 100).astype({"load": int})
    values = [rows.to_numpy() for _, rows in frame.groupby(level=0, sort=False)]
    model = LSTMRegressor(**SETTINGS).fit(frame, y)
    npt.assert_array_equal(model.predict(frame), model.fit(values, y).predict(values))


@pytest.mark.parametrize("rows", [np.arange(18), SHUFFLED], ids=["sorted", "shuffled"])
def test_targets_of_steps_have_one_value_per_row(rows):
    model = LSTMRegressor(pooling=None, **SETTINGS).fit(SEQUENCES, PARTS)
    expected = np.concatenate(model.predict(SEQUENCES))
    score = model.score(SEQUENCES, PARTS)
    weighted = model.score(SEQUENCES, PARTS, [1, 2, 3, 4])
    model.fit(X, first_values(X))
    npt.assert_array_equal(model.predict(X), expected)
    frame = X.iloc[rows]
    npt.assert_array_equal(model.predict(frame), expected[rows])
    assert model.score(frame, first_values(frame)) == pytest.approx(score)
    assert model.score(X, PARTS) == pytest.approx(score)
    assert model.score(X, first_values(X), [1, 2, 3, 4]) == pytest.approx(weighted)


def test_classes_and_probabilities_of_steps_have_one_row_per_row():
    labels = np.where(first_values(X) > 0, "up", "down")
    model = LSTMClassifier(pooling=None, **SETTINGS).fit(X, labels)
    assert model.predict_proba(X).shape == (18, 2)
    assert model.score(X, labels) == accuracy_score(labels, model.predict(X))


def test_an_autoencoder_reconstructs_the_rows():
    model = LSTMAutoencoder(n_components=2, **SETTINGS).fit(SEQUENCES)
    expected = np.concatenate(model.reconstruct(SEQUENCES))
    model.fit(X)
    npt.assert_array_equal(model.reconstruct(X.iloc[SHUFFLED]), expected[SHUFFLED])
    assert model.reconstruction_error(X).shape == (4,)


def test_features_are_labelled_with_the_instances():
    model = LSTMRegressor(**SETTINGS).fit(X, y)
    expected = model.transform(X)
    features = model.set_output(transform="pandas").transform(X)
    assert features.index.tolist() == NAMES
    assert features.index.name == "machine"
    npt.assert_array_equal(features, expected)


def test_validation_data_may_be_frames():
    model = LSTMRegressor(**SETTINGS).fit(X, y, X_val=X.loc[["z"]], y_val=y[1:2])
    expected = LSTMRegressor(**SETTINGS)
    expected.fit(SEQUENCES, y, X_val=SEQUENCES[1:2], y_val=y[1:2])
    npt.assert_allclose(model.validation_loss_curve_, expected.validation_loss_curve_)


def test_lag_columns_are_windows_whatever_the_index():
    windower = SlidingWindowTransformer(2).set_output(transform="pandas")
    windows = windower.fit_transform(X)
    model = LSTMRegressor(**SETTINGS).fit(windows, first_values(X))
    assert model.predict(windows).shape == (18,)


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_product([range(9), ["left", "right"]]),
        pd.MultiIndex.from_arrays([range(18), range(18)]),
        pd.MultiIndex.from_arrays([range(18)]),
    ],
    ids=["no times", "one row per instance", "one level"],
)
def test_other_rows_are_windows_of_one_feature(index):
    model = LSTMRegressor(**SETTINGS).fit(X.set_axis(index), first_values(X))
    plain = X.reset_index(drop=True)
    expected = model.fit(plain, first_values(X)).predict(plain)
    npt.assert_array_equal(model.predict(X.set_axis(index)), expected)


def test_bad_frames_are_refused():
    model = LSTMRegressor(**SETTINGS).fit(X, y)
    with pytest.raises(ValueError, match=r"two rows .* \('z', Timestamp\('2024-01-02"):
        model.predict(pd.concat([X, X.iloc[5:6]]))
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        model.predict(X[:0])
    with pytest.raises(ValueError, match="swaplevel"):
        model.fit(X.swaplevel(), y)
    with pytest.raises(ValueError, match="same order as they were in fit"):
        model.predict(X[["load", "temperature"]])
    with pytest.raises(ValueError, match=r"NaN, in the row \('w', Timestamp"):
        model.predict(X.replace(X.iloc[2, 1], np.nan))
    index = pd.MultiIndex.from_arrays([np.arange(18) // 6, np.arange(18)])
    numbered = X.set_axis(index)
    with pytest.raises(ValueError, match=r"NaN, in the row \(0, 2\)"):
        model.predict(numbered.mask(numbered == X.iloc[2, 1]))
    with pytest.raises(ValueError, match="X holds strings"):
        model.fit(X.assign(site="north"), y)
    with pytest.raises(ValueError, match="several columns with the same name"):
        model.fit(X.set_axis(["a", "a"], axis=1), y)
    times = X.index.get_level_values(1).where(np.arange(18) != 3)
    missing = pd.MultiIndex.from_arrays([X.index.get_level_values(0), times])
    with pytest.raises(ValueError, match="times of X hold missing values"):
        model.fit(X.set_axis(missing), y)


def test_targets_in_another_order_are_refused():
    model = LSTMRegressor(**SETTINGS)
    by_name = pd.Series(y, NAMES).sort_index()
    with pytest.raises(ValueError, match="instances of X in another order"):
        model.fit(X, by_name)
    model.fit(X, by_name.loc[X.index.droplevel(-1).unique()])
    npt.assert_array_equal(model.predict(X), model.fit(X, y).predict(X))
    with pytest.raises(ValueError, match="instances of X in another order"):
        model.score(X, by_name)
    numbered = pd.Series(y, index=[7, 5, 3, 1])
    npt.assert_array_equal(model.predict(X), model.fit(X, numbered).predict(X))
    steps = LSTMRegressor(pooling=None, **SETTINGS)
    by_row = X["load"].sort_index()
    with pytest.raises(ValueError, match="another order"):
        steps.fit(X, by_row)
    steps.fit(X, by_row.loc[X.index])


def test_a_target_per_row_is_refused_with_ways_out():
    model = LSTMRegressor(**SETTINGS)
    with pytest.raises(ValueError, match=r"4 sequences.*18 targets.*level=0"):
        model.fit(X, first_values(X))
    model.fit(X.reset_index(drop=True), first_values(X))
    make_pipeline(SlidingWindowTransformer(2, shift=1), model).fit(X, first_values(X))
    model.set_params(pooling=None).fit(X, first_values(X))


def test_rows_that_lost_their_index_are_refused_with_a_way_out():
    model = LSTMRegressor(**SETTINGS)
    scaler = StandardScaler()
    with pytest.raises(ValueError, match=r"18 windows.*4 targets.*set_output\("):
        make_pipeline(scaler, model).fit(X, y)
    scaler.set_output(transform="pandas")
    assert len(make_pipeline(scaler, model).fit(X, y).predict(X)) == 4


def test_searches_need_a_list_of_sequences():
    model = LSTMRegressor(**SETTINGS)
    search = GridSearchCV(model, {"cell": ["gru", "rnn"]}, cv=2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        search.fit(X, y)
    groups = X.iloc[SHUFFLED].groupby(level=0, sort=False)
    sequences = [rows.sort_index().to_numpy() for _, rows in groups]
    order = [NAMES.index(name) for name, _ in groups]
    for sequence, n in zip(sequences, order, strict=True):
        npt.assert_array_equal(sequence, SEQUENCES[n])
    search.fit(sequences, y[order])
    steps = LSTMRegressor(pooling=None, **SETTINGS)
    groups, cv = X.index.get_level_values(0), GroupKFold(2)
    scores = cross_val_score(steps, X, first_values(X), groups=groups, cv=cv)
    assert np.isfinite(scores).all()
