"""What a layer owns: variables, sublayers, metrics, seeds; and its weights' values."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from .. import dtypes, initializers, registry
from .. import regularizers as regularizers_module
from ..random import SeedGenerator
from ..variable import Variable, functional, setting, state

__all__ = ["Contents", "Owner", "unique"]


def walk(value: Any, met: list[Any] | None = None) -> Iterator[Any]:
    """Leaves of nested lists, tuples and dicts of attributes; `met` gets the nests."""
    kind = type(value)
    if kind is list or kind is tuple:
        inside = value
    elif isinstance(value, dict):
        inside = value.values()
    else:
        yield value
        return
    if met is not None:
        met.append(inside)
    for x in tuple(inside):
        yield from walk(x, met)


class Contents:
    """Collections that may change, and what was in them when this was made.

    Args:
        attributes: those of owners, who count in `changes` what is set and deleted.
        others: lists and dictionaries' values, which nobody has to tell of.
    """

    changes = 0

    def __init__(
        self,
        attributes: Sequence[Collection[Any]],
        others: Sequence[Collection[Any]],
    ) -> None:
        self.attributes, self.others = attributes, others
        self._count = Contents.changes
        self._parts = [
            (part, [*map(len, part)], [*chain.from_iterable(part)])
            for part in (others, attributes)
        ]

    def unchanged(self) -> bool:
        """Say whether the collections still hold the very same objects."""
        count = Contents.changes
        parts = self._parts[:1] if count == self._count else self._parts
        for collections, sizes, held in parts:
            if [*map(len, collections)] != sizes:
                return False
            if not all(map(is_, chain.from_iterable(collections), held)):
                return False
        self._count = count
        return True


def unique(things: Sequence[Any]) -> list[Any]:
    """Each thing once, in the first order; two are one if they are the same object."""
    return list({id(x): x for x in things}.values())


# Attributes whose insides are no part of the layer.
_APART = {"_arguments", "_losses", "nodes", "_build_shapes", "_output_shapes"}


class _Found:
    """What one look over a layer's attributes found."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        met: list[Any] = []
        self.leaves = [
            x
            for name, value in list(attributes.items())
            if name not in _APART
            for x in walk(value, met)
        ]
        self.contents = Contents([attributes.values()], met)
        self.of_kind: dict[Any, list[Any]] = {}


class Owner:
    """The part of a layer that finds and changes what the layer owns.

    Variables, layers, metrics and seed generators are found among the attributes, also
    within lists, tuples and dicts, in the order in which they were set. What was found
    is kept for as long as all of these hold the same objects, which is looked up each
    time for lists and dictionaries: only attributes tell of a change.
    """

    # What was found is no attribute like the others: it is about them.
    __slots__ = ("__dict__", "_found")

    name: str
    built: bool
    variable_dtype: str
    _path: tuple[str, ...] | None
    _weights: list[Variable]
    _trainable: bool

    def _own(self, kind: Any) -> list[Any]:
        """What of `kind` (a test) stands in the attributes, in order, once each."""
        found = self._look()
        if kind not in found.of_kind:
            found.of_kind[kind] = unique([x for x in found.leaves if kind(x)])
        return list(found.of_kind[kind])

    def _look(self) -> _Found:
        found: _Found | None = getattr(self, "_found", None)
        if found is None or not found.contents.unchanged():
            found = self._found = _Found(self.__dict__)
        return found

    def _contents(self) -> Contents:
        """All on which it depends what this layer and those within it own and do."""
        found = [layer._look().contents for layer in self._flatten_layers()]
        attributes = chain.from_iterable(part.attributes for part in found)
        others = chain.from_iterable(part.others for part in found)
        return Contents([*attributes], [*others])

    @property
    def _layers(self) -> list[Any]:
        return [x for x in self._own(_is_layer) if x is not self]

    def _own_variables(self) -> list[Variable]:
        """Trained ones first, as files keep them; seeds and metrics are apart."""
        found = self._own(_is_variable)
        return sorted(found, key=lambda v: not v.born_trainable)

    def _flatten_layers(
        self, include_self: bool = True, recursive: bool = True
    ) -> list[Any]:
        found: list[Any] = [self] if include_self else []
        for layer in self._layers:
            found += layer._flatten_layers() if recursive else [layer]
        return unique(found)

    @property
    def variables(self) -> list[Variable]:
        """All variables: weights, then states of seed generators, of sublayers too."""
        found = self._own_variables()
        found += [seed.state for seed in self._own(_is_seed)]
        for layer in self._layers:
            found += layer.variables
        return unique(found)

    @property
    def weights(self) -> list[Variable]:
        """The variables that files keep: all but states of seed generators."""
        found = self._own_variables()
        for layer in self._layers:
            found += layer.weights
        return unique(found)

    @property
    def trainable_variables(self) -> list[Variable]:
        """Variables that an optimizer changes."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Variables that an optimizer leaves alone."""
        trained = self.trainable
        return [v for v in self.variables if not (trained and v.trainable)]

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that an optimizer changes."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that an optimizer leaves alone."""
        trained = self.trainable
        return [v for v in self.weights if not (trained and v.trainable)]

    @property
    def metrics(self) -> list[Any]:
        """Metrics that are attributes of the layer or its sublayers."""
        found = self._own(_is_metric)
        for layer in self._layers:
            found += layer.metrics
        return unique(found)

    @property
    def metrics_variables(self) -> list[Variable]:
        """Variables of the metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained; setting it reaches all sublayers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        self._trainable = value
        for variable in self._own_variables():
            if not value and variable.trainable:
                variable.trainable, variable.frozen = False, True
            elif value and variable.frozen:
                variable.trainable, variable.frozen = True, False
        for layer in self._layers:
            layer.trainable = value

    @property
    def path(self) -> str:
        """Name with those of the layers around, `"encoder/dense"`."""
        return "/".join(self._path or (self.name,))

    def count_params(self) -> int:
        """Return the number of weights' elements.

        Raises:
            ValueError: if the layer is not built yet.
        """
        if not self.built:
            raise ValueError(
                f"Layer `{self.name}` has no weights yet: call it on data, or "
                "`build(input_shape)` it, before `count_params()`."
            )
        return sum(v.size for v in self.weights)

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer.

        Args:
            shape: default `()`.
            initializer: default `"glorot_uniform"` for floats, else `"zeros"`.
            dtype: default the policy's variable dtype.
            trainable: whether it is trained.
            autocast: whether it is read in the compute dtype during `call`.
            regularizer: penalty that is added to the loss.
            constraint: projection applied after each update.
            aggregation: how replicas are combined.
            overwrite_with_gradient: whether its gradient is its new value.
            name: default `"variable"`.
        """
        shape = (shape,) if isinstance(shape, int) else tuple(shape or ())
        dtype = dtypes.standardize_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        with self._scope():
            variable = Variable(
                initializers.get(initializer),
                shape,
                dtype,
                trainable,
                autocast,
                aggregation,
                name=name,
            )
        variable.regularizer = regularizers_module.get(regularizer)
        if callable(constraint) or constraint is None:
            variable.constraint = constraint
        else:
            variable.constraint = registry.namespace("constraints")["get"](constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        if variable.trainable and not self.trainable:
            variable.trainable, variable.frozen = False, True
        self._weights.append(variable)
        return variable

    add_variable = add_weight

    def get_weights(self) -> list[np.ndarray]:
        """Return the weights as NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign the weights, in the order of `get_weights`.

        Raises:
            ValueError: if their number or a shape is wrong.
        """
        variables = self.weights
        if len(variables) != len(weights):
            raise ValueError(
                f"Layer `{self.name}` has {len(variables)} weights, "
                f"`set_weights` got {len(weights)}."
            )
        for variable, value in zip(variables, weights):
            variable.check_shape(value)
        for variable, value in zip(variables, weights):
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Put this layer's own weights, sublayers' not, in `store["0"]`, `["1"]` ..."""
        for i, variable in enumerate(self._own_variables()):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Assign what `save_own_variables` stored."""
        variables = self._own_variables()
        if len(store.keys()) != len(variables):
            raise ValueError(
                f"Layer `{self.name}` has {len(variables)} variables, the store has "
                f"{len(store.keys())}: {[(v.path, v.shape) for v in variables]}. "
                + ("" if self.built else "The layer was never built.")
            )
        for i, variable in enumerate(variables):
            variable.assign(np.asarray(store[str(i)]))

    @contextmanager
    def _scope(self) -> Iterator[None]:
        """Variables that are made within have paths below this layer's."""
        if self._path is None:
            self._path = (*state.path, self.name)
        with setting(path=self._path):
            yield

    def stateless_call(
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Call the layer as a pure function of its variables.

        Args:
            trainable_variables: values in the order of `self.trainable_variables`.
            non_trainable_variables: likewise.
            return_losses: whether `self.losses` are returned too.

        Returns:
            `(outputs, new non-trainable values)`, and the losses if asked for.
        """
        if not self.built:
            raise ValueError(
                f"Layer `{self.name}` must be built before `stateless_call`: call it "
                "on data once, or `build(input_shape)` it."
            )
        trained = self.trainable_variables
        rest = self.non_trainable_variables
        values = [*trainable_variables, *non_trainable_variables]

        def run() -> Any:
            outputs = self(*args, **kwargs)
            return outputs, self.losses if return_losses else []

        (outputs, losses), new = functional(run, [*trained, *rest])(values)
        result = (outputs, new[len(trained) :])
        return (*result, losses) if return_losses else result

    def __setattr__(self, name: str, value: Any) -> None:
        Contents.changes += 1
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        Contents.changes += 1
        value = self.__dict__.get(name)
        if isinstance(value, Variable):
            self._weights = [v for v in self._weights if v is not value]
        super().__delattr__(name)


def _is_layer(x: Any) -> bool:
    return isinstance(x, Owner)


def _is_variable(x: Any) -> bool:
    return isinstance(x, Variable)


def _is_seed(x: Any) -> bool:
    return isinstance(x, SeedGenerator)


def _is_metric(x: Any) -> bool:
    return hasattr(x, "update_state") and hasattr(x, "result")
