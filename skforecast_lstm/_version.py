"""Version of the installed package, which comes from a tag of git."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("skforecast-lstm")
except PackageNotFoundError:
    # The files are there, but nobody has installed them.
    __version__ = "0+unknown"
