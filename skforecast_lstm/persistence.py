"""Save estimators to one file, and load them without running code from the file.

A file has a first line that identifies it, the SHA-256 of the rest, the length of a JSON
text, the text, and the numbers of all arrays.
"""

import hashlib
import json
import os
import warnings
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from skforecast_lstm import __version__
from skforecast_lstm._files import replacing
from skforecast_lstm._persistence.budget import Budget
from skforecast_lstm._persistence.text import Reader, Writer
from skforecast_lstm.exceptions import OtherVersionWarning, SavedFileError

__all__ = ["export_onnx", "load", "save"]

_FIRST_LINE = b"skforecast_lstm\n"
_FORMAT = 2
# For a text of mostly brackets, Python may need 30 bytes per byte of text.
_MOST_TEXT = 2**26


def save(estimator: BaseEstimator, path: str | os.PathLike) -> None:
    """Save a fitted or unfitted estimator to a file.

    Parameters
    ----------
    estimator : estimator
        Estimator of this package or of scikit-learn, or a pipeline, a search or another
        composition of them. Also a pipeline of sktime around `LSTMForecaster`.
    path : str or path-like
        Path of the file. An existing file stays unchanged until the new one is complete.

    Raises
    ------
    TypeError
        If the file can't hold a part of the estimator. Such a part is a function or class
        that is not from scikit-learn, NumPy, Keras or this package, a class of sktime
        that is not plain, or a compiled part such as the trees of scikit-learn. The
        message names the part. Also if the text
        is more than 64 MiB, because of long lists or arrays of objects.

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
    writer, name = Writer(), type(estimator).__name__
    try:
        encoded = writer.encode(estimator, name)
    except RecursionError:
        raise TypeError(
            f"A file can't hold this {name}: a list in it contains itself, or is nested "
            "too deeply."
        ) from None
    header = {"format": _FORMAT, "version": __version__, "estimator": encoded}
    text = json.dumps(header).encode()
    if len(text) > _MOST_TEXT:
        raise TypeError(
            f"A file can't hold this {name}: besides its arrays of numbers it has "
            f"{len(text):,} bytes of text, more than {_MOST_TEXT:,}. Long lists and "
            "arrays of objects, such as strings, are stored as text. Use arrays of "
            "numbers instead."
        )
    pieces = [len(text).to_bytes(8, "little"), text, *writer.arrays]
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    with replacing(path) as unfinished:
        with unfinished.open("wb") as file:
            file.writelines([_FIRST_LINE, digest.digest(), *pieces])
        try:
            load(unfinished)
        except SavedFileError as error:
            raise TypeError(
                f"A file can't hold this {name}, because it can't be restored from it: "
                f"{error.__cause__}."
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
        if file.read(len(_FIRST_LINE)) != _FIRST_LINE:
            raise SavedFileError(
                f"{str(path)!r} was not written by skforecast_lstm.persistence.save."
            )
        rest = memoryview(file.read())
    digest, rest = rest[:32], rest[32:]
    if digest != hashlib.sha256(rest).digest():
        raise SavedFileError(
            f"{str(path)!r} is damaged: a part of it is missing or was changed since it "
            "was saved. Take another copy, or save the estimator again."
        )
    end = 8 + int.from_bytes(rest[:8], "little")
    try:
        if end - 8 > _MOST_TEXT:
            raise ValueError(f"it has more than {_MOST_TEXT:,} bytes of text")
        version, encoded = _read_header(json.loads(bytes(rest[8:end])))
        reader = Reader(rest[end:], Budget(len(rest)))
        estimator = reader.decode(encoded)
        reader.check_end()
    # For a text that `save` did not write, Python, NumPy, pandas, scikit-learn and Keras
    # may raise any error.
    except Exception as error:
        what = str(error).partition("\n")[0][:300]
        raise SavedFileError(f"{str(path)!r} can't be read: {what}.") from error
    if version != __version__:
        warnings.warn(
            f"{str(path)!r} was saved by skforecast_lstm {version} and is read by "
            f"{__version__}, so its predictions may differ. Check them, then save it "
            "again.",
            OtherVersionWarning,
            stacklevel=2,
        )
    return estimator


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
        may have scalers, `SimpleImputer`, `FunctionTransformer` of a few functions, and a
        `LookbackWindower`. Also a `TransformedTargetRegressor` or a fitted search with
        one of these.
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


def _read_header(header):
    """Return the version that wrote a file, and the encoded estimator."""
    form, version = header["format"], header["version"]
    if type(form) is not int or form < 1 or type(version) is not str:
        raise ValueError("its format is unknown")
    changed = _changed_since_first_format(header["estimator"]) if form == 1 else None
    if changed is not None:
        raise ValueError(
            f"skforecast_lstm {version} wrote it with {changed}, which is stored in "
            "another way now. Fit and save it again"
        )
    if form > _FORMAT:
        raise ValueError(
            f"skforecast_lstm {version} wrote it in a newer format than "
            f"skforecast_lstm {__version__} reads; install that version"
        )
    return version, header["estimator"]


def _changed_since_first_format(node):
    """Return the part of a first-format text that later formats store differently."""
    if isinstance(node, dict):
        is_windower = node.get("is") == "skforecast_lstm.LookbackWindower"
        if is_windower and "_history" in node["of"]:
            return "the history of a LookbackWindower"
        node = list(node.values())
    elif node == ["class_name", "WindowNormalization"]:
        return "a network that normalizes its windows"
    parts = map(_changed_since_first_format, node if isinstance(node, list) else ())
    return next((part for part in parts if part is not None), None)
