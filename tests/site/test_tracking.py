"""The page on tracking and tuning: its code runs, and gives what the page says."""

import copy
import re
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skforecast_lstm import LSTMClassifier, LSTMRegressor

PAGE = Path(__file__).parents[2] / "docs" / "tracking.md"


def code_under(heading):
    """Return the code of a section, without the sections below it."""
    text = PAGE.read_text("utf-8")
    sections = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)[1:]
    section = dict(zip(sections[::2], sections[1::2], strict=True))[heading]
    return "\n".join(
        re.findall(r"^```python\n(.+?)^```$", section, re.DOTALL | re.MULTILINE)
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the code of sections in an empty folder, and return all its names."""
    monkeypatch.chdir(tmp_path)

    def run_sections(*headings, needs=()):
        for library in needs:
            pytest.importorskip(library)
        names = {"__name__": "page"}
        for heading in ("Tracking and tuning", *headings):
            exec(compile(code_under(heading), str(PAGE), "exec"), names)
        return names

    return run_sections


@pytest.fixture
def mlflow(monkeypatch):
    """MLflow, without the process in which it looks for the imports of a model."""
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setattr(
        mlflow.models, "infer_pip_requirements", lambda *_, fallback, **__: fallback
    )
    yield mlflow
    mlflow.sklearn.autolog(disable=True)


@pytest.mark.filterwarnings("default")
def test_mlflow_loads_the_same_model(run, mlflow):
    names = run("MLflow", "Log a model and load it", needs=["skops"])
    pipe, rows = names["pipe"], names["rows"]
    expected = pipe.predict(rows)
    by_skops = mlflow.sklearn.load_model(names["by_skops"].model_uri)
    for again in (names["again"], names["served"], names["safe"], by_skops):
        np.testing.assert_array_equal(again.predict(rows), expected)
    # The rows that follow have their history by the index, which a signature leaves out.
    index = rows.index[-1:] + rows.index.freq
    following = pd.DataFrame({"load": [0.5]}, index=index)
    np.testing.assert_array_equal(
        names["served"].predict(following), pipe.predict(following)
    )


@pytest.mark.filterwarnings("default")
def test_mlflow_loads_a_classifier(mlflow, tmp_path, rng):
    windows = rng.normal(size=(40, 5))
    labels = np.where(windows[:, -1] > 0, "up", "down")
    classifier = LSTMClassifier(2, epochs=1, random_state=0).fit(windows, labels)
    signature = mlflow.models.infer_signature(windows, labels)
    mlflow.sklearn.save_model(
        classifier,
        tmp_path / "model",
        signature=signature,
        serialization_format="cloudpickle",
    )
    again = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(windows)
    np.testing.assert_array_equal(again, classifier.predict(windows))


@pytest.mark.filterwarnings("default")
def test_mlflow_logs_parameters_scores_and_epochs(run, mlflow):
    names = run("MLflow", "Log every fit")
    last = names["last_run"]
    assert last.data.params["lstmregressor__units"] == "4"
    assert last.data.metrics["training_score"] == pytest.approx(
        names["watched"].score(names["rows"], names["rows"])
    )
    losses = mlflow.MlflowClient().get_metric_history(last.info.run_id, "loss")
    assert [one.step for one in losses] == list(range(5))
    by_number = {}
    for units, score in zip(
        names["candidates"]["params.lstmregressor__units"],
        names["candidates"]["metrics.mean_test_score"],
        strict=True,
    ):
        by_number[int(units)] = score
    expected = names["search"].cv_results_["mean_test_score"]
    assert [by_number[2], by_number[4]] == pytest.approx(list(expected))


@pytest.mark.filterwarnings("default")
def test_autolog_of_keras_sees_no_training(run, mlflow, rng):
    run("MLflow")
    windows = rng.normal(size=(20, 3))
    # MLflow keeps the database of the first test open, whatever the folder is now.
    n_runs = len(mlflow.search_runs())
    mlflow.keras.autolog()
    try:
        LSTMRegressor(1, epochs=1).fit(windows, windows[:, -1])
    finally:
        mlflow.keras.autolog(disable=True)
    assert len(mlflow.search_runs()) == n_runs


@pytest.mark.filterwarnings("default")
def test_sktime_loads_the_same_forecaster_from_mlflow(run, mlflow):
    names = run("MLflow", "A forecaster")
    assert names["loaded"].predict().equals(names["forecaster"].predict())


def states_of(trials):
    return {trial.state.name for trial in trials}


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.filterwarnings("ignore:.*optuna.terminator:FutureWarning")
def test_optuna_searches_and_stops_trials(run):
    names = run("Optuna", needs=["optuna_integration"])
    search = names["search"]
    pipe = clone(search.estimator).set_params(lstmregressor__callbacks=None)
    pipe.set_params(**search.best_params_)
    again = cross_val_score(
        pipe, names["rows"], names["rows"], cv=search.cv, scoring=search.scoring
    )
    assert search.best_score_ == pytest.approx(again.mean())
    assert states_of(search.trials_) == {"COMPLETE"}
    assert states_of(names["pruning_search"].trials_) == {"COMPLETE", "PRUNED"}
    trials = names["study"].trials
    assert states_of(trials) == {"COMPLETE", "PRUNED"}
    n_epochs = {trial.state.name: len(trial.intermediate_values) for trial in trials}
    assert n_epochs["COMPLETE"] == 5
    assert n_epochs["PRUNED"] < 5
    # The last tenth of the rows is held out, so that there is a val_loss.
    assert names["pipe"][-1].history_["val_loss"]


def test_a_clone_reports_to_the_same_trial():
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    study = optuna.create_study()
    callback = integration.KerasPruningCallback(study.ask(), "loss")
    regressor = LSTMRegressor(1, epochs=2, callbacks=[callback])
    windows = np.random.default_rng(0).normal(size=(20, 3))
    fitted = clone(regressor).fit(windows, windows[:, 0])
    reported = study.trials[0].intermediate_values
    assert list(reported.values()) == pytest.approx(fitted.history_["loss"])


def events_of(folder):
    """Return the scalars of all event files: tag, step and value."""
    from tensorboardX.proto.event_pb2 import Event

    scalars = []
    for path in Path(folder).glob("events*"):
        content = path.read_bytes()
        while content:
            # A record: its length in 8 bytes, and checksums of 4 bytes around it.
            (length,) = struct.unpack("<Q", content[:8])
            event = Event.FromString(content[12 : 12 + length])
            scalars += [
                (one.tag, event.step, one.simple_value) for one in event.summary.value
            ]
            content = content[16 + length :]
    return scalars


def test_tensorboard_has_every_epoch(run):
    names = run("TensorBoard", needs=["tensorboardX"])
    losses = names["pipe"][-1].history_["loss"]
    scalars = events_of("runs/first")
    assert [(tag, step) for tag, step, _ in scalars] == [("loss", n) for n in range(5)]
    assert [value for *_, value in scalars] == pytest.approx(losses)
    # The estimator keeps no open file.
    copy.deepcopy(names["pipe"])


@pytest.mark.filterwarnings("default")
def test_weights_and_biases_has_every_epoch(run, monkeypatch):
    wandb = pytest.importorskip("wandb")
    logged = []
    original = wandb.Run.log

    def log(self, data, **others):
        logged.append(data)
        return original(self, data, **others)

    monkeypatch.setattr(wandb.Run, "log", log)
    names = run("Weights and Biases")
    assert [one["epoch"] for one in logged] == list(range(5))
    losses = [one["loss"] for one in logged]
    assert losses == pytest.approx(names["pipe"][-1].history_["loss"])
    assert list(Path("wandb").glob("offline-run-*/*.wandb"))
