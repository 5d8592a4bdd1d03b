"""Regressor that the forecaster trains."""

from typing import Any

from sklearn.base import clone
from sklearn.utils import check_random_state

from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.forecasting._defaults import Plan
from skforecast_lstm.forecasting._forecast import QUANTILES
from skforecast_lstm.forecasting._parameters import errors_decide
from skforecast_lstm.networks import QuantileLoss, forecast_network

__all__ = ["regressor_for"]


def regressor_for(forecaster: Any, n_rows: int, n_quantiles: int) -> Any:
    """Return a copy of the user's regressor, or the default one, with a seed.

    `n_rows` is the number of rows of all series together.
    """
    categories = forecaster.exogenous_.categories
    if categories and forecaster.regressor is not None:
        raise ValueError(
            f"X has the categorical columns {[*categories]}, which only the default "
            "network reads, but regressor is given. Encode them as numbers, for example "
            "with OneHotEncoder, or leave regressor out."
        )
    if forecaster.regressor is None:
        regressor = default_regressor(forecaster, n_rows)
    else:
        regressor = clone(forecaster.regressor)
    if n_quantiles > 1:
        regressor.set_params(loss=QuantileLoss(QUANTILES))
    if getattr(regressor, "random_state", 0) is None:
        generator = check_random_state(forecaster.random_state)
        regressor.set_params(random_state=int(generator.randint(2**31 - 1)))
    return regressor


def default_regressor(forecaster: Any, n_rows: int) -> LSTMRegressor:
    """Return LSTMs that correct simple forecasts, of a size that suits the rows."""
    plan = Plan.of(
        n_rows,
        forecaster.lookback_,
        forecaster.season_length_,
        shares=errors_decide(forecaster),
    )
    exogenous, n_targets = forecaster.exogenous_, len(forecaster.columns_)
    names = exogenous.past + exogenous.known
    return LSTMRegressor(
        model=forecast_network,
        model__horizon=forecaster.horizon_,
        model__n_targets=n_targets,
        model__n_known=len(exogenous.known),
        model__categorical_features=[n_targets + one for one in exogenous.categorical],
        model__n_categories=[
            len(exogenous.categories[names[one]]) for one in exogenous.categorical
        ],
        model__season_length=forecaster.season_length_,
        model__second_season=forecaster.second_season_,
        model__segment=plan.segment,
        model__units=plan.units,
        model__dropout=plan.dropout,
        model__loss_in_spreads=plan.loss_in_spreads,
        model__decoder="lstm" if forecaster.strategy == "seq2seq" else "dense",
        loss="mae",
        learning_rate=plan.learning_rate,
        schedule="cosine",
        n_batches=plan.n_batches,
        batch_size=plan.batch_size,
        n_members=forecaster.n_members or plan.n_members,
        verbose=forecaster.verbose,
    )
