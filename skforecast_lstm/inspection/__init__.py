"""Displays of training, forecasts, windows and searches, in scikit-learn's style."""

from skforecast_lstm.inspection.forecast import ForecastDisplay
from skforecast_lstm.inspection.loss_curve import LossCurveDisplay
from skforecast_lstm.inspection.search import SearchDisplay
from skforecast_lstm.inspection.window import WindowDisplay

__all__ = ["ForecastDisplay", "LossCurveDisplay", "SearchDisplay", "WindowDisplay"]
