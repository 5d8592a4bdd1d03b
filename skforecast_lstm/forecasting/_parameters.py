"""Checks of the parameters of the forecaster."""

from typing import Any

from skforecast_lstm._checks import check_integer, check_seasons

__all__ = ["check_parameters", "errors_decide"]

STRATEGIES = ("direct", "recursive", "seq2seq")
INTERVALS = ("conformal", "adaptive", "quantiles", None)


def check_parameters(forecaster: Any) -> None:
    """Raise if a parameter is not valid, or if two exclude each other."""
    for name, choices in (("strategy", STRATEGIES), ("intervals", INTERVALS)):
        if getattr(forecaster, name) not in choices:
            raise ValueError(
                f"{name} must be one of {choices}, got {getattr(forecaster, name)!r}."
            )
    pretrained = forecaster.pretrained
    if pretrained != "auto" and not isinstance(pretrained, bool):
        raise ValueError(f'pretrained must be True, False or "auto", got {pretrained!r}.')
    for name in _given_for_training(forecaster) if pretrained is True else ():
        raise ValueError(
            f"pretrained=True trains nothing, but {name} is given, which says how to "
            f'train. Leave {name} out, or set pretrained="auto".'
        )
    if pretrained is True and forecaster.calendar is not None:
        raise ValueError(
            "pretrained=True trains nothing, and the pretrained network reads no "
            'calendar. Leave calendar out, or set pretrained="auto".'
        )
    if forecaster.season_length is not None:
        check_seasons(forecaster.season_length)
    for name in ("lookback", "n_members"):
        if getattr(forecaster, name) is not None:
            check_integer(name, getattr(forecaster, name), 1)
    if forecaster.regressor is not None and forecaster.n_members is not None:
        raise ValueError(
            f"n_members={forecaster.n_members} is for the network that is made for the "
            "data, but regressor is given. Set n_members of an LSTMRegressor."
        )


def _given_for_training(forecaster: Any) -> list[str]:
    """Return the names of the parameters that are given and say how to train."""
    usual = {"lookback": None, "regressor": None, "n_members": None, "strategy": "direct"}
    given = [name for name, one in usual.items() if getattr(forecaster, name) != one]
    if forecaster.pretrained == "auto" and forecaster.intervals == "quantiles":
        given.append("intervals")
    return given


def errors_decide(forecaster: Any) -> bool:
    """Return True if held-out errors decide between the two networks."""
    return forecaster.pretrained == "auto" and not _given_for_training(forecaster)
