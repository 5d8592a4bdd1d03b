"""Pictures of training, forecasts, windows and searches, as displays of scikit-learn."""

from skforecast_lstm.inspection.forecast import ForecastDisplay
from skforecast_lstm.inspection.loss_curve import LossCurveDisplay
from skforecast_lstm.inspection.search import SearchDisplay
from skforecast_lstm.inspection.window import WindowDisplay

__all__ = ["ForecastDisplay", "LossCurveDisplay", "SearchDisplay", "WindowDisplay"]
