"""Limits of what may be made of a file beyond what lies in it."""

__all__ = ["Budget"]

# Far more than an estimator needs, and far less than a computer has.
_MOST = {
    "bytes that are not in it": 2**26,
    "values by reference": 10**6,
    "parts of networks": 20_000,
}


class Budget:
    """Count down what one file may still ask for, in total.

    What lies in a file takes memory and time in proportion to the file. A few words in
    it can ask for more: a number can be the size of something, and a part can be used
    many times. Whoever makes such a thing takes it from here first.

    Parameters
    ----------
    n_bytes : int
        Size of the file. For each byte of it, it may ask for so much more as a file of
        `save` does that uses each part a few times.
    """

    def __init__(self, n_bytes: int = 0) -> None:
        self._left = dict(_MOST)
        self._left["bytes that are not in it"] += n_bytes
        self._left["values by reference"] += n_bytes // 2
        self._left["parts of networks"] += n_bytes // 64

    def take(self, what: str, amount: int) -> None:
        """Take so much of something, or raise if there is not so much left."""
        if amount > self._left[what]:
            raise ValueError(f"it asks for too many {what}, over {_MOST[what]:,} in all")
        self._left[what] -= amount
