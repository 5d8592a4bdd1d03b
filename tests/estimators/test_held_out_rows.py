"""Early stopping holds out the end of every series, with no target in common."""

import keras
import numpy as np
import pandas as pd
import pytest

from skforecast_lstm import LookbackWindower, LSTMClassifier, LSTMRegressor, training
from skforecast_lstm.targets import horizon_targets

LOOKBACK = 3


@pytest.fixture
def split(monkeypatch):
    """A function that fits with early stopping; gives rows trained on, and held out."""
    reached = {}

    def fit(model, samples, *, validation_data, callbacks, **_):
        reached["rows"] = [
            np.asarray(part.rows).tolist() for part in (samples, validation_data)
        ]
        history = callbacks[-1]
        history.on_train_begin()
        history.set_model(model)
        history.on_epoch_end(0, {"loss": 1.0})

    monkeypatch.setattr(training, "fit", fit)

    def fitted(X, y, estimator=LSTMRegressor, **parameters):
        estimator(units=1, cell="rnn", early_stopping=True, **parameters).fit(X, y)
        return reached["rows"]

    return fitted


def known(X, y):
    """Numbers of the rows with a complete window and a target that is known in part."""
    unknown = np.isnan(X).reshape(len(X), -1).any(1)
    return np.flatnonzero(~unknown & ~np.isnan(y).reshape(len(y), -1).all(1)).tolist()


def panel(lengths):
    names = [f"s{number}" for number in range(len(lengths))]
    index = pd.MultiIndex.from_tuples(
        [(name, t) for name, n in zip(names, lengths, strict=True) for t in range(n)]
    )
    return pd.DataFrame({"y": np.arange(1.0, len(index) + 1)}, index=index)


def windows_of(table, **options):
    return LookbackWindower(LOOKBACK, horizon=1, **options).fit_transform(table)


def steps_ahead(table, n_steps):
    """(series, time) pairs that the targets of each row are of, by the plain loop."""
    if table.index.nlevels == 1:
        labels = [(0, t) for t in range(len(table))]
    else:
        labels = list(table.index)
    return [{(name, t + ahead) for ahead in range(n_steps)} for name, t in labels]


@pytest.mark.parametrize("n_steps", [1, 2, 7, 24])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_no_step_is_both_trained_on_and_held_out(split, n_steps, n_columns, rng):
    series = pd.DataFrame(rng.normal(size=(120, n_columns)))
    X, y = windows_of(series), horizon_targets(series, n_steps)
    learnt, held_out = split(X, y)
    steps = steps_ahead(series, n_steps)
    seen = set().union(*(steps[row] for row in learnt))
    checked = set().union(*(steps[row] for row in held_out))
    assert not seen & checked
    rows = known(X, y)
    assert held_out == rows[-round(len(rows) / 10) :]
    # No more are left out than need be, but columns of one step might be two steps.
    n_lost = n_steps - 1 if n_steps > 1 else n_columns - 1
    assert learnt == rows[: len(rows) - len(held_out) - n_lost]


def test_no_step_is_shared_where_each_is_told_several_times_or_columns_come_first(
    split, rng
):
    series = rng.normal(size=(150, 2))
    X, targets = windows_of(series), horizon_targets(series, 6)
    n_known = len(known(X, targets))
    n_held_out = round(n_known / 10)
    for y, n_lost in (
        (np.repeat(targets, 3, axis=1), 5),
        # All steps of one column and then of the other: at least what is shared.
        (np.column_stack([targets[:, ::2], targets[:, 1::2]]), 11),
        (np.column_stack([rng.normal(size=150) for _ in range(4)]), 3),
    ):
        learnt, held_out = split(X, y)
        assert held_out[0] - learnt[-1] == n_lost + 1
        assert len(held_out) == round(len(known(X, y)) / 10)
    assert n_held_out > 0


@pytest.mark.parametrize("told_by", ["windows", "targets", "table of windows"])
@pytest.mark.parametrize("n_steps", [1, 4])
@pytest.mark.parametrize("lengths", [(40, 40, 40), (25, 60, 33), (12,) * 12])
def test_the_end_of_every_series_is_held_out(split, lengths, n_steps, told_by):
    table = panel(lengths)
    X, y = windows_of(table), horizon_targets(table, n_steps)
    rows = known(X, y)
    if told_by == "targets":
        y = pd.DataFrame(y, index=table.index)
        X = np.nan_to_num(X)[:, :, 0]
        rows = known(X, y.to_numpy())
    if told_by == "table of windows":
        X = pd.DataFrame(X[:, :, 0], index=table.index)
    learnt, held_out = split(X, y, validation_fraction=0.2)
    names = table.index.get_level_values(0).to_numpy()
    assert len(held_out) == round(len(rows) * 0.2)
    steps = steps_ahead(table, n_steps)
    checked = set().union(*(steps[row] for row in held_out))
    assert not checked & set().union(*(steps[row] for row in learnt))
    for name in np.unique(names):
        of_series = [row for row in rows if names[row] == name]
        ours = [row for row in held_out if names[row] == name]
        assert ours == of_series[len(of_series) - len(ours) :]
        assert abs(len(ours) - 0.2 * len(of_series)) <= 1


@pytest.mark.parametrize("warmup", ["nan", "edge"])
def test_series_that_lie_between_each_other_by_time(split, warmup):
    table = panel((40, 40)).swaplevel().sort_index().swaplevel()
    X = windows_of(table, warmup=warmup)
    learnt, held_out = split(X, table["y"], validation_fraction=0.25)
    names = table.index.get_level_values(0)
    times = table.index.get_level_values(1)
    for name in ("s0", "s1"):
        latest = max(times[row] for row in learnt if names[row] == name)
        first = min(times[row] for row in held_out if names[row] == name)
        assert first == latest + 1
    assert {names[row] for row in held_out} == {"s0", "s1"}


def test_unknown_steps_of_one_series_begin_no_other(split, rng):
    series = rng.normal(size=(200, 1))
    series[rng.random(200) < 0.1] = np.nan
    series[90:100] = np.nan
    X, y = windows_of(series), series[:, 0]
    learnt, held_out = split(X, y)
    assert [*learnt, *held_out] == known(X, y)
    assert learnt[-1] < held_out[0]


def test_labels_share_no_steps(split, rng):
    series = rng.normal(size=(80, 1))
    labels = rng.integers(0, 5, size=80)
    X = windows_of(series)
    learnt, held_out = split(X, labels, LSTMClassifier)
    assert [*learnt, *held_out] == known(X, series[:, 0])


def test_too_few_rows_before_those_held_out(rng):
    series = rng.normal(size=(34, 1))
    X, y = windows_of(series), horizon_targets(series, 8)
    stopped = LSTMRegressor(
        units=1, early_stopping=True, validation_fraction=0.8, epochs=1
    )
    with pytest.raises(ValueError, match=r"of 31 rows .*train on: targets cover 8"):
        stopped.fit(X, y)
    with pytest.raises(ValueError, match=r"validate on .n_samples = 1"):
        stopped.set_params(validation_fraction=0.1).fit(X[3:4], y[3:4, 0])


def test_scales_are_those_of_the_rows_that_are_trained_on(rng):
    series = rng.normal(size=(60, 1))
    X, y = windows_of(series), horizon_targets(series, 5)
    changed = np.array(y)
    rows = known(X, y)
    n_held_out = round(len(rows) / 10)
    changed[rows[len(rows) - n_held_out - 4 :]] += 1000
    watching = keras.callbacks.ReduceLROnPlateau(patience=100)
    answers = [
        LSTMRegressor(units=1, epochs=1, random_state=0, callbacks=watching)
        .fit(X, target)
        .predict(X)
        for target in (np.array(y), changed)
    ]
    np.testing.assert_array_equal(*answers)
