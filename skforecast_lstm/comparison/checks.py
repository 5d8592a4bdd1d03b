"""Checks of a table of series, which `compare` and the command share.

Each message says what was found, where, and what to do.
"""

from dataclasses import dataclass

import numpy as np

from skforecast_lstm._checks import check_integer
from skforecast_lstm.forecasting._defaults import usual_season

__all__ = ["TableChecks"]

# Limits on the steps of a series: in total, and for each row. The larger one applies.
_MOST_STEPS = 10_000
_MOST_STEPS_A_ROW = 100


def _as_text(index):
    """Return times, or series and their times, as text."""
    return [
        ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        for label in index
    ]


@dataclass(frozen=True)
class TableChecks:
    """Checks with the error and the words of one interface.

    `repeated`, `gaps`, `empty` and `uneven` say what to do about a fault. `horizon`,
    `windows` and `season` come before a number. `where` names the series in a message,
    and `write` returns times as text.
    """

    error: type[ValueError]
    repeated: str
    gaps: str
    empty: str
    uneven: str
    horizon: str
    windows: str
    season: str

    def check_values(self, frame, where, write=_as_text):
        """Raise at the first column with a missing or infinite number."""
        for name, column in frame.items():
            values = column.to_numpy(dtype=float)
            unusable = ~np.isfinite(values)
            if unusable.any():
                row, count = int(unusable.argmax()), int(unusable.sum())
                among = f", the first of {count} times" if count > 1 else ""
                found = "is empty" if np.isnan(values[row]) else f"has {values[row]}"
                raise self.error(
                    f"Column {name!r} {found} at {write(frame.index[[row]])[0]}{where}"
                    f"{among}. {self.empty}"
                )

    def check_each_time_once(self, times, where, write=_as_text):
        """Raise if a time of one series has several rows."""
        repeated = times[times.duplicated()]
        if len(repeated):
            count = repeated.nunique()
            in_all = f", the first of {count} repeated times" if count > 1 else ""
            raise self.error(
                f"{write(repeated[:1])[0]} comes {(times == repeated[0]).sum()} times"
                f"{where}{in_all}. {self.repeated}"
            )

    def check_on_steps(self, times, steps, where, write=_as_text):
        """Return the number of the step of each time. Raise if a time is on no step."""
        numbers, is_step = steps.count(times)
        if not is_step.all():
            raise self.error(
                f"The times are not in equal steps{where}: "
                f"{write(times[[int(is_step.argmin())]])[0]} is no step of the frequency "
                f"{steps.name}. Leave it out, or {self.uneven}."
            )
        return numbers

    def check_gaps(self, times, steps, where, write=_as_text, *, allowed=False):
        """Return the number of the step of each sorted time. Raise if steps are missing.

        If gaps are allowed, raise only if there are far more steps than rows, for
        example after a wrong year.
        """
        numbers = self.check_on_steps(times, steps, where, write)
        n_steps = int(numbers[-1]) + 1
        if n_steps > max(_MOST_STEPS, _MOST_STEPS_A_ROW * len(times)):
            gap = int(np.diff(numbers).argmax())
            first, before, after, last = write(times[[0, gap, gap + 1, -1]])
            raise self.error(
                f"From {first} to {last} there are {n_steps:,} steps{where}, for "
                f"{len(times):,} rows. The longest gap is from {before} to {after}: "
                f"correct a wrong time there, or {self.uneven}."
            )
        n_missing = n_steps - len(times)
        if n_missing and not allowed:
            before = numbers[(np.diff(numbers) > 1).argmax()]
            first = write(steps.times([before + 1]))[0]
            among = f" the first of {n_missing} times that are" if n_missing > 1 else ""
            raise self.error(
                f"The times have gaps{where}: {first} is{among} missing. "
                f"{self.gaps}, or {self.uneven}."
            )
        return numbers

    def check_length(self, n_rows, least, why, where):
        """Raise if a series has too few rows."""
        if n_rows < least:
            raise self.error(f"{n_rows} rows{where} are too few: {why}")

    def number_of_windows(self, n_rows, horizon, n_windows, step, where):
        """Return the number of windows. Raise if the rows are too few for them."""
        if n_windows is None:
            n_test = n_rows // 3
            shorter = f"{self.horizon}{n_test} or less, " if n_test else ""
            why = (
                "forecasters are compared on the last third, which must hold a horizon "
                f"of {horizon}. Give {3 * horizon} rows, {shorter}or {self.windows}1."
            )
            self.check_length(n_rows, 3 * horizon, why, where)
            return 1 + (n_test - horizon) // step
        least = horizon + (n_windows - 1) * step + 2
        why = (
            f"{n_windows} windows of {horizon} steps, {step} apart, need {least}. Give "
            "more rows, or fewer, shorter or closer windows."
        )
        self.check_length(n_rows, least, why, where)
        return n_windows

    def season_length(self, given, times, n_rows, where):
        """Return the given season, or that of the frequency if two fit into the rows."""
        if given is None:
            season = usual_season(times)
            return season if 2 * season <= n_rows else 1
        check_integer("season_length", given, 1)
        if given >= n_rows:
            raise self.error(
                f"{self.season}{given} needs more than {given} rows{where}, and there "
                f"are {n_rows}. Give more rows, or a shorter season."
            )
        return int(given)
