"""Classes and functions that a file may name. Nothing else is ever looked up."""

from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

__all__ = ["find_class", "find_class_name", "find_member", "find_member_name"]

_OURS = (
    "BinnedRegressor",
    "CalendarFeatures",
    "LSTMClassifier",
    "LSTMForecaster",
    "LSTMRegressor",
    "LSTMTimeSeriesClassifier",
    "LSTMTimeSeriesRegressor",
    "LookbackWindower",
)

_PACKAGES = tuple(
    f"sklearn.{package}"
    for package in (
        "calibration",
        "cluster",
        "compose",
        "covariance",
        "cross_decomposition",
        "decomposition",
        "discriminant_analysis",
        "dummy",
        "ensemble",
        "feature_extraction",
        "feature_extraction.text",
        "feature_selection",
        "frozen",
        "gaussian_process",
        "gaussian_process.kernels",
        "impute",
        "isotonic",
        "kernel_approximation",
        "kernel_ridge",
        "linear_model",
        "manifold",
        "mixture",
        "model_selection",
        "multiclass",
        "multioutput",
        "naive_bayes",
        "neighbors",
        "neural_network",
        "pipeline",
        "preprocessing",
        "random_projection",
        "semi_supervised",
        "svm",
        "tree",
    )
)

_PACKAGES += tuple(
    f"feature_engine.{package}"
    for package in (
        "creation",
        "datetime",
        "discretisation",
        "encoding",
        "imputation",
        "outliers",
        "pipeline",
        "preprocessing",
        "scaling",
        "selection",
        "text",
        "timeseries.forecasting",
        "transformation",
        "wrappers",
    )
)

# Classes of skrub that consist of arrays and parameters.
_SKRUB = (
    "ApplyToCols",
    "Cleaner",
    "DatetimeEncoder",
    "Drop",
    "DropCols",
    "DropUninformative",
    "DurationToFloat",
    "SelectCols",
    "SquashingScaler",
    "StringEncoder",
    "TableVectorizer",
    "ToCategorical",
    "ToDatetime",
    "ToFloat",
)

_TOP_LEVEL = {"skforecast_lstm": _OURS, "skrub": _SKRUB}

# Classes without a public name that occur in fitted estimators.
_HELPERS = (
    "skforecast_lstm.forecasting._adaptive.Adaptation",
    "skforecast_lstm.forecasting._conformal.Errors",
    "skforecast_lstm.forecasting._drift.Monitor",
    "skforecast_lstm.forecasting._exogenous.Exogenous",
    "skforecast_lstm.forecasting._window_model.WindowModel",
    "skforecast_lstm.forecasting.panel._WindowClassifier",
    "skforecast_lstm.forecasting.panel._WindowRegressor",
    "skforecast_lstm.metrics._KnownTargetsScorer",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    "skrub._apply_to_each_col.ApplyToEachCol",
    "skrub._apply_to_sub_frame.ApplyToSubFrame",
    "skrub._check_input.CheckInputDataFrame",
    "skrub._clean_categories.CleanCategories",
    "skrub._clean_null_strings.CleanNullStrings",
    "skrub._datetime_encoder._CircularEncoder",
    "skrub._datetime_encoder._SplineEncoder",
    "skrub._scaling_factor.ScalingFactor",
    "skrub._table_vectorizer.PassThrough",
    "skrub._table_vectorizer.ShortReprDict",
    "skrub._to_str.ToStr",
    "skrub.selectors._base.All",
    "skrub.selectors._base.And",
    "skrub.selectors._base.Cols",
    "skrub.selectors._base.Filter",
    "skrub.selectors._base.Inv",
    "skrub.selectors._base.NameFilter",
    "skrub.selectors._base.Or",
    "skrub.selectors._base.Sub",
    "skrub.selectors._base.XOr",
)

# Classes of sktime that consist of arrays, tables and parameters, and their modules. A
# file names only the class, because sktime moves its modules.
_SKTIME = {
    "BoxCoxTransformer": "transformations.boxcox",
    "Deseasonalizer": "transformations.detrend",
    "Detrender": "transformations.detrend",
    "Differencer": "transformations.difference",
    "ExponentTransformer": "transformations.exponent",
    "ForecastingPipeline": "forecasting.compose",
    "Imputer": "transformations.impute",
    "LogTransformer": "transformations.boxcox",
    "NaiveForecaster": "forecasting.naive",
    "PolynomialTrendForecaster": "forecasting.trend",
    "SqrtTransformer": "transformations.exponent",
    "TabularToSeriesAdaptor": "transformations.adapt",
    "TransformedTargetForecaster": "forecasting.compose",
    "TrendForecaster": "forecasting.trend",
}

_BUILTINS = {cls.__name__: cls for cls in (bool, complex, float, int, object, str)}
_UFUNCS = ("numpy", "scipy.special")
_FUNCTIONS = ("sklearn.feature_selection", "sklearn.metrics")
# Functions that skrub's selectors call with a column or its name.
_SELECTORS = (
    "fnmatch.fnmatchcase",
    "skrub._dataframe._common.is_any_date",
    "skrub._dataframe._common.is_bool",
    "skrub._dataframe._common.is_categorical",
    "skrub._dataframe._common.is_float",
    "skrub._dataframe._common.is_integer",
    "skrub._dataframe._common.is_numeric",
    "skrub._dataframe._common.is_object",
    "skrub._dataframe._common.is_string",
    "skrub._table_vectorizer._created_by_predicate",
    "skrub.selectors._selectors._cardinality_below",
    "skrub.selectors._selectors._has_dtype",
    "skrub.selectors._selectors._null_count_check",
    "skrub.selectors._selectors._regex",
)
# Returns a network with the weights that ship with the package.
_PRETRAINED = "skforecast_lstm.pretraining.pretrained_regression_network"


def find_class(name: str) -> type | None:
    """Return the class with this name, None if a file may not hold its objects."""
    module, _, attribute = name.rpartition(".")
    if attribute in _TOP_LEVEL.get(module, ()):
        return getattr(import_module(module), attribute)
    if module == "sktime":
        home = _SKTIME.get(attribute)
        if home is None:
            return None
        return getattr(import_module(f"sktime.{home}"), attribute)
    if name not in _HELPERS and (module not in _PACKAGES or attribute.startswith("_")):
        return None
    found = getattr(import_module(module), attribute, None)
    # Instances are made without running code of the class. A compiled class would run its
    # own `__new__`, which trusts the numbers that it gets.
    is_plain = isinstance(found, type) and found.__new__ is object.__new__
    return found if is_plain and found.__module__.startswith(module) else None


def find_class_name(cls: type) -> str | None:
    """Return the name by which `find_class` finds a class, None if it does not."""
    modules = [package for package in _PACKAGES if cls.__module__.startswith(package)]
    if cls.__module__.startswith("sktime."):
        found = find_class(f"sktime.{cls.__name__}")
        # sktime loads its modules a second time under their old names, with "series".
        home = cls.__module__.replace(".series.", ".")
        is_same = found is not None and found.__module__ == home
        return f"sktime.{cls.__name__}" if is_same else None
    for module in (cls.__module__.partition(".")[0], *modules, cls.__module__):
        name = f"{module}.{cls.__name__}"
        if find_class(name) is cls:
            return name
    return None


def find_member(name: str) -> Any:
    """Return the function or number type with this name, None if it is not allowed."""
    module, _, attribute = name.rpartition(".")
    if module == "builtins":
        return _BUILTINS.get(attribute)
    if name == _PRETRAINED or name in _SELECTORS:
        return getattr(import_module(module), attribute)
    if module not in _UFUNCS and module not in _FUNCTIONS:
        return None
    found = getattr(import_module(module), attribute, None)
    if module in _UFUNCS:
        is_scalar = isinstance(found, type) and issubclass(found, np.generic)
        return found if is_scalar or isinstance(found, np.ufunc) else None
    is_theirs = isinstance(found, FunctionType) and found.__module__.startswith(
        "sklearn."
    )
    return found if is_theirs else None


def find_member_name(member: Any) -> str | None:
    """Return the name by which `find_member` finds a function or a type, or None."""
    ours = _PRETRAINED.rpartition(".")[0]
    home = getattr(member, "__module__", None)
    for module in ("builtins", *_UFUNCS, *_FUNCTIONS, ours, home):
        name = f"{module}.{getattr(member, '__name__', '')}"
        if find_member(name) is member:
            return name
    return None
