"""CSV files in other encodings than UTF-8: read if it is certain, else asked for."""

import codecs
import gzip

import pandas as pd
import pytest

from skforecast_lstm._cli.errors import InputError
from skforecast_lstm._cli.table_sources import read_source
from skforecast_lstm.cli import main

TEXT = "Tag;Umsatz \u20ac\n01.01.2026;1,5\n02.01.2026;2,5\n"
TOWNS = "month,town,units\n2026-01,K\u00f6ln,1\n2026-02,K\u00f6ln,2\n"


def expected(text=TEXT, separator=";"):
    header, *rows = [line.split(separator) for line in text.splitlines()]
    return pd.DataFrame(rows, columns=header)


def written(tmp_path, text, encoding, mark=b"", name="sales.csv"):
    path = tmp_path / name
    opened = gzip.open if name.endswith(".gz") else open
    with opened(path, "wb") as file:
        file.write(mark + text.encode(encoding))
    return str(path)


MARKS = [
    ("utf-8", codecs.BOM_UTF8),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
]


@pytest.mark.parametrize("name", ["sales.csv", "sales.txt.gz"])
@pytest.mark.parametrize(("encoding", "mark"), MARKS)
def test_a_mark_names_the_encoding(encoding, mark, name, tmp_path):
    path = written(tmp_path, TEXT, encoding, mark, name)
    for given in (None, encoding):
        source = read_source(path, encoding=given)
        pd.testing.assert_frame_equal(source.rows, expected(), check_dtype=False)
        assert source.separator == ";"


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "latin-1", "mac-roman", "UTF8"])
def test_an_encoding_that_is_given_is_read(encoding, tmp_path):
    path = written(tmp_path, TOWNS, encoding)
    rows = read_source(path, encoding=encoding).rows
    pd.testing.assert_frame_equal(rows, expected(TOWNS, ","), check_dtype=False)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_named(encoding, tmp_path):
    path = written(tmp_path, TEXT, encoding)
    with pytest.raises(InputError, match=f"Give --encoding {encoding}, or save it"):
        read_source(path)
    rows = read_source(path, encoding=encoding).rows
    pd.testing.assert_frame_equal(rows, expected(), check_dtype=False)


def test_other_bytes_are_shown_with_the_encoding_that_they_may_have(tmp_path):
    path = written(tmp_path, TOWNS, "latin-1")
    says = (
        "it is not UTF-8 in line 2. In cp1252, which Windows writes in Western Europe, "
        "it would be '2026-01,K\u00f6ln,1'. If that is right, give --encoding cp1252. "
        "Otherwise give its encoding with --encoding, or save it as UTF-8."
    )
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert str(caught.value).endswith(says)
    # Byte 81 is none of cp1252.
    with pytest.raises(InputError, match=r"not UTF-8 in line 2. Give its encoding"):
        read_source(written(tmp_path, "t,v\n\x81,2\n", "latin-1"))
    with pytest.raises(InputError, match=r"it is not ascii in line 2"):
        read_source(path, encoding="ascii")
    with pytest.raises(InputError, match=r"it is not utf-16. Give its encoding"):
        read_source(written(tmp_path, "t,v\n1,2", "latin-1", codecs.BOM_UTF16_LE))


def test_a_mark_against_the_option_is_refused(tmp_path):
    path = written(tmp_path, TEXT, "utf-8", codecs.BOM_UTF8)
    with pytest.raises(InputError, match="the mark of UTF-8, but --encoding is cp1252"):
        read_source(path, encoding="cp1252")


def test_a_nul_character_is_found_in_wide_encodings(tmp_path):
    for encoding, mark in MARKS:
        path = written(tmp_path, TEXT + "03.01.2026;3\0,5\n", encoding, mark)
        with pytest.raises(InputError, match=r"NUL byte in row 3, column 'Umsatz"):
            read_source(path)


def test_the_command_has_the_option(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2026-01-01", periods=30).strftime("%Y-%m-%d")
    text = "day,st\u00fcck\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days))
    written(tmp_path, text, "cp1252")
    forecast = ["forecast", "sales.csv", "--forecaster", "naive", "--horizon", "2"]
    assert main(forecast) == 2
    assert "give --encoding cp1252" in capsys.readouterr().err
    assert main([*forecast, "--encoding", "cp1252"]) == 0
    assert "Read 'st\u00fcck' as the target." in capsys.readouterr().err
    for wrong in ("hex", "klingon", ""):
        assert main([*forecast, "--encoding", wrong]) == 2
        assert "is no encoding; known are utf-8" in capsys.readouterr().err
    assert main(["forecast", "airline", "--encoding", "cp1252"]) == 2
    assert "--encoding is for CSV files, and 'airline' is not" in capsys.readouterr().err
