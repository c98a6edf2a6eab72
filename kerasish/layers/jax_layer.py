"""Layers around what is written for JAX itself: plain functions, modules of Flax."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import backend, dtypes, tree
from ..random import SeedGenerator
from ..variable import Variable
from .function import check_loadable
from .layer import Layer

__all__ = ["FlaxLayer", "JaxLayer"]

# What the functions may take. All must take `inputs`.
CALL_ARGUMENTS = ("params", "state", "rng", "inputs", "training")
INIT_ARGUMENTS = ("rng", "inputs", "training")
# In place of the counter in the key of the first values: no call counts so far.
LAST = 2**32 - 1


class JaxLayer(Layer):
    """A function of JAX, with its parameters, as a layer.

    ``outputs = call_fn(params, inputs)``, where `params` is any pytree. What else
    `call_fn` takes is seen from the names of its arguments, in any order:

    - `params`: pytree of arrays. Floats among them are trained.
    - `state`: pytree of arrays that are not trained. `call_fn` then returns `(outputs,
      new state)`.
    - `rng`: a random key, uint32 of shape (2,), in training; else None.
    - `inputs`: tensor or nest of tensors.
    - `training`: a bool.

    Needs the JAX backend. Files hold the names of the functions, never their code:
    decorate them with `keras.saving.register_keras_serializable()`. The order of the
    weights is JAX's: keys of dicts are sorted.

    Args:
        call_fn: the function.
        init_fn: function of `inputs` (ones, of the first inputs' shape, a batch of 1
            where it is unknown) and, if it takes them, `rng` (a random key) and
            `training` (True). Returns `params`; `(params, state)` if `call_fn` takes
            `state`. Not called if one of the next two is given.
        params: first values, in place of `init_fn`'s.
        state: likewise.
        seed: integer that makes `rng` repeatable.
        native_serialization_platforms: kept for Keras, where it is about exporting.

    Raises:
        NotImplementedError: the backend is not JAX.
        TypeError: a function cannot be called; a parameter is no array.
        ValueError: a function takes arguments of other names or returns something else;
            there is nothing to take the parameters from; on saving, if the layer could
            not be made again from the file.

    Example:
        >>> def line(params, inputs):
        ...     return inputs @ params["slope"] + params["offset"]
        >>> params = {"slope": np.array([[1.0], [2.0]]), "offset": np.zeros(1)}
        >>> layer = keras.layers.JaxLayer(line, params=params)
        >>> np.asarray(layer(np.array([[3.0, 4.0]], "float32"))).tolist()
        [[11.0]]
        >>> [w.name for w in layer.weights]
        ['offset', 'slope']
    """

    _unsaved: tuple[str, ...] = ("params", "state", "seed")
    _functions: tuple[str, ...] = ("call_fn", "init_fn")  # which files name

    def __init__(
        self,
        call_fn: Callable[..., Any],
        init_fn: Callable[..., Any] | None = None,
        params: Any = None,
        state: Any = None,
        seed: int | None = None,
        native_serialization_platforms: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if backend.backend() != "jax":
            raise NotImplementedError(
                f"Layer `{self.name}` ({type(self).__name__}) runs functions of JAX, "
                f"but the backend is {backend.backend()!r}: choose the other one, "
                '`keras.config.set_backend("jax")`, before the first model is made.'
            )
        self.call_fn, self.init_fn = call_fn, init_fn
        takes = self._checked("call_fn", CALL_ARGUMENTS)
        if init_fn is not None:
            self._checked("init_fn", INIT_ARGUMENTS)
        self.seed = seed
        self.native_serialization_platforms = native_serialization_platforms
        seeds = SeedGenerator(seed)
        self._first_key = np.array([seeds.state.view()[0], LAST], "uint32")
        self.seed_generator = seeds if "rng" in takes else None
        self._has_state = "state" in takes
        self._has_weights = self._has_state or "params" in takes
        self.params = self._variables_of("params", params)
        self.state = self._variables_of("state", state)
        if self._has_weights and not self._given() and init_fn is None:
            raise ValueError(
                f"Layer `{self.name}` needs first values: pass `init_fn`, `params` or "
                "`state`, since `call_fn` takes `params` or `state`."
            )

    def _checked(self, argument: str, allowed: Sequence[str]) -> list[str]:
        """The names of what one of the functions takes."""
        fn = getattr(self, argument)
        if not callable(fn):
            raise TypeError(
                f"`{argument}` of layer `{self.name}` must be callable, not {fn!r}."
            )
        names = list(inspect.signature(fn).parameters)
        if "inputs" not in names or not set(names) <= set(allowed):
            raise ValueError(
                f"`{argument}` of layer `{self.name}` takes {names}; it must take "
                f"`inputs` and may take {[x for x in allowed if x != 'inputs']}, by "
                "these names. Wrap it in a function that does."
            )
        return names

    def _given(self) -> bool:
        return self.params is not None or self.state is not None

    def build(self, input_shape: Any) -> None:
        if not self._has_weights or self._given():
            return
        with backend.eager():
            inputs = tree.map_shape_structure(self._ones, input_shape)
            key = backend.asarray(self._first_key)
            first = _called(self.init_fn, rng=key, inputs=inputs, training=True)
        params, state = first, None
        if self._has_state:
            params, state = self._pair(first, "init_fn", "(params, state)")
        self.params = self._variables_of("params", params)
        self.state = self._variables_of("state", state)

    def _ones(self, shape: Sequence[int | None]) -> Any:
        sizes = [1 if size is None else size for size in shape]
        return backend.xp.ones(sizes, self.variable_dtype)

    def _pair(self, found: Any, argument: str, expected: str) -> Any:
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise ValueError(
                f"`{argument}` of layer `{self.name}` must return {expected}, since "
                f"`call_fn` takes `state`; it returned a {type(found).__name__}."
            )
        return found

    def _variables_of(self, kind: str, nest: Any) -> Any:
        """The nest with a variable in place of each array."""
        names, values, rebuild = backend.leaves(nest)
        return rebuild([self._variable(kind, *pair) for pair in zip(names, values)])

    def _variable(self, kind: str, name: str, value: Any) -> Variable:
        if isinstance(value, Variable):
            self._weights.append(value)
            return value
        try:
            array = backend.asarray(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"`{kind}` of layer `{self.name}` holds {value!r} at {name!r}, which "
                "is no array of numbers: bind it to the function instead."
            ) from None
        dtype = backend.dtype_name(array)
        is_float = dtypes.is_float(dtype)
        return self.add_weight(
            array.shape,
            lambda shape, dtype: array,
            dtype=self.variable_dtype if is_float else dtype,
            trainable=is_float and kind == "params",
            name=name.replace("/", ".") or kind,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Call the function; keep the new state."""
        found = _called(
            self.call_fn,
            params=_values(self.params),
            state=_values(self.state),
            rng=self.seed_generator.next()
            if self.seed_generator and training
            else None,
            inputs=inputs,
            training=training,
        )
        if not self._has_state:
            return found
        outputs, new = self._pair(found, "call_fn", "(outputs, new state)")
        names, variables, _ = backend.leaves(self.state)
        returned, values, _ = backend.leaves(new)
        if returned != names:
            raise ValueError(
                f"The new state that `call_fn` of layer `{self.name}` returned holds "
                f"{returned}; it must hold what the state holds: {names}."
            )
        for variable, value in zip(variables, values):
            variable.assign(value)
        return outputs

    def get_config(self) -> dict[str, Any]:
        for argument in self._functions:
            check_loadable(self, argument)
        if self._has_weights and self.init_fn is None:
            raise ValueError(
                f"Layer `{self.name}` cannot be saved: files hold no `params`, so it "
                "could not be made again without `init_fn`. Pass `init_fn`, too, or "
                "save the weights alone."
            )
        config = super().get_config()
        return config if self.seed is None else config | {"seed": self.seed}


class FlaxLayer(JaxLayer):
    """A module of Flax Linen, with its variables, as a layer.

    The collection `"params"` is trained; all others are state that each call may
    change. In training the module gets a random key named `"dropout"`.

    Needs the JAX backend and Flax: `pip install kerasish[flax]`. To be saved, the
    module's class must have `get_config` and `from_config`, and be decorated with
    `keras.saving.register_keras_serializable()`. A module of Flax NNX is split into a
    `JaxLayer` of a function and its state.

    Args:
        module: a `flax.linen.Module`. If its `__call__` takes `training`, it gets it.
        method: a function `(module, inputs)`, or with `training`, to call in place of
            the module itself.
        variables: first values: the dict that `module.init` returned. Else the layer
            calls `module.init` when it is built.
        **kwargs: as for other layers; `seed`, as for `JaxLayer`.

    Raises:
        NotImplementedError: the backend is not JAX.
        TypeError: `module` is no such module; `method` cannot be called.
        ValueError: on saving, if the layer could not be made again from the file.

    Example:
        >>> import flax.linen
        >>> layer = keras.layers.FlaxLayer(flax.linen.Dense(2), name="flax")
        >>> layer(np.ones((1, 3), "float32")).shape
        (1, 2)
        >>> [(w.path, w.shape) for w in layer.weights]
        [('flax/params.bias', (2,)), ('flax/params.kernel', (3, 2))]
    """

    _unsaved = ("call_fn", "init_fn", "params", "state", "variables", "seed")
    _functions = ("method",)

    def __init__(
        self,
        module: Any,
        method: Callable[..., Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        does = [callable(getattr(module, name, None)) for name in ("init", "apply")]
        if isinstance(module, type) or not all(does):
            raise TypeError(
                "`module` of a FlaxLayer must be a `flax.linen.Module`, that is, have "
                f"`init` and `apply`, not {module!r}. Flax is an extra: `pip install "
                "kerasish[flax]`. A module of Flax NNX goes into a `JaxLayer`."
            )
        if method is not None and not callable(method):
            raise TypeError(
                f"`method` of a FlaxLayer must be callable, not {method!r}."
            )
        self.module, self.method = module, method
        takes = inspect.signature(method or module.__call__).parameters
        self._takes_training = "training" in takes
        params, state = _split(variables) if variables is not None else (None, None)
        super().__init__(self._apply, self._init, params=params, state=state, **kwargs)

    def _options(self, training: bool) -> dict[str, Any]:
        passed = {"training": training} if self._takes_training else {}
        return {"method": self.method, **passed}

    def _apply(
        self, params: Any, state: Any, rng: Any, inputs: Any, training: bool
    ) -> Any:
        return self.module.apply(
            {**params, **state},
            inputs,
            rngs={} if rng is None else {"dropout": rng},
            mutable=list(state),
            **self._options(training),
        )

    def _init(self, rng: Any, inputs: Any) -> Any:
        keys = dict(zip(("params", "dropout"), backend.split(rng)))
        return _split(self.module.init(keys, inputs, **self._options(True)))


def _split(variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The collection that is trained, and the others."""
    rest = dict(variables)
    return {key: rest.pop(key) for key in ("params",) if key in rest}, rest


def _values(nest: Any) -> Any:
    """The nest with its variables' arrays."""
    _, variables, rebuild = backend.leaves(nest)
    return rebuild([v.value for v in variables])


def _called(fn: Any, **given: Any) -> Any:
    """Call `fn` with those of the arguments that it takes."""
    parameters = inspect.signature(fn).parameters.values()
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    others = [given[p.name] for p in parameters if p.name not in named]
    return fn(*others, **{name: given[name] for name in named})
