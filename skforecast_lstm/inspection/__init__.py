"""Displays in scikit-learn's style, and where forecasts come from."""

from skforecast_lstm.inspection.attribution_display import AttributionDisplay
from skforecast_lstm.inspection.attributions import window_attributions
from skforecast_lstm.inspection.forecast import ForecastDisplay
from skforecast_lstm.inspection.loss_curve import LossCurveDisplay
from skforecast_lstm.inspection.permutation import permutation_importance
from skforecast_lstm.inspection.search import SearchDisplay
from skforecast_lstm.inspection.window import WindowDisplay

__all__ = [
    "AttributionDisplay",
    "ForecastDisplay",
    "LossCurveDisplay",
    "SearchDisplay",
    "WindowDisplay",
    "permutation_importance",
    "window_attributions",
]
