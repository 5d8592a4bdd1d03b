"""Windows at which a forecaster is fitted. At the others it only takes the new rows."""

from skforecast_lstm._checks import check_integer

__all__ = ["check_refit", "fit_windows", "takes_new_rows"]

# Most fits of a forecaster on a dataset with refit="auto", if it takes new rows, and most
# values to learn from in all fits together.
_MOST_FITS, _MOST_VALUES = 20, 500_000

# Forecasters that forecast from the new rows after `update(update_params=False)`. Others
# keep what they computed in `fit` and move only the cutoff, so they forecast old values.
_TAKE_NEW_ROWS = {
    ("skforecast_lstm.forecasting.forecaster", "LSTMForecaster"),
    ("sktime.forecasting.naive", "NaiveForecaster"),
    ("sktime.forecasting.compose", "DirectTabularRegressionForecaster"),
    ("sktime.forecasting.compose", "MultioutputTabularRegressionForecaster"),
    ("sktime.forecasting.compose", "RecursiveTabularRegressionForecaster"),
}


def check_refit(refit):
    """Raise unless it is "auto", a bool or a number of windows."""
    if isinstance(refit, bool) or (isinstance(refit, str) and refit == "auto"):
        return
    if isinstance(refit, str):
        raise ValueError(
            f'refit must be "auto", True, False or a number of windows, got {refit!r}.'
        )
    check_integer("refit", refit, 1)


def takes_new_rows(forecaster):
    """Return True if the forecaster can take new rows without a fit."""
    kind = type(forecaster)
    return any(
        kind.__name__ == name and kind.__module__.startswith(module)
        for module, name in _TAKE_NEW_ROWS
    )


def fit_windows(refit, forecaster, n_windows, n_values):
    """Return, for each window, the number of the window of its fit.

    Parameters
    ----------
    refit : "auto", bool or int
        Windows at which to fit.
    forecaster : sktime forecaster
        Unfitted forecaster.
    n_windows : int
        Number of windows.
    n_values : int
        Number of values of the dataset.
    """
    if not takes_new_rows(forecaster) or refit is True:
        every = 1
    elif refit is False:
        every = n_windows
    elif refit == "auto":
        n_fits = min(_MOST_FITS, max(1, _MOST_VALUES // n_values))
        every = -(-n_windows // n_fits)
    else:
        every = refit
    return [window - window % every for window in range(n_windows)]
