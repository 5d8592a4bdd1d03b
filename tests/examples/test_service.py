"""The service answers what the pipeline predicts, or says what is wrong."""

import math
import runpy
from pathlib import Path

import pytest

from skforecast_lstm.persistence import export_onnx

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "service.py"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def service(load, tmp_path):
    """The pipeline, its table, and a client of the service."""
    maker, app = load("service/make_model"), load("service/app")
    pipe, table = maker.fitted_pipeline(epochs=1), maker.made_up_load()
    path = tmp_path / "load.onnx"
    export_onnx(pipe, path)
    with TestClient(app.make_app(path)) as client:
        yield pipe, table, client


def test_service(service):
    pipe, table, client = service
    about = client.get("/model").json()
    assert about == {
        "rows": 48,
        "columns": ["load", "temperature"],
        "outputs": ["prediction"],
    }
    assert client.get("/health").json() == {"status": "ok"}

    rows = table.to_numpy()[-49:-1]
    answer = client.post("/forecast", json={"rows": rows.tolist()})
    assert answer.status_code == 200
    expected = pipe.predict(table)[-1]
    assert answer.json()["prediction"] == pytest.approx(expected, rel=1e-6)

    # A value that is not known is null, and its step is masked.
    table.iloc[-10, 1] = math.nan
    unknown = [[*row] for row in rows.tolist()]
    unknown[-9][1] = None
    answer = client.post("/forecast", json={"rows": unknown})
    assert answer.json()["prediction"] == pytest.approx(pipe.predict(table)[-1], rel=1e-6)
    assert answer.json()["prediction"] != pytest.approx(expected, rel=1e-6)

    numbers = "[1.0, 2.0], " * 47
    for content, message in (
        ('{"rows": [[1.0, 2.0]]}', "rows has 1 rows, but the window needs 48"),
        (f'{{"rows": [{numbers}[1.0]]}}', r"rows[47] has 1 values"),
        (f'{{"rows": [{numbers}["a", 2.0]]}}', "body.rows.47.0"),
        (f'{{"rows": [{numbers}["1.0", 2.0]]}}', "valid number"),
        (f'{{"rows": [{numbers}[true, 2.0]]}}', "valid number"),
        (f'{{"rows": [{numbers}[1e300, 2.0]]}}', "too large"),
        (f'{{"rows": [{numbers}[Infinity, 2.0]]}}', "finite number"),
        (f'{{"rows": [{numbers}[NaN, 2.0]]}}', "finite number"),
        (f'{{"rows": [{numbers}[1e999, 2.0]]}}', "finite number"),
        (f'{{"rows": {[[None, None]] * 48}}}'.replace("None", "null"), "nothing to"),
        ('{"lines": []}', "body.rows: Field required"),
        ("no JSON", "JSON decode error"),
    ):
        answer = client.post("/forecast", content=content, headers=JSON)
        assert answer.status_code == 422, content
        assert message in answer.json()["detail"]

    metrics = client.get("/metrics").text
    assert 'answers_total{status="200"} 2.0' in metrics
    assert 'answers_total{status="422"} 12.0' in metrics
    assert "forecast_seconds_count 2.0" in metrics


def test_a_service_that_is_killed_under_load_answers_nothing_wrong(tmp_path):
    pytest.importorskip("uvicorn")
    benchmark = runpy.run_path(str(BENCHMARK))
    requests, expected = benchmark["prepare"](tmp_path)
    with benchmark["running"](tmp_path) as service:
        clients, starts = benchmark["kill_under_load"](
            service, requests, expected, n_clients=2, n_kills=2
        )
    assert len(starts) == 2
    assert sum(client.n_again for client in clients) >= 2
    assert all(len(client.seconds) > 10 for client in clients)
    assert sum(client.n_wrong for client in clients) == 0
