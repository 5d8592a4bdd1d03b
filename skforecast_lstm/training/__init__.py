"""How a network is trained: the engine, and Keras's own loop where it steps aside."""

from skforecast_lstm.training.batches import SampleBatches
from skforecast_lstm.training.disk_cache import keep_programs
from skforecast_lstm.training.feeding import feed_back, feed_back_by_steps
from skforecast_lstm.training.loop import fit, predict
from skforecast_lstm.training.origins import Origins
from skforecast_lstm.training.samples import Samples

__all__ = [
    "Origins",
    "SampleBatches",
    "Samples",
    "feed_back",
    "feed_back_by_steps",
    "fit",
    "keep_programs",
    "predict",
]
