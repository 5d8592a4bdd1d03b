"""The pages of the site find each other, and every example is in the gallery."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def pages():
    written = [*DOCS.glob("*.md"), *(DOCS / "start").glob("*.md")]
    return [page for page in written if page.name != "404.md"]


def test_every_page_is_reached_by_a_contents_list():
    lists = "".join(page.read_text(encoding="utf-8") for page in pages())
    entries = set(re.findall(r"^[\w/]+$", lists, flags=re.MULTILINE))
    names = {str(page.relative_to(DOCS).with_suffix("")) for page in pages()}
    reached = entries | {f"start/{entry}" for entry in entries} | {"index"}
    assert not names - reached


def test_every_example_has_a_title_in_the_gallery():
    settings = (DOCS / "conf.py").read_text(encoding="utf-8")
    examples = [path.stem for path in (ROOT / "examples").glob("*.py")]
    assert not [name for name in examples if f'"{name}": "' not in settings]


def test_the_independence_of_the_name_is_told():
    sentence = "is independent of the project skforecast and not affiliated with it"
    for path in (ROOT / "README.md", DOCS / "index.md"):
        assert sentence in " ".join(path.read_text(encoding="utf-8").split())


def test_the_readme_begins_with_the_example_that_the_front_page_runs():
    blocks = [
        re.search(r"```pycon\n.*?```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for path in (ROOT / "README.md", DOCS / "index.md")
    ]
    assert blocks[0].group() == blocks[1].group()
