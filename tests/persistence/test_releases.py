"""Files of every release load, and answer what they answered then."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from skforecast_lstm import persistence
from skforecast_lstm.exceptions import SavedFileError

# sktime announces another default of its own pipelines, and scikit-learn and this package
# tell that other versions saved the file.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The default of config:FutureWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning"),
]

FOLDER = Path(__file__).with_name("releases")
FILES = sorted(FOLDER.glob("*/*.lstm"))
# Files that can't be read any more, by release and name, and the reason that load gives.
REFUSED: dict[str, str] = {}


@pytest.fixture(scope="module")
def answer():
    return runpy.run_path(str(FOLDER / "make.py"))["answer"]


def test_the_releases_have_files():
    by_release = {path.parent.name for path in FILES}
    assert "0.1.0" in by_release
    for release in by_release:
        answers = json.loads((FOLDER / release / "answers.json").read_text())
        files = {path.stem for path in FILES if path.parent.name == release}
        assert files == answers.keys()
    assert sum(path.stat().st_size for path in FILES) < 1_000_000


@pytest.mark.filterwarnings("ignore::skforecast_lstm.exceptions.OtherVersionWarning")
@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_files_of_releases_answer_as_they_did(path, answer):
    reason = REFUSED.get(f"{path.parent.name}/{path.stem}")
    if reason is not None:
        with pytest.raises(SavedFileError, match=reason):
            persistence.load(path)
        return
    expected = json.loads(path.with_name("answers.json").read_text())[path.stem]
    found = answer(path.stem, persistence.load(path))
    # Other processors and releases of JAX round differently.
    atol = 1e-5 * np.nanstd(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=atol)
