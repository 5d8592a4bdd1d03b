"""Check that wheel and sdist have what they should and nothing else."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = {
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "MANIFEST.in",
    "PKG-INFO",
    "README.md",
    "benchmarks",
    "constraints-lowest.txt",
    "docs",
    "examples",
    "pyproject.toml",
    "setup.cfg",
    "skforecast_lstm",
    "skforecast_lstm.egg-info",
    "tests",
}


def tracked_files(*paths):
    """Return the files that git tracks below the paths, or all."""
    command = ["git", "ls-files", *paths]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(found.stdout.splitlines())


def main():
    """Compare, and end with what differs."""
    folder = Path(sys.argv[1])
    (wheel,) = folder.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    names = {name for name in names if ".dist-info/" not in name}
    package = tracked_files("skforecast_lstm")
    assert names == package, names ^ package

    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    paths = [Path(*Path(member.name).parts[1:]) for member in members if member.isfile()]
    tops = {path.parts[0] for path in paths}
    assert tops == TOP, tops ^ TOP
    packed = {path.as_posix() for path in paths}
    assert package <= packed, package - packed
    more = packed - tracked_files() - {"PKG-INFO"}
    more = {name for name in more if not name.startswith("skforecast_lstm.egg-info/")}
    assert not more, more
    assert all(member.uname in ("", "root") for member in members)


if __name__ == "__main__":
    main()
