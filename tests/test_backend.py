"""Which backend Keras gets, each time in a process of its own."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

NAME_OF_BACKEND = "import skforecast_lstm, os; print(os.environ.get('KERAS_BACKEND'))"


@pytest.fixture
def run(tmp_path):
    """Run a script with a Keras home of its own and no backend chosen."""
    environment = {key: os.environ[key] for key in os.environ if key != "KERAS_BACKEND"}
    environment["KERAS_HOME"] = str(tmp_path / "keras")

    def run(script, **more):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    return run


def write_configuration(tmp_path, content):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text(content)


def test_it_is_jax_where_nobody_chose(run):
    script = "import skforecast_lstm, keras; print(keras.config.backend())"
    assert run(script) == ["jax"]
    # Keras has left a configuration of its own by now, which is nobody's choice.
    assert run(script) == ["jax"]


def test_the_variable_wins(run, tmp_path):
    write_configuration(tmp_path, json.dumps({"backend": "jax"}))
    assert run(NAME_OF_BACKEND, KERAS_BACKEND="torch") == ["torch"]


def test_the_configuration_wins(run, tmp_path):
    write_configuration(tmp_path, json.dumps({"backend": "torch"}))
    assert run(NAME_OF_BACKEND) == ["None"]


@pytest.mark.parametrize("content", ["{}", "no json", '["backend"]', '{"floatx": 3}'])
def test_a_configuration_without_a_backend_is_no_choice(run, tmp_path, content):
    write_configuration(tmp_path, content)
    assert run(NAME_OF_BACKEND) == ["jax"]


@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="TensorFlow is installed")
def test_tensorflow_that_is_not_installed_is_no_choice(run, tmp_path):
    write_configuration(tmp_path, json.dumps({"backend": "tensorflow"}))
    assert run(NAME_OF_BACKEND) == ["jax"]


def test_tensorflow_that_is_installed_is_a_choice_if_it_is_named(run, tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").touch()
    beside = {"PYTHONPATH": str(tmp_path)}
    configuration = tmp_path / "keras" / "keras.json"

    assert run(NAME_OF_BACKEND, **beside) == ["jax"]
    assert not configuration.exists()
    # What Keras leaves there names TensorFlow, and passes for no choice.
    run("import skforecast_lstm, keras", **beside)
    assert json.loads(configuration.read_text())["backend"] == "tensorflow"
    assert run(NAME_OF_BACKEND, **beside) == ["jax"]
    configuration.write_text(json.dumps({"backend": "tensorflow"}))
    assert run(NAME_OF_BACKEND, **beside) == ["None"]


def test_a_keras_that_is_imported_wins(run):
    script = "import sys; sys.modules['keras'] = None;" + NAME_OF_BACKEND
    assert run(script) == ["None"]


def test_importing_loads_nothing_heavy(run):
    script = (
        "import sys, skforecast_lstm;"
        "print(*{'keras', 'jax', 'pandas', 'sklearn', 'numpy'} & set(sys.modules));"
        "skforecast_lstm.LookbackWindower;"
        "print(*{'keras', 'jax', 'scikeras', 'sktime'} & set(sys.modules))"
    )
    assert run(script) == []


def test_importing_writes_no_file(run, tmp_path):
    run("import skforecast_lstm as s; s.LookbackWindower", HOME=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_is_there(run):
    script = (
        "import skforecast_lstm as s;"
        "[getattr(s, name) for name in s.__all__];"
        "print(set(s.__all__) <= set(dir(s)), hasattr(s, 'nothing'))"
    )
    assert run(script) == ["True", "False"]
