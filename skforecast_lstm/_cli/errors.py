"""Errors of the command, and the problems of an input collected into one error."""

from contextlib import contextmanager

__all__ = ["InputError", "Problems", "and_others", "first_line", "needs", "rows_as_text"]

_MOST_SHOWN = 20


class InputError(ValueError):
    """Error for unusable input. Each problem says what was found, where, and what to do.

    Parameters
    ----------
    *problems : str
        Messages. The command prints one line for each.
    """

    def __init__(self, *problems):
        super().__init__("\n".join(problems))
        self.problems = problems


class Problems:
    """Problems that are collected, to raise them all at once."""

    def __init__(self):
        self._found = {}

    def __bool__(self):
        return bool(self._found)

    @contextmanager
    def collected(self):
        """Collect the problems of an `InputError` in the block, and go on after it."""
        try:
            yield
        except InputError as error:
            self._found.update(dict.fromkeys(error.problems))

    def raise_all(self):
        """Raise one error with all problems, if there are any."""
        found = list(self._found)
        if len(found) > _MOST_SHOWN:
            n_more = len(found) - _MOST_SHOWN
            found[_MOST_SHOWN:] = [f"There are {n_more} more problems like these."]
        if found:
            raise InputError(*found)


def needs(module, what, extra="compare"):
    """Return the error for a package that is not installed."""
    return InputError(
        f"{what} needs {module}, which is not installed. "
        f'Install it with: pip install "skforecast-lstm[{extra}]"'
    )


def rows_as_text(numbers):
    """Return the numbers of rows as text, such as "rows 3, 7 and 9"."""
    *most, last = [str(number) for number in numbers[:6]]
    if len(numbers) > 6:
        return f"rows {', '.join(most)}, ..."
    return f"rows {', '.join(most)} and {last}" if most else f"row {last}"


def and_others(rows):
    """Return text on the rows after the first, such as ", and 1 more like it (row 7)"."""
    n_more = len(rows) - 1
    return f", and {n_more} more like it ({rows_as_text(rows[1:])})" if n_more else ""


def first_line(error):
    """Return the first line of the message of an error."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
