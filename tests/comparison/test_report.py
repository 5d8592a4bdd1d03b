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
from skforecast_lstm._palette import COLOURS
from skforecast_lstm.comparison import report_data
from skforecast_lstm.comparison.formats import as_text
from skforecast_lstm.comparison.lineup import ignore_default_warnings
from tests.comparison.made_up import comparison_of

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium or google-chrome to open the report in"
)
# Forecasts, residuals, errors by step, ratios, ranks and seconds.
N_CHARTS = 6
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
    data, own = elements.all("script")
    assert data == {"type": "application/json", "id": "data"}
    assert own == {}
    assert elements.all("link") == elements.all("img") == []
    policy = elements.all("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"].startswith("default-src 'none'")
    charts = [one for one in elements.all("div") if one.get("class") == "chart"]
    assert [one["id"] for one in charts] == [
        "forecasts",
        "residuals",
        "horizon",
        "skill",
        "ranks",
        "seconds",
    ][: len(charts)]
    assert all(one["aria-label"] and one["tabindex"] == "0" for one in charts)
    # The name of SVG is no address to load from.
    text = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|url\(|@import|innerHTML|eval\(", text)


def data_of(page):
    text = re.search('id="data">(.*?)</script>', page, re.DOTALL).group(1)
    return json.loads(text)


def test_numbers_that_are_drawn_are_those_of_the_tables(report):
    comparison, path = report
    data = data_of(path.read_text())
    table = comparison.forecasts
    one = data["series"][0]
    of = table[(table["dataset"] == "airline") & (table["forecaster"] == "Theta")]
    assert one["name"] == "airline"
    for number, (start, forecast, lower, upper) in enumerate(one["windows"]["Theta"], 1):
        rows = of[of["window"] == number]
        assert one["times"][start] == str(rows["time"].iloc[0])
        np.testing.assert_allclose(forecast, rows["forecast"], rtol=1e-4)
        np.testing.assert_allclose(lower, rows["lower_0.95"], rtol=1e-4)
        np.testing.assert_allclose(upper, rows["upper_0.95"], rtol=1e-4)
        actual = one["actual"][start : start + 12]
        np.testing.assert_allclose(actual, rows["actual"], rtol=1e-4)
    errors = comparison.by_horizon()
    np.testing.assert_allclose(data["horizon"]["errors"]["Theta"], errors["Theta"], 1e-4)


def test_a_report_of_many_forecasts_stays_under_a_megabyte(tmp_path):
    many = comparison_of(
        {f"f {number}": np.linspace(1, 2, 400) + number for number in range(7)},
        datasets=20,
        steps=14,
    )
    many.to_html(tmp_path / "large.html")
    page = tmp_path / "large.html"
    assert page.stat().st_size < 1_000_000
    data = data_of(page.read_text())
    assert len(data["series"]) == 20
    assert 0 < data["n_windows"] < 20
    assert f"The charts show the last {data['n_windows']} windows of" in page.read_text()


def test_windows_that_are_far_apart_are_drawn_only_if_their_rows_fit(
    tmp_path, monkeypatch, rng
):
    monkeypatch.setattr(report_data, "_MOST_ROWS", 1000)
    y = pd.DataFrame(rng.normal(size=(2000, 2)), columns=["a", "b"])
    far = compare(y, horizon=12, n_windows=5, step=200, forecasters=["naive"])
    far.to_html(tmp_path / "far.html")
    data = data_of((tmp_path / "far.html").read_text())
    assert data["n_windows"] == 3
    for one in data["series"]:
        assert one["actual"] == pytest.approx(y[one["name"]].tail(500).tolist(), rel=1e-4)
        starts = [window[0] for window in one["windows"]["naive"]]
        assert [int(one["times"][start]) for start in starts] == [1588, 1788, 1988]


def test_tables_of_thousands_of_series_show_their_first_rows(tmp_path):
    many = comparison_of({name: np.linspace(1, 2, 2000) for name in "ab"}, datasets=2000)
    cells = [
        {"dataset": f"data {number}", "time": step, "step": step, "forecaster": "a"}
        for number in range(2000)
        for step in range(3)
    ]
    ahead = pd.DataFrame(cells).assign(forecast=1.0)
    page = tmp_path / "many.html"
    many.to_html(page, forecast=ahead)
    assert page.stat().st_size < 1_000_000
    text = page.read_text()
    assert "The first 300 of 2,000 rows. by_series() has all." in text
    assert "The first 300 of 6,000 rows. forecast() has all." in text
    assert text.count(">data 299</th>") >= 1
    assert ">data 300</th>" not in text
    assert "2,000 datasets" in text


def test_more_forecasters_than_colours_have_other_keys(tmp_path):
    many = comparison_of({f"f {number}": [1.0 + number] for number in range(17)})
    many.to_html(tmp_path / "many.html")
    text = (tmp_path / "many.html").read_text()
    keys = re.findall(r'class="(key k\d" style="color:var\(--c\d\)"></span>f \d+)<', text)
    assert len(set(keys)) == 17
    assert len({key.partition("</span>")[0] for key in keys}) == 17


def test_what_comes_next_is_drawn_and_a_table(report, tmp_path):
    comparison = report[0]
    ahead = comparison.forecast(forecaster="Theta")
    comparison.to_html(tmp_path / "next.html", forecast=ahead)
    data = data_of((tmp_path / "next.html").read_text())
    one = data["series"][0]
    start, forecast, *_ = one["ahead"]
    assert one["times"][start] == "1961-01"
    np.testing.assert_allclose(forecast, ahead["forecast"][:12], rtol=1e-4)
    assert data["winner"] == "Theta"
    assert "What comes next" in (tmp_path / "next.html").read_text()


@pytest.mark.parametrize("column", ["MASE", "behind_percent", "sMAPE", "coverage_0.95"])
def test_numbers_are_those_of_the_terminal(report, capsys, column):
    from skforecast_lstm.cli import _print_ranking

    ranking = report[0].ranking()
    _print_ranking(ranking)
    said = capsys.readouterr().out
    text = as_text(column, ranking[column]["Theta"])
    assert text in said
    assert f">{text}</td>" in report[1].read_text()


def test_each_forecaster_has_one_colour(report):
    from matplotlib.colors import to_hex

    text = report[1].read_text()
    order = data_of(text)["forecasters"]
    lines = report[0].plot("horizon").axes[0].get_lines()
    drawn = {line.get_label(): to_hex(line.get_color()).upper() for line in lines}
    for number, name in enumerate(order[:2]):
        assert drawn[name] == COLOURS[number].upper()
        key = f'color:var(--c{number})"></span>{name}</'
        # In the ranking, the buttons, a legend and the settings.
        assert text.count(key) >= 4


def test_what_users_wrote_is_escaped(report):
    text = report[1].read_text()
    assert text.count("<script") == text.count("</script>") == 2
    assert html.escape(EVIL) in text
    assert EVIL in [one["name"] for one in data_of(text)["series"]]


def test_summary_ranking_and_reasons_are_there(report):
    comparison, path = report
    text = path.read_text()
    assert html.escape(comparison.summary()) in text
    places = [text.index(f"</span>{name}</th>") for name in ("Theta", "naive")]
    assert places == sorted(places)
    assert f"{comparison.ranking()['MASE']['Theta']:.3f}" in text
    assert all(html.escape(sentence) in text for sentence in comparison.advice())
    assert "RuntimeError" in text
    assert "sktime" in text
    assert "NaiveForecaster()" in text


def test_no_number_has_an_exponent_where_a_thousand_begins(report, tmp_path):
    results = report[0].results.assign(value=999.7)
    dataclasses.replace(report[0], results=results).to_html(tmp_path / "large.html")
    text = (tmp_path / "large.html").read_text()
    assert ">1,000</td>" in text
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
    assert len(data_of(text)["series"]) == 8
    assert "The charts show the last window of 8 series." in text
    with ignore_default_warnings():
        broken = Broken()
    none = compare(
        pd.Series(np.sqrt(np.arange(30.0))), horizon=3, n_windows=1, forecasters=[broken]
    )
    none.to_html(tmp_path / "none.html")
    text = (tmp_path / "none.html").read_text()
    assert "all failed" in text
    assert 'class="chart"' not in text


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
  const kinds = "h1, h2, p, svg, select, .controls button, figure, .table";
  const outside = [...inside.querySelectorAll(kinds)].filter(
    (one) => one.getBoundingClientRect().right > {width});
  const images = [...inside.querySelectorAll("svg")];
  const ranking = inside.querySelector(".table");
  document.title = JSON.stringify({{
    width: inside.documentElement.clientWidth,
    content: inside.documentElement.scrollWidth,
    outside: outside.length,
    tables: inside.querySelectorAll("table").length,
    rows: inside.querySelector("tbody").rows.length,
    seen: images.filter((one) => one.children.length > 3
      && one.getBoundingClientRect().width > 300).length,
    images: images.length,
    hidden: ranking ? ranking.scrollWidth - ranking.clientWidth : null,
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
    assert dom.count("<table") == 6
    assert dom.count("<svg") == N_CHARTS


@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk(report, tmp_path, width):
    found = measured(report[1], tmp_path, width)
    assert found["content"] == found["width"] <= width
    assert found["outside"] == 0
    assert found["tables"] == 6
    assert found["rows"] == 3
    assert found["seen"] == found["images"] == N_CHARTS
    # On a phone it is the tables that scroll, each by itself.
    assert (found["scrolling"] > 0) or width > 390


@needs_chromium
def test_the_whole_ranking_is_seen_on_a_desk(tmp_path, airline):
    y = airline["passengers"]
    names = ["naive", "seasonal naive", "Theta"]
    compare(y, horizon=12, forecasters=names, ensembles=True).to_html(tmp_path / "r.html")
    assert measured(tmp_path / "r.html", tmp_path, 1440)["hidden"] == 0
    assert measured(tmp_path / "r.html", tmp_path, 390)["hidden"] > 0


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


# Sorts, presses and points in a page, and writes what it finds into the title.
USE = """<script>
addEventListener("load", () => {
  const table = document.querySelector("table");
  const head = [...table.tHead.rows[0].cells];
  const column = head.findIndex((cell) => cell.textContent === "MASE");
  const first = () => table.tBodies[0].rows[0].cells[0].textContent;
  head[column].querySelector("button").click();
  const least = first();
  head[column].querySelector("button").click();
  const most = first();
  const lines = () => document.querySelectorAll("#forecasts polyline").length;
  const before = lines();
  document.querySelector("button[data-name][aria-pressed=false]").click();
  const after = lines();
  const chart = document.getElementById("forecasts");
  chart.dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));
  const said = document.getElementById("forecasts-said").textContent;
  const select = document.getElementById("series");
  select.value = "1";
  select.onchange();
  chart.dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
  const other = document.getElementById("forecasts-said").textContent;
  document.title = JSON.stringify({ least, most, before, after, said, other,
    sort: head[column].getAttribute("aria-sort") });
});
</script>"""


@needs_chromium
def test_a_page_sorts_chooses_and_reads_values(report, tmp_path):
    page = tmp_path / "used.html"
    page.write_text(report[1].read_text() + USE)
    dom, console = browse(page, tmp_path / "profile", 1280)
    assert console == []
    found = json.loads(html.unescape(re.search("<title>(.*?)</title>", dom).group(1)))
    assert (found["least"], found["most"]) == ("Theta", "naive")
    assert found["sort"] == "descending"
    assert found["after"] > found["before"]
    one = data_of(report[1].read_text())["series"][0]
    assert found["said"].startswith(one["times"][0])
    assert "actual" in found["said"]
    assert found["other"].startswith("1960-12")


SORT = """<script>
addEventListener("load", () => {
  const table = document.querySelector("table");
  const head = [...table.tHead.rows[0].cells];
  const place = head.findIndex((cell) => cell.textContent === "place");
  const rows = () => [...table.tBodies[0].rows];
  const order = () => rows().map((row) => row.cells[place].textContent);
  head[place].querySelector("button").click();
  const up = order();
  head[place].querySelector("button").click();
  document.title = JSON.stringify({ up, down: order() });
});
</script>"""


@needs_chromium
def test_places_are_sorted_as_numbers_and_without_a_place_comes_last(tmp_path):
    ends = np.linspace(1, 2, 10)
    mase = {f"f {number}": ends * (1 + number) for number in range(11)}
    comparison = comparison_of(mase | {"g": ends, "broken": np.full(10, np.nan)})
    comparison.to_html(tmp_path / "places.html")
    page = tmp_path / "used.html"
    page.write_text((tmp_path / "places.html").read_text() + SORT)
    dom, console = browse(page, tmp_path / "profile", 1280)
    assert console == []
    found = json.loads(html.unescape(re.search("<title>(.*?)</title>", dom).group(1)))
    others = [str(place) for place in range(3, 13)]
    assert found["up"] == ["1=", "1=", *others, "-"]
    assert found["down"] == [*others[::-1], "1=", "1=", "-"]


EXPLODED = """<script>
addEventListener("load", () => {
  const ys = [...document.querySelectorAll("#forecasts polyline")].flatMap((line) =>
    line.getAttribute("points").split(" ").map((point) => Number(point.split(",")[1])));
  const said = document.getElementById("forecasts-said").textContent;
  const labels = [...document.querySelectorAll("#forecasts svg text")].map(
    (text) => text.textContent);
  document.title = JSON.stringify({ low: Math.min(...ys), high: Math.max(...ys), said,
    labels });
});
</script>"""


@needs_chromium
def test_a_forecast_that_explodes_leaves_the_actual_values_to_be_seen(tmp_path):
    comparison = comparison_of({"a": [1.0, 1e9]})
    hours = pd.Timestamp("2024-01-01") + pd.to_timedelta(range(60), unit="h")
    history, forecasts = (
        table.assign(time=hours[table["time"].astype(int)])
        for table in (comparison.history, comparison.forecasts)
    )
    history["actual"] = np.arange(60.0)
    comparison = dataclasses.replace(comparison, history=history, forecasts=forecasts)
    comparison.to_html(tmp_path / "exploded.html")
    page = tmp_path / "seen.html"
    page.write_text((tmp_path / "exploded.html").read_text() + EXPLODED)
    dom, console = browse(page, tmp_path / "profile", 1280)
    assert console == []
    found = json.loads(html.unescape(re.search("<title>(.*?)</title>", dom).group(1)))
    assert 0 < found["low"] < found["high"] < 340
    assert "Some values are outside of the chart" in found["said"]
    # The actual values are a seventh of the range that is drawn, not one in 10 million.
    assert "100" in found["labels"]
    assert any(re.fullmatch(r"2024-01-0\d \d\d:00", of) for of in found["labels"])


def test_settings_have_no_column_without_a_value(report):
    text = report[1].read_text(encoding="utf-8")
    assert "season length" in text
    assert "unused season" not in text
