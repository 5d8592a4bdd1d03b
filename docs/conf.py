"""Settings of the site. `python -m sphinx -W -n -b html docs out` builds it."""

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

# Pictures are drawn without a screen, and no progress bar reaches the log.
os.environ.setdefault("MPLBACKEND", "Agg")

import skforecast_lstm  # noqa: E402

project = "skforecast_lstm"
author = "the skforecast_lstm developers"
project_copyright = author
release = version = skforecast_lstm.__version__
language = "en"
# A name in single backticks, as in docstrings, is code.
default_role = "literal"

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "whole_site",
]
exclude_patterns = [
    "_examples",
    "_templates",
    "gallery_header.rst",
    # Tables of times that load scripts from other sites. Each page has its time.
    "**/sg_execution_times.rst",
    "sg_execution_times.rst",
]
templates_path = ["_templates"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
suppress_warnings = ["config.cache"]

# Markdown: links to headings, and boxes for warnings and cards.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# The prompts and outputs of examples are not copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Links to other projects need their inventories, which are on the network. A build
# without network leaves such names as plain text.
intersphinx_mapping = (
    {
        "keras": ("https://keras.io/", None),
        "pandas": ("https://pandas.pydata.org/docs/", None),
        "sklearn": ("https://scikit-learn.org/stable/", None),
        "sktime": ("https://www.sktime.net/en/stable/", None),
    }
    if os.environ.get("DOCS_ONLINE")
    else {}
)

# Reference: types are those of the docstrings, not of the annotations.
autosummary_generate = True
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# The list of a page has the methods of a class without its name.
toc_object_entries_show_parents = "hide"

# Gallery: copies of the examples, because they write files where they run.
EXAMPLES = HERE / "_examples"
TITLES = {
    "airline": "Airline passengers, a month ahead",
    "coarse_sine": "A sine on a coarse grid, three ways",
    "customers": "When does a customer come back?",
    "demand": "Tomorrow's load, from a table with gaps",
    "engineer": "A network and a loss of your own",
    "influences": "Series that influence each other",
    "shops": "Two shops in an Excel table",
    "stock": "Can a stock price be forecast?",
    "waves": "Waves that grow",
    "weather": "The next hour of a weather station",
}


def copy_examples():
    """Copy the examples with a short title, which Sphinx wants in the docstring."""
    shutil.rmtree(EXAMPLES, ignore_errors=True)
    EXAMPLES.mkdir()
    shutil.copy(HERE / "gallery_header.rst", EXAMPLES / "GALLERY_HEADER.rst")
    for source in sorted((HERE.parent / "examples").glob("*.py")):
        title = TITLES.get(source.stem, source.stem)
        text = source.read_text(encoding="utf-8")
        text = text.replace('"""', f'"""{title}\n{"=" * len(title)}\n\n', 1)
        # A page of the gallery and a notebook have no docstring to read, and do not exit.
        first = repr(text.split('"""')[1].splitlines()[3])
        text = text.replace("__doc__.splitlines()[0]", first)
        text = text.replace("raise SystemExit(main())", "main()")
        text = text.replace("\nif __name__ == ", "\n# %%\nif __name__ == ")
        (EXAMPLES / source.name).write_text(text, encoding="utf-8")


copy_examples()

sphinx_gallery_conf = {
    "examples_dirs": "_examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py",
    "image_scrapers": ("whole_site.saved_pictures",),
    "reset_modules": ("matplotlib",),
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("skforecast_lstm",),
    "capture_repr": (),
    "show_signature": False,
    "default_thumb_file": str(HERE / "loss-curve.png"),
    "download_all_examples": False,
    "abort_on_example_error": True,
    "first_notebook_cell": (
        "# A notebook has no command line, so the example has no options.\n"
        "import sys\n\n"
        "sys.argv = sys.argv[:1]"
    ),
    "last_notebook_cell": (
        "# The pictures that the example saved.\n"
        "from pathlib import Path\n\n"
        "from IPython.display import Image, display\n\n"
        'for picture in sorted(Path().glob("*.png")):\n'
        "    display(Image(picture))"
    ),
}

# Look.
html_theme = "pydata_sphinx_theme"
html_title = "skforecast_lstm"
html_baseurl = os.environ.get("SITE_URL", "http://localhost:8000/")
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "_static/icon.svg"
html_extra_path = ["_extra"]
html_show_sourcelink = False
html_context = {"default_mode": "auto", "card": f"{html_baseurl}_static/card.png"}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["independence"],
    "footer_end": ["copyright"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# Pages without others below them have no list of them.
html_sidebars = {name: [] for name in ("index", "404", "which_tool", "benchmarks")}
