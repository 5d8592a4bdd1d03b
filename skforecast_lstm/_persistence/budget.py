"""Limits on what a file may create beyond its own content."""

__all__ = ["Budget"]

# Far more than an estimator needs, and far less than a computer offers.
_MOST = {
    "bytes that are not in it": 2**26,
    "values by reference": 10**6,
    "parts of networks": 20_000,
}


class Budget:
    """Count down the total of what one file may still request.

    The content of a file needs memory and time in proportion to the file. A few words
    can request more: a number can be a size, and a part can be used many times. Code that
    creates such a thing takes it from this budget first.

    Parameters
    ----------
    n_bytes : int
        Size of the file. Each byte raises the limits by as much as a file of `save` needs
        that uses each part a few times.
    """

    def __init__(self, n_bytes: int = 0) -> None:
        self._left = dict(_MOST)
        self._left["bytes that are not in it"] += n_bytes
        self._left["values by reference"] += n_bytes // 2
        self._left["parts of networks"] += n_bytes // 64

    def take(self, what: str, amount: int) -> None:
        """Take an amount from the budget, or raise if less is left."""
        if amount > self._left[what]:
            raise ValueError(f"it asks for too many {what}, over {_MOST[what]:,} in all")
        self._left[what] -= amount
