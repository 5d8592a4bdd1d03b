"""The reference of the site has every public name, once."""

import re
from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PUBLIC = [
    "skforecast_lstm",
    "skforecast_lstm.comparison",
    "skforecast_lstm.inspection",
    "skforecast_lstm.networks",
    "skforecast_lstm.persistence",
    "skforecast_lstm.pretraining",
    "skforecast_lstm.targets",
    "skforecast_lstm.training",
]


def public_objects():
    names = {
        f"{module}.{name}"
        for module in PUBLIC
        for name in import_module(module).__all__
        if name != "__version__"
    }
    exceptions = import_module("skforecast_lstm.exceptions")
    names |= {
        f"{exceptions.__name__}.{name}" for name in vars(exceptions) if name[0] != "_"
    }
    return {name: find(name) for name in sorted(names)}


def find(name):
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


@pytest.fixture(scope="module")
def listed():
    text = (DOCS / "api" / "index.rst").read_text(encoding="utf-8")
    return re.findall(r"^   (skforecast_lstm\.[\w.]+)$", text, flags=re.MULTILINE)


def test_every_public_name_is_in_the_reference(listed):
    found = [find(name) for name in listed]
    missing = [name for name, thing in public_objects().items() if thing not in found]
    assert not missing


def test_each_name_of_the_reference_is_there_once(listed):
    found = [id(find(name)) for name in listed]
    assert len(found) == len(set(found))
