"""The command skforecast-lstm: compare forecasters on a table, or forecast it.

Everything heavy is imported when it is needed, so that `--help` comes at once.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from skforecast_lstm._cli.arguments import parser
from skforecast_lstm._cli.table_sources import InputError, read_source
from skforecast_lstm._files import replacing

__all__ = ["main"]

_HORIZON_OF_DATASETS = 12
_PICTURES = (".png", ".svg", ".pdf")

# What the terminal shows of a ranking, and how; the report has all of it.
_COLUMNS = {
    "MASE": ("MASE", "{:.3f}"),
    "behind_percent": ("behind", "{:.1f} %"),
    "p_value": ("p", "{:.2g}"),
    "RMSSE": ("RMSSE", "{:.3f}"),
    "sMAPE": ("sMAPE", "{:.1%}"),
    "coverage_0.8": ("in 80 %", "{:.0%}"),
    "coverage_0.95": ("in 95 %", "{:.0%}"),
    "fit_seconds": ("fit, s", "{:.2f}"),
    "windows": ("windows", "{:d}"),
}


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, default=None
        What stands after the name of the command; None for those of the process.

    Returns
    -------
    status : int
        0 on success, 1 if every forecaster failed, 2 if what was given can't be
        used, 130 if it was interrupted.

    Examples
    --------
    >>> from skforecast_lstm.cli import main
    >>> main(["compare", "airline", "--horizon", "0"])
    2
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = parser().parse_args(arguments or ["compare"])
        return {"compare": _compare, "forecast": _forecast}[options.command](options)
    except InputError as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _say("interrupted: nothing was written. The same command begins anew.")
        return 130


def _say(text):
    """Write one line for people, beside the results."""
    sys.stderr.write(" ".join(text.split()) + "\n")
    sys.stderr.flush()


def _print(text):
    """Write results."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# ---------------------------------------------------------------- rows and paths


def _read(options):
    """Source, table and horizon; say what was guessed."""
    from skforecast_lstm._cli.tables import table_from_rows

    source = read_source(options.source, query=options.query)
    is_bundled = source.target is not None
    if options.horizon is None and not is_bundled:
        raise InputError("Say how many steps to forecast, with --horizon N.")
    table = table_from_rows(
        source.rows,
        target=options.target or source.target,
        time=options.time or source.time,
        series=options.series,
        exogenous=options.x,
        frequency=options.freq,
        duplicates=options.duplicates,
        gaps=options.gaps,
        decimal=options.decimal,
        separator=source.separator,
    )
    _note(options, table.notes)
    return source, table, options.horizon or _HORIZON_OF_DATASETS


def _note(options, notes):
    for note in [] if options.quiet else notes:
        _say(f"note: {note}")


def _writable(path):
    """A path where a file can be written; raise before any work is done."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give the name of a file in it.")
    if not path.parent.is_dir():
        raise InputError(
            f"There is no folder {path.parent} for {path.name}. Make it, or give another."
        )
    if path.exists() and not os.access(path, os.W_OK):
        raise InputError(f"{path} can't be written: it may not be changed.")
    _check_folder(path.parent, path)
    return path


def _check_folder(folder, path):
    """Raise if no file can be made in a folder."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}.") from error


def _default_path(source, what):
    return re.sub(r"[^\w.-]+", "-", source.name) + what


# ---------------------------------------------------------------- compare


def _compare(options):
    """Compare, print the ranking, and write the report."""
    source, table, horizon = _read(options)
    _check_rows(options, table, horizon)
    report = _writable(options.html or _default_path(source, "-comparison.html"))
    csv = _writable(options.csv) if options.csv else None
    json = _writable(options.json) if options.json else None
    if options.results and Path(options.results).is_dir():
        _check_folder(options.results, options.results)
    elif options.results:
        _writable(options.results)

    from skforecast_lstm.forecasting.comparing import compare

    try:
        comparison = compare(
            {source.name: table.y},
            X=table.X,
            horizon=horizon,
            season_length=options.season,
            forecasters=options.forecasters,
            n_windows=options.windows,
            step=options.step,
            n_jobs=options.jobs,
            results=options.results,
            progress=not options.quiet,
            random_state=options.seed,
        )
    except KeyboardInterrupt as interrupt:
        how_far = str(interrupt).partition(". ")[0]
        _say(f"interrupted: {how_far or 'stopped'}. {_how_to_go_on(options.results)}")
        return 130
    except ValueError as error:
        raise InputError(str(error)) from error

    ranking = comparison.ranking()
    _print_ranking(ranking)
    _print(comparison.summary())
    for write, path in (
        (comparison.to_html, report),
        (comparison.to_csv, csv),
        (comparison.to_json, json),
    ):
        if path is not None:
            write(path)
            _print(f"Wrote {path.resolve()}")
    return 1 if ranking["MASE"].isna().all() else 0


def _check_rows(options, table, horizon):
    """Raise if a series is too short for the windows."""
    from skforecast_lstm._cli.tables import check_length

    if options.windows is None:
        most = int(table.lengths.min()) // 3
        offer = f"--horizon {most} or less, " if most else ""
        why = (
            f"forecasters are compared on the last third, which must hold a horizon of "
            f"{horizon}. Give {3 * horizon} rows, {offer}or --windows 1."
        )
        check_length(table, 3 * horizon, why)
        return
    step = options.step or horizon
    least = horizon + (options.windows - 1) * step + 2
    why = (
        f"{options.windows} windows of {horizon} steps, {step} apart, need {least}. "
        "Lower --windows, --step or --horizon."
    )
    check_length(table, least, why)


def _how_to_go_on(results):
    """What an interrupt has left, and what to do next."""
    if results is None:
        return (
            "Nothing was kept. With --results PATH results are kept as they come, and "
            "the same command goes on from there."
        )
    return (
        f"What was done is kept in {Path(results).resolve()}: the same command goes on "
        "from there."
    )


def _print_ranking(ranking):
    """The ranking, with lines where there is a terminal that is wide enough."""
    shown = {name: of for name, of in _COLUMNS.items() if name in ranking}
    header = ["", "forecaster", *(title for title, _ in shown.values())]
    rows = []
    for place, (name, row) in enumerate(ranking.iterrows(), start=1):
        cells = [
            "-" if row[column] != row[column] else form.format(row[column])
            for column, (_, form) in shown.items()
        ]
        rows.append([str(place), str(name), *cells])
    if not _print_with_lines(header, rows):
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        for row in [header, *rows]:
            numbers = zip(row[2:], widths[2:], strict=True)
            cells = [text.rjust(width) for text, width in numbers]
            _print("  ".join([row[0].rjust(widths[0]), row[1].ljust(widths[1]), *cells]))
    for name, row in ranking[ranking["failed"] > 0].iterrows():
        _print(f"{name} failed in {row['failed']} windows: {row['reason']}")


def _print_with_lines(header, rows):
    """Print a table by rich, and say whether there was room for it."""
    try:
        from rich import box
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        return False
    console = Console(file=sys.stdout)
    table = Table(box=box.SIMPLE_HEAD)
    for title in header:
        is_name = title == "forecaster"
        table.add_column(title, justify="left" if is_name else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    unlimited = console.options.update(max_width=10_000)
    width = console.measure(table, options=unlimited).maximum
    if not console.is_terminal or width > console.width:
        return False
    console.print(table)
    return True


# ---------------------------------------------------------------- forecast


def _forecast(options):
    """Fit on everything, and write the next steps."""
    from skforecast_lstm._cli.tables import check_length

    source, table, horizon = _read(options)
    why = f"for {horizon} steps ahead give {horizon + 1}, or a shorter --horizon."
    check_length(table, horizon + 1, why)
    csv = _writable(options.csv or _default_path(source, "-forecast.csv"))
    picture = _writable(options.plot or _default_path(source, "-forecast.png"))
    if picture.suffix.lower() not in _PICTURES:
        raise InputError(
            f"{picture} has no ending of a picture. Give one of {', '.join(_PICTURES)}."
        )
    X_ahead = table.first_ahead(horizon)

    from skforecast_lstm._cli import next_steps

    forecaster = next_steps.forecaster_for(
        table,
        forecaster=options.forecaster,
        horizon=horizon,
        season_length=options.season,
        random_state=options.seed,
    )
    try:
        forecast, said = next_steps.next_steps(
            forecaster, table, X_ahead=X_ahead, horizon=horizon, coverage=options.coverage
        )
    # A forecaster may raise whatever it likes; what it says is for people.
    except Exception as error:  # noqa: BLE001
        _say(f"error: {options.forecaster} failed. {type(error).__name__}: {error}")
        return 1

    n_series, n_drawn = len(table.lengths), next_steps.N_SERIES_DRAWN
    if n_series > n_drawn:
        said.append(f"The picture shows the first {n_drawn} of {n_series} series.")
    if list(forecast.columns) == ["forecast"]:
        said.append(f"{options.forecaster} has no intervals.")
    _note(options, said)
    steps = "step" if horizon == 1 else f"{horizon} steps"
    title = f"{table.target}: the next {steps} by {options.forecaster}"
    with replacing(csv) as new_csv, replacing(picture) as new_picture:
        table.with_times_as_written(forecast).to_csv(new_csv, index=False)
        next_steps.draw(
            new_picture, table, forecast, title=title, coverage=options.coverage
        )
    for path in (csv, picture):
        _print(f"Wrote {path.resolve()}")
    return 0
