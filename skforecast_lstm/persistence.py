"""Save estimators to one file, and load them without running code from the file."""

import os
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from skforecast_lstm._files import replacing
from skforecast_lstm._persistence.content import from_file, to_pieces
from skforecast_lstm.exceptions import SavedFileError

__all__ = ["export_onnx", "load", "save", "skops_trusted_types"]

_SKOPS_TYPES = (
    "skforecast_lstm._estimator_states.EstimatorState",
    "skforecast_lstm.binned_regressor.BinnedRegressor",
    "skforecast_lstm.calendar_features.CalendarFeatures",
    "skforecast_lstm.estimators.LSTMClassifier",
    "skforecast_lstm.estimators.LSTMRegressor",
    "skforecast_lstm.forecasting.forecaster.LSTMForecaster",
    "skforecast_lstm.forecasting.panel.LSTMTimeSeriesClassifier",
    "skforecast_lstm.forecasting.panel.LSTMTimeSeriesRegressor",
    "skforecast_lstm.metrics._KnownTargetsScorer",
    "skforecast_lstm.pretraining.regressor.pretrained_regression_network",
    "skforecast_lstm.windows.LookbackWindower",
)


def save(estimator: BaseEstimator, path: str | os.PathLike) -> None:
    """Save a fitted or unfitted estimator to a file.

    Parameters
    ----------
    estimator : estimator
        Estimator of this package or of scikit-learn, or a pipeline, a search or another
        composition of them. Also a pipeline of sktime around `LSTMForecaster`, and
        transformers of skrub and feature-engine.
    path : str or path-like
        Path of the file. An existing file stays unchanged until the new one is complete.

    Raises
    ------
    TypeError
        If the file can't hold a part of the estimator. Such a part is a function or class
        that is not from scikit-learn, NumPy, Keras or this package, a class of sktime,
        skrub or feature-engine that is not plain, or a compiled part such as the trees of
        scikit-learn. The message names the part. Also if the text is more than 64 MiB,
        because of long lists or arrays of objects.

    See Also
    --------
    load : Reads the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skforecast_lstm import LSTMRegressor
    >>> from skforecast_lstm.persistence import load, save
    >>> X, y = np.random.rand(50, 4), np.random.rand(50)
    >>> regressor = LSTMRegressor(units=2, epochs=1).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(regressor, Path(folder) / "regressor.lstm")
    ...     again = load(Path(folder) / "regressor.lstm")
    >>> bool((again.predict(X) == regressor.predict(X)).all())
    True
    """
    pieces = to_pieces(estimator)
    with replacing(path) as unfinished:
        with unfinished.open("wb") as file:
            file.writelines(pieces)
        try:
            load(unfinished)
        except SavedFileError as error:
            raise TypeError(
                f"A file can't hold this {type(estimator).__name__}, because it can't be "
                f"restored from it: {error.__cause__}."
            ) from error


def load(path: str | os.PathLike) -> Any:
    """Load an estimator from a file that `save` wrote.

    The file has no code, so no code from it is run. Only classes and functions that this
    package knows by name are looked up. But the author of the file has chosen all
    parameters and numbers in it.

    Parameters
    ----------
    path : str or path-like
        Path of the file.

    Returns
    -------
    estimator : estimator
        Estimator as it was saved.

    Raises
    ------
    SavedFileError
        If `save` did not write the file, if a part of it is missing or changed, or if it
        has a newer format or an old one that can't be read.

    Warns
    -----
    OtherVersionWarning
        If another version of this package wrote the file. For its own estimators,
        scikit-learn gives `sklearn.exceptions.InconsistentVersionWarning`.

    See Also
    --------
    save : Writes the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skforecast_lstm import LookbackWindower
    >>> from skforecast_lstm.persistence import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(LookbackWindower(24), Path(folder) / "windower.lstm")
    ...     load(Path(folder) / "windower.lstm")
    LookbackWindower(lookback=24)
    """
    with Path(path).open("rb") as file:
        return from_file(file, repr(str(path)))


def skops_trusted_types() -> list[str]:
    """Return the types of this package that skops may load, as names for ``trusted``.

    `skops.io.dump` stores an estimator of this package as the content of a file of
    `save`, so it refuses what `save` refuses, and the same checks are made on loading.
    All other types in a file, such as your own classes, are not in this list.

    Returns
    -------
    types : list of str
        Names for the parameter ``trusted`` of `skops.io.load`.

    See Also
    --------
    save : Saves to a file without skops.

    Examples
    --------
    >>> from skforecast_lstm.persistence import skops_trusted_types
    >>> "skforecast_lstm.estimators.LSTMRegressor" in skops_trusted_types()
    True
    """
    return list(_SKOPS_TYPES)


def export_onnx(estimator: BaseEstimator, path: str | os.PathLike) -> None:
    """Export a fitted estimator or pipeline to a file of ONNX.

    ONNX Runtime computes predictions from the file, without Keras, JAX and scikit-learn.
    The one graph in it has all that `predict` does: scalers, windows, masks of unknown
    steps, the network with all its members, and the scale of the targets. The network
    computes in float32, as it does here, and all else in float64.

    The input of a pipeline with a :class:`LookbackWindower` is "rows", of shape (batch,
    rows, columns): for each prediction, the rows that its window covers, oldest first.
    Unknown values, and rows that are missing, are NaN. With columns that are known ahead,
    the rows go on to the last step of the target. Without a windower, the input is
    "windows", as in `predict` of the estimator. The output of a regressor is
    "prediction", and the outputs of a classifier are "probabilities" and "label". Inputs
    are float64.

    Parameters
    ----------
    estimator : estimator
        Fitted :class:`LSTMRegressor`, :class:`LSTMClassifier` or
        :class:`BinnedRegressor`, or a pipeline that ends in one. Before it, the pipeline
        may have scalers, `SimpleImputer`, `FunctionTransformer` of a few functions, a
        `ColumnTransformer` of these, and a `LookbackWindower`. Also a
        `TransformedTargetRegressor` or a fitted search with one of these. Also
        :class:`LSTMForecaster` of one series, without its intervals.
    path : str or path-like
        Path of the file. An existing file stays unchanged until the new one is complete.

    Raises
    ------
    TypeError
        If a part of the estimator can't be exported, or if ONNX Runtime does not compute
        from the network what Keras computes. The message names the part and what to do.
        Nothing is written.
    ImportError
        If the packages ``onnx`` and ``onnxruntime`` are not installed.

    See Also
    --------
    save : Saves all of an estimator, to go on training it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import onnxruntime
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skforecast_lstm import LookbackWindower, LSTMRegressor
    >>> from skforecast_lstm.persistence import export_onnx
    >>> series = np.sin(np.arange(50.0)).reshape(-1, 1)
    >>> pipe = make_pipeline(
    ...     StandardScaler(), LookbackWindower(8, horizon=1), LSTMRegressor(2, epochs=1)
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "sine.onnx"
    ...     export_onnx(pipe.fit(series, series), path)
    ...     session = onnxruntime.InferenceSession(path)
    >>> (prediction,) = session.run(None, {"rows": series[None, -8:]})
    >>> prediction.shape
    (1, 1)
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"To export to ONNX, the package {error.name} is needed. Install it with: "
            'pip install "skforecast-lstm[onnx]"'
        ) from None
    from skforecast_lstm._onnx.estimators import onnx_model

    content = onnx_model(estimator).SerializeToString()
    with replacing(path) as unfinished:
        unfinished.write_bytes(content)
