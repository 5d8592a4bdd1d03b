"""Classifier and regressor of whole series, for sktime.

A whole series is one window. `LSTMClassifier` and `LSTMRegressor` train the network.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.random import RandomState
from sklearn.base import clone
from sktime.classification.base import BaseClassifier
from sktime.regression.base import BaseRegressor

from skforecast_lstm._checks import check_no_infinity
from skforecast_lstm._estimator_states import HasState
from skforecast_lstm._scale import Scale
from skforecast_lstm._time_index import many_series
from skforecast_lstm.estimators import LSTMClassifier, LSTMRegressor
from skforecast_lstm.forecasting._columns import in_order
from skforecast_lstm.networks import Cell, series_network

__all__ = ["LSTMTimeSeriesClassifier", "LSTMTimeSeriesRegressor"]


def _as_windows(X):
    """Return the series of an sktime panel as windows: (n_series, n_steps, n_variables).

    Shorter series get unknown steps before their beginning.
    """
    if not hasattr(X, "index"):
        windows = np.swapaxes(X, 1, 2).astype(np.float64)
    else:
        series, _ = many_series(X.to_numpy(float), X.index)
        windows = series.last(int(series.lengths.max()))
    check_no_infinity("X", windows, "series {0}, variable {2}".format)
    return windows


class _TrainsOnUnknownSteps:
    """Mixin that also trains on windows with unknown steps, which the network masks."""

    def _rows_to_train_on(self, X, known_targets, sample_weight, series):
        some_known = ~np.isnan(X).all(axis=(1, 2), keepdims=True)
        X = np.where(np.isnan(X) & some_known, 0.0, X)
        return super()._rows_to_train_on(X, known_targets, sample_weight, series)

    def _split(self, windows, rows, series, targets, callbacks):
        # Each row is a separate series. Its targets are not steps of other rows.
        alike = np.zeros(len(windows), dtype=np.int64)
        return super()._split(windows, rows, alike, np.zeros(len(rows)), callbacks)


class _WindowClassifier(_TrainsOnUnknownSteps, LSTMClassifier):
    """Estimator of windows in `LSTMTimeSeriesClassifier`."""


class _WindowRegressor(_TrainsOnUnknownSteps, LSTMRegressor):
    """Estimator of windows in `LSTMTimeSeriesRegressor`."""


class _WholeSeries(HasState):
    """Base of the classifier and the regressor: an estimator of windows for series.

    Subclasses set `_of_windows`: the class of the inner estimator, and the class that
    users may give in its place.
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
        self.centre_, self.spread_ = Scale.from_values(windows, axis=(0, 1), power=2)
        # Series are often sorted by class, but held-out series should cover all classes.
        order = np.random.default_rng(0).permutation(len(windows))
        inner = self._inner()
        self.estimator_ = inner.fit(self._standardised(windows[order]), y[order])
        return self

    def _inner(self):
        """Return an unfitted estimator of windows: the default, or that of the user."""
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
        """Return the parameters of the default estimator, with `series_network`."""
        parameters = self.get_params(deep=False)
        del parameters["estimator"]
        for name in inspect.signature(series_network).parameters.keys() & parameters:
            parameters[f"model__{name}"] = parameters.pop(name)
        return {"model": series_network, **parameters}

    def _standardised(self, windows):
        """Return standardised windows; a partly known step gets the mean, 0, for NaN."""
        windows = Scale(self.centre_, self.spread_).apply(windows)
        unknown = np.isnan(windows)
        windows[unknown & ~unknown.all(axis=2, keepdims=True)] = 0.0
        return windows

    def _windows_to_predict(self, X):
        """Return windows with the shape and the order of variables of those in `fit`."""
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

    It is an sktime classifier. A series may have many variables, which are standardised
    by their centre and spread in `fit`.

    Series may differ in length. A shorter series gets unknown steps before its
    beginning, which the network skips. If a series is longer than all those in `fit`,
    only its last steps count. Values may be missing. The network skips a step without
    any known value. In a partly known step, the mean of the variable replaces the
    missing values.

    Parameters
    ----------
    estimator : LSTMClassifier, default=None
        Estimator to train, for full control. If None, it is an :class:`LSTMClassifier`
        with the network for whole series,
        :func:`~skforecast_lstm.networks.series.series_network`, which the parameters
        below describe. If given, only `class_weight` and `random_state` of the
        parameters below are used. Unless they are None, they override those of
        `estimator`.
    filters : int or tuple of int, default=(64, 64)
        Number of filters of each convolution, first to last; ``()`` for no convolution.
    kernel_size : int, default=8
        Number of steps that a filter covers.
    units : int or tuple of int, default=32
        Number of units of each recurrent layer, first to last: ``(32, 16)`` stacks two.
    cell : {"lstm", "gru", "rnn", "peephole"} or tuple of these, default="lstm"
        Kind of the recurrent layers.
    bidirectional : bool, default=True
        If True, each recurrent layer also reads its steps from last to first.
    dropout : float, default=0.0
        Fraction of the features of a series to drop in training.
    learning_rate : float, default=0.002
        Learning rate of the optimizer, Adam.
    epochs : int, default=None
        Number of passes over the series. If None, there are enough for about 2,000
        batches: at least 3 and at most 200.
    batch_size : int, default=None
        Number of series in a batch. If None, it is 32, or more for more than 32,000
        series.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss, by label. "balanced" gives every class the
        same total weight.
    random_state : int, RandomState or None, default=None
        Seed for the initial weights, dropout and the order of batches.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar, 2 shows one line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_classes_ : int
        Number of classes.
    estimator_ : LSTMClassifier
        Trained classifier of windows; its `history_` has the losses.
    centre_, spread_ : ndarray of shape (n_variables,)
        Mean and standard deviation of each variable in `fit`.
    n_steps_ : int
        Length of the longest series in `fit`.
    n_variables_ : int
        Number of variables in `fit`.

    See Also
    --------
    LSTMTimeSeriesRegressor : Predict numbers instead of classes.

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
            Not used: there is only one set.

        Returns
        -------
        parameters : list of dict
            Parameters for which training is short.
        """
        return [
            {**_TINY, "dropout": 0.5, "class_weight": "balanced"},
            {"estimator": LSTMClassifier(units=2, epochs=2)},
        ]


class LSTMTimeSeriesRegressor(_WholeSeries, BaseRegressor):
    """Recurrent network that predicts numbers from whole series.

    It is an sktime regressor. A series may have many variables, which are standardised
    by their centre and spread in `fit`. Targets need no scaling. One network predicts
    several targets.

    Series may differ in length. A shorter series gets unknown steps before its
    beginning, which the network skips. If a series is longer than all those in `fit`,
    only its last steps count. Values may be missing. The network skips a step without
    any known value. In a partly known step, the mean of the variable replaces the
    missing values.

    Parameters
    ----------
    estimator : LSTMRegressor, default=None
        Estimator to train, for full control. If None, it is an :class:`LSTMRegressor`
        with the network for whole series,
        :func:`~skforecast_lstm.networks.series.series_network`, which the parameters
        below describe. If given, only `random_state` of the parameters below is used.
        Unless it is None, it overrides that of `estimator`.
    filters : int or tuple of int, default=(64, 64)
        Number of filters of each convolution, first to last; ``()`` for no convolution.
    kernel_size : int, default=8
        Number of steps that a filter covers.
    units : int or tuple of int, default=32
        Number of units of each recurrent layer, first to last: ``(32, 16)`` stacks two.
    cell : {"lstm", "gru", "rnn", "peephole"} or tuple of these, default="lstm"
        Kind of the recurrent layers.
    bidirectional : bool, default=True
        If True, each recurrent layer also reads its steps from last to first.
    dropout : float, default=0.0
        Fraction of the features of a series to drop in training.
    learning_rate : float, default=0.002
        Learning rate of the optimizer, Adam.
    epochs : int, default=None
        Number of passes over the series. If None, there are enough for about 2,000
        batches: at least 3 and at most 200.
    batch_size : int, default=None
        Number of series in a batch. If None, it is 32, or more for more than 32,000
        series.
    random_state : int, RandomState or None, default=None
        Seed for the initial weights, dropout and the order of batches.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar, 2 shows one line per epoch.

    Attributes
    ----------
    estimator_ : LSTMRegressor
        Trained regressor of windows; its `history_` has the losses.
    centre_, spread_ : ndarray of shape (n_variables,)
        Mean and standard deviation of each variable in `fit`.
    n_steps_ : int
        Length of the longest series in `fit`.
    n_variables_ : int
        Number of variables in `fit`.

    See Also
    --------
    LSTMTimeSeriesClassifier : Predict classes instead of numbers.

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
            Not used: there is only one set.

        Returns
        -------
        parameters : list of dict
            Parameters for which training is short.
        """
        return [
            {**_TINY, "dropout": 0.5},
            {"estimator": LSTMRegressor(units=2, epochs=2)},
        ]
