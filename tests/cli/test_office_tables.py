"""Tables as offices write them: their dates, totals, wide columns, and Excel files."""

import datetime as dt

import numpy as np
import openpyxl
import pandas as pd
import pytest

from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.table_sources import read_source
from skforecast_lstm._cli.tables import table_from_rows


def rows_at(times, **columns):
    """Rows whose values count up."""
    return pd.DataFrame({"t": times, "v": np.arange(len(times), dtype=float), **columns})


def table_of(tmp_path, text, **options):
    """The table of a CSV file, as the command reads it."""
    path = tmp_path / "sales.csv"
    path.write_text(text, encoding="utf-8")
    return table_of_file(path, **options)


def table_of_file(path, *, sheet=None, **options):
    source = read_source(str(path), sheet=sheet)
    arguments = {"target": "v", "time": "t", **options}
    return table_from_rows(
        source.rows,
        separator=source.separator,
        row_numbers=source.row_numbers,
        **arguments,
    )


# ---------------------------------------------------------------- dates of offices


@pytest.mark.parametrize("frequency", ["D", "W-MON", "MS", "h"])
@pytest.mark.parametrize(
    "form", ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%m-%d-%Y", "%-m/%-d/%Y", "%-d.%-m.%Y"]
)
@pytest.mark.parametrize("clock", ["", " %H:%M", " %H:%M:%S", " %-I:%M %p"])
def test_office_dates_are_read_and_written_as_they_came(frequency, form, clock):
    times = pd.date_range("2023-01-01", periods=66, freq=frequency)
    if frequency == "h":
        times += pd.Timedelta(days=20)
        if not clock:
            return
    written = times.strftime(form + clock)
    order = None if (form[1] == "d" and "." in form) or frequency != "MS" else "dmy"
    if frequency == "MS" and "." not in form:
        order = "mdy" if "m" in form[:3] else "dmy"
        with pytest.raises(InputError, match=r"no other row decides. Give --dates dmy"):
            table_from_rows(rows_at(written))
    table = table_from_rows(rows_at(written[:60]), dates=order)
    iso = table_from_rows(rows_at(times[:60]))
    assert table.y.index.equals(iso.y.index)
    assert list(table.steps.as_written(table.y.index)) == list(written[:60])
    assert list(table.steps.as_written(table.y.index[-1:] + 6)) == list(written[-1:])
    is_said = any("give --dates mdy" in note for note in table.notes)
    assert is_said == (frequency == "MS" and order is None)


def test_dates_in_two_orders_are_refused_with_both_rows():
    rows = rows_at(["01/02/2024", "13/02/2024", "02/03/2024", "02/14/2024"])
    message = "13/02/2024 in row 2 with the day first, and 02/14/2024 in row 4 with the m"
    with pytest.raises(InputError, match=message):
        table_from_rows(rows)
    with pytest.raises(InputError, match=r"02/14/2024 in row 4, .* order --dates dmy"):
        table_from_rows(rows, dates="dmy")


def test_a_date_of_another_form_is_named():
    rows = rows_at(["13.02.2024", "14/02/2024", "2024-02-15", "16.02.2024", "30.02.2024"])
    with pytest.raises(
        InputError, match=r"14/02/2024 in row 2.*2 more like it \(rows 3 a"
    ):
        table_from_rows(rows, time="t", target="v")


@pytest.mark.parametrize("cell", ["13.02.2024 24:00", "13.02.2024 10:60"])
def test_a_time_of_day_that_is_none_is_named(cell):
    rows = rows_at(["12.02.2024 10:00", cell, "14.02.2024 10:00"])
    with pytest.raises(InputError, match="in row 2, which is not a time"):
        table_from_rows(rows, time="t", target="v")


def test_midnight_and_noon_in_halves_of_the_day():
    times = ["1/31/2024 12:00 AM", "1/31/2024 6:00 AM", "1/31/2024 12:00 PM"]
    table = table_from_rows(rows_at(times))
    assert list(table.y.index.hour) == [0, 6, 12]
    assert list(table.steps.as_written(table.y.index)) == times
    with pytest.raises(InputError, match="13:00 PM in row 2"):
        table_from_rows(rows_at([times[0], "1/31/2024 13:00 PM", times[2]]))


# ---------------------------------------------------------------- totals


@pytest.mark.parametrize(
    "ends",
    [
        [("Total", "6")],
        [("Summe:", "6"), ("Durchschnitt", "2")],
        [("", "6")],
    ],
)
def test_a_total_at_the_end_is_named(tmp_path, ends):
    lines = ["t;v;n", "01.01.2024;1;a", "02.01.2024;2;b", "03.01.2024;3;c"]
    lines += [f"{word};{value};" for word, value in ends]
    if ends[0][0]:
        table = table_of(tmp_path, "\n".join(lines))
        assert table.y.tolist() == [1, 2, 3]
        for row, (word, _) in enumerate(ends, start=4):
            assert f"Left out row {row}, which is a total: it has {word!r} in 't'." in (
                table.notes
            )
    else:
        message = "no time in row 4. .*The last row may be a total: delete it"
        with pytest.raises(InputError, match=message):
            table_of(tmp_path, "\n".join(lines))


def test_a_series_that_is_called_total_stays():
    rows = rows_at(list("123123"), shop=["north"] * 3 + ["Total"] * 3)
    table = table_from_rows(rows, target="v", time="t", series="shop")
    assert table.lengths.to_dict() == {"north": 3, "Total": 3}
    # A last row with a time is not a total of the others.
    one = rows_at(["1", "2", "3"], shop=["north", "north", "Total"])
    table = table_from_rows(one, target="v", time="t")
    assert table.y.tolist() == [0, 1, 2]


# ---------------------------------------------------------------- all problems at once


def test_all_problems_of_a_table_are_listed(tmp_path):
    lines = ["t;v;x;s", "01.01.2024;1;1;a", "02.01.2024;many;2;a", "02.01.2024;3;3;a"]
    lines += ["05.01.2024;4;none;a", "06.01.2024;5;6;b", "07.01.2024;;7;b"]
    lines += ["08.01.2024;7;8;b"]
    with pytest.raises(InputError) as caught:
        table_of(tmp_path, "\n".join(lines), exogenous=["x"], series="s")
    assert len(caught.value.problems) == 4
    for message in [
        "'v' has many in row 2",
        "'x' has none in row 4",
        "02.01.2024 comes 2 times in series 'a'",
        "in series 'a': 03.01.2024 is the first of 2 times that are missing",
    ]:
        assert any(message in problem for problem in caught.value.problems)
    lines = [line.replace("many", "2").replace("none", "4") for line in lines]
    with pytest.raises(InputError) as caught:
        table_of(tmp_path, "\n".join(lines), exogenous=["x"], series="s")
    (_, _, empty) = caught.value.problems
    assert "'v' is empty at 07.01.2024 in series 'b'" in empty


def test_all_columns_that_are_not_there_are_listed():
    rows = rows_at(["soon", "2024-01-02"])
    with pytest.raises(InputError) as caught:
        table_from_rows(rows, target="u", time="t", series="s", exogenous=["x", "y"])
    absent = [problem.split("'")[1] for problem in caught.value.problems[:-1]]
    assert absent == ["u", "s", "x", "y"]
    assert "'t' has soon in row 1" in caught.value.problems[-1]


def test_many_problems_are_counted():
    rows = pd.concat([rows_at([1, 2, 4], s=f"shop {n}") for n in range(30)])
    with pytest.raises(InputError) as caught:
        table_from_rows(rows, target="v", time="t", series="s")
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "There are 10 more problems like these."


# ---------------------------------------------------------------- wide tables


def wide_text():
    return (
        "date;north;south;name;promotion;total\n"
        "13.01.2024;1,5;;a;0;1,5\n14.01.2024;2,5;20,5;b;1;23\n"
        "15.01.2024;3,5;30,5;c;0;34\n16.01.2024;;;d;1;\n"
    )


@pytest.mark.parametrize("options", [{"wide": True}, {"target": "north, south"}])
def test_the_columns_of_a_wide_table_are_series(tmp_path, options):
    options = {"time": None, "target": None, "exogenous": ["promotion"], **options}
    table = table_of(tmp_path, wide_text(), **options)
    assert table.y.index.names == ["series", "date"]
    assert table.y.columns.tolist() == ["value"]
    assert table.y.loc["north", "value"].tolist() == [1.5, 2.5, 3.5]
    assert table.y.loc["south", "value"].tolist() == [20.5, 30.5]
    assert table.X.loc["south", "promotion"].tolist() == [1, 0]
    assert table.X_ahead["promotion"].tolist() == [1, 1]
    assert table.lengths.to_dict() == {"north": 3, "south": 2}
    is_said = any("Left out 'total', by the name a total" in one for one in table.notes)
    assert is_said == ("wide" in options)


def test_a_column_with_a_comma_in_its_name_is_one(tmp_path):
    text = "t;a,b;a;b\n1;1;5;6\n2;2;5;6\n"
    assert table_of(tmp_path, text, target="a,b").y.tolist() == [1, 2]
    assert table_of(tmp_path, text, target="a, b").y.index.names == ["series", "t"]


def test_what_a_wide_table_refuses(tmp_path):
    for options, message in [
        ({"wide": True}, "--wide takes all columns of numbers, and --target names"),
        ({"target": "north,south", "series": "name"}, "each target is a series"),
        ({"target": "north,eastern"}, "no column 'eastern' for --target"),
        ({"target": "north,north"}, "'north' is named for two things"),
        ({"target": None, "exogenous": ["x"]}, "no column 'x' for --x"),
    ]:
        arguments = {"time": "date", "target": "north", **options}
        with pytest.raises(InputError, match=message):
            table_of(tmp_path, wide_text(), **arguments)
    message = "--target: north, south, promotion, total could be. .* give --wide"
    with pytest.raises(InputError, match=message):
        table_of(tmp_path, wide_text(), target=None, time="date")


# ---------------------------------------------------------------- Excel files


def workbook(path, sheets, *, hidden=()):
    """Write an Excel file with the rows of each sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


DAYS = [[dt.datetime(2024, 1, day), 100 * day, day % 2 == 0] for day in range(1, 5)]


def test_an_excel_file_is_read_as_its_csv(tmp_path):
    rows = [["t", "v", "x"], *DAYS]
    path = workbook(tmp_path / "sales.2024.xlsx", {"Sheet": rows, "Other": []})
    source = read_source(str(path))
    assert (source.name, source.file, source.notes) == ("sales.2024", path, ())
    table = table_of_file(path, exogenous=["x"])
    assert table.y.index.equals(pd.period_range("2024-01-01", periods=4, freq="D"))
    assert table.y.tolist() == [100, 200, 300, 400]
    assert table.X["x"].tolist() == [0, 1, 0, 1]
    text = "t,v,x\n" + "".join(f"{time:%Y-%m-%d},{v},{x}\n" for time, v, x in DAYS)
    pd.testing.assert_series_equal(table.y, table_of(tmp_path, text).y)


def test_titles_and_empty_cells_around_a_table(tmp_path):
    rows = [
        ["Sales of 2024"],
        [],
        [None, "t", None, "v"],
        *([None, time, None, v] for time, v, _ in DAYS),
        [],
        [None, "Total", None, 1000],
    ]
    path = workbook(tmp_path / "sales.xlsx", {"Sheet": rows})
    source = read_source(str(path))
    assert list(source.rows) == ["t", "v"]
    assert source.row_numbers == [4, 5, 6, 7, 9]
    assert source.notes == ("The header is row 3. Above it is 'Sales of 2024'.",)
    table = table_of_file(path)
    assert table.y.tolist() == [100, 200, 300, 400]
    assert table.notes == ["Left out row 9, which is a total: it has 'Total' in 't'."]


def test_problems_have_the_rows_of_the_sheet(tmp_path):
    rows = [["Sales"], ["t", "v"], *(row[:2] for row in DAYS)]
    rows[3][1] = "#DIV/0!"
    rows[5][0] = "later"
    path = workbook(tmp_path / "sales.xlsx", {"Sheet": rows})
    with pytest.raises(InputError) as caught:
        table_of_file(path)
    first, second = caught.value.problems
    assert "'v' has #DIV/0! in row 4" in first
    assert "'t' has later in row 6" in second


def test_numbers_and_dates_as_text_in_an_excel_file(tmp_path):
    rows = [["t", "v"], ["13.01.2024", "1.000,5"], ["14.01.2024", 7], ["15.01.2024", 8.5]]
    path = workbook(tmp_path / "sales.xlsx", {"Sheet": rows})
    table = table_of_file(path)
    assert table.y.tolist() == [1000.5, 7, 8.5]
    assert table_of_file(path, target=None).target == "v"
    # A program may have taken some days for months, so dates beside text are refused.
    rows[2][0] = dt.datetime(2024, 1, 14)
    path = workbook(tmp_path / "sales.xlsx", {"Sheet": rows})
    with pytest.raises(InputError, match=r"'t' has 13.01.2024 in row 2.*and 1 more"):
        table_of_file(path)


def test_the_sheet_is_asked_for_if_there_are_several(tmp_path):
    rows = [["t", "v"], *(row[:2] for row in DAYS)]
    sheets = {"North": rows, "South": [rows[0], *rows[2:]], "Old": rows}
    path = workbook(tmp_path / "shops.xlsx", sheets, hidden=["Old"])
    with pytest.raises(InputError, match=r"the sheets 'North', 'South'. .* --sheet"):
        read_source(str(path))
    with pytest.raises(InputError, match=r"no sheet 'Nort' .* Did you mean 'North'\?"):
        read_source(str(path), sheet="Nort")
    assert read_source(str(path), sheet="South").name == "shops-South"
    assert table_of_file(path, sheet="South").y.tolist() == [200, 300, 400]
    with pytest.raises(
        InputError, match=r"--sheet is for Excel files, and 'lynx' is not"
    ):
        read_source("lynx", sheet="South")


def test_a_formula_without_a_result_is_named(tmp_path):
    rows = [["t", "v", "w"], [1, 5, 0], [2, "=B2*2", 0], [3, "=B3*2", None]]
    path = workbook(tmp_path / "sales.xlsx", {"Sheet": rows})
    with pytest.raises(
        InputError, match=r"Cell B3 of .* has a formula without a result, "
    ):
        table_of_file(path)


def test_what_is_no_excel_file(tmp_path):
    path = tmp_path / "sales.xlsx"
    path.write_text("t,v")
    with pytest.raises(InputError, match="be read as an Excel file"):
        read_source(str(path))
    for sheets, message in [
        ({"Sheet": []}, "no visible sheet with cells"),
        ({"Sheet": [["t"], ["2024-01-01"]]}, "no row with two filled cells"),
        ({"Sheet": [["t", "v"]]}, "has no rows after the header"),
    ]:
        with pytest.raises(InputError, match=message):
            read_source(str(workbook(path, sheets)))
    (tmp_path / "sales.xls").touch()
    with pytest.raises(InputError, match=r"Save it as .xlsx or .csv"):
        read_source(str(tmp_path / "sales.xls"))
