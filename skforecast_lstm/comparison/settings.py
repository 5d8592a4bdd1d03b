"""Settings of a comparison, to repeat it and for its report."""

import contextlib
from functools import cache
from importlib.metadata import version

__all__ = ["describe", "versions"]

_PACKAGES = (
    "skforecast-lstm",
    "sktime",
    "scikit-learn",
    "statsmodels",
    "pmdarima",
    "statsforecast",
    "keras",
    "jax",
)


def describe(datasets, line_ups, fits, coverage):
    """Return the settings of the comparison, for the report."""
    return {
        "horizon": datasets[0].horizon,
        "coverage": list(coverage),
        "datasets": {
            dataset.name: {
                "rows": len(dataset.times),
                "season_length": dataset.season_length,
                "unused_season": dataset.unused_season,
                "windows": len(dataset.windows),
                "step": int(dataset.windows[1] - dataset.windows[0])
                if len(dataset.windows) > 1
                else dataset.horizon,
                "first_cutoff": str(dataset.times[dataset.windows[0] - 1]),
                "forecasters": {name: repr(made) for name, made in by_name.items()},
                "fits": {name: len(set(fits)) for name, fits in fits_by_name.items()},
            }
            for dataset, by_name, fits_by_name in zip(
                datasets, line_ups, fits, strict=True
            )
        },
        "lstm": [name for name, made in line_ups[0].items() if _is_lstm(made)],
        "pretrained": [
            name
            for name, made in line_ups[0].items()
            if _is_lstm(made) and getattr(made, "pretrained", False)
        ],
        **_readers(datasets, line_ups),
        "versions": dict(versions()),
    }


def _readers(datasets, line_ups):
    """Return the names of the forecasters that read the features, and of the others."""
    if all(dataset.X is None for dataset in datasets):
        return {}
    reads = {
        name: made.get_tag("capability:exogenous") for name, made in line_ups[0].items()
    }
    return {
        "reads_features": [name for name, does in reads.items() if does],
        "ignores_features": [name for name, does in reads.items() if not does],
    }


def _is_lstm(forecaster):
    return any(base.__name__ == "LSTMForecaster" for base in type(forecaster).__mro__)


@cache
def versions():
    """Return the versions of the packages that can change a result, if installed."""
    found = {}
    for package in _PACKAGES:
        with contextlib.suppress(ModuleNotFoundError):
            found[package] = version(package)
    return found
