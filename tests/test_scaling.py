"""Standardization within groups of time steps."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import GroupScaler, LSTMRegressor, pad_sequences

SPEEDS = np.repeat([0.0, 20.0, 42.0], 40)


@pytest.fixture
def steps():
    """Speed with noise, and two sensors whose level and spread depend on it."""
    random = np.random.default_rng(0)
    level = SPEEDS[:, None] * [1, -3]
    noise = random.normal(size=(120, 2)) * (1 + SPEEDS[:, None])
    speeds = SPEEDS + random.uniform(-0.3, 0.3, 120)
    X = np.column_stack([speeds, level + noise])
    return X[random.permutation(120)]


@pytest.mark.parametrize("parameters", [{}, {"n_groups": 3, "random_state": 0}])
def test_each_group_has_mean_zero_and_deviation_one(steps, parameters):
    scaler = GroupScaler(groups=[0], **parameters).fit(steps)
    npt.assert_allclose(np.sort(scaler.centers_[:, 0]), [0, 20, 42], atol=0.2)
    scaled = scaler.transform(steps)
    for speed in (0, 20, 42):
        group = scaled[np.abs(steps[:, 0] - speed) < 1, 1:]
        npt.assert_allclose(group.mean(axis=0), 0, atol=1e-12)
        npt.assert_allclose(group.std(axis=0), 1, rtol=1e-12)
    # The columns of groups still tell the groups apart.
    npt.assert_allclose(scaled[:, 0].std(), 1, rtol=1e-12)


def test_without_groups_all_steps_are_scaled_together(steps):
    scaled = GroupScaler().fit_transform(steps)
    npt.assert_allclose(scaled, (steps - steps.mean(0)) / steps.std(0), rtol=1e-12)


def test_a_new_step_belongs_to_the_closest_group(steps):
    scaler = GroupScaler(groups=[0]).fit(steps)
    group = int(np.argmin(np.abs(scaler.centers_[:, 0] - 20)))
    scaled = scaler.transform([[17.0, 5.0, 6.0]])[0, 1:]
    by_hand = ([5, 6] - scaler.mean_[group, 1:]) / scaler.scale_[group, 1:]
    npt.assert_allclose(scaled, by_hand, rtol=1e-12)


def test_a_constant_feature_of_a_group_becomes_zero():
    X = np.array([[0, 518.67], [0, 518.67], [20, 1.0], [20, 3.0]])
    scaled = GroupScaler(groups=[0]).fit_transform(X)
    npt.assert_array_equal(scaled[:, 1], [0, 0, -1, 1])


def test_windows_and_sequences_keep_their_form(steps):
    table = GroupScaler(groups=[0]).fit_transform(steps)
    sequences = [steps[:50], steps[50:]]
    scaled = GroupScaler(groups=[0]).fit_transform(sequences)
    assert [len(part) for part in scaled] == [50, 70]
    npt.assert_allclose(np.concatenate(scaled), table, rtol=1e-12)
    padded = pad_sequences(sequences)
    windows = GroupScaler(groups=[0]).fit_transform(padded)
    assert windows.shape == (2, 70, 3)
    assert np.isnan(windows[0, :20]).all()
    npt.assert_allclose(windows[0, 20:], table[:50], rtol=1e-12)
    npt.assert_allclose(windows[1], table[50:], rtol=1e-12)


def test_frames_name_their_columns(steps):
    frame = pd.DataFrame(steps, columns=["speed", "a", "b"])
    scaler = GroupScaler(groups=["speed"]).set_output(transform="pandas")
    scaled = scaler.fit_transform(frame)
    assert list(scaled) == ["speed", "a", "b"]
    assert scaled.index.equals(frame.index)


def test_it_is_tuned_in_a_pipeline(steps):
    X, y = list(steps.reshape(12, 10, 3)), np.arange(12.0)
    network = LSTMRegressor(2, max_iter=2, learning_rate="cosine", random_state=0)
    model = make_pipeline(GroupScaler(groups=[0]), network)
    grid = {"groupscaler__n_groups": [2, None]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert np.isfinite(search.predict(X)).all()


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        ({"groups": ["speed"]}, np.ones((3, 2)), "groups='speed' is no column of X"),
        ({"groups": [2]}, np.ones((3, 2)), "groups=2 is no column of X, which has 2"),
        ({"groups": [0], "n_groups": 2}, np.ones((3, 2)), "Pass a smaller n_groups"),
        ({"groups": [[0]]}, np.ones((3, 2)), "must hold names or positions of columns"),
        ({}, [np.ones((3, 2)), np.ones((3, 1))], r"X\[1\] has 1 features, but X\[0\]"),
        ({}, [np.ones((3, 2)), np.ones((0, 2))], r"X\[1\] has no time steps"),
        ({}, np.array([[np.nan, 1], [2, 3]]), "contains NaN"),
        ({}, np.array([[[np.nan, 1], [2, 3]]]), "contains NaN"),
    ],
)
def test_bad_input_raises(parameters, X, message):
    with pytest.raises(ValueError, match=message):
        GroupScaler(**parameters).fit(X)


def test_sequences_may_be_frames_and_have_one_feature(steps):
    frame = pd.DataFrame(steps, columns=["speed", "a", "b"])
    table = GroupScaler(groups=["speed"]).fit_transform(frame)
    parts = GroupScaler(groups=["speed"]).fit_transform([frame[:50], frame[50:]])
    npt.assert_allclose(np.concatenate(parts), table, rtol=1e-12)
    parts = GroupScaler().fit_transform([steps[:50, 1], steps[50:, 1]])
    npt.assert_allclose(
        np.concatenate(parts), GroupScaler().fit_transform(steps)[:, 1:2]
    )


def test_padding_and_empty_sequences_are_kept(steps):
    scaler = GroupScaler(groups=[-3]).fit(steps)
    assert np.isnan(scaler.transform(np.full((1, 4, 3), np.nan))).all()
    scaled = scaler.transform([steps[:2], steps[:0]])
    assert [part.shape for part in scaled] == [(2, 3), (0, 3)]


def test_windows_do_not_fit_in_a_frame(steps):
    scaler = GroupScaler().set_output(transform="pandas").fit(steps[None])
    with pytest.raises(ValueError, match='set_output\\(transform="default"\\)'):
        scaler.transform(steps[None])
    scaler.set_output(transform="default").transform(steps[None])
