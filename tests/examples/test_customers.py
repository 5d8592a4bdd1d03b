"""When customers come back: what the example prints, and where it reads visits from."""

import numpy as np
import pandas as pd
import pytest
import sqlalchemy


@pytest.mark.slow
def test_customers(load, tmp_path, capsys):
    result = load("customers").main(["--plots", str(tmp_path)])
    errors = result["errors"]["MAE (days)"]
    assert len(errors) == 10
    for name in errors.index[errors.index.str.contains("windows")]:
        assert errors[name] < errors["last interval"]
        assert errors[name] < errors["median of all"]
    best = errors[errors.index.str.contains("windows of 8")]
    assert best.iloc[0] < errors["customer's mean"]
    gain = 100 * (1 - best.iloc[0] / errors["customer's mean"])
    printed = capsys.readouterr().out
    assert f"{best.index[0]}, errs {gain:.1f} % less" in printed

    bins = result["bins"]
    assert (bins["bin right (%)"] > bins["most frequent bin (%)"]).all()
    assert (bins["log loss"] < bins["log loss of past shares"]).all()
    assert (bins["width (days)"] < bins["its width (days)"]).all()
    assert bins["in 80 % range (%)"].between(75, 90).all()

    # What a random split promises is not what is kept, and it is not for easier visits.
    promised, of_late, kept = result["splits"].to_numpy()
    assert (promised < kept).all()
    assert (of_late < kept).all()

    dates = result["dates"]
    assert len(dates) > 200
    assert (dates["last visit"].max() < dates["from"]).all()
    assert (dates["from"] < dates["next visit"]).all()
    assert (dates["next visit"] < dates["until"]).all()
    for picture in ("dates", "reliability", "splits"):
        assert (tmp_path / f"customers-{picture}.png").stat().st_size > 10_000


@pytest.mark.slow
def test_customers_from_a_file_and_a_database(load, tmp_path):
    customers = load("customers")
    visits = customers.generated_visits(n_customers=30).set_axis(["card", "at"], axis=1)
    visits.to_csv(tmp_path / "visits.csv", index=False)
    url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    engine = sqlalchemy.create_engine(url)
    visits.assign(price=1.0).to_sql("receipts", engine, index=False)
    engine.dispose()
    columns = ["--customer", "card", "--time", "at", "--plots", str(tmp_path)]
    from_file = [*columns, "--data", str(tmp_path / "visits.csv")]
    from_database = [*columns, "--data", url, "--table", "receipts"]
    pd.testing.assert_frame_equal(
        *(
            customers.read_visits(customers.parsed(source)).astype({"at": "str"})
            for source in (from_file, from_database)
        )
    )
    result = customers.main(from_database)
    assert result["dates"].index.name == "card"
    assert set(result["dates"].index) <= set(visits["card"])
    assert np.isfinite(result["errors"].to_numpy()).all()


def test_too_few_visits_are_told(load, tmp_path):
    pd.DataFrame(
        {"customer": "Ada", "time": pd.date_range("2026-01-01", periods=5)}
    ).to_csv(tmp_path / "visits.csv")
    with pytest.raises(SystemExit, match="No customer has 10 days with a visit"):
        load("customers").main(["--data", str(tmp_path / "visits.csv")])
