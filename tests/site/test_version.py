"""The version of the package is that of its installation."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import skforecast_lstm

ROOT = Path(__file__).parents[2]


def test_the_version_is_that_of_the_installation():
    assert skforecast_lstm.__version__ == version("skforecast-lstm")


def test_files_that_nobody_has_installed_have_a_version_too(tmp_path):
    (tmp_path / "skforecast_lstm").symlink_to(ROOT / "skforecast_lstm")
    code = (
        "import sys, importlib.metadata as metadata\n"
        "def version(name): raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = version\n"
        "from skforecast_lstm._version import __version__\n"
        "print(__version__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip() == "0+unknown", done.stderr
