"""Every public estimator comes back from a file, in another process and folder."""

import pickle
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.preprocessing import StandardScaler
from sktime.datasets import load_airline
from sktime.forecasting.base import ForecastingHorizon
from sktime.forecasting.compose import (
    EnsembleForecaster,
    ForecastingPipeline,
    TransformedTargetForecaster,
)
from sktime.transformations.adapt import TabularToSeriesAdaptor
from sktime.transformations.boxcox import LogTransformer
from sktime.transformations.detrend import Deseasonalizer
from sktime.transformations.impute import Imputer
from sktime.utils._testing.hierarchical import _make_hierarchical

import skforecast_lstm
from skforecast_lstm import (
    BinnedRegressor,
    CalendarFeatures,
    LookbackWindower,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    LSTMTimeSeriesClassifier,
    LSTMTimeSeriesRegressor,
    persistence,
)
from skforecast_lstm._persistence.budget import Budget
from skforecast_lstm._persistence.text import Reader, Writer

# sktime announces another default of its own pipelines.
pytestmark = pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")

TINY = {"units": 2, "epochs": 1, "random_state": 0}
RNG = np.random.default_rng(0)
WINDOWS = RNG.normal(size=(40, 4, 2)).astype("float32")
TARGETS = WINDOWS[:, -1, 0]
MONTHS = load_airline()
MONTHS_X = pd.DataFrame({"week": np.arange(len(MONTHS)) * 0.01}, index=MONTHS.index)
HOURS = pd.DataFrame(
    {"load": np.sin(np.arange(80) / 4), "price": np.cos(np.arange(80) / 4)},
    index=pd.date_range("2026-01-01", periods=80, freq="h", tz="Europe/Berlin"),
)
SERIES = np.sin(np.arange(12) * np.linspace(0.2, 1.5, 20).reshape(-1, 1, 1))
SHOPS = _make_hierarchical((2, 2), min_timepoints=20, max_timepoints=24, random_state=0)


def forecaster(**parameters):
    regressor = LSTMRegressor(**TINY)
    return LSTMForecaster(
        **{"lookback": 3, "regressor": regressor, "random_state": 0, **parameters}
    )


def on_hours():
    calendar = CalendarFeatures(["hour"])
    fitted = forecaster(calendar=calendar).fit(HOURS[:60], fh=[1, 2])
    return fitted, [
        ("predict", {}),
        ("predict_quantiles", {"alpha": [0.1, 0.9]}),
        ("update", {"y": HOURS[60:62]}),
        ("predict", {"fh": [1, 3]}),
    ]


def with_columns():
    group = pd.Categorical.from_codes(np.arange(len(MONTHS)) % 2, ["a", "b"])
    X = MONTHS_X.assign(group=group)
    fitted = forecaster(regressor=None, n_members=1, intervals=None, past_only=["group"])
    fitted.fit(MONTHS[:60], X=X[:60], fh=[1, 2])
    return fitted, [("predict", {"X": X[60:62]})]


def adaptive():
    fitted = forecaster(intervals="adaptive").fit(MONTHS[:90], fh=[1, 2])
    fitted.update(MONTHS[90:96], update_params=False)
    return fitted, [
        ("predict_interval", {"coverage": [0.8, 0.95]}),
        ("check_drift", {}),
        ("update", {"y": MONTHS[96:102], "update_params": False}),
        ("predict_interval", {"coverage": 0.8}),
        ("check_drift", {}),
    ]


def pretrained():
    times = ForecastingHorizon(MONTHS.index[-3:], is_relative=False)
    fitted = LSTMForecaster(random_state=0).fit(MONTHS[:-3], fh=times)
    return fitted, [("predict", {}), ("predict_interval", {"coverage": 0.8})]


def of_shops():
    return forecaster().fit(SHOPS, fh=[1, 2]), [("predict", {}), ("predict_interval", {})]


def of_a_search():
    pipe = LSTMRegressor(**TINY)
    search = GridSearchCV(pipe, {"units": [1, 2]}, cv=TimeSeriesSplit(2))
    search.fit(WINDOWS, TARGETS)
    return search.best_estimator_, [("predict", {"X": WINDOWS})]


def target_pipeline():
    steps = [
        ("log", LogTransformer()),
        ("fill", Imputer()),
        ("season", Deseasonalizer(sp=12)),
        ("scale", TabularToSeriesAdaptor(StandardScaler())),
        ("forecast", forecaster()),
    ]
    fitted = TransformedTargetForecaster(steps).fit(MONTHS[:-4], fh=[1, 2])
    return fitted, [
        ("predict", {}),
        ("predict_interval", {"coverage": 0.9}),
        ("update", {"y": MONTHS[-4:-2]}),
        ("predict", {}),
    ]


def column_pipeline():
    scaler = TabularToSeriesAdaptor(StandardScaler())
    pipeline = ForecastingPipeline([("scale", scaler), ("forecast", forecaster())])
    fitted = pipeline.fit(MONTHS[:-4], X=MONTHS_X[:-4], fh=[1, 2])
    return fitted, [("predict", {"X": MONTHS_X[-4:-2]})]


CASES = {
    "BinnedRegressor": lambda: (
        BinnedRegressor(LSTMClassifier(**TINY), n_bins=3).fit(WINDOWS, TARGETS),
        [
            ("predict", {"X": WINDOWS}),
            ("predict_quantiles", {"X": WINDOWS, "quantiles": [0.1, 0.9]}),
        ],
    ),
    "CalendarFeatures": lambda: (
        CalendarFeatures().fit(HOURS),
        [("transform", {"X": HOURS})],
    ),
    "LSTMClassifier": lambda: (
        LSTMClassifier(**TINY).fit(WINDOWS, np.where(TARGETS > 0, "up", "down")),
        [("predict_proba", {"X": WINDOWS}), ("predict", {"X": WINDOWS})],
    ),
    "LSTMForecaster": pretrained,
    "LSTMForecaster that adapts": adaptive,
    "LSTMForecaster of hours": on_hours,
    "LSTMForecaster with columns": with_columns,
    "LSTMForecaster of shops": of_shops,
    "LSTMRegressor": lambda: (
        LSTMRegressor(**TINY).fit(WINDOWS, TARGETS),
        [
            ("predict", {"X": WINDOWS}),
            ("partial_fit", {"X": WINDOWS, "y": TARGETS}),
            ("predict", {"X": WINDOWS}),
        ],
    ),
    "LSTMRegressor of a search": of_a_search,
    "LSTMTimeSeriesClassifier": lambda: (
        LSTMTimeSeriesClassifier(**TINY).fit(SERIES, np.repeat(["a", "b"], 10)),
        [("predict_proba", {"X": SERIES}), ("predict", {"X": SERIES})],
    ),
    "LSTMTimeSeriesRegressor": lambda: (
        LSTMTimeSeriesRegressor(**TINY).fit(SERIES, np.arange(20.0)),
        [("predict", {"X": SERIES})],
    ),
    "LookbackWindower": lambda: (
        LookbackWindower(3, horizon=1).fit(HOURS[:60]),
        [("transform", {"X": HOURS[60:]})],
    ),
    "TransformedTargetForecaster": target_pipeline,
    "ForecastingPipeline": column_pipeline,
}
# skops does not hold the tables of pandas in the other two.
HELD_BY_SKOPS = list(CASES)[:-2]

_SCRIPT = """
import os, pickle, sys, warnings
from pathlib import Path
import skforecast_lstm
from skforecast_lstm import persistence
warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
loads = False
def refuse_to_write(event, arguments):
    if loads and event == "open" and arguments[0] != os.devnull:
        assert not arguments[2] & (os.O_WRONLY | os.O_RDWR), arguments
sys.addaudithook(refuse_to_write)
answers = {}
for name, calls in pickle.loads((folder / "calls.pickle").read_bytes()).items():
    loads = True
    again = persistence.load(folder / f"{name}.lstm")
    loads = False
    said = [getattr(again, method)(**values) for method, values in calls]
    answers[name] = [None if hasattr(one, "get_params") else one for one in said]
sys.stdout.buffer.write(pickle.dumps(answers))
"""


def test_every_public_estimator_has_a_round_trip():
    public = {name: getattr(skforecast_lstm, name) for name in skforecast_lstm.__all__}
    estimators = {
        name
        for name, value in public.items()
        if isinstance(value, type) and hasattr(value, "fit")
    }
    assert estimators <= CASES.keys()


@pytest.fixture(scope="module")
def round_trips(tmp_path_factory):
    """The fitted estimators, and what they say in another process.

    The folder is read-only, and that process may not write while it loads.
    """
    folder = tmp_path_factory.mktemp("files")
    fitted, calls = {}, {}
    for name, make in CASES.items():
        fitted[name], calls[name] = make()
        persistence.save(fitted[name], folder / f"{name}.lstm")
        (folder / f"{name}.lstm").chmod(0o400)
    (folder / "calls.pickle").write_bytes(pickle.dumps(calls))
    folder.chmod(0o500)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    package = str(Path(skforecast_lstm.__file__).parents[1])
    script = f"import sys; sys.path.insert(0, {package!r})\n{_SCRIPT}"
    ended = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=elsewhere,
        capture_output=True,
        check=False,
    )
    folder.chmod(0o700)
    assert ended.returncode == 0, ended.stderr.decode()[-3000:]
    return folder, fitted, calls, pickle.loads(ended.stdout)


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert repr(one) == repr(other)


@pytest.mark.parametrize("name", CASES)
def test_estimators_say_the_same_in_another_process(name, round_trips):
    folder, fitted, calls, answers = round_trips
    again = persistence.load(folder / f"{name}.lstm")
    assert repr(again.get_params()) == repr(fitted[name].get_params())
    assert vars(again).keys() == vars(fitted[name]).keys()
    for (method, values), answer in zip(calls[name], answers[name], strict=True):
        said = getattr(fitted[name], method)(**values)
        if answer is not None:
            assert_same(said, answer)


@pytest.mark.parametrize("name", HELD_BY_SKOPS)
def test_skops_holds_every_estimator(name, round_trips):
    skops_io = pytest.importorskip("skops.io")
    folder, _, calls, answers = round_trips
    content = skops_io.dumps(persistence.load(folder / f"{name}.lstm"))
    again = skops_io.loads(content, trusted=persistence.skops_trusted_types())
    for (method, values), answer in zip(calls[name], answers[name], strict=True):
        said = getattr(again, method)(**values)
        if answer is not None:
            assert_same(said, answer)


@pytest.mark.parametrize("name", ["LSTMForecaster", "TransformedTargetForecaster"])
def test_clones_of_what_comes_back_can_be_fitted(name, round_trips):
    again = persistence.load(round_trips[0] / f"{name}.lstm").clone()
    assert not again.is_fitted
    assert len(again.fit(MONTHS[:-12], fh=[1, 2]).predict()) == 2


def test_a_step_that_a_file_can_not_hold_is_named(tmp_path):
    steps = [
        ("log", LogTransformer()),
        ("many", EnsembleForecaster([("a", forecaster())])),
    ]
    pipeline = TransformedTargetForecaster(steps)
    expected = r"steps\['many'\].*class 'EnsembleForecaster'.*joblib"
    with pytest.raises(TypeError, match=expected):
        persistence.save(pipeline, tmp_path / "pipeline.lstm")
    assert not list(tmp_path.iterdir())


# Tables


def returned(value, limit=None):
    writer = Writer()
    node = writer.encode(value, "value")
    numbers = b"".join(writer.arrays)
    return Reader(memoryview(numbers), limit or Budget(len(numbers))).decode(node)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["a", "b", None], name="shop"),
        pd.Index([1, 2, 5]),
        pd.Index([0.5, np.nan]),
        pd.Index([pd.Timestamp("2026-01-01"), 3], dtype=object),
        pd.RangeIndex(2, 20, 3, name="row"),
        pd.date_range("2026-01-01", periods=4, freq="MS", name="month"),
        pd.date_range("2026-03-28", periods=4, freq="D", tz="Europe/Berlin"),
        pd.date_range("2026-03-28", periods=4, freq="h", tz=ZoneInfo("Asia/Tokyo")),
        pd.DatetimeIndex(["2026-01-01", None, "2025-01-01"]).as_unit("s"),
        pd.period_range("2026-01", periods=4, freq="Q-NOV"),
        pd.timedelta_range("1h", periods=3, freq="15min"),
        pd.CategoricalIndex(["b", "a", None], ["b", "a", "c"], ordered=True),
        pd.MultiIndex.from_product(
            [["a", "b"], pd.period_range("2026-01", periods=2, freq="M")],
            names=["shop", None],
        ),
    ],
    ids=lambda index: f"{type(index).__name__}-{index.dtype}",
)
def test_indexes_come_back(index):
    again = returned(index)
    pd.testing.assert_index_equal(again, index, exact=True)
    assert getattr(again, "freq", None) == getattr(index, "freq", None)
    series = pd.Series(np.arange(len(index)), index, name="n")
    pd.testing.assert_series_equal(returned(series), series, check_freq=True)


def test_frames_come_back():
    frame = pd.DataFrame(
        {
            "number": [0.5, np.nan],
            3: np.array([1, 2], dtype="int8"),
            "text": ["a", None],
            "string": pd.array(["a", None], dtype="string"),
            "whole": pd.array([1, None], dtype="Int64"),
            "known": pd.array([True, None], dtype="boolean"),
            "time": pd.date_range("2026-01-01", periods=2, tz="UTC"),
            "group": pd.Categorical(["x", "y"]),
        },
        index=pd.period_range("2026-01", periods=2, freq="M"),
    )
    pd.testing.assert_frame_equal(returned(frame), frame)
    for part in (frame[["number"]], frame[[]], frame[:0]):
        pd.testing.assert_frame_equal(returned(part), part)
    twice = pd.concat([frame[["number"]]] * 2, axis=1)
    pd.testing.assert_frame_equal(returned(twice), twice)


def test_frequencies_without_a_name_are_refused():
    offset = pd.offsets.CustomBusinessDay(holidays=["2026-01-01"])
    with pytest.raises(TypeError, match=r"value: its frequency .* has no plain name"):
        returned(offset)


NO_TIMES = {"is": "array", "shape": [0], "order": "C", "of": "<M8[ns]"}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("pandas.RangeIndex", [0, 10**12, 1, None]),
        ("pandas.Index", [{"is": "array", "shape": [1], "order": "C", "of": "<U1"}]),
        ("pandas.DateOffset", "1D1h1min"),
        ("pandas.MultiIndex", [[], [], []]),
        ("pandas.Series", [5, 5, None]),
        ("sktime.ForecastingHorizon", [5, True, None]),
        ("pandas.Index", [["times", NO_TIMES, "dateutil//etc/passwd", True], None, None]),
        ("pandas.Index", [["times", NO_TIMES, "Europe/Nowhere", True], None, None]),
        ("set", {"is": "pandas.RangeIndex", "number": 2, "of": [0, 10**6, 1, None]}),
    ],
)
def test_tables_out_of_bounds_are_refused(name, parts):
    reader = Reader(memoryview(b"abcd"), Budget())
    with pytest.raises((LookupError, TypeError, ValueError)):
        reader.decode({"is": name, "number": 1, "of": parts})


def test_a_range_used_many_times_is_counted_by_its_length():
    node = {"is": "pandas.RangeIndex", "number": 1, "of": [0, 500_000, 1, None]}
    again = {"is": "again", "of": 1}
    with pytest.raises(ValueError, match="values by reference"):
        Reader(memoryview(b""), Budget()).decode([node, again, again, again])
