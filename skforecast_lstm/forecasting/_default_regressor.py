"""Default regressor of the forecaster: LSTMs that correct simple forecasts."""

from skforecast_lstm.estimators import LSTMRegressor
from skforecast_lstm.forecasting._defaults import Plan
from skforecast_lstm.networks import forecast_network

__all__ = ["default_regressor"]


def default_regressor(
    plan: Plan,
    *,
    horizon: int,
    n_targets: int,
    n_known: int,
    season_length: int,
    decoder: str,
    n_members: int | None,
    verbose: int,
) -> LSTMRegressor:
    """Return LSTMs of the size of a plan; `n_members` replaces that of the plan.

    The other parameters are those of `forecast_network` and of `LSTMRegressor`.
    """
    return LSTMRegressor(
        model=forecast_network,
        model__horizon=horizon,
        model__n_targets=n_targets,
        model__n_known=n_known,
        model__season_length=season_length,
        model__segment=plan.segment,
        model__units=plan.units,
        model__dropout=plan.dropout,
        model__loss_in_spreads=plan.loss_in_spreads,
        model__decoder=decoder,
        loss="mae",
        learning_rate=plan.learning_rate,
        schedule="cosine",
        n_batches=plan.n_batches,
        batch_size=plan.batch_size,
        n_members=n_members or plan.n_members,
        verbose=verbose,
    )
