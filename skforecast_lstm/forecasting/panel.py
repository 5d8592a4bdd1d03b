"""Classes and numbers for whole series, as sktime's classifiers and regressors.

A whole series is one window: what a window is, and how a network is trained on it, is
that of `LSTMClassifier` and `LSTMRegressor`.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.random import RandomState
from sklearn.base import clone
from sktime.classification.base import BaseClassifier
from sktime.regression.base import BaseRegressor

from skforecast_lstm._rounding import dust
from skforecast_lstm.estimators import LSTMClassifier, LSTMRegressor
from skforecast_lstm.forecasting._columns import in_order
from skforecast_lstm.networks import Cell, series_network

__all__ = ["LSTMTimeSeriesClassifier", "LSTMTimeSeriesRegressor"]


def _as_windows(X):
    """Series of an sktime panel as windows: (n_series, n_steps, n_variables).

    A series that is shorter than the longest has unknown steps before its beginning.
    """
    if not hasattr(X, "index"):
        return _checked(np.swapaxes(X, 1, 2).astype(np.float64))
    numbers, series = pd.factorize(X.index.get_level_values(0))
    lengths = np.bincount(numbers)
    steps = X.groupby(numbers).cumcount().to_numpy()
    windows = np.full((len(series), lengths.max(), X.shape[1]), np.nan)
    windows[numbers, steps + (lengths.max() - lengths)[numbers]] = X.to_numpy(float)
    return _checked(windows)


def _checked(windows):
    infinite = np.argwhere(np.isinf(windows))
    if len(infinite):
        series, _, variable = infinite[0]
        raise ValueError(
            f"X contains infinity, first in series {series}, variable {variable}. "
            "Replace it by NaN if the value is unknown."
        )
    return windows


def _centre_and_spread(windows):
    """Mean and standard deviation of the known values of each variable."""
    known = ~np.isnan(windows)
    n_known = np.maximum(known.sum(axis=(0, 1)), 1)
    centre = np.where(known, windows, 0.0).sum(axis=(0, 1)) / n_known
    deviations = np.where(known, windows - centre, 0.0)
    spread = np.sqrt((deviations**2).sum(axis=(0, 1)) / n_known)
    varies = spread > dust(centre, windows.dtype, n_known)
    return centre, np.where(varies, spread, 1.0)


class _TrainsOnUnknownSteps:
    """Trains also on windows with unknown steps, which a network of ours masks."""

    def _rows_to_train_on(self, X, known_targets, sample_weight, series):
        some_known = ~np.isnan(X).all(axis=(1, 2), keepdims=True)
        X = np.where(np.isnan(X) & some_known, 0.0, X)
        return super()._rows_to_train_on(X, known_targets, sample_weight, series)

    def _split(self, windows, rows, series, targets, callbacks):
        # Each row is a series of its own, and its targets are no steps of one another.
        alike = np.zeros(len(windows), dtype=np.int64)
        return super()._split(windows, rows, alike, np.zeros(len(rows)), callbacks)


class _WindowClassifier(_TrainsOnUnknownSteps, LSTMClassifier):
    """The estimator of windows in `LSTMTimeSeriesClassifier`."""


class _WindowRegressor(_TrainsOnUnknownSteps, LSTMRegressor):
    """The estimator of windows in `LSTMTimeSeriesRegressor`."""


class _WholeSeries:
    """What classifier and regressor share: series in, an estimator of windows inside.

    They have `_of_windows`, the class of that estimator and the one with which users
    replace it.
    """

    _tags: ClassVar[dict[str, Any]] = {
        "X_inner_mtype": ["pd-multiindex", "numpy3D"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:missing_values": True,
        "capability:categorical_in_X": False,
        "capability:random_state": True,
        "property:randomness": "derandomized",
        "authors": ["the skforecast_lstm developers"],
        "maintainers": ["the skforecast_lstm developers"],
    }

    def __init__(
        self,
        estimator: LSTMClassifier | LSTMRegressor | None = None,
        *,
        filters: int | Sequence[int] = (64, 64),
        kernel_size: int = 8,
        units: int | Sequence[int] = 32,
        cell: Cell | Sequence[Cell] = "lstm",
        bidirectional: bool = True,
        dropout: float = 0.0,
        learning_rate: float = 0.002,
        epochs: int | None = None,
        batch_size: int | None = None,
        random_state: int | RandomState | None = None,
        verbose: int | Literal["auto"] = 0,
    ) -> None:
        self.estimator = estimator
        self.filters = filters
        self.kernel_size = kernel_size
        self.units = units
        self.cell = cell
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose
        super().__init__()

    def _fit(self, X, y):
        self._variables = list(X.columns) if hasattr(X, "columns") else None
        windows = _as_windows(X)
        self.n_steps_, self.n_variables_ = windows.shape[1:]
        self.centre_, self.spread_ = _centre_and_spread(windows)
        # Series often come sorted by class, and those held out should be of every one.
        order = np.random.default_rng(0).permutation(len(windows))
        inner = self._inner()
        self.estimator_ = inner.fit(self._standardised(windows[order]), y[order])
        return self

    def _inner(self):
        """An estimator of windows that is not fitted yet: ours, or the user's."""
        ours, users = self._of_windows
        if self.estimator is None:
            return ours(**self._own_parameters())
        if not isinstance(self.estimator, users):
            raise TypeError(
                f"estimator must be None or of {users.__name__}, got {self.estimator!r}."
            )
        given = {
            name: value
            for name in ("class_weight", "random_state")
            if (value := getattr(self, name, None)) is not None
        }
        return ours(**{**clone(self.estimator).get_params(deep=False), **given})

    def _own_parameters(self):
        """Parameters of an estimator of windows with the network for whole series."""
        parameters = self.get_params(deep=False)
        del parameters["estimator"]
        for name in inspect.signature(series_network).parameters.keys() & parameters:
            parameters[f"model__{name}"] = parameters.pop(name)
        return {"model": series_network, **parameters}

    def _standardised(self, windows):
        """Windows of order one, in which only whole steps are unknown."""
        windows = (windows - self.centre_) / self.spread_
        unknown = np.isnan(windows)
        windows[unknown & ~unknown.all(axis=2, keepdims=True)] = 0.0
        return windows

    def _windows_to_predict(self, X):
        """Windows of the shape of those in `fit`, of variables in their order there."""
        if self._variables is not None and hasattr(X, "columns"):
            X = in_order(X, self._variables, "X")
        windows = _as_windows(X)
        if windows.shape[2] != self.n_variables_:
            raise ValueError(
                f"X has {windows.shape[2]} variables, but {type(self).__name__} was "
                f"fitted on series of {self.n_variables_}. Give the same variables."
            )
        n_missing = max(self.n_steps_ - windows.shape[1], 0)
        missing = np.full((len(windows), n_missing, self.n_variables_), np.nan)
        windows = np.concatenate([missing, windows], axis=1)[:, -self.n_steps_ :]
        return self._standardised(windows)


_TINY: dict[str, Any] = {"filters": 2, "units": 2, "bidirectional": False, "epochs": 2}


class LSTMTimeSeriesClassifier(_WholeSeries, BaseClassifier):
    """Recurrent network that predicts the class of whole series.

    It is a classifier of sktime's. A series may have many variables, which are
    standardised by their centre and spread in `fit`.

    Series may differ in length: before the beginning of a shorter one there are unknown
    steps, which the network passes over. Of a series longer than all those in `fit`,
    the last steps count. Values may be missing: a step of which nothing is known is
    passed over, and in one that is known in part, the mean of the variable stands in.

    Parameters
    ----------
    estimator : LSTMClassifier, default=None
        What is trained, for full control. None is an :class:`LSTMClassifier` with a
        network for whole series,
        :func:`~skforecast_lstm.networks.series.series_network`, which the parameters
        below describe. With one, only `class_weight` and `random_state` are read of
        these, and go before its own unless they are None.
    filters : int or tuple of int, default=(64, 64)
        Filters of each convolution, first to last; ``()`` is none.
    kernel_size : int, default=8
        Steps that a filter sees.
    units : int or tuple of int, default=32
        Units of each recurrent layer, first to last: ``(32, 16)`` stacks two.
    cell : {"lstm", "gru", "rnn", "peephole"} or tuple of these, default="lstm"
        Kind of the recurrent layers.
    bidirectional : bool, default=True
        Whether each recurrent layer also reads its steps from last to first.
    dropout : float, default=0.0
        Fraction of the features of a series that is dropped in training.
    learning_rate : float, default=0.002
        Learning rate of the optimizer, Adam.
    epochs : int, default=None
        Passes over the series. None makes enough for about 2,000 batches: at least 3
        and at most 200.
    batch_size : int, default=None
        Series in a batch. None is 32, and more for more than 32,000 series.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss, by label; "balanced" gives every class the
        same weight in all.
    random_state : int, RandomState or None, default=None
        Seeds the first weights, dropout and the order of batches.
    verbose : int, default=0
        1 shows a progress bar, 2 a line an epoch, 0 nothing.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_classes_ : int
        Number of labels.
    estimator_ : LSTMClassifier
        The classifier of windows that was trained; its `history_` has the losses.
    centre_, spread_ : ndarray of shape (n_variables,)
        Mean and standard deviation of each variable in `fit`.
    n_steps_ : int
        Length of the longest series in `fit`.
    n_variables_ : int
        Number of variables in `fit`.

    See Also
    --------
    LSTMTimeSeriesRegressor : The same for numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.forecasting.panel import LSTMTimeSeriesClassifier
    >>> speeds = np.repeat([0.5, 1.5], 20).reshape(-1, 1, 1)
    >>> phases = np.linspace(0, 6, 40).reshape(-1, 1, 1)
    >>> series = np.sin(np.arange(12) * speeds + phases)
    >>> classifier = LSTMTimeSeriesClassifier(units=8, epochs=50, random_state=0)
    >>> classifier.fit(series, np.repeat(["slow", "fast"], 20))
    LSTMTimeSeriesClassifier(epochs=50, random_state=0, units=8)
    >>> classifier.predict(series[[0, -1]])
    array(['slow', 'fast'], dtype='<U4')
    """

    _tags: ClassVar[dict[str, Any]] = {
        "capability:class_weight": True,
        "capability:predict_proba": True,
    }
    _of_windows = (_WindowClassifier, LSTMClassifier)

    def __init__(
        self,
        estimator: LSTMClassifier | None = None,
        *,
        filters: int | Sequence[int] = (64, 64),
        kernel_size: int = 8,
        units: int | Sequence[int] = 32,
        cell: Cell | Sequence[Cell] = "lstm",
        bidirectional: bool = True,
        dropout: float = 0.0,
        learning_rate: float = 0.002,
        epochs: int | None = None,
        batch_size: int | None = None,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        random_state: int | RandomState | None = None,
        verbose: int | Literal["auto"] = 0,
    ) -> None:
        self.class_weight = class_weight
        super().__init__(
            estimator,
            filters=filters,
            kernel_size=kernel_size,
            units=units,
            cell=cell,
            bidirectional=bidirectional,
            dropout=dropout,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
            random_state=random_state,
            verbose=verbose,
        )

    def _predict_proba(self, X):
        return self.estimator_.predict_proba(self._windows_to_predict(X))

    @classmethod
    def get_test_params(
        cls,
        parameter_set: str = "default",
    ) -> list[dict[str, Any]]:
        """Return parameters for sktime's tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            Not used: there is one set.

        Returns
        -------
        parameters : list of dict
            Settings that train in a moment.
        """
        return [
            {**_TINY, "dropout": 0.5, "class_weight": "balanced"},
            {"estimator": LSTMClassifier(units=2, epochs=2)},
        ]


class LSTMTimeSeriesRegressor(_WholeSeries, BaseRegressor):
    """Recurrent network that predicts numbers from whole series.

    It is a regressor of sktime's. A series may have many variables, which are
    standardised by their centre and spread in `fit`; targets need no scaling, and
    several are predicted by one network.

    Series may differ in length: before the beginning of a shorter one there are unknown
    steps, which the network passes over. Of a series longer than all those in `fit`,
    the last steps count. Values may be missing: a step of which nothing is known is
    passed over, and in one that is known in part, the mean of the variable stands in.

    Parameters
    ----------
    estimator : LSTMRegressor, default=None
        What is trained, for full control. None is an :class:`LSTMRegressor` with a
        network for whole series,
        :func:`~skforecast_lstm.networks.series.series_network`, which the parameters
        below describe. With one, only `random_state` is read of these, and goes before
        its own unless it is None.
    filters : int or tuple of int, default=(64, 64)
        Filters of each convolution, first to last; ``()`` is none.
    kernel_size : int, default=8
        Steps that a filter sees.
    units : int or tuple of int, default=32
        Units of each recurrent layer, first to last: ``(32, 16)`` stacks two.
    cell : {"lstm", "gru", "rnn", "peephole"} or tuple of these, default="lstm"
        Kind of the recurrent layers.
    bidirectional : bool, default=True
        Whether each recurrent layer also reads its steps from last to first.
    dropout : float, default=0.0
        Fraction of the features of a series that is dropped in training.
    learning_rate : float, default=0.002
        Learning rate of the optimizer, Adam.
    epochs : int, default=None
        Passes over the series. None makes enough for about 2,000 batches: at least 3
        and at most 200.
    batch_size : int, default=None
        Series in a batch. None is 32, and more for more than 32,000 series.
    random_state : int, RandomState or None, default=None
        Seeds the first weights, dropout and the order of batches.
    verbose : int, default=0
        1 shows a progress bar, 2 a line an epoch, 0 nothing.

    Attributes
    ----------
    estimator_ : LSTMRegressor
        The regressor of windows that was trained; its `history_` has the losses.
    centre_, spread_ : ndarray of shape (n_variables,)
        Mean and standard deviation of each variable in `fit`.
    n_steps_ : int
        Length of the longest series in `fit`.
    n_variables_ : int
        Number of variables in `fit`.

    See Also
    --------
    LSTMTimeSeriesClassifier : The same for labels.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.forecasting.panel import LSTMTimeSeriesRegressor
    >>> speeds = np.linspace(0.2, 1.0, 40)
    >>> series = np.sin(np.arange(12) * speeds.reshape(-1, 1, 1))
    >>> regressor = LSTMTimeSeriesRegressor(units=8, epochs=50, random_state=0)
    >>> regressor.fit(series, speeds).score(series, speeds) > 0.9
    True
    """

    _tags: ClassVar[dict[str, Any]] = {
        "capability:multioutput": True,
        "y_inner_mtype": "numpy2D",
    }
    _of_windows = (_WindowRegressor, LSTMRegressor)

    def _predict(self, X):
        return self.estimator_.predict(self._windows_to_predict(X))

    @classmethod
    def get_test_params(
        cls,
        parameter_set: str = "default",
    ) -> list[dict[str, Any]]:
        """Return parameters for sktime's tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            Not used: there is one set.

        Returns
        -------
        parameters : list of dict
            Settings that train in a moment.
        """
        return [
            {**_TINY, "dropout": 0.5},
            {"estimator": LSTMRegressor(units=2, epochs=2)},
        ]
