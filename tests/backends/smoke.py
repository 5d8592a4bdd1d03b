"""What every Keras backend must do: python tests/backends/smoke.py jax.

Needs nothing but the package and the backend. Exits with an error at the first
promise that is not kept.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

BACKENDS = ("jax", "tensorflow", "torch")

ASK_FOR_BACKEND = """
import skforecast_lstm
import keras
print("backend:", keras.backend.backend())
"""


def backend_in_new_process(**variables):
    """The backend that Keras has after the package in a home without keras.json."""
    with tempfile.TemporaryDirectory() as empty_home:
        unset = {"KERAS_BACKEND", "KERAS_HOME"}
        environment = {k: v for k, v in os.environ.items() if k not in unset}
        answer = subprocess.run(
            [sys.executable, "-c", ASK_FOR_BACKEND],
            env={**environment, "KERAS_HOME": empty_home, **variables},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return answer.stdout.rpartition("backend:")[2].strip()


def sine(n_rows=160):
    """A sine with 16 rows a period, as a table of one column."""
    return np.sin(2 * np.pi * np.arange(n_rows) / 16).reshape(-1, 1)


def forecaster(**parameters):
    """A pipeline that forecasts a series one step ahead."""
    from skforecast_lstm import LookbackWindower, LSTMRegressor

    chosen = {"units": 4, "epochs": 10, "learning_rate": 0.02, "random_state": 0}
    return make_pipeline(
        StandardScaler(),
        LookbackWindower(lookback=8, horizon=1),
        LSTMRegressor(**{**chosen, **parameters}),
    )


def check_backend(backend):
    """The backend is the one asked for; JAX where nobody asked."""
    import skforecast_lstm  # noqa: F401, I001
    import keras

    assert keras.backend.backend() == backend, keras.backend.backend()
    asked_for = backend_in_new_process(KERAS_BACKEND=backend)
    assert asked_for == backend, asked_for
    by_default = backend_in_new_process()
    assert by_default == "jax", by_default


def check_regressor(backend):
    """A pipeline learns a sine, the same with the same seed, and travels by pickle."""
    series = sine()
    pipe = forecaster().fit(series, series[:, 0])
    score = pipe.score(series, series[:, 0])
    assert score > 0.5, f"R2 on the rows trained on is {score:.3f}"

    predictions = pipe.predict(series)
    assert predictions.shape == (len(series),)
    assert np.isfinite(predictions).all()

    again = forecaster().fit(series, series[:, 0])
    np.testing.assert_array_equal(again.predict(series), predictions)

    unpickled = pickle.loads(pickle.dumps(pipe))
    np.testing.assert_array_equal(unpickled.predict(series), predictions)


def check_classifier(backend):
    """Probabilities of two and of three classes sum to one and find the class."""
    from skforecast_lstm import LookbackWindower, LSTMClassifier

    series = sine()
    rising = np.where(np.gradient(series[:, 0]) > 0, "up", "down")
    thirds = np.digitize(series[:, 0], [-0.5, 0.5])
    for labels in (rising, thirds):
        pipe = make_pipeline(
            LookbackWindower(lookback=8),
            LSTMClassifier(units=4, epochs=10, learning_rate=0.02, random_state=0),
        ).fit(series, labels)
        classes = np.unique(labels)
        probabilities = pipe.predict_proba(series)
        assert probabilities.shape == (len(series), len(classes))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(
            pipe.predict(series), classes[probabilities.argmax(axis=1)]
        )
        score = pipe.score(series, labels)
        assert score > 0.8, f"accuracy on the rows trained on is {score:.3f}"


def check_search(backend):
    """A search over window and network tries every pair and predicts with the best."""
    series = sine()
    grid = {"lookbackwindower__lookback": [4, 8], "lstmregressor__units": [2, (3, 2)]}
    search = GridSearchCV(
        forecaster(epochs=2), grid, cv=TimeSeriesSplit(2), error_score="raise"
    ).fit(series, series[:, 0])
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 4
    assert np.isfinite(scores).all()
    assert search.predict(series).shape == (len(series),)


def check_forecaster(backend):
    """The sktime forecaster goes on with a sine, within intervals that are not wide.

    A network is trained, and the pretrained one forecasts alone.
    """
    import pandas as pd

    from skforecast_lstm import LSTMForecaster

    series = pd.Series(sine(128)[:, 0])
    for parameters in ({"n_members": 1}, {"pretrained": True}):
        forecaster = LSTMForecaster(season_length=16, random_state=0, **parameters)
        forecaster.fit(series[:112], fh=range(1, 17))
        wrong = np.abs(forecaster.predict() - series[112:]).mean()
        assert wrong < 0.1, f"the mean error is {wrong:.3f} with {parameters}"
        intervals = forecaster.predict_interval(coverage=0.8).to_numpy()
        assert np.isfinite(intervals).all()
        assert np.ptp(intervals, axis=1).mean() < 0.5


def check_networks(backend):
    """Normalized windows, branches, cells and a decoder learn, and are fed back."""
    from skforecast_lstm import LookbackWindower, LSTMRegressor, recursive_forecast
    from skforecast_lstm.targets import horizon_targets

    series = 100 + np.hstack([sine(), 5 * sine()])
    windower = LookbackWindower(lookback=8, horizon=1)
    network = {"normalization": "last", "target_columns": (0, 1), "epochs": 40}
    branches = [
        {"columns": [0], "units": 4, "cell": "peephole"},
        {"columns": [0, 1], "units": (4, 2), "cell": ("gru", "lstm")},
    ]
    pipe = make_pipeline(
        windower, LSTMRegressor(4, learning_rate=0.02, random_state=0, **network)
    )
    pipe.fit(series, series).set_params(lstmregressor__branches=branches)
    forecasts = recursive_forecast(pipe, series, 8, starts=[60, 80])
    actual = np.stack([series[60:68], series[80:88]])
    wrong = np.abs(forecasts - actual)[..., 0].mean()
    assert wrong < 0.2, f"the mean error is {wrong:.3f}"
    pipe.set_params(lstmregressor__decoder="lstm")
    pipe.fit(series, horizon_targets(series, 3))
    assert np.isfinite(pipe.predict(series)).all()


def check_saved(backend):
    """What was saved predicts the same, and trains on in the same way."""
    from skforecast_lstm.persistence import load, save

    series = sine()
    pipe = forecaster(epochs=2, normalization="standard", target_columns=())
    pipe.fit(series, series[:, 0])
    with tempfile.TemporaryDirectory() as folder:
        save(pipe, os.path.join(folder, "pipe.lstm"))
        loaded = load(os.path.join(folder, "pipe.lstm"))
    np.testing.assert_array_equal(loaded.predict(series), pipe.predict(series))
    windows = pipe[:-1].transform(series)
    trained = [one[-1].partial_fit(windows, series[:, 0]) for one in (pipe, loaded)]
    predictions = [regressor.predict(windows) for regressor in trained]
    np.testing.assert_allclose(*predictions, rtol=1e-5)


def main(backend):
    """Run all checks with one backend."""
    os.environ["KERAS_BACKEND"] = backend
    for check in (
        check_backend,
        check_regressor,
        check_classifier,
        check_search,
        check_forecaster,
        check_networks,
        check_saved,
    ):
        start = time.perf_counter()
        check(backend)
        seconds = time.perf_counter() - start
        print(f"{backend}: {check.__name__} passed in {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] not in [[backend] for backend in BACKENDS]:
        sys.exit(f"usage: python {sys.argv[0]} {'|'.join(BACKENDS)}")
    main(sys.argv[1])
