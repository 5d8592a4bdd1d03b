"""Every place that names versions of dependencies names the same ones."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / ".github" / "conda" / "recipe.yaml"
# The extras that the tests install.
EXTRAS = ("plot", "compare", "excel", "onnx", "holidays", "dask", "test")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lower_bounds(lines, sign):
    """Return the version by name of lines such as "numpy>=2.0"."""
    found = [
        re.fullmatch(rf"([\w-]+)(?:\[\w+\])? ?{sign}([\d.]+)(?:,.*)?", line)
        for line in lines
    ]
    return {match[1]: match[2] for match in found if match}


def test_the_lowest_versions_are_those_that_are_tested():
    constraints = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8")
    tested = lower_bounds(constraints.splitlines(), "==")
    extras = PROJECT["optional-dependencies"]
    needed = [
        *PROJECT["dependencies"],
        *(line for name in EXTRAS for line in extras[name]),
    ]
    for name, version in lower_bounds(needed, ">=").items():
        assert (tested[name] + ".").startswith(version + "."), name


@pytest.mark.skipif(not RECIPE.exists(), reason="the source archive has no recipe")
def test_the_recipe_for_conda_has_the_dependencies_of_the_project():
    run = RECIPE.read_text(encoding="utf-8").partition("  run:\n")[2].partition("\n\n")[0]
    needed = lower_bounds(re.findall(r"- (.*)", run), ">=")
    python = needed.pop("python")
    assert needed == lower_bounds(PROJECT["dependencies"], ">=")
    assert f">={python}," in PROJECT["requires-python"] + ","
    assert PROJECT["requires-python"] in run
