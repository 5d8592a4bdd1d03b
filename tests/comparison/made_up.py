"""A comparison whose scores are known."""

import numpy as np
import pandas as pd

from skforecast_lstm.comparison.result import Comparison


def comparison_of(mase, *, lstm=(), datasets=1, step=4, steps=4):
    """A comparison in which each forecaster has these MASE, by dataset and window."""
    rows, forecasts, failures = [], [], []
    for name, numbers in mase.items():
        n_windows = len(numbers) // datasets
        for place, number in enumerate(numbers):
            where = {
                "dataset": f"data {place // n_windows}",
                "forecaster": name,
                "window": place % n_windows + 1,
                "cutoff": 10 + place % n_windows,
            }
            failed = np.isnan(number)
            if failed:
                failures.append(where | {"reason": "ValueError: <no>"})
            for metric, value in (
                ("MASE", number),
                ("coverage_0.8", 0.5),
                ("width_0.8", 3.0),
                ("fit_seconds", 0.2),
                ("predict_seconds", 0.1),
            ):
                value = np.nan if failed else value
                reason = "ValueError: <no>" if failed else None
                rows.append(where | {"metric": metric, "value": value, "reason": reason})
            forecasts += [
                where
                | {
                    "time": where["cutoff"] + ahead,
                    "step": ahead,
                    "actual": 1.0,
                    "forecast": 1.0 + number,
                    "scaled_error": number * ahead,
                }
                for ahead in range(1, 1 if failed else steps + 1)
            ]
    history = pd.concat(
        pd.DataFrame({"dataset": f"data {number}", "time": range(60), "actual": 1.0})
        for number in range(datasets)
    )
    of_each = {
        "step": step,
        "rows": 100,
        "season_length": 4,
        "forecasters": dict.fromkeys(mase, ""),
        "fits": dict.fromkeys(mase, 1),
    }
    named = {f"data {number}": of_each for number in range(datasets)}
    settings = {
        "horizon": steps,
        "coverage": [0.8],
        "lstm": list(lstm),
        "datasets": named,
    }
    settings |= {"versions": {}, "cells": 1, "cells_run_before": 0, "seconds": 1.0}
    columns = ["dataset", "forecaster", "window", "cutoff", "reason"]
    return Comparison(
        pd.DataFrame(rows),
        pd.DataFrame(forecasts),
        pd.DataFrame(failures, columns=columns),
        history,
        settings,
    )
