"""Pretraining: a network that has seen many synthetic series before it sees yours."""

from skforecast_lstm.pretraining.generator import SyntheticSeries, synthetic_series

__all__ = ["SyntheticSeries", "synthetic_series"]
