"""Training and prediction: by the engine, or by Keras's own loop as a fallback."""

from skforecast_lstm.training.batches import SampleBatches
from skforecast_lstm.training.disk_cache import keep_programs
from skforecast_lstm.training.dispatch import fit, predict
from skforecast_lstm.training.feeding import feed_back, feed_back_by_steps
from skforecast_lstm.training.many import fit_many
from skforecast_lstm.training.origins import Origins
from skforecast_lstm.training.samples import Samples

__all__ = [
    "Origins",
    "SampleBatches",
    "Samples",
    "feed_back",
    "feed_back_by_steps",
    "fit",
    "fit_many",
    "keep_programs",
    "predict",
]
