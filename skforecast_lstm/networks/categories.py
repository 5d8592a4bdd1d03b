"""Categorical columns of windows: their categories, embeddings, and static columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from skforecast_lstm._engine_contract import known_to_engine
from skforecast_lstm.networks.arguments import ColumnPlaces
from skforecast_lstm.networks.initializers import GlorotUniform
from skforecast_lstm.networks.layers import TakeColumns

__all__ = [
    "CategoryEmbedding",
    "CategoryNumbers",
    "ColumnKinds",
    "JoinColumns",
    "embed_columns",
    "embed_window",
    "embedding_size",
]


def embedding_size(n_categories: int) -> int:
    """Return the size of an embedding: half the number of categories, at most 50.

    Examples
    --------
    >>> from skforecast_lstm.networks.categories import embedding_size
    >>> [embedding_size(n_categories) for n_categories in (1, 2, 7, 1000)]
    [1, 1, 4, 50]
    """
    return min(50, (n_categories + 1) // 2)


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class CategoryNumbers(layers.Layer):
    """Number the categories of a column of a window, -1 for unknown ones.

    The categories are a non-trainable weight: integers in ascending order, 0, 1, 2 and
    so on until they are set.

    Parameters
    ----------
    column : int
        Column of the window.
    n_categories : int
        Number of categories.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import CategoryNumbers
    >>> layer = CategoryNumbers(1, 2)
    >>> window = np.array([[[0.5, 107.0], [0.6, 103.0], [0.7, 105.0]]])
    >>> layer.build(window.shape)
    >>> layer.set_weights([np.array([103, 107])])
    >>> np.asarray(layer(window)).tolist()
    [[1.0, 0.0, -1.0]]
    """

    def __init__(self, column: int, n_categories: int, **kwargs):
        # Half precision would round the categories.
        super().__init__(**{"autocast": False, **kwargs})
        self.column, self.n_categories = column, n_categories

    def build(self, input_shape):
        """Create the weight."""
        self.categories = self.add_weight(
            name="categories",
            shape=(self.n_categories,),
            initializer="zeros",
            trainable=False,
            autocast=False,
        )
        self.categories.assign(range(self.n_categories))

    def call(self, inputs):
        """Return the number of the category at each step."""
        values = inputs[:, :, self.column]
        categories = ops.convert_to_tensor(self.categories, values.dtype)
        place = ops.searchsorted(categories, values)
        place = ops.minimum(place, self.n_categories - 1)
        is_known = ops.equal(ops.take(categories, place), values)
        return ops.where(is_known, ops.cast(place, values.dtype), -1.0)

    def compute_output_shape(self, input_shape):
        """Return the shape without the axis of columns."""
        return input_shape[:-1]

    def get_config(self):
        """Return the parameters of the layer."""
        own = {"column": self.column, "n_categories": self.n_categories}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class CategoryEmbedding(layers.Embedding):
    """`keras.layers.Embedding` in which an unknown category is the mean of all others.

    Unknown categories are negative numbers.

    Parameters
    ----------
    input_dim, output_dim, **options : int, int, dict
        As in `keras.layers.Embedding`.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import CategoryEmbedding
    >>> layer = CategoryEmbedding(2, 1)
    >>> layer.build()
    >>> layer.set_weights([np.array([[1.0], [4.0]])])
    >>> np.asarray(layer(np.array([[0, 1, -1]]))).ravel()
    array([1. , 4. , 2.5], dtype=float32)
    """

    def call(self, inputs):
        """Return the embedding of each number."""
        is_known = ops.expand_dims(ops.greater_equal(inputs, 0), -1)
        rows = super().call(ops.maximum(inputs, 0))
        usual = ops.mean(ops.convert_to_tensor(self.embeddings, rows.dtype), axis=0)
        return ops.where(is_known, rows, usual)


@keras.saving.register_keras_serializable(package="skforecast_lstm")
@known_to_engine
class JoinColumns(layers.Layer):
    """Append columns to masked steps, which stay masked; NaN becomes zero.

    Examples
    --------
    >>> import numpy as np
    >>> from skforecast_lstm.networks import JoinColumns
    >>> steps, columns = np.array([[[1.0]]]), np.array([[[2.0, np.nan]]])
    >>> np.asarray(JoinColumns()([steps, columns])).tolist()
    [[[1.0, 2.0, 0.0]]]
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        """Return the steps with all columns."""
        first, *others = inputs
        others = [ops.where(ops.isnan(one), ops.zeros_like(one), one) for one in others]
        return ops.concatenate([first, *others], axis=-1)

    def compute_mask(self, inputs, previous_mask=None):
        """Return the mask of the steps."""
        return None if previous_mask is None else previous_mask[0]

    def compute_output_shape(self, input_shape):
        """Return the shape of the steps with all columns."""
        return (*input_shape[0][:-1], sum(shape[-1] for shape in input_shape))


def embed_columns(window: Any, columns: Sequence[int], n_categories: int) -> list:
    """Return the embedding of columns with the same categories, at each step.

    Parameters
    ----------
    window : KerasTensor of shape (n_samples, n_steps, n_columns)
        Window.
    columns : sequence of int
        Categorical columns.
    n_categories : int
        Number of categories of the columns together.

    Returns
    -------
    embedded : list of KerasTensor of shape (n_samples, n_steps, size)
        Embeddings, with the same weights for all columns.
    """
    # The weights are those of a dense layer after one-hot columns.
    embedding = CategoryEmbedding(
        n_categories,
        embedding_size(n_categories),
        embeddings_initializer=GlorotUniform(),
    )
    numbers = (CategoryNumbers(column, n_categories)(window) for column in columns)
    return [embedding(one) for one in numbers]


def embed_window(
    window: Any, n_categories: Mapping[int, int], n_known: int
) -> tuple[Any, int]:
    """Return a window with embeddings in place of categories, and the columns known.

    The last ``2 * n_known`` columns are those known ahead, as in `forecast_network`.

    Parameters
    ----------
    window : KerasTensor of shape (n_samples, n_steps, n_columns)
        Window.
    n_categories : dict of int
        Number of categories of each categorical column.
    n_known : int
        Number of columns that are known ahead.

    Returns
    -------
    window : KerasTensor
        Window with the columns in the same order.
    n_known : int
        Number of columns that are known ahead, with those of their embeddings.
    """
    n_columns = window.shape[-1]
    first = n_columns - 2 * n_known
    embedded: dict[int, Any] = {}
    for column, n_each in n_categories.items():
        columns = [column, column + n_known] if column >= first else [column]
        both = embed_columns(window, columns, n_each)
        embedded |= dict(zip(columns, both, strict=True))
    parts = [
        embedded[column] if column in embedded else TakeColumns((column,))(window)
        for column in range(n_columns)
    ]
    n_known = sum(part.shape[-1] for part in parts[first : first + n_known])
    return layers.Concatenate()(parts), n_known


@dataclass(frozen=True)
class ColumnKinds:
    """Columns of a window by kind: numbers, static numbers, and categories.

    Parameters
    ----------
    numbers, static, categorical : tuple of int
        Positions of the columns in the window. Static numbers are not normalized.
    n_categories : tuple of int
        Number of categories of each categorical column.
    """

    numbers: tuple[int, ...]
    static: tuple[int, ...]
    categorical: tuple[int, ...]
    n_categories: tuple[int, ...]

    @classmethod
    def of(
        cls,
        places: ColumnPlaces,
        *,
        categorical_features: Sequence[int | str] | None,
        n_categories: Sequence[int] | None,
        static_features: Sequence[int | str] | None,
        meta: Mapping[str, Any] | None,
    ) -> "ColumnKinds":
        """Create from the arguments of a network."""
        categorical = places.positions("categorical_features", categorical_features or ())
        static = places.positions("static_features", static_features or ())
        static = tuple(one for one in static if one not in categorical)
        if categorical and meta is not None and "categories_" in meta:
            n_categories = [len(one) for one in meta["categories_"]]
        n_categories = tuple(map(int, n_categories or ()))
        if len(n_categories) != len(categorical):
            raise ValueError(
                f"There are {len(categorical)} categorical_features, but n_categories "
                f"has {len(n_categories)} numbers. Give one for each column."
            )
        numbers = tuple(
            column
            for column in range(places.n_columns)
            if column not in categorical and column not in static
        )
        if not numbers:
            raise ValueError(
                "All columns of the windows are categorical or static. At least one "
                "other column is needed, which shows the steps that are known."
            )
        return cls(numbers, static, categorical, n_categories)

    @property
    def are_all_numbers(self) -> bool:
        """True if all columns are ordinary numbers."""
        return not self.static and not self.categorical

    def among_numbers(self, columns: Sequence[int]) -> tuple[int, ...]:
        """Return the positions of columns among the numbers."""
        for column in columns:
            if column not in self.numbers:
                raise ValueError(
                    f"Column {column} is in target_columns, and also in "
                    "categorical_features or static_features. Leave it out of one."
                )
        return tuple(map(self.numbers.index, columns))

    def join(self, steps: Any, window: Any) -> Any:
        """Return the steps of the numbers with static columns and embeddings."""
        if self.are_all_numbers:
            return steps
        others = [TakeColumns(self.static)(window)] if self.static else []
        pairs = zip(self.categorical, self.n_categories, strict=True)
        others += [
            one for column, n in pairs for one in embed_columns(window, [column], n)
        ]
        return JoinColumns()([steps, *others])

    def after_join(self, columns: Sequence[int]) -> tuple[int, ...]:
        """Return the positions of columns of the window in the joined steps."""
        groups = {}
        start = 0
        pairs = zip(self.categorical, self.n_categories, strict=True)
        sizes = {column: embedding_size(n_categories) for column, n_categories in pairs}
        for column in (*self.numbers, *self.static, *self.categorical):
            size = sizes.get(column, 1)
            groups[column] = range(start, start + size)
            start += size
        return tuple(place for column in columns for place in groups[column])
