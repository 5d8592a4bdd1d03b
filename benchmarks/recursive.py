"""Many steps ahead from many starts: one call on the device, or calls of predict.

Prints the seconds of ``recursive_forecast`` and of a loop around ``predict``. The loop
has one call per step for the windows of all starts, or one call per step for one window
at a time. All use the same fitted pipeline.

    python benchmarks/recursive.py --starts 1000 --steps 50
"""

import argparse
import time

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skforecast_lstm import LookbackWindower, LSTMRegressor, recursive_forecast

N_ROWS = 10_000


def fitted_pipeline(series, units, lookback):
    pipe = make_pipeline(
        StandardScaler(),
        LookbackWindower(lookback, horizon=1),
        LSTMRegressor(units, epochs=1, random_state=0),
    )
    return pipe.fit(series, series)


def feed_back(predict, scaler, windows, n_steps):
    """Loop over steps: predict one, and append the forecast to the window."""
    forecasts = []
    for _ in range(n_steps):
        forecasts.append(predict(windows))
        newest = scaler.transform(forecasts[-1])[:, None]
        windows = np.concatenate([windows[:, 1:], newest], axis=1)
    return np.stack(forecasts, axis=1)


def feed_back_one_by_one(predict, scaler, windows, n_steps):
    parts = [
        feed_back(predict, scaler, windows[place : place + 1], n_steps)
        for place in range(len(windows))
    ]
    return np.concatenate(parts)


def measure(work, n_rounds):
    """Return the result, and the seconds of the first call and of a later one."""
    taken = []
    for _ in range(1 + n_rounds):
        begun = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - begun)
    return result, taken[0], np.median(taken[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--units", type=int, default=32)
    parser.add_argument("--lookback", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--one-by-one", type=int, default=5, help="starts of the last two lines"
    )
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    series = np.sin(np.arange(N_ROWS) / 4) + 0.1 * generator.normal(size=N_ROWS)
    series = series[:, None]
    pipe = fitted_pipeline(series, options.units, options.lookback)
    scaler, windower, regressor = (step for _, step in pipe.steps)
    starts = np.linspace(options.lookback, N_ROWS - 1, options.starts).astype(int)
    windows = windower.transform(scaler.transform(series))[starts]
    few, n_few = slice(options.one_by_one), min(options.one_by_one, options.starts)

    def by_keras(windows):
        return regressor.model_.predict(windows, verbose=0)

    steps = options.steps
    ways = [
        (
            "recursive_forecast",
            lambda: recursive_forecast(pipe, series, steps, starts=starts),
            options.starts,
        ),
        (
            "LSTMRegressor.predict, a call a step",
            lambda: feed_back(regressor.predict, scaler, windows, steps),
            options.starts,
        ),
        (
            "keras.Model.predict, a call a step",
            lambda: feed_back(by_keras, scaler, windows, steps),
            options.starts,
        ),
        (
            "LSTMRegressor.predict, a window at a time",
            lambda: feed_back_one_by_one(regressor.predict, scaler, windows[few], steps),
            n_few,
        ),
        (
            "keras.Model.predict, a window at a time",
            lambda: feed_back_one_by_one(by_keras, scaler, windows[few], steps),
            n_few,
        ),
    ]
    print(
        f"{options.starts:,} starts x {steps} steps, LSTM of {options.units} units on "
        f"windows of {options.lookback} steps\n"
    )
    print(f"{'':44}{'starts':>8}{'first s':>9}{'then s':>9}{'ms/start':>10}{'ratio':>9}")
    fastest = reference = None
    for name, work, n_starts in ways:
        forecasts, first, then = measure(work, options.rounds if n_starts > n_few else 1)
        each = 1000 * then / n_starts
        fastest = fastest or each
        reference = forecasts if reference is None else reference
        print(
            f"{name:44}{n_starts:8,}{first:9.3f}{then:9.3f}{each:10.3f}"
            f"{each / fastest:8.1f}x",
            flush=True,
        )
        np.testing.assert_allclose(forecasts, reference[: len(forecasts)], atol=1e-3)
    print("\nAll give the same forecasts, to a thousandth. The bar: 1,000 starts x 50")
    print("steps in under a second.")


if __name__ == "__main__":
    main()
