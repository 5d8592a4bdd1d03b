"""Sample paths: the values of each step, and the spread of their sums."""

import numpy as np
import pandas as pd
import pytest

from skforecast_lstm.forecasting import LSTMForecaster
from skforecast_lstm.forecasting._samples import levels_of_paths

from .naive import naive


def walks(n_series, n_rows, seed=0):
    """Return random walks: each error of a path is the one before and a new one."""
    steps = np.random.default_rng(seed).normal(size=(n_series, n_rows))
    index = pd.MultiIndex.from_product([range(n_series), range(n_rows)])
    return pd.DataFrame({"y": steps.cumsum(axis=1).ravel()}, index=index)


@pytest.mark.parametrize("intervals", ["conformal", "adaptive"])
def test_the_values_of_a_step_are_its_quantiles(intervals):
    y = walks(1, 300).xs(0)
    forecaster = naive(intervals=intervals).fit(y, fh=range(1, 7))
    samples = forecaster.predict_samples(fh=[2, 5], n_samples=40, random_state=0)
    levels = [(place + 0.5) / 40 for place in range(40)]
    quantiles = forecaster.predict_quantiles(fh=[2, 5], alpha=levels)
    for time in (301, 304):
        values = samples.xs(time, level=1)["y"]
        np.testing.assert_allclose(np.sort(values), quantiles.loc[time])


def test_sums_over_the_horizon_are_calibrated_where_independent_steps_are_not():
    y = walks(60, 200)
    times = y.index.get_level_values(1)
    forecaster = naive(season_length=1).fit(y[times < 120], fh=range(1, 13))
    inside = {"paths": [], "independent": []}
    rng = np.random.default_rng(1)
    for origin in range(120, 188, 12):
        samples = forecaster.predict_samples(n_samples=200, random_state=origin)
        actual = y[(times >= origin) & (times < origin + 12)]
        paths = samples["y"].to_numpy().reshape(200, 60, 12)
        total = actual["y"].to_numpy().reshape(60, 12).sum(axis=1)
        independent = rng.permuted(paths, axis=0)
        for name, drawn in (("paths", paths), ("independent", independent)):
            low, high = np.quantile(drawn.sum(axis=2), [0.1, 0.9], axis=0)
            inside[name] += list((low <= total) & (total <= high))
        forecaster.update(actual, update_params=False)
    assert np.mean(inside["paths"]) == pytest.approx(0.8, abs=0.06)
    assert np.mean(inside["independent"]) < 0.6


def test_ranks_depend_on_each_other_as_errors_do(rng):
    common = rng.normal(size=(400, 1, 1))
    errors = np.concatenate([common, -common, rng.normal(size=(400, 1, 1))], axis=1)
    errors += 0.1 * rng.normal(size=errors.shape)
    errors[::7, 2] = np.nan
    generator = np.random.RandomState(0)
    ranks = levels_of_paths(errors, 500, np.array([[1, 2, 3], [3, 2, 1]]), generator)
    assert (np.sort(ranks, axis=0) == np.arange(500)[:, None, None]).all()
    found = np.corrcoef(ranks[:, :, 0].T)
    assert found[0, 1] < -0.9
    assert found[5, 4] < -0.9
    assert abs(found[0, 2]) < 0.15
    # Series are independent.
    assert np.abs(found[:3, 3:]).max() < 0.15


def test_the_pretrained_network_alone_draws_paths_of_all_columns_and_series():
    y = pd.concat([walks(2, 60), walks(2, 60, seed=1).rename(columns={"y": "z"})], axis=1)
    y.index = y.index.set_names(["shop", "time"])
    forecaster = LSTMForecaster(season_length=1).fit(y, fh=[1, 3])
    samples = forecaster.predict_samples(n_samples=20, random_state=0)
    assert samples.index.names == ["sample", "shop", "time"]
    assert list(samples.columns) == ["y", "z"]
    assert len(samples) == 20 * 2 * 2
    again = forecaster.predict_samples(n_samples=20, random_state=0)
    pd.testing.assert_frame_equal(samples, again)
    means = samples.groupby(["shop", "time"]).mean()
    assert means.index.equals(forecaster.predict().index)
    np.testing.assert_allclose(means, forecaster.predict(), atol=3)


def test_sample_paths_that_cannot_be_drawn_are_refused():
    y = walks(1, 300).xs(0)
    forecaster = naive().fit(y, fh=[1, 2])
    with pytest.raises(ValueError, match=r"reaches step 3, and errors .* for 2 steps"):
        forecaster.predict_samples(fh=[1, 3])
    with pytest.raises(ValueError, match="after the last row"):
        forecaster.predict_samples(fh=[0, 1])
    with pytest.raises(ValueError, match="n_samples"):
        forecaster.predict_samples(fh=[1], n_samples=0)
    with pytest.raises(ValueError, match=r"intervals=None measures none"):
        naive(intervals=None).fit(y, fh=[1]).predict_samples()
    short = LSTMForecaster(season_length=1).fit(y[:20], fh=range(1, 8))
    with pytest.raises(ValueError, match="at least 10 are needed"):
        short.predict_samples()
