"""Many trainings at once, one on each core."""

import inspect
import random
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np

from skforecast_lstm._suggestions import did_you_mean
from skforecast_lstm.training.cores import map_on_cores, n_cores
from skforecast_lstm.training.dispatch import fit
from skforecast_lstm.training.samples import Samples

__all__ = ["fit_many"]

# Number of trainings under way on a GPU, which computes them together.
MOST_AT_ONCE = 64


def fit_many(
    trainings: Sequence[Mapping[str, Any]], *, verbose: int | Literal["auto"] = "auto"
) -> list[keras.callbacks.History]:
    """Train many compiled Keras models, each as `fit` trains it alone.

    On JAX, the trainings run in threads, one on each core, and those with the most work
    begin first. On a GPU, the batches of up to 64 trainings of a kind run together as one
    program. The number of threads is limited as in scikit-learn: by joblib in its
    workers, by ``OMP_NUM_THREADS`` and by `threadpoolctl.threadpool_limits`. Trainings of
    the same kind share one compiled program. On other backends, they run one after
    another.

    Parameters
    ----------
    trainings : sequence of dict
        Arguments of `fit` for each training, such as ``{"model": model, "x": x, "y": y,
        "epochs": 5}``. Each needs a model of its own. ``verbose`` is 0 if it is not
        given. Callbacks are called in the thread of their training.
    verbose : int or "auto", default="auto"
        0 is silent. Other values show a progress bar that counts the trainings.

    Returns
    -------
    histories : list of keras.callbacks.History
        Losses and metrics of each training, in the order of `trainings`.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skforecast_lstm import training
    >>> x, y = np.ones((20, 3)), np.ones((20, 1))
    >>> models = [keras.Sequential([keras.layers.Dense(1)]) for _ in range(3)]
    >>> for model in models:
    ...     model.compile("adam", "mse")
    >>> histories = training.fit_many(
    ...     [{"model": model, "x": x, "y": y, "epochs": 2} for model in models],
    ...     verbose=0,
    ... )
    >>> [len(history.history["loss"]) for history in histories]
    [2, 2, 2]
    """
    trainings = [_complete(*numbered) for numbered in enumerate(trainings)]
    _check_models_differ([given["model"] for given in trainings])
    bar = keras.utils.Progbar(
        len(trainings), verbose=int(verbose != 0), unit_name="training"
    )
    lock = threading.Lock()
    histories: list[Any] = [None] * len(trainings)

    def train(number):
        histories[number] = fit(**trainings[number])
        with lock:
            bar.add(1)

    work = [_work(given) for given in trainings]
    longest_first = sorted(range(len(trainings)), key=lambda number: -work[number])
    if keras.config.backend() == "jax":
        _map_on_device(train, longest_first)
    else:
        for number in longest_first:
            train(number)
    return histories


def _map_on_device(train, numbers):
    """Train on all cores, or many at once on a GPU."""
    # Not at the top: other backends need no JAX.
    from skforecast_lstm.training import meeting

    if not meeting.is_useful():
        map_on_cores(train, numbers, n_cores())
        return
    n_at_once = min(MOST_AT_ONCE, len(numbers))
    with meeting.announced(n_at_once) as waited_for:

        def train_together(number):
            with meeting.taking_part(waited_for):
                train(number)

        map_on_cores(train_together, numbers, n_at_once)


def _complete(number, given):
    """Return the arguments of one training, checked and with a seed."""
    if not isinstance(given, Mapping):
        raise TypeError(
            f"trainings[{number}] must be a dict of the arguments of fit, got "
            f"{type(given).__name__}."
        )
    known = {
        **inspect.signature(fit).parameters,
        **inspect.signature(keras.Model.fit).parameters,
    }
    for name in given:
        if name not in known:
            raise TypeError(
                f"trainings[{number}] has an argument {name!r}, which fit does not have."
                f"{did_you_mean(name, known)}"
            )
    missing = [name for name in ("model", "x") if name not in given]
    if missing:
        raise TypeError(
            f"trainings[{number}] has no {' and no '.join(missing)}. Each training needs "
            "a model and x."
        )
    complete = {"verbose": 0, "seed": None, "shuffle": True, **given}
    if complete["shuffle"] and complete["seed"] is None:
        # Here, since the threads would draw in any order.
        complete["seed"] = random.randrange(2**31)
    return complete


def _check_models_differ(models):
    """Raise a `ValueError` if two trainings would change the same model."""
    first: dict[int, int] = {}
    for number, model in enumerate(models):
        before = first.setdefault(id(model), number)
        if before != number:
            raise ValueError(
                f"trainings[{before}] and trainings[{number}] have the same model. Give "
                "each training a model of its own."
            )


def _work(given):
    """Return a number that grows with the time of a training, 0 if nothing is known."""
    x = given["x"]
    arrays = keras.tree.flatten(x.x if isinstance(x, Samples) else x)
    if not all(isinstance(one, np.ndarray) for one in arrays):
        return 0
    n_batches = given.get("n_batches")
    if n_batches is None:
        n_rows = len(x if isinstance(x, Samples) else arrays[0]) * given.get("epochs", 1)
    else:
        n_rows = n_batches * (given.get("batch_size") or 32)
    return n_rows * sum(one[0].size for one in arrays)
