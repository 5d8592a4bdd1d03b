"""The example of two shops in an Excel file: the promotion ahead is read, and used."""

import numpy as np
import openpyxl
import pandas as pd
import pytest


@pytest.mark.slow
def test_the_promotion_ahead_is_used(load, tmp_path, capsys):
    assert load("shops").main(["--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "Left out row 272, which is a total: it has 'Total' in 'shop'." in said
    assert "The header is row 3. Above it is 'Sales of our shops'." in said
    forecast = pd.read_csv(tmp_path / "shops-forecast.csv")
    assert forecast["shop"].tolist() == ["north"] * 14 + ["south"] * 14
    sheet = openpyxl.load_workbook(tmp_path / "shops.xlsx").active
    cells = sheet.iter_rows(min_row=4, values_only=True)
    promotions = {(shop, day): word == "yes" for shop, day, _, word in cells}
    keys = zip(forecast["shop"], forecast["day"], strict=True)
    is_on = np.array([promotions[key] for key in keys])
    days = pd.to_datetime(forecast["day"], dayfirst=True).dt.day_of_week
    level = forecast["shop"].map({"north": 80, "south": 200})
    truth = level * (1 + 0.2 * np.sin(2 * np.pi * days / 7)) * (1 + 0.5 * is_on)
    errors = (forecast["forecast"] / truth - 1).abs()
    assert errors.mean() < 0.12
    # Without the promotion, the forecast of its days would be a third too low.
    assert errors[is_on].mean() < 0.2
    assert (tmp_path / "shops-forecast.png").stat().st_size > 10_000
