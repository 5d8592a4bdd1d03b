"""Make the links of the README absolute, for PyPI. The publishing workflow runs it."""

import os
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def absolute(text, repository, tag):
    """Return the text with links to files of the repository at the tag."""
    raw = f"https://raw.githubusercontent.com/{repository}/{tag}/"
    page = f"https://github.com/{repository}/blob/{tag}/"

    def link(match):
        mark, words, target = match.groups()
        return f"{mark}[{words}]({(raw if mark else page) + target})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)]+)\)", link, text)


if __name__ == "__main__":
    README.write_text(
        absolute(
            README.read_text(encoding="utf-8"),
            os.environ["GITHUB_REPOSITORY"],
            os.environ["GITHUB_REF_NAME"],
        ),
        encoding="utf-8",
    )
