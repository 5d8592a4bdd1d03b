"""Command skforecast-lstm: compare forecasters on a table, or forecast it.

Large modules are imported only when needed, so `--help` is fast.
"""

import os
import sys
from pathlib import Path

from skforecast_lstm._cli.arguments import parser
from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.output_files import (
    check_apart,
    check_folder,
    default_path,
    writable,
)
from skforecast_lstm._cli.table_sources import read_source
from skforecast_lstm._files import replacing
from skforecast_lstm._labels import as_label, as_printed, for_spreadsheets

__all__ = ["main"]

_HORIZON_OF_DATASETS = 12
# So many series take longer than the start of workers.
_MANY_SERIES = 10
_PICTURES = (".png", ".svg", ".pdf")

# Columns of the ranking on the terminal. The report has all columns.
_COLUMNS = (
    "MASE",
    "behind_percent",
    "p_value",
    "RMSSE",
    "SQL",
    "sMAPE",
    "coverage_0.8",
    "coverage_0.95",
    "fit_seconds",
    "windows",
)


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, default=None
        Arguments after the name of the command. If None, those of the process.

    Returns
    -------
    status : int
        0 on success. 1 if every forecaster failed or a picture could not be drawn. 2 if
        the input can't be used or a file can't be written. 130 after an interrupt.

    Examples
    --------
    >>> from skforecast_lstm.cli import main
    >>> main(["compare", "airline", "--horizon", "0"])
    2
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if sys.stderr is None:
        # The stream is closed. The next file that is opened takes its descriptor, which
        # must not be a file of the user.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    try:
        options = parser().parse_args(arguments or ["compare"])
        if sys.stdout is None:
            raise InputError(
                f"The standard output is closed. Send it somewhere, as to {os.devnull}."
            )
        return {"compare": _compare, "forecast": _forecast}[options.command](options)
    except InputError as error:
        for problem in error.problems:
            _say(f"error: {problem}")
        return 2
    except OSError as error:
        _say(f"error: {_reason(error)}.")
        return 2
    except KeyboardInterrupt as interrupt:
        what = str(interrupt) or "nothing was written"
        _say(f"interrupted: {what}. The same command starts again from the beginning.")
        return 130


def _say(text):
    """Write one line to the standard error."""
    sys.stderr.write(_in(sys.stderr, " ".join(text.split())) + "\n")
    sys.stderr.flush()


def _print(text):
    """Write results to the standard output. On an error, raise and drop later output."""
    try:
        sys.stdout.write(_in(sys.stdout, text) + "\n")
        sys.stdout.flush()
    except OSError:
        _drop_output()
        raise


def _in(stream, text):
    """Return a text without control characters, in the encoding of a stream."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return as_printed(text).encode(encoding, "backslashreplace").decode(encoding)


def _reason(error):
    """Return the message of a system error, with the file."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}".rstrip(".")


def _drop_output():
    """Discard later output, so that a failed write is reported only once."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _fails(step):
    """Run a step, and return True if it can't write. Later steps may still succeed."""
    try:
        step()
    except OSError as error:
        _say(f"error: {_reason(error)}.")
        return True
    return False


# ---------------------------------------------------------------- rows


def _read(options):
    """Return the source, table and horizon, and print notes on guesses."""
    from skforecast_lstm._cli.tables import table_from_rows

    source = read_source(
        options.source,
        query=options.query,
        sheet=options.sheet,
        encoding=options.encoding,
    )
    is_bundled = source.target is not None
    asks_target = options.wide or options.target is not None
    if options.horizon is None and not is_bundled:
        raise InputError("Give the number of steps to forecast, with --horizon N.")
    table = table_from_rows(
        source.rows,
        target=source.target if not asks_target else options.target,
        time=source.time if options.time is None else options.time,
        series=options.series,
        exogenous=options.x,
        frequency=options.freq,
        duplicates=options.duplicates,
        gaps=options.gaps,
        ends=options.ends,
        only=options.only,
        wide=options.wide,
        decimal=options.decimal,
        thousands=options.thousands,
        dates=options.dates,
        separator=source.separator,
        row_numbers=source.row_numbers,
    )
    table.notes[:0] = source.notes
    _note(options, table.notes)
    return source, table, options.horizon or _HORIZON_OF_DATASETS


def _note(options, notes):
    for note in [] if options.quiet else notes:
        _say(f"note: {note}")


# ---------------------------------------------------------------- compare


def _compare(options):
    """Compare, print the ranking, and write the report."""
    from skforecast_lstm._cli.table_times import FLAGS

    source, table, horizon = _read(options)
    table.check_same_end()
    step = options.step or horizon
    n_rows, where = table.shortest
    FLAGS.number_of_windows(n_rows, horizon, options.windows, step, where)
    report = writable(options.html or default_path(source, "-comparison.html"))
    csv = writable(options.csv) if options.csv else None
    json = writable(options.json) if options.json else None
    ahead = writable(options.forecast) if options.forecast else None
    results = options.results
    if results and Path(results).is_dir():
        check_folder(results, results)
    elif results:
        writable(results)

    from skforecast_lstm.comparison.comparing import compare
    from skforecast_lstm.comparison.store import ResultsFile

    outputs = {"--html": report, "--csv": csv, "--json": json, "--forecast": ahead}
    # If `results` is a folder, the results are in a file in it.
    for kept in {results, ResultsFile(results).path}:
        check_apart(source, {**outputs, "--results": kept})

    try:
        comparison = compare(
            {source.name: table.y},
            X=table.X,
            horizon=horizon,
            season_length=options.season,
            forecasters=options.forecasters,
            n_windows=options.windows,
            step=options.step,
            refit=options.refit,
            time_limit=options.time_limit,
            ensembles=options.ensembles,
            n_jobs=options.jobs or (-1 if len(table.lengths) >= _MANY_SERIES else 1),
            results=results,
            progress=not options.quiet,
            random_state=options.seed,
        )
    except KeyboardInterrupt as interrupt:
        how_far = str(interrupt).partition(". ")[0]
        _say(f"interrupted: {how_far or 'stopped'}. {_how_to_go_on(results)}")
        return 130
    except ValueError as error:
        raise InputError(str(error)) from error

    forecast = _forecast_best(comparison, table, options)
    _give_times(comparison, table.steps)
    ranking = comparison.ranking()
    comparison.settings["notes"] = table.notes
    steps = [
        lambda: _print_results(ranking, comparison),
        lambda: _write(comparison.to_csv, csv),
        lambda: _write(comparison.to_json, json),
        lambda: _write(lambda path: _write_rows(forecast, path), ahead),
        # The report comes last, because it has pictures.
        lambda: _write(lambda path: comparison.to_html(path, forecast=forecast), report),
    ]
    if forecast is None:
        del steps[3]
    try:
        failed = [_fails(step) for step in steps]
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the files named above are written") from None
    if any(failed):
        return 2
    return 1 if ranking["MASE"].isna().all() else 0


def _forecast_best(comparison, table, options):
    """Return what the best forecasts next, or None with a note."""
    horizon = comparison.settings.get("horizon")
    try:
        X_ahead = None if table.X is None else table.first_ahead(horizon)
        forecast = comparison.forecast(X_ahead)
    except InputError as error:
        _note(options, [f"What comes next is not forecast. {error.problems[0]}"])
        return None
    # A forecaster may raise any error, and the comparison is done.
    except Exception as error:  # noqa: BLE001
        _note(options, [f"What comes next is not forecast. {error}"])
        return None
    if table.steps.differ_from_source:
        forecast["time"] = table.steps.times_of_results(forecast["time"])
    return forecast


def _write_rows(rows, path):
    """Write a table as CSV, with names that no spreadsheet runs as a formula."""
    with replacing(path) as unfinished:
        rows.map(for_spreadsheets).to_csv(unfinished, index=False, errors="replace")


def _give_times(comparison, steps):
    """Replace the compared steps by their times in the source."""
    if not steps.differ_from_source:
        return
    found = comparison
    for table in (found.results, found.failures, found.forecasts, found.history):
        for column in table.columns.intersection(["cutoff", "time"]):
            table[column] = steps.times_of_results(table[column])
    for settings in found.settings["datasets"].values():
        first = steps.times_of_results([settings["first_cutoff"]])[0]
        settings["first_cutoff"] = str(first)


def _write(write, path):
    """Write a file if it has a path, and print the path."""
    if path is None:
        return
    done = "Replaced" if path.exists() else "Wrote"
    try:
        write(path)
    except OSError as error:
        raise OSError(f"{path} can't be written: {error.strerror or error}") from error
    _print(f"{done} {path.resolve()}")


def _print_results(ranking, comparison):
    _print_ranking(ranking)
    _print(comparison.summary())
    _print("\n".join(f"- {sentence}" for sentence in comparison.advice()))


def _how_to_go_on(results):
    """Return a message for an interrupt: the state of the results, and the next step."""
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
    """Print the ranking, with lines if there is a terminal that is wide enough."""
    from skforecast_lstm.comparison.formats import as_text, heading
    from skforecast_lstm.comparison.ranking import place_labels

    shown = [name for name in _COLUMNS if name in ranking]
    header = ["", "forecaster", *map(heading, shown)]
    rows = []
    for place, (name, row) in zip(place_labels(ranking), ranking.iterrows(), strict=True):
        cells = [as_text(column, row[column]) for column in shown]
        name = _in(sys.stdout, " ".join(str(name).split()))
        rows.append([place, name, *cells])
    if not _print_with_lines(header, rows):
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        for row in [header, *rows]:
            numbers = zip(row[2:], widths[2:], strict=True)
            cells = [text.rjust(width) for text, width in numbers]
            _print("  ".join([row[0].rjust(widths[0]), row[1].ljust(widths[1]), *cells]))
    for name, row in ranking[ranking["failed"] > 0].iterrows():
        said = f"{name} failed in {row['failed']} windows: {row['reason']}"
        _print(" ".join(said.split()))


def _print_with_lines(header, rows):
    """Print a table with rich, and return True if it fits the terminal."""
    try:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    console = Console(file=sys.stdout)
    table = Table(box=box.SIMPLE_HEAD)
    for title in header:
        is_name = title == "forecaster"
        table.add_column(title, justify="left" if is_name else "right", no_wrap=True)
    for row in rows:
        # Brackets in names are text, not markup.
        table.add_row(*map(Text, row))
    unlimited = console.options.update(max_width=10_000)
    width = console.measure(table, options=unlimited).maximum
    if not console.is_terminal or width > console.width:
        return False
    console.print(table)
    return True


# ---------------------------------------------------------------- forecast


def _forecast(options):
    """Fit on all rows, and write the next steps."""
    from skforecast_lstm._cli.table_times import FLAGS

    source, table, horizon = _read(options)
    why = f"for {horizon} steps ahead give {horizon + 1}, or a shorter --horizon."
    n_rows, where = table.shortest
    FLAGS.check_length(n_rows, horizon + 1, why, where)
    csv = writable(options.csv or default_path(source, "-forecast.csv"))
    picture = writable(options.plot or default_path(source, "-forecast.png"))
    if picture.suffix.lower() not in _PICTURES:
        raise InputError(
            f"{picture} does not end like the name of a picture. Give a name that ends "
            f"with {', '.join(_PICTURES[:-1])} or {_PICTURES[-1]}."
        )
    check_apart(source, {"--csv": csv, "--plot": picture})
    X_ahead = table.first_ahead(horizon)

    from skforecast_lstm._cli import next_steps

    if options.forecaster == "best":
        options.forecaster, why = next_steps.best_forecaster(
            table,
            horizon=horizon,
            season_length=options.season,
            random_state=options.seed,
            progress=not options.quiet,
        )
        _note(options, why)
    _note(options, next_steps.notes_on_season(table, options.season))
    forecaster = next_steps.forecaster_for(
        table,
        forecaster=options.forecaster,
        horizon=horizon,
        season_length=options.season,
        calendar=options.calendar,
        random_state=options.seed,
    )
    try:
        forecast, said = next_steps.next_steps(
            forecaster, table, X_ahead=X_ahead, horizon=horizon, coverage=options.coverage
        )
    # A forecaster may raise any error. Show its message.
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
    title = f"{as_label(table.target)}: the next {steps} by {options.forecaster}"
    rows = table.with_times_as_written(forecast).map(for_spreadsheets)
    rows.columns = [for_spreadsheets(name) for name in rows]

    def write_rows(path):
        with replacing(path) as unfinished:
            rows.to_csv(unfinished, index=False, errors="replace")

    def draw(path):
        with replacing(path) as unfinished:
            next_steps.draw(
                unfinished, table, forecast, title=title, coverage=options.coverage
            )

    failed = _fails(lambda: _write(write_rows, csv))
    try:
        failed |= _fails(lambda: _write(draw, picture))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{csv} is written, and no picture") from None
    # After any error in the picture, the numbers are already written.
    except Exception as error:  # noqa: BLE001
        _say(f"error: no picture was drawn. {type(error).__name__}: {error}")
        return 1
    return 2 if failed else 0
