"""The report: what is on the page, and how a browser shows it."""

import dataclasses
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.naive import NaiveForecaster

from skforecast_lstm import compare
from skforecast_lstm.comparison.lineup import ignore_default_warnings

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium or google-chrome to open the report in"
)
EVIL = "<script>console.error('evil')</script>&\"quoted\""


class Broken(NaiveForecaster):
    def _fit(self, y, X, fh):
        raise RuntimeError(EVIL)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with names that are HTML, and a forecaster that fails."""
    from sktime.datasets import load_airline

    with ignore_default_warnings():
        broken = Broken()
    y = load_airline()
    comparison = compare(
        {"airline": y, EVIL: y[40:]},
        horizon=12,
        forecasters={"naive": "naive", "Theta": "Theta", f"b {EVIL}": broken},
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    comparison.to_html(path)
    return comparison, path


class Elements(HTMLParser):
    """All elements of a page with their attributes, and whether they are closed."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def test_page_is_whole_and_needs_nothing_else(report):
    text = report[1].read_text()
    elements = Elements(text)
    assert elements.open == []
    assert elements.all("html") == [{"lang": "en"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in (
        elements.all("meta")
    )
    assert len(elements.all("title")) == len(elements.all("h1")) == 1
    assert elements.all("script") == elements.all("link") == []
    assert all(image["src"].startswith("data:image/png") for image in elements.all("img"))
    assert all(image["alt"] for image in elements.all("img"))
    assert not re.search(r"https?://|url\(|@import", text)


def test_what_users_wrote_is_escaped(report):
    text = report[1].read_text()
    assert "<script" not in text
    assert html.escape(EVIL) in text


def test_summary_ranking_and_reasons_are_there(report):
    comparison, path = report
    text = path.read_text()
    assert html.escape(comparison.summary()) in text
    places = [text.index(f'<th scope="row">{name}</th>') for name in ("Theta", "naive")]
    assert places == sorted(places)
    assert f"{comparison.ranking()['MASE']['Theta']:.3g}" in text
    assert "RuntimeError" in text
    assert "sktime" in text
    assert "NaiveForecaster()" in text


def test_no_number_has_an_exponent_where_a_thousand_begins(report, tmp_path):
    results = report[0].results.assign(value=999.7)
    dataclasses.replace(report[0], results=results).to_html(tmp_path / "large.html")
    text = (tmp_path / "large.html").read_text()
    assert "<td>1,000</td>" in text
    assert "e+03" not in text


def test_what_was_trained_before_is_told(report, tmp_path):
    y = pd.Series(np.sqrt(np.arange(30.0)))
    comparison = compare(y, horizon=3, n_windows=1, forecasters=["naive", "LSTM"])
    comparison.to_html(tmp_path / "report.html")
    told = "LSTM was trained before on many series, which are synthetic only."
    assert told in (tmp_path / "report.html").read_text()
    assert told not in report[1].read_text()


def test_many_series_and_none_at_all(rng, tmp_path):
    frame = pd.DataFrame(rng.random((30, 8)), columns=list("abcdefgh"))
    many = compare(frame, horizon=3, n_windows=1, forecasters=["naive"], coverage=())
    many.to_html(tmp_path / "many.html")
    text = (tmp_path / "many.html").read_text()
    assert "drawn for the first 6 of 8 series" in text
    assert text.count("<img") == 6 + 2
    with ignore_default_warnings():
        broken = Broken()
    none = compare(
        pd.Series(np.sqrt(np.arange(30.0))), horizon=3, n_windows=1, forecasters=[broken]
    )
    none.to_html(tmp_path / "none.html")
    text = (tmp_path / "none.html").read_text()
    assert "all failed" in text
    assert "<img" not in text


def browse(page, folder, width):
    """Open a page in a browser without a screen: its elements and what it says."""
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={folder}",
        f"--window-size={width},900",
        "--virtual-time-budget=5000",
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


# Measures a page in a frame of a given width, and writes what it finds into the title.
MEASURE = """<!DOCTYPE html><title>not measured</title><body style="margin:0">
<iframe style="border:0;width:{width}px;height:800px" srcdoc="{page}"></iframe><script>
addEventListener("load", () => {{
  const inside = document.querySelector("iframe").contentDocument;
  const outside = [...inside.querySelectorAll("h1, h2, p, img, figure, .table")].filter(
    (one) => one.getBoundingClientRect().right > {width});
  const images = [...inside.images];
  document.title = JSON.stringify({{
    width: inside.documentElement.clientWidth,
    content: inside.documentElement.scrollWidth,
    outside: outside.length,
    tables: inside.querySelectorAll("table").length,
    rows: inside.querySelector("tbody").rows.length,
    seen: images.filter((one) => one.naturalWidth > 0 && one.clientWidth > 300).length,
    images: images.length,
    scrolling: [...inside.querySelectorAll(".table")].filter(
      (one) => one.scrollWidth > one.clientWidth).length,
  }});
}});
</script>"""


def measured(page, folder, width):
    text = MEASURE.format(width=width, page=html.escape(page.read_text()))
    (folder / "frame.html").write_text(text)
    dom, console = browse(folder / "frame.html", folder / "profile", 1400)
    assert console == []
    title = html.unescape(re.search("<title>(.*?)</title>", dom).group(1))
    assert title != "not measured"
    return json.loads(title)


@needs_chromium
def test_a_browser_shows_it_without_a_complaint(report, tmp_path):
    dom, console = browse(report[1], tmp_path, 1280)
    assert console == []
    assert dom.count("<table") == 5
    assert dom.count("<img") == 4


@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk(report, tmp_path, width):
    found = measured(report[1], tmp_path, width)
    assert found["content"] == found["width"] <= width
    assert found["outside"] == 0
    assert found["tables"] == 5
    assert found["rows"] == 3
    assert found["seen"] == found["images"] == 4
    # On a phone it is the tables that scroll, each by itself.
    assert (found["scrolling"] > 0) or width > 390


@needs_chromium
def test_the_browser_would_tell_of_an_error_and_of_a_wide_page(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        "<table><tbody><tr></tbody></table>"
        "<p style='width:700px'>wide<script>undefined_name()</script>"
    )
    _, console = browse(page, tmp_path / "first", 1280)
    assert "undefined_name" in console[0]
    page.write_text("<table><tbody><tr></tbody></table><p style='width:700px'>wide")
    found = measured(page, tmp_path, 390)
    assert found["content"] > found["width"]
    assert found["outside"] == 1
