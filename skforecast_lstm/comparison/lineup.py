"""Line-up of a comparison: forecasters by name, set up for each dataset."""

import contextlib
import warnings
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec

from skforecast_lstm._suggestions import did_you_mean
from skforecast_lstm.comparison.classical import of_last_rows
from skforecast_lstm.forecasting._defaults import default_lookback

__all__ = ["DEFAULT_LINEUP", "ignore_default_warnings", "line_up"]

# State-space models keep one state per step of the season. R's ets has the same limit.
_LONGEST_SEASON = 24
# A longer season is removed before the fit of AutoETS of statsforecast. On hourly series,
# that was more accurate than a model of the season, in a twentieth of the time.
_LONGEST_MODELLED_SEASON = 12
# On five series of 36 to 204 rows, the search of AutoARIMA with a season was the most
# accurate. It takes up to half a minute for a fit.
_FEW_VALUES = 500


def line_up(forecasters, datasets, *, random_state=0):
    """Return the forecasters by name, set up for each dataset.

    Parameters
    ----------
    forecasters : None, list or dict
        Names, sktime forecasters or scikit-learn regressors. A dict gives each a name
        to show. "default" and None stand for the default line-up.
    datasets : list of Dataset
        Datasets to forecast. Forecasters depend on their season, horizon and rows.
    random_state : int, default=0
        Seed for random forecasters that are given by name.

    Returns
    -------
    forecasters : list of dict of str to sktime forecaster
        Unfitted forecasters by name, one dict for each dataset.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> dataset = SimpleNamespace(season_length=12, horizon=6, windows=(60,), X=None)
    >>> line_up(["naive", "Ridge"], [dataset])[0]["naive"]
    NaiveForecaster()
    """
    entries = _entries_by_name(forecasters, datasets)
    with ignore_default_warnings():
        return [
            {
                name: _make_forecaster(entry, dataset, random_state)
                for name, entry in entries.items()
            }
            for dataset in datasets
        ]


@contextlib.contextmanager
def ignore_default_warnings():
    """Suppress sktime's warning, for each new forecaster, that a default will change."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*remember_data", FutureWarning)
        yield


def _entries_by_name(forecasters, datasets):
    """Return the entries by the name to show.

    Without a season, "seasonal naive" equals "naive", so the default leaves it out.
    """
    seasonal = any(dataset.season_length > 1 for dataset in datasets)
    if forecasters is None:
        forecasters = ["default"]
    if isinstance(forecasters, Mapping):
        for name in forecasters:
            if not isinstance(name, str):
                raise TypeError(f"Names of forecasters must be strings, got {name!r}.")
        named = list(forecasters.items())
    elif isinstance(forecasters, list | tuple):
        named = []
        for entry in forecasters:
            if isinstance(entry, str) and entry == "default":
                named += [
                    (name, name)
                    for name in default_names(datasets)
                    if seasonal or name != "seasonal naive"
                ]
            else:
                name = entry if isinstance(entry, str) else type(entry).__name__
                named.append((name, entry))
    else:
        raise TypeError(
            "forecasters must be a list or a dict of names and estimators, got "
            f"{forecasters!r}. Put it into a list."
        )
    if not named:
        raise ValueError("forecasters is empty. Give at least one, or None.")
    names = [name for name, _ in named]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"Two forecasters are called {twice[0]!r}. Give a dict with a different name "
            "for each."
        )
    return dict(named)


def _make_forecaster(entry, dataset, random_state):
    from sklearn.base import is_regressor
    from sktime.forecasting.base import BaseForecaster

    if isinstance(entry, str):
        if entry in _OF_STATSFORECAST:
            if not find_spec("statsforecast"):
                raise ValueError(
                    f"{entry!r} needs the package statsforecast. Install it with pip "
                    'install "skforecast-lstm[statsforecast]", or leave this forecaster '
                    "out."
                )
            return _OF_STATSFORECAST[entry](dataset)
        if entry in _BUILDERS:
            return _set_seed(_BUILDERS[entry](dataset), random_state)
        entry = _set_seed(_find_regressor(entry), random_state)
    if isinstance(entry, BaseForecaster):
        return entry.clone()
    is_instance = not isinstance(entry, type) and hasattr(entry, "__sklearn_tags__")
    if is_instance and is_regressor(entry):
        return _reduce_to_regression(entry, dataset)
    raise TypeError(
        "A forecaster must be a name, an sktime forecaster or a scikit-learn regressor, "
        f"got {entry!r}."
        + (" Give an instance instead of the class." if isinstance(entry, type) else "")
    )


def _find_regressor(name):
    """Return a scikit-learn regressor by its name, with or without "Regressor"."""
    from sklearn.utils.discovery import all_estimators

    classes = dict(all_estimators(type_filter="regressor"))
    found = classes.get(name) or classes.get(f"{name}Regressor")
    if found is None:
        ours = [*_BUILDERS, *_OF_STATSFORECAST]
        known = [*ours, *(name.removesuffix("Regressor") for name in classes)]
        raise ValueError(
            f"There is no forecaster called {name!r}.{did_you_mean(name, known)} The "
            f"names are {', '.join(ours)}, and those of scikit-learn's regressors, "
            "such as Ridge. Give other forecasters as objects."
        )
    try:
        return found()
    except TypeError as error:
        raise ValueError(
            f"{found.__name__} can't be created without parameters ({error}). Give it as "
            "an object."
        ) from error


def _set_seed(estimator, random_state):
    if "random_state" in estimator.get_params(deep=False):
        estimator.set_params(random_state=random_state)
    return estimator


def _reduce_to_regression(regressor, dataset):
    """Return a forecaster that fits a copy of the regressor for each step ahead."""
    from sklearn.base import clone
    from sktime.forecasting.compose import DirectReductionForecaster, make_reduction

    lookback = _lookback(dataset)
    if dataset.X is not None:
        # Only it reads the features of the forecast step. It takes 50 times as long.
        return DirectReductionForecaster(
            clone(regressor), window_length=lookback, X_treatment="concurrent"
        )
    return make_reduction(
        clone(regressor),
        strategy="direct",
        window_length=lookback,
        scitype="tabular-regressor",
    )


def _lookback(dataset):
    """Return the lookback of a regressor: that of the LSTM, if there are enough rows."""
    n_rows, horizon = dataset.windows[0], dataset.horizon
    wanted = default_lookback(n_rows, horizon, dataset.season_length, n_all=n_rows)
    return max(1, min(wanted, n_rows - horizon))


def _naive(season_length):
    from sktime.forecasting.naive import NaiveForecaster

    return NaiveForecaster(strategy="last", sp=season_length)


def _holt_winters(dataset):
    """Return Holt-Winters with a damped trend.

    The season is multiplicative if all values are greater than 0, else additive.
    """
    from skforecast_lstm.comparison.smoothing import SmoothingOfLastRows

    season = _known_season(dataset)
    if season == 1:
        return SmoothingOfLastRows(trend="add", damped_trend=True)
    return SmoothingOfLastRows(
        trend="add",
        damped_trend=True,
        seasonal="mul" if _is_positive(dataset) else "add",
        sp=season,
    )


def _is_positive(dataset):
    """Return True if seasons can be factors. It depends on the values, not accuracy."""
    return bool((dataset.y.to_numpy() > 0).all())


def _auto_ets(dataset):
    from skforecast_lstm.forecasting._auto_ets import SeededAutoETS

    return SeededAutoETS(auto=True, sp=_state_space_season(dataset))


def _auto_arima(season_length):
    from sktime.forecasting.arima import AutoARIMA

    return AutoARIMA(
        sp=season_length,
        # Same likelihood with one parameter less, in two thirds of the time.
        concentrate_scale=True,
        suppress_warnings=True,
        error_action="ignore",
    )


def _adjusted_auto_arima(dataset):
    """Return AutoARIMA without a season, on values whose season is removed before."""
    from sktime.transformations.detrend import Deseasonalizer

    arima, season = _auto_arima(1), _known_season(dataset)
    if season == 1:
        return arima
    return Deseasonalizer(sp=season, model=_kind_of_season(dataset)) * arima


def _state_space_season(dataset):
    season = _known_season(dataset)
    return 1 if season > _LONGEST_SEASON else season


def _known_season(dataset):
    """Return the season, or 1 if the rows are too few to estimate it."""
    season = dataset.season_length
    return 1 if dataset.windows[0] < 2 * season else season


def _kind_of_season(dataset):
    return "multiplicative" if _is_positive(dataset) else "additive"


def _theta(dataset):
    from sktime.forecasting.theta import ThetaForecaster
    from sktime.transformations.detrend import Deseasonalizer

    season = _known_season(dataset)
    if season == 1:
        return ThetaForecaster(deseasonalize=False)
    if _is_positive(dataset):
        return ThetaForecaster(sp=season)
    return Deseasonalizer(sp=season, model="additive") * ThetaForecaster(
        deseasonalize=False
    )


def _auto_ets_of_statsforecast(dataset):
    """Return AutoETS with a season, or of values whose long season is removed."""
    season = _known_season(dataset)
    if season > _LONGEST_MODELLED_SEASON:
        return _adjusted("AutoETS", dataset)
    return of_last_rows("AutoETS", season)


def _adjusted(model, dataset):
    """Return a model of statsforecast for values whose season is removed before."""
    season = _known_season(dataset)
    kind = _kind_of_season(dataset) if season > 1 else "additive"
    return of_last_rows(model, 1, adjusted_season=season, adjustment=kind)


def _theta_of_statsforecast(dataset):
    kind = {"decomposition_type": _kind_of_season(dataset)}
    return of_last_rows("DynamicOptimizedTheta", _known_season(dataset), kind)


def _lstm(dataset):
    from skforecast_lstm.forecasting.forecaster import LSTMForecaster

    return LSTMForecaster(season_length=dataset.season_length)


_BUILDERS = {
    "naive": lambda _: _naive(1),
    "seasonal naive": lambda dataset: _naive(dataset.season_length),
    "Holt-Winters": _holt_winters,
    "AutoETS": _auto_ets,
    "AutoARIMA": lambda dataset: _auto_arima(_state_space_season(dataset)),
    "Theta": _theta,
    "LSTM": _lstm,
}

DEFAULT_LINEUP = tuple(_BUILDERS)

_BUILDERS |= {"adjusted AutoARIMA": _adjusted_auto_arima}

_OF_STATSFORECAST = {
    "AutoETS (statsforecast)": _auto_ets_of_statsforecast,
    "AutoARIMA (statsforecast)": lambda dataset: of_last_rows(
        "AutoARIMA", _state_space_season(dataset)
    ),
    "adjusted AutoARIMA (statsforecast)": partial(_adjusted, "AutoARIMA"),
    "DynamicOptimizedTheta (statsforecast)": _theta_of_statsforecast,
}


def default_names(datasets):
    """Return the names of the default line-up.

    Few values are worth the time of the most accurate searches. Others get those that
    are quicker, from statsforecast where it is installed.
    """
    if sum(dataset.y.size for dataset in datasets) <= _FEW_VALUES:
        return DEFAULT_LINEUP
    quicker = {"AutoARIMA": "adjusted AutoARIMA"}
    if find_spec("statsforecast"):
        quicker = {
            "AutoETS": "AutoETS (statsforecast)",
            "AutoARIMA": "adjusted AutoARIMA (statsforecast)",
        }
    return tuple(quicker.get(name, name) for name in DEFAULT_LINEUP)
