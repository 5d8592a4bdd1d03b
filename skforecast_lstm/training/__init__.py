"""How a network is trained: batches of windows, and the loop over them."""

from skforecast_lstm.training.batches import WindowBatches
from skforecast_lstm.training.loop import fit, predict

__all__ = ["WindowBatches", "fit", "predict"]
