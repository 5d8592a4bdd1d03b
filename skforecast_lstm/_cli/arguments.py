"""Arguments of the command skforecast-lstm, and its texts for `--help`."""

import argparse

from skforecast_lstm import __version__
from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.table_sources import DATASETS

__all__ = ["parser"]

_DATASETS_HELP = "bundled data sets:\n" + "\n".join(
    f"  {name:<14}{dataset.about}" for name, dataset in DATASETS.items()
)

_SOURCE_HELP = """\
SOURCE is FILE.csv, FILE.xlsx, FILE.parquet, sqlite:///FILE?table=NAME, any other URL
that SQLAlchemy knows with ?table=NAME or with --query, or a bundled data set.
Times are dates (2020-01-31, 31.01.2020, 1/31/2020), periods such as 2020-01 and
2020Q1, or whole numbers.
"""

_COMPARE_HELP = f"""\
Compare forecasters on the last third of the rows. At several times, each forecaster
learns from the rows before it and forecasts the rows after it.

{_SOURCE_HELP}"""

_FORECAST_HELP = f"""\
Learn from all rows and write the next N steps, with intervals, to a CSV file and
a picture.

{_SOURCE_HELP}"""

_COMPARE_EXAMPLES = f"""\
{_DATASETS_HELP}

examples:
  skforecast-lstm compare airline --forecasters "seasonal naive,Theta,LSTM"
  skforecast-lstm compare sales.csv --target units --time month --series shop \\
      --horizon 6 --results sales-results --html sales.html
"""

_FORECAST_EXAMPLES = f"""\
{_DATASETS_HELP}

examples:
  skforecast-lstm forecast airline --coverage 50,95
  skforecast-lstm forecast "sqlite:///shop.db?table=sales" --target units \\
      --time month --horizon 6 --csv next.csv --plot next.png
"""

_EXAMPLES = """\
examples:
  skforecast-lstm
      compare the default line-up on the bundled airline series
  skforecast-lstm forecast sales.csv --target units --time month --horizon 6
      write the next six months of a table to a CSV file and a picture

Without a command it is "compare". More: skforecast-lstm compare --help
"""


class _Parser(argparse.ArgumentParser):
    """Argument parser with errors of one line, like all errors of the command."""

    def error(self, message):
        raise InputError(f"{message.rstrip('.')}. See {self.prog} --help.")


def _integer(least, most=None):
    """Return a parser of whole numbers within bounds."""

    def parse(text):
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            end = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{text!r:.40} is not a whole number {end}")
        return value

    return parse


def _jobs(text):
    """Parse a number of workers; -1 means one per core."""
    return -1 if text == "-1" else _integer(1)(text)


def _refit(text):
    """Parse the windows at which forecasters are fitted, as `compare` takes them."""
    words = {"auto": "auto", "yes": True, "no": False}
    if text in words:
        return words[text]
    try:
        return _integer(1)(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r:.40} is not auto, yes, no or a number of windows"
        ) from None


def _seconds(text):
    """Parse a positive number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a number of seconds")
    return seconds


def _path(text):
    """Return a path, or raise if it is empty, as from an unset shell variable."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not a path")
    return text


def _names(text):
    """Parse names separated by commas."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty name")
    return names


def _column_and_value(text):
    """Parse the name of a column and a value of it."""
    name, mark, value = (part.strip() for part in text.partition("="))
    if not (name and mark):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a column and its value, such as region=north"
        )
    return name, value


def _encoding(text):
    """Return the name of an encoding of text, as Python and pandas know it."""
    try:
        b"a".decode(text, "replace")
    except (LookupError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no encoding; known are utf-8, utf-16, cp1252, latin-1 and those"
            " of Python"
        ) from None
    return text


def _thousands(text):
    """Parse the mark between thousands."""
    mark = " " if text == "space" else text
    if mark not in (".", ",", "'", " "):
        raise argparse.ArgumentTypeError(f"{text!r} must be . or , or ' or space")
    return mark


def _percents(text):
    """Parse coverages in percent, separated by commas."""
    try:
        percents = [float(part) for part in text.split(",")]
    except ValueError:
        percents = [0.0]
    if not all(1 <= percent < 100 for percent in percents):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be percents from 1 to under 100, such as 80,95"
        )
    # The names of columns contain them, with six digits.
    for percent in percents:
        if float(f"{percent:g}") != percent:
            raise argparse.ArgumentTypeError(f"{percent} has more than six digits")
    return list(dict.fromkeys(percents))


def parser():
    """Return the parser of the commands and options; `command` is the chosen command."""
    parser = _Parser(
        prog="skforecast-lstm",
        description="Put LSTMs beside classical forecasters, and forecast.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add_command(name, summary, description, epilog):
        command = commands.add_parser(
            name,
            help=summary,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add_table_options(command)
        return command

    _add_compare_options(
        add_command(
            "compare",
            "compare forecasters by rolling origin",
            _COMPARE_HELP,
            _COMPARE_EXAMPLES,
        )
    )
    _add_forecast_options(
        add_command(
            "forecast",
            "write the next steps and a picture",
            _FORECAST_HELP,
            _FORECAST_EXAMPLES,
        )
    )
    return parser


def _add_table_options(command):
    """Add the options on the table, which both commands have."""
    command.add_argument(
        "source", nargs="?", default="airline", metavar="SOURCE", help="default: airline"
    )
    table = command.add_argument_group("the table")
    add = table.add_argument
    add(
        "--target",
        metavar="COL[,COL]",
        help="column to forecast, or several, each a series; optional if only one fits",
    )
    add("--time", metavar="COL", help="column of times; optional if only one fits")
    add("--series", metavar="COL", help="column that names the series of each row")
    add(
        "--wide",
        action="store_true",
        help="forecast all columns of numbers, each as a series",
    )
    add("--x", metavar="COL,COL", type=_names, default=[], help="known over the horizon")
    add("--sheet", metavar="NAME", help="sheet of an Excel file, if it has several")
    add(
        "--encoding",
        metavar="NAME",
        type=_encoding,
        help="encoding of a CSV file, such as cp1252; default: UTF-8",
    )
    add("--query", metavar="SQL", help="a SELECT, for a database")
    add("--freq", metavar="FREQ", help="length of a step, such as M, D, h or 15min")
    add(
        "--dates",
        choices=["dmy", "mdy"],
        help="order of day, month and year in dates such as 03/04/2024",
    )
    add("--decimal", choices=[".", ","], help="decimal mark")
    add(
        "--thousands",
        metavar="MARK",
        type=_thousands,
        help="mark between thousands: . , ' or space",
    )
    add(
        "--duplicates",
        choices=["error", "mean", "last"],
        default="error",
        help="value to use if a time has several rows; default: error",
    )
    add(
        "--gaps",
        choices=["error", "interpolate", "ffill"],
        default="error",
        help="method to fill missing times and values; default: error",
    )
    add(
        "--ends",
        choices=["error", "drop", "align"],
        default="error",
        help="if series end at different times, drop those that end early, or count the "
        "steps of each back from its own end; default: error in a comparison",
    )
    add(
        "--only",
        metavar="COL=VALUE",
        type=_column_and_value,
        action="append",
        default=[],
        help="read only the rows with this value; several times for several columns",
    )
    task = command.add_argument_group("the task")
    add = task.add_argument
    add(
        "--horizon",
        metavar="N",
        type=_integer(1),
        help="number of steps to forecast; default for bundled data sets: 12",
    )
    add(
        "--season",
        metavar="N",
        type=_integer(1),
        help="number of rows in a season; default: from the step",
    )
    seed = _integer(0, 2**32 - 1)
    add("--seed", metavar="N", type=seed, default=0, help="default: 0")
    add("--quiet", action="store_true", help="no progress and no notes")


def _add_compare_options(command):
    add = command.add_argument_group("the comparison").add_argument
    add(
        "--forecasters",
        metavar="A,B",
        type=_names,
        help="names, such as AutoETS, LSTM, Ridge, or default for the default line-up",
    )
    add(
        "--ensembles",
        action="store_true",
        help="add rows that combine the forecasts of all others",
    )
    add("--windows", metavar="N", type=_integer(1), help="number of windows")
    add(
        "--step",
        metavar="N",
        type=_integer(1),
        help="rows from one window to the next; default: the horizon",
    )
    add(
        "--refit",
        metavar="WHEN",
        type=_refit,
        default="auto",
        help="fit at each window (yes), only at the first (no), or every N windows; "
        "default: auto, at most 20 fits, fewer for many values",
    )
    add(
        "--time-limit",
        metavar="SECONDS",
        type=_seconds,
        help="leave out a forecaster that takes longer in all; AutoARIMA is replaced by "
        "a cheaper search",
    )
    add(
        "--jobs",
        metavar="N",
        type=_jobs,
        help="number of workers; -1: one per core; default: 1, or one per core if there "
        "are 10 series or more",
    )
    add(
        "--results",
        metavar="PATH",
        type=_path,
        help="write results here when ready; the same command goes on from there",
    )
    add = command.add_argument_group("files to write").add_argument
    add(
        "--html",
        metavar="PATH",
        type=_path,
        help="the report; default: SOURCE-comparison.html",
    )
    add("--csv", metavar="PATH", type=_path, help="all results as a table")
    add("--json", metavar="PATH", type=_path, help="all results as JSON")
    add(
        "--forecast",
        metavar="PATH",
        type=_path,
        help="what the best forecasts next, as a table",
    )


def _add_forecast_options(command):
    add = command.add_argument_group("the forecast").add_argument
    add(
        "--forecaster",
        metavar="NAME",
        default="LSTM",
        help="default: LSTM; best: the one that a comparison recommends",
    )
    add(
        "--calendar",
        metavar="WHAT",
        help="hours, weekdays and times of the year for the LSTM: auto, or a country "
        "such as US or DE-BY, with its holidays",
    )
    add(
        "--coverage",
        metavar="P,P",
        type=_percents,
        default=[80.0, 95.0],
        help="intervals, in percent; default: 80,95",
    )
    add = command.add_argument_group("files to write").add_argument
    add("--csv", metavar="PATH", type=_path, help="default: SOURCE-forecast.csv")
    add(
        "--plot",
        metavar="PATH",
        type=_path,
        help="default: SOURCE-forecast.png; or .svg, .pdf",
    )
