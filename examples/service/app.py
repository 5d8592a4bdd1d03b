"""Service that answers one forecast from a file of ONNX.

    MODEL=load.onnx uvicorn --factory app:make_app

It needs only the packages of `requirements.txt`: no Keras, JAX or scikit-learn. It keeps
nothing between requests. A request has the recent rows of a series, so that any number
of processes can answer, and a process that was killed has lost nothing.
"""

import json
import os
import time
from typing import Annotated

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from pydantic import BaseModel, Field

# A number, or null for an unknown value.
Value = Annotated[float, Field(allow_inf_nan=False, strict=True)] | None


class Rows(BaseModel):
    """Recent rows of one series, oldest first, one per step."""

    rows: list[list[Value]]


class Model:
    """File of ONNX, and what it needs."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        # One forecast is too small for several threads.
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        (given,) = self.session.get_inputs()
        if given.name != "rows":
            raise ValueError(
                f"{path!r} has the input {given.name!r}, not 'rows'. Export a pipeline "
                "with a LookbackWindower."
            )
        _, self.n_rows, self.n_columns = given.shape
        self.outputs = [output.name for output in self.session.get_outputs()]
        metadata = self.session.get_modelmeta().custom_metadata_map
        numbers = [str(number) for number in range(self.n_columns)]
        self.columns = json.loads(metadata.get("columns", json.dumps(numbers)))
        # The first run takes longer than others, and shows whether the file works.
        self.forecast(np.zeros((self.n_rows, self.n_columns)))

    def read(self, rows):
        """Return the rows as an array, or raise a ValueError."""
        if len(rows) != self.n_rows:
            raise ValueError(
                f"rows has {len(rows)} rows, but the window needs {self.n_rows}. Send "
                "null for unknown values."
            )
        for number, row in enumerate(rows):
            if len(row) != self.n_columns:
                raise ValueError(
                    f"rows[{number}] has {len(row)} values, but there are "
                    f"{self.n_columns} columns: {self.columns}."
                )
        values = np.array(rows, dtype=np.float64)
        if np.isnan(values).all():
            raise ValueError("All values are unknown, so there is nothing to answer.")
        # The network computes in float32, in which larger values are infinite.
        if np.nanmax(np.abs(values)) > np.finfo(np.float32).max:
            raise ValueError("A value is too large for float32.")
        return values

    def forecast(self, values):
        """Return the outputs by name."""
        found = self.session.run(self.outputs, {"rows": values[np.newaxis]})
        return {
            name: one[0].tolist() for name, one in zip(self.outputs, found, strict=True)
        }


def make_app(path=None):
    """Return the service for a file, by default that in the environment as MODEL."""
    model = Model(path or os.environ["MODEL"])
    app = FastAPI(title="Forecasts")
    registry = CollectorRegistry()
    answers = Counter("answers", "Answers by status.", ["status"], registry=registry)
    seconds = Histogram(
        "forecast_seconds",
        "Time of a forecast, without the network.",
        registry=registry,
        buckets=[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1],
    )

    def refuse(message):
        answers.labels(422).inc()
        return JSONResponse({"detail": message}, status_code=422)

    @app.exception_handler(RequestValidationError)
    async def refuse_request(_: Request, error: RequestValidationError):
        # Without the input, which may be too large to send back, or no JSON.
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        return refuse(f"{place}: {first['msg']}")

    @app.post("/forecast")
    async def forecast(given: Rows):
        start = time.perf_counter()
        try:
            values = model.read(given.rows)
        except ValueError as error:
            return refuse(str(error))
        outputs = model.forecast(values)
        seconds.observe(time.perf_counter() - start)
        try:
            content = json.dumps(outputs, allow_nan=False)
        except ValueError:
            return refuse("The model has no forecast for these rows.")
        answers.labels(200).inc()
        return Response(content, media_type="application/json")

    @app.get("/model")
    async def about():
        return {
            "rows": model.n_rows,
            "columns": model.columns,
            "outputs": model.outputs,
        }

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    @app.get("/metrics")
    async def metrics():
        return Response(generate_latest(registry), media_type="text/plain")

    return app
