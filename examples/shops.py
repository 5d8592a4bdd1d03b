"""Forecast two shops of an Excel table, with a promotion that is planned ahead.

The command does all the work. The table is as offices write it: a title above the header,
days as 31.01.2026, yes and no, and a total in the last row. Its last days have no units
yet, and say when the promotion is on.
"""

import argparse
from pathlib import Path

from skforecast_lstm.cli import main as skforecast_lstm

import numpy as np
import pandas as pd

AHEAD = 14


def write_table(path, n_days=120, seed=0):
    """Write the table of two shops. Units rise by half on days with a promotion."""
    random = np.random.default_rng(seed)
    days = pd.date_range("2026-01-01", periods=n_days + AHEAD, freq="D")
    shops = []
    for name, level in {"north": 80, "south": 200}.items():
        promotion = random.random(len(days)) < 0.2
        units = level * (1 + 0.2 * np.sin(2 * np.pi * days.day_of_week.to_numpy() / 7))
        units = (units * (1 + 0.5 * promotion) + random.normal(0, 3, len(days))).round()
        units[n_days:] = np.nan
        words = np.where(promotion, "yes", "no")
        table = {"day": days.strftime("%d.%m.%Y"), "units": units, "promotion": words}
        shops.append(pd.DataFrame({"shop": name, **table}))
    table = pd.concat(shops)
    total = {"shop": ["Total"], "units": [table["units"].sum()]}
    table = pd.concat([table, pd.DataFrame(total)])
    with pd.ExcelWriter(path) as book:
        table.to_excel(book, sheet_name="Sales", index=False, startrow=2)
        book.sheets["Sales"]["A1"] = "Sales of our shops"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=".", type=Path, help="folder for the files")
    folder = parser.parse_args(arguments).folder
    write_table(folder / "shops.xlsx")
    options = (
        f"--target units --series shop --time day --x promotion --horizon {AHEAD} "
        f"--csv {folder}/shops-forecast.csv --plot {folder}/shops-forecast.png"
    )
    return skforecast_lstm(["forecast", f"{folder}/shops.xlsx", *options.split()])


if __name__ == "__main__":
    raise SystemExit(main())
