"""`FeatureSpace`: tables of named columns to what a model takes."""

import os
from typing import Any

import numpy as np

from .. import backend, layers, ops, registry, saving
from ..data import is_source
from ..graph import KerasTensor, is_symbolic
from ..layers.preprocessing.resizing import Rescaling
from ..layers.preprocessing.text_arrays import host_array
from ..models import Model

__all__ = ["Cross", "Feature", "FeatureSpace"]

MODES = ("int", "one_hot", "float")


class Cross:
    """A feature made of the combinations of others.

    Args:
        feature_names: of the others.
        crossing_dim: bins for the combinations.
        output_mode: `"one_hot"` or `"int"`.
    """

    def __init__(
        self, feature_names: Any, crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        if output_mode not in ("int", "one_hot"):
            raise ValueError(
                "`output_mode` of a cross must be 'int' or 'one_hot', got "
                f"{output_mode!r}."
            )
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The features' names joined."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Cross":
        """Make the cross that `get_config` described."""
        return cls(**config)


class Feature:
    """A column, and how it is prepared.

    Args:
        dtype: of the column.
        preprocessor: layer that prepares it; it may have `adapt`.
        output_mode: `"float"`, `"int"`, or `"one_hot"`: numbers become vectors.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        if output_mode not in MODES:
            raise ValueError(
                f"`output_mode` of a feature must be one of {MODES}, got "
                f"{output_mode!r}."
            )
        self.dtype = dtype
        self.preprocessor = registry.deserialize_keras_object(preprocessor)
        self.output_mode = output_mode

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "dtype": self.dtype,
            "preprocessor": registry.serialize_keras_object(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Feature":
        """Make the feature that `get_config` described."""
        return cls(**config)


class FeatureSpace(Model):
    """Prepare tables of named columns: normalize, look up, hash, cross, join.

    Args:
        features: name of a column -> `FeatureSpace.float_normalized()` and so on, or
            the name of such a method.
        output_mode: `"concat"`: one array of all features in the order of their names,
            crosses last; `"dict"`: a dictionary by name.
        crosses: tuples of names, or `FeatureSpace.cross(...)`.
        crossing_dim, hashing_dim, num_discretization_bins: for features and crosses
            that are given by names only.
        name: default `"feature_space"` ...

    Raises:
        ValueError: for an unknown kind of feature, or unknown names in `crosses`.

    Example:
        >>> space = keras.utils.FeatureSpace({
        ...     "age": keras.utils.FeatureSpace.float_rescaled(scale=0.01),
        ...     "town": keras.utils.FeatureSpace.string_categorical()})
        >>> table = {"age": [20.0, 50.0], "town": ["Rome", "Bern"]}
        >>> space.adapt(table)
        >>> print(np.asarray(space(table)).round(2))
        [[0.2 0.  1.  0. ]
         [0.5 0.  0.  1. ]]
    """

    def __init__(
        self,
        features: Any,
        output_mode: str = "concat",
        crosses: Any = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError("`features` must name at least one column, got none.")
        if output_mode not in ("concat", "dict"):
            raise ValueError(
                f"`output_mode` must be 'concat' or 'dict', got {output_mode!r}."
            )
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = output_mode
        self.features = {
            name: self._feature(name, value) for name, value in features.items()
        }
        self.crosses = [self._cross(cross) for cross in crosses or ()]
        self.preprocessors = {k: f.preprocessor for k, f in self.features.items()}
        self.crossers = {
            cross.name: layers.HashedCrossing(cross.crossing_dim, name=cross.name)
            for cross in self.crosses
        }
        self.adapted = not any(map(_adapts, self.preprocessors.values()))
        self.built = True

    def _feature(self, name: str, value: Any) -> Feature:
        if isinstance(value, dict):
            value = registry.deserialize_keras_object(value)
        if isinstance(value, Feature):
            return value
        if value in ("float", "float_normalized", "float_rescaled"):
            return getattr(self, value)(name=f"{name}_preprocessor")
        if value in ("integer_categorical", "string_categorical"):
            return getattr(self, value)(name=f"{name}_preprocessor")
        if value in ("integer_hashed", "string_hashed"):
            made: Any = getattr(self, value)
            return made(self.hashing_dim, name=f"{name}_preprocessor")
        if value == "float_discretized":
            bins = self.num_discretization_bins
            return self.float_discretized(bins, name=f"{name}_preprocessor")
        raise ValueError(
            f"The feature {name!r} must be made by a method of FeatureSpace, or be the "
            f"name of one, such as 'float_normalized'; got {value!r}."
        )

    def _cross(self, cross: Any) -> Cross:
        if isinstance(cross, dict):
            cross = registry.deserialize_keras_object(cross)
        if not isinstance(cross, Cross):
            cross = Cross(cross, self.crossing_dim)
        unknown = [name for name in cross.feature_names if name not in self.features]
        if unknown:
            raise ValueError(
                f"`crosses` names {unknown}, which are not among the features "
                f"{list(self.features)}."
            )
        return cross

    # --- kinds of features ------------------------------------------------------------

    @classmethod
    def cross(
        cls, feature_names: Any, crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Return the combinations of some features as a feature."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """Return a feature with a layer of the user's."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Return a feature of numbers as they are."""
        name = name or registry.unique_name("float")
        return Feature("float32", layers.Identity(name=name), "float")

    @classmethod
    def float_rescaled(
        cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None
    ) -> Feature:
        """Return a feature of numbers times a factor, plus an offset."""
        name = name or registry.unique_name("float_rescaled")
        layer = Rescaling(scale, offset, name=name)
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Return a feature of numbers with mean 0 and variance 1."""
        name = name or registry.unique_name("float_normalized")
        return Feature("float32", layers.Normalization(axis=-1, name=name), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int,
        bin_boundaries: Any = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a feature of bins of numbers."""
        bins = num_bins if bin_boundaries is None else None
        name = name or registry.unique_name("float_discretized")
        layer = layers.Discretization(bin_boundaries, bins, name=name)
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a feature of integers that are looked up."""
        name = name or registry.unique_name("integer_categorical")
        layer = layers.IntegerLookup(max_tokens, num_oov_indices, name=name)
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a feature of texts that are looked up."""
        name = name or registry.unique_name("string_categorical")
        layer = layers.StringLookup(max_tokens, num_oov_indices, name=name)
        return Feature("string", layer, output_mode)

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a feature of integers in bins by their hashes."""
        name = name or registry.unique_name("integer_hashed")
        return Feature("int32", layers.Hashing(num_bins, name=name), output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a feature of texts in bins by their hashes."""
        name = name or registry.unique_name("string_hashed")
        return Feature("string", layers.Hashing(num_bins, name=name), output_mode)

    # --- use --------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Let the layers adapt to data.

        Args:
            dataset: dictionary of columns, or an iterable of such dictionaries, each
                with a batch or with one row.
        """
        tables = list(dataset) if is_source(dataset) else [dataset]
        for name, layer in self.preprocessors.items():
            if _adapts(layer):
                layer.adapt(_column(table[name]) for table in tables)
        self.adapted = True

    def get_inputs(self) -> dict[str, KerasTensor]:
        """Return symbolic inputs, for a model that takes the raw columns."""
        if "_inputs" not in self.__dict__:
            self.__dict__["_inputs"] = {
                name: layers.Input((1,), dtype=feature.dtype, name=name)
                for name, feature in self.features.items()
            }
        return dict(self.__dict__["_inputs"])

    def get_encoded_features(self) -> Any:
        """Return the features as symbolic tensors that depend on `get_inputs()`."""
        return self._encoded(self.get_inputs())

    def __call__(self, data: Any) -> Any:
        """Return the features of a table, or of one row.

        Args:
            data: dictionary of columns (or of single values).
        """
        missing = sorted(set(self.features) - set(data))
        if missing:
            raise ValueError(
                f"FeatureSpace `{self.name}` needs the columns {sorted(self.features)};"
                f" missing are {missing}."
            )
        if any(is_symbolic(x) for x in data.values()):
            return self._encoded(data)
        single = all(np.ndim(data[name]) == 0 for name in self.features)
        columns = {name: _column(data[name]) for name in self.features}
        for name, column in columns.items():
            if self.features[name].dtype != "string":
                columns[name] = backend.asarray(column, self.features[name].dtype)
        found = self._encoded(columns)
        if not single:
            return found
        if isinstance(found, dict):
            return {name: value[0] for name, value in found.items()}
        return found[0]

    def _encoded(self, columns: dict[str, Any]) -> Any:
        if not self.adapted:
            raise ValueError(
                f"FeatureSpace `{self.name}` must see data before it is used: call "
                "`adapt(dataset)`."
            )
        found, numbers = {}, {}
        for name in sorted(self.features):
            feature = self.features[name]
            value = numbers[name] = feature.preprocessor(columns[name])
            found[name] = self._shown(value, feature)
        for cross in self.crosses:
            parts = [numbers[name] for name in cross.feature_names]
            found[cross.name] = self._shown(self.crossers[cross.name](parts), cross)
        if self.output_mode == "dict":
            return found
        whole = [n for n, x in found.items() if "int" in str(x.dtype)]
        if whole:
            raise ValueError(
                f"The feature {whole[0]!r} holds integers, which are not joined with "
                "numbers: give it output_mode='one_hot', or the FeatureSpace "
                "output_mode='dict'."
            )
        return ops.concatenate(list(found.values()), axis=-1)

    def _shown(self, value: Any, feature: Any) -> Any:
        if feature.output_mode != "one_hot" or "int" not in str(value.dtype):
            return value
        if isinstance(feature, Cross):
            size = feature.crossing_dim
        else:
            size = _categories(feature.preprocessor)
        return layers.CategoryEncoding(size, output_mode="multi_hot")(value)

    # --- files ------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "features": {
                name: registry.serialize_keras_object(feature)
                for name, feature in self.features.items()
            },
            "output_mode": self.output_mode,
            "crosses": [registry.serialize_keras_object(x) for x in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:  # type: ignore[override]
        """Make the feature space that `get_config` described."""
        return cls(**config)

    def load_own_variables(self, store: Any) -> None:
        """Know that the layers, which are loaded apart, have seen data."""
        self.adapted = True

    def save(self, filepath: Any) -> None:  # type: ignore[override]
        """Save in a `.keras` file, which `saving.load_model` reads."""
        saving.save_model(self, os.fspath(filepath))


def _column(values: Any) -> Any:
    """A column as an array of shape (rows, 1)."""
    array = host_array(values, "feature_space")
    return array.reshape(-1, 1) if array.ndim < 2 else array


def _adapts(layer: Any) -> bool:
    if getattr(layer, "input_mean", None) is not None:
        return False
    if isinstance(layer, layers.Discretization) and layer.num_bins is None:
        return False
    return hasattr(layer, "adapt")


def _categories(layer: Any) -> int:
    """How many numbers a layer that gives integers has."""
    if hasattr(layer, "vocabulary_size"):
        return layer.vocabulary_size()
    bounds = getattr(layer, "bin_boundaries", None)
    if bounds is not None:
        return len(bounds) + 1
    if getattr(layer, "num_bins", None):
        return layer.num_bins
    raise ValueError(
        f"It is not known how many categories layer `{layer.name}` has: let it encode "
        "its numbers itself, with output_mode='float' for the feature."
    )


registry.add_namespace("utils", {"FeatureSpace": FeatureSpace})
registry.add_namespace(
    "src.layers.preprocessing.feature_space",
    {"Feature": Feature, "Cross": Cross, "TFDIdentity": layers.Identity},
)
