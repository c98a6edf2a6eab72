"""The base class of all layers: state, building, calling, masks, losses, config."""

import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend, dtype_policies, registry, rematerialization, tree
from .. import regularizers as regularizers_module
from ..graph import KerasTensor, Node, Operation, any_symbolic, infer_call, is_symbolic
from ..masks import get_mask, set_mask
from ..variable import setting, state
from .input_spec import check_inputs
from .owner import Owner, walk
from .quantization import Quantizable
from .signature import call_signature, parameters_of

__all__ = ["Layer", "in_call"]


class _Calls(threading.local):
    entry: Any = None  # the outermost layer being called
    training: bool | None = None


_calls = _Calls()


def in_call() -> bool:
    """Say whether this thread is within the call of some layer."""
    return _calls.entry is not None


class Layer(Owner, Operation, Quantizable, registry.Configurable):
    """A function with weights.

    A subclass makes its weights in `build(input_shape)` (or in the constructor) with
    `add_weight`, and computes in `call(inputs)`. Layers, variables and metrics that
    are attributes, also within lists and dicts, are found by themselves.

    Args:
        activity_regularizer: penalty on the outputs.
        trainable: whether the weights are trained; may be changed at any time.
        dtype: dtype or dtype policy, default `config.dtype_policy()`.
        autocast: whether float inputs are cast to the compute dtype.
        name: unique in a model; default from the class.

    Raises:
        ValueError: for unknown keyword arguments.

    Example:
        >>> class Scale(keras.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight((input_shape[-1],), "ones")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> np.asarray(Scale()(np.ones((1, 2), "float32"))).tolist()
        [[1.0, 1.0]]
    """

    dtype_policy: Any = dtype_policies.Held()
    _losses: list[Any]
    _building: bool
    _unsaved: tuple[str, ...] = ()  # arguments of the constructor that no config has

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = registry.Configurable.__new__(cls, *args, **kwargs)
        # Set here, so that attributes work before the base constructor ran.
        made.__dict__.update(
            built=False, nodes=[], _weights=[], _losses=[], _trainable=True, _path=None
        )
        made.__dict__.update(_build_shapes=None, _sample_shape=None, _output_shapes=[])
        return made

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _recorded_build(cls.build)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        nodes = self.nodes
        Operation.__init__(self, name)
        self.nodes = nodes
        self.activity_regularizer = regularizers_module.get(activity_regularizer)
        self._take_input_shape(kwargs)
        if kwargs:
            known = list(inspect.signature(type(self).__init__).parameters)
            known += ["activity_regularizer", "trainable", "dtype", "autocast", "name"]
            hint = registry.did_you_mean(next(iter(kwargs)), known)
            raise ValueError(
                f"Unrecognized keyword arguments passed to {type(self).__name__}: "
                f"{kwargs}.{hint}"
            )
        self.dtype_policy = dtype
        self.autocast = autocast
        self.input_spec: Any = None
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self._trainable = bool(trainable)
        self._remat_scope = rematerialization.current_scope()

    def _take_input_shape(self, kwargs: dict[str, Any]) -> None:
        """Old spellings of `Input`: the shape, given to a first layer."""
        if "input_dim" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_dim"),)
        if "input_shape" in kwargs:
            self._sample_shape = (None, *kwargs.pop("input_shape"))
        if "batch_input_shape" in kwargs:
            self._sample_shape = tuple(kwargs.pop("batch_input_shape"))

    # --- types ------------------------------------------------------------------------

    @property
    def compute_dtype(self) -> str:
        """dtype in which the layer computes."""
        return dtype_policies.of(self).compute_dtype

    @property
    def variable_dtype(self) -> str:  # type: ignore[override]
        """dtype of the weights."""
        return dtype_policies.of(self).variable_dtype

    @property
    def dtype(self) -> str:
        """dtype of the weights."""
        return self.variable_dtype

    @property
    def input_dtype(self) -> str:
        """dtype to which float inputs are cast."""
        return self.compute_dtype

    # --- building ---------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights; sublayers are built by a trial run of `call`."""
        if type(self).call is not Operation.call and self._layers:
            shapes = tree.map_shape_structure(
                lambda s: KerasTensor(s, self.compute_dtype), input_shape
            )
            infer_call(self._run, (shapes,), {})
        self._build_shapes = {"input_shape": input_shape}
        self.built = True

    def _build_once(self, shapes: dict[str, Any], args: Any, kwargs: Any) -> None:
        if type(self).build is Layer.build:
            # Nothing of its own: sublayers build themselves when `call` runs.
            self._build_shapes = shapes
        elif len(shapes) == 1 and len(parameters_of(type(self), "build")) == 1:
            self.build(next(iter(shapes.values())))
        else:
            names = parameters_of(type(self), "build")
            if len(names) == 1:
                self.build(next(iter(shapes.values())))
            else:
                self.build(**{k: v for k, v in shapes.items() if k in names})
        self.built = True

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that the layer was built for, None if it was not."""
        shapes = self._build_shapes
        if shapes is None:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": shapes}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes that `get_build_config` returned."""
        if config.get("input_shape") is not None:
            self.build(_tuples(config["input_shape"]))
        elif config.get("shapes_dict") is not None:
            shapes = {k: _tuples(v) for k, v in config["shapes_dict"].items()}
            if type(self).build is Layer.build:
                tensors = {
                    k.removesuffix("_shape"): tree.map_shape_structure(KerasTensor, v)
                    for k, v in shapes.items()
                }
                infer_call(self._run, (), tensors)
            else:
                self.build(**shapes)
        self.built = True

    # --- calling ----------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "dtype_policy" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call `super().__init__()` "
                "before anything else."
            )
        arguments = self._arguments_of_call(args, kwargs)
        self._fill_masks(arguments)
        first = next(iter(arguments.values()), None)
        if self.input_spec is not None and self._checks_inputs(first):
            check_inputs(self.input_spec, first, self.name)
        outer = (_calls.entry, _calls.training)
        if _calls.entry is None:
            _calls.entry = self
            if not state.inferring:
                self._clear_losses()
        explicit = kwargs.get("training", arguments.get("training"))
        try:
            _calls.training = self._resolve_training(explicit)
            return self._call_in_context(arguments, first, args, kwargs)
        finally:
            _calls.entry, _calls.training = outer

    def _checks_inputs(self, first: Any) -> bool:
        return first is not None

    def _call_in_context(
        self, arguments: dict[str, Any], first: Any, args: Any, kwargs: Any
    ) -> Any:
        signature = call_signature(type(self))
        if signature.has_training:
            arguments["training"] = _calls.training
        symbolic = any_symbolic(arguments.values())
        if not self.built:
            with self._scope():
                self._build_once(self._shapes_of(arguments), args, kwargs)
        positional, named = signature.split(arguments)
        masks = tree.map_structure(get_mask, first)
        if symbolic:
            outputs = self._record(positional, named, args, kwargs)
        else:
            outputs = self._run(*positional, **named)
        self._attach_masks(first, masks, outputs)
        return outputs

    def _record(self, positional: Any, named: Any, args: Any, kwargs: Any) -> Any:
        """Symbolic call: outputs by shape; the node keeps what the caller passed.

        But not a value that is the default anyway: configs of Keras are full of
        `training=False`, which there does not keep a layer from being trained.
        """
        outputs = self.compute_output_spec(*positional, **named)
        known = call_signature(type(self)).signature.parameters
        passed = {
            key: value
            for key, value in kwargs.items()
            if key not in known or value is not known[key].default
        }
        Node(self, args, passed, outputs)
        return outputs

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call on symbolic tensors."""
        return self(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs as symbolic tensors."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            return self._spec_from_output_shape(args, kwargs)
        return infer_call(self._run, args, kwargs)

    def _spec_from_output_shape(self, args: Any, kwargs: Any) -> Any:
        signature = call_signature(type(self))
        arguments = dict(zip(signature.names, args)) | kwargs
        shapes = self._shapes_of(arguments)
        names = parameters_of(type(self), "compute_output_shape")
        if len(names) == 1 or not set(shapes) <= set(names):
            result = self.compute_output_shape(next(iter(shapes.values())))
        else:
            result = self.compute_output_shape(**shapes)
        return tree.map_shape_structure(
            lambda s: KerasTensor(s, self.compute_dtype), result
        )

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the shape(s) of the outputs for shape(s) of inputs."""

        def tensor(shape: Any) -> KerasTensor:
            return KerasTensor(shape, self.compute_dtype)

        args, kwargs = tree.map_shape_structure(tensor, (args, kwargs))
        names = {k.removesuffix("_shape"): v for k, v in kwargs.items()}
        nodes = list(self.nodes)
        try:
            outputs = self(*args, **names)
        finally:
            self.nodes = nodes
        return tree.map_structure(lambda t: t.shape, outputs)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        """Call `call` with weights in the compute dtype; on arrays, not symbols."""
        autocast = self.compute_dtype if self.autocast else None
        with self._scope(), setting(autocast=autocast):
            try:
                outputs = rematerialization.call(self, args, kwargs)
            except Exception as error:
                self._explain(error, args)
                raise
        if state.inferring:
            tensors = filter(_is_tensor, tree.flatten(outputs))
            self._output_shapes = [_known_shape(tuple(x.shape)) for x in tensors]
        if self.activity_regularizer is not None:
            for output in tree.flatten(outputs):
                if backend.is_array(output):
                    penalty = self.activity_regularizer(output)
                    self.add_loss(
                        penalty / output.shape[0] if output.shape else penalty
                    )
        return outputs

    def _explain(self, error: Exception, args: Any) -> None:
        """Say once, at the innermost layer, where an exception came from."""
        if not getattr(error, "__notes__", None):
            shapes = [_known_shape(tuple(x.shape)) for x in tree.flatten(args)
                      if _is_tensor(x)]  # fmt: skip
            error.add_note(
                f"Raised while calling layer `{self.path}` ({type(self).__name__}) on "
                f"inputs of shape {', '.join(map(str, shapes))}."
            )

    def _arguments_of_call(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Bind to the signature of `call`; inputs become arrays of the input dtype."""
        signature = call_signature(type(self))
        if "training" in kwargs and signature.drops_training:
            kwargs = {k: v for k, v in kwargs.items() if k != "training"}
        try:
            arguments = signature.bind(args, kwargs)
        except TypeError as error:
            raise TypeError(
                f"Layer `{self.name}` ({type(self).__name__}): {error}; `call` takes "
                f"{signature.signature}."
            ) from None
        return {k: self._convert_nest(v) for k, v in arguments.items()}

    def _convert_nest(self, x: Any) -> Any:
        if isinstance(x, (list, tuple, dict)):
            return tree.map_structure(self._convert, x)
        return self._convert(x)

    def _convert(self, x: Any) -> Any:
        return dtype_policies.converted(x, self.autocast, self.input_dtype)

    def _shapes_of(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """`{"inputs_shape": shape}` for each argument that is a nest of tensors."""
        found = {}
        for name, value in arguments.items():
            leaves = tree.flatten(value)
            if name != "mask" and leaves and all(map(_is_tensor, leaves)):
                found[f"{name}_shape"] = tree.map_structure(
                    lambda x: _known_shape(tuple(x.shape)), value
                )
        return found

    def _resolve_training(self, explicit: Any) -> bool | None:
        if explicit is not None:
            return (
                explicit
                if not isinstance(explicit, (int, np.bool_))
                else bool(explicit)
            )
        if _calls.training is not None:
            return _calls.training
        return call_signature(type(self)).default_training

    # --- masks ------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the outputs: that of the inputs unless overridden."""
        return previous_mask

    def _fill_masks(self, arguments: dict[str, Any]) -> None:
        """Give `call` the masks that travel with its inputs, if it takes them."""
        signature = call_signature(type(self))
        tensors = [n for n, v in arguments.items() if any(map(_is_tensor, walk(v)))]
        for number, name in enumerate(tensors):
            parameter = "mask" if number == 0 and signature.has_mask else f"{name}_mask"
            if parameter in signature.names and arguments.get(parameter) is None:
                masks = tree.map_structure(get_mask, arguments[name])
                if any(m is not None for m in tree.flatten(masks)):
                    arguments[parameter] = masks

    def _attach_masks(self, first: Any, masks: Any, outputs: Any) -> None:
        masked = any(m is not None for m in tree.flatten(masks))
        if not self.supports_masking:
            if masked and not state.inferring:
                warnings.warn(
                    f"Layer `{self.name}` ({type(self).__name__}) does not support "
                    "masking, so the mask of its input ends here.",
                    stacklevel=4,
                )
            return
        if not masked and type(self).compute_mask is Layer.compute_mask:
            return
        found = tree.flatten(outputs)
        wanted = self.compute_mask(first, masks)
        wanted = [wanted] * len(found) if wanted is None else tree.flatten(wanted)
        for x, mask in zip(found, wanted):
            if _is_tensor(x) and get_mask(x) is None:
                set_mask(x, mask)

    # --- losses -----------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add to the training loss, from within `call`.

        Args:
            loss: a scalar that depends on the inputs or the weights, or a list.
        """
        if not state.inferring:
            self._losses += [x for x in tree.flatten(loss) if x is not None]

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` collected in the last call, and the weights' penalties."""
        collected = [x for layer in self._flatten_layers() for x in layer._losses]
        return collected + [
            v.regularizer(v) for v in self.trainable_weights if v.regularizer
        ]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses.clear()

    # --- config -----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return name, trainable, dtype and the constructor's arguments."""
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": registry.serialize_keras_object(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = registry.serialize_keras_object(
                self.activity_regularizer
            )
        base = ("name", "trainable", "dtype", "autocast", "activity_regularizer")
        return config | registry.config_of(self, base + self._unsaved)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make the layer that `get_config` described, without its weights' values."""
        config = {k: registry.deserialize_keras_object(v) for k, v in config.items()}
        taken = inspect.signature(cls.__init__).parameters.values()
        later = {}
        if not any(p.kind is p.VAR_KEYWORD for p in taken):
            known = [p.name for p in taken]
            later = {
                key: config.pop(key)
                for key in ("name", "trainable", "dtype")
                if key in config and key not in known
            }
        try:
            layer = cls(**config)
        except TypeError as error:
            raise TypeError(
                f"{cls.__name__} could not be made from its config {config}: {error}. "
                "Its constructor must take what `get_config` returns."
            ) from error
        if "name" in later:
            layer.name = later["name"]
        if not later.get("trainable", True):
            layer.trainable = False
        if "dtype" in later:
            layer.dtype_policy = later["dtype"]
        return layer

    def __getstate__(self) -> dict[str, Any]:
        # Recorded calls belong to models, which put them back. Symbolic arguments of
        # a constructor would drag the graph along, node by node.
        saved = {**self.__dict__, "nodes": [], "_losses": []}
        if "_arguments" in saved:
            given = saved["_arguments"].items()
            saved["_arguments"] = {k: v for k, v in given if not any_symbolic([v])}
        return saved

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _is_tensor(x: Any) -> bool:
    return is_symbolic(x) or backend.is_array(x)


def _tuples(shape: Any) -> Any:
    """Shapes from JSON are lists; make them tuples again."""
    if isinstance(shape, dict):
        return {k: _tuples(v) for k, v in shape.items()}
    if isinstance(shape, (list, tuple)):
        if all(isinstance(d, int) or d is None for d in shape):
            return tuple(shape)
        return type(shape)(map(_tuples, shape))
    return shape


def _known_shape(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """Within an abstract run, put None where a stand-in size is."""
    if not state.inferring:
        return shape
    unit = backend.STAND_INS[0]
    return tuple(None if d and d % unit == 0 else d for d in shape)


def _recorded_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a class's `build`: remember the shapes, name variables by the layer."""

    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        if getattr(self, "_building", False):  # super().build() of a subclass
            build(self, *args, **kwargs)
            return
        bound = inspect.signature(build).bind(self, *args, **kwargs)
        shapes = dict(list(bound.arguments.items())[1:])
        self._building = True
        try:
            with self._scope():
                build(self, *args, **kwargs)
        finally:
            del self._building
        self._build_shapes = shapes
        self.built = True

    return wrapped
