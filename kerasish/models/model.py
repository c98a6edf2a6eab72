"""The class of all models: a layer that can be trained, saved and summarised."""

import json
from collections.abc import Callable
from typing import Any

from .. import registry, saving, tree
from ..export.archive import export_model
from ..graph import KerasTensor, is_symbolic
from ..layers.layer import Layer, in_call
from ..layers.quantization import QuantizableModel
from ..legacy.arguments import accept
from ..legacy.methods import Methods, model_arguments
from ..legacy.methods import accept as accept_words
from ..training import Trainer
from ..variable import state
from .function import Function, graph_values, make_graph, run_graph, with_masks
from .pure import as_function
from .state_tree import get_state_tree, set_state_tree
from .summary import summary_html, summary_text
from .texts import on_host

__all__ = ["Model"]


class Model(Trainer, Methods, QuantizableModel, Layer):
    """A network that can be compiled, trained, evaluated, saved.

    Made in three ways: `Model(inputs, outputs)` from symbolic tensors; `Sequential`;
    or a subclass that makes layers in its constructor and uses them in `call`.

    Args:
        inputs: symbolic tensors, for a functional model.
        outputs: likewise.
        name: default from the class.

    Example:
        >>> class Twice(keras.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.dense = keras.layers.Dense(2)
        ...     def call(self, x):
        ...         return self.dense(self.dense(x))
        >>> Twice()(np.ones((1, 2))).shape
        (1, 2)
    """

    _graph: Function | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and _are_symbolic(*args, **kwargs):
            functional = registry.namespace("src.models.functional")["Functional"]
            return functional.__new__(functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not _are_symbolic(*args, **kwargs):
            if args:
                raise TypeError(
                    f"{type(self).__name__}: `super().__init__()` takes keyword "
                    f"arguments only, unless symbolic inputs and outputs; got {args!r}."
                )
            super().__init__(**kwargs)
            return
        names = ("inputs", "outputs", "name")
        options = {**dict(zip(names, args)), **kwargs}
        inputs, outputs = options.pop("inputs"), options.pop("outputs")
        if options.get("name") is None and type(self).__name__ == "Functional":
            options["name"] = registry.unique_name("functional")
        super().__init__(**options)
        self._graph = make_graph(inputs, outputs)
        self._check_names()
        self.built = True

    def _check_names(self) -> None:
        assert self._graph is not None
        names = [operation.name for operation in self._graph.operations]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"Layers of model `{self.name}` need names of their own, but "
                f"{len([n for n in names if n == twice[0]])} are called {twice[0]!r}. "
                "Pass `name=` to the layers."
            )

    # --- structure --------------------------------------------------------------------

    @property
    def _layers(self) -> list[Layer]:
        own = super()._layers
        if self._graph is None:
            return own
        graph = [x for x in self._graph.operations if isinstance(x, Layer)]
        return list({id(x): x for x in (*graph, *own)}.values())

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model, not those within them."""
        return self._layers

    @property
    def operations(self) -> list[Any]:
        """Layers and ops of the model's graph."""
        return list(self._graph.operations) if self._graph else list(self.layers)

    @property
    def inputs(self) -> Any:
        """Symbolic inputs as a list; None if the model has no graph."""
        return list(self._graph.inputs) if self._graph else None

    @property
    def outputs(self) -> Any:
        """Symbolic outputs as a list; None if the model has no graph."""
        return list(self._graph.outputs) if self._graph else None

    @property
    def input(self) -> Any:
        """Symbolic input(s) in the structure they were given."""
        return self._need_graph("input").inputs_struct

    @property
    def output(self) -> Any:
        """Symbolic output(s) in the structure they were given."""
        return self._need_graph("output").outputs_struct

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or list of the inputs' shapes."""
        return _shapes(self._need_graph("input_shape").inputs)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or list of the outputs' shapes."""
        return _shapes(self._need_graph("output_shape").outputs)

    @property
    def input_names(self) -> list[str] | None:
        """Names of the inputs."""
        return [t.name for t in self._graph.inputs] if self._graph else None

    @property
    def output_names(self) -> list[str] | None:
        """Names of the layers that give the outputs."""
        if self._graph is None:
            return None
        found: list[str] = []
        for tensor in self._graph.outputs:
            name = tensor.node.operation.name if tensor.node else tensor.name
            count = sum(known.rsplit("_", 1)[0] == name or known == name
                        for known in found)  # fmt: skip
            found.append(f"{name}_{count}" if count and name in found else name)
        return found

    def _need_graph(self, what: str) -> Function:
        if self._graph is None:
            raise AttributeError(
                f"Model `{self.name}` has no `{what}`: it is not made from symbolic "
                "tensors, or not built yet (`build` it, or call it on data)."
            )
        return self._graph

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and self._runs_compiled(kwargs):
            return self._forward_passes().call(args[0], kwargs, super().__call__)
        return super().__call__(*args, **kwargs)

    def _runs_compiled(self, options: dict[str, Any]) -> bool:
        """Say whether a call of the model may run as one function.

        That is from outside, not within another layer's call or a pure function.
        """
        training = options.get("training")
        return (
            len(options) == ("training" in options)
            and (training is None or type(training) is bool)
            and state.redirect is None
            and not in_call()
            and self._graph is not None
            and type(self).__module__.startswith("kerasish.")
            and not (self._compiled is not None and self._compiled.eager)
        )

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Compute the outputs; subclasses write their own."""
        if self._graph is None:
            raise NotImplementedError(
                f"Model {type(self).__name__} must define `call(self, inputs)`, or "
                "pass `inputs` and `outputs` to `super().__init__`."
            )
        return run_graph(self._graph, with_masks(inputs, mask), self.name)

    def _attach_masks(self, first: Any, masks: Any, outputs: Any) -> None:
        if self.supports_masking:  # else the layers within do it, or warn
            super()._attach_masks(first, masks, outputs)

    def _checks_inputs(self, first: Any) -> bool:
        return self._graph is None and super()._checks_inputs(first)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its place.

        Raises:
            ValueError: if there is none; with the nearest name.
        """
        if (name is None) == (index is None):
            raise ValueError("Give `get_layer` either a `name` or an `index`.")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    f"There is no layer {index}: model `{self.name}` has "
                    f"{len(self.layers)} layers."
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise ValueError(
            f"No such layer: {name!r}. Existing layers are: {names}."
            + registry.did_you_mean(name, names)
        )

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their output shapes and parameters.

        Args:
            line_length: width of the table in characters.
            positions: relative widths of the columns.
            print_fn: takes the text in place of `print`.
            expand_nested: show the layers of nested models.
            show_trainable: show which layers are trained.
            layer_range: first and last layer to show, by name or pattern.
        """
        text = summary_text(
            self, line_length, positions, expand_nested, show_trainable, layer_range
        )
        (print_fn or print)(text)

    def _repr_html_(self) -> str:
        return summary_html(self)

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """Return all variables as nested dictionaries, by the parts of their paths.

        Args:
            value_format: `"backend_tensor"`, or `"numpy_array"`.

        Raises:
            ValueError: if `value_format` is another word.

        Example:
            >>> x = keras.Input((2,))
            >>> model = keras.Model(x, keras.layers.Dense(1, name="d")(x))
            >>> state = model.get_state_tree("numpy_array")
            >>> state["trainable_variables"]["d"]["bias"].tolist()
            [0.0]
        """
        return get_state_tree(self, value_format)

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Assign what `get_state_tree` returned, or a part of it.

        Raises:
            ValueError: if the model has no such variable, or one of another shape;
                nothing is changed then.
        """
        set_state_tree(self, state_tree)

    def as_function(self) -> tuple[Callable[..., Any], dict[str, Any]]:
        """Return the model as a pure function, and its variables: for `jax.jit`, ...

        The function is `function(variables, inputs, training=False, ...)`, with the
        arguments of `call`. What it assigns (batch statistics, states of random
        generators) is lost, unless `return_variables=True`: then it returns `(outputs,
        new variables)`. With `return_losses=True` the model's `losses` come last.
        `set_state_tree(variables)` puts variables into the model.

        Returns:
            The function, and `{"trainable_variables": {...}, "non_trainable_variables":
            {...}}`: nested dictionaries of arrays, by the parts of their paths.

        Raises:
            ValueError: if the model is not built, or two variables have one path.

        Example:
            >>> dense = keras.layers.Dense(1, kernel_initializer="ones", name="sum")
            >>> model = keras.Sequential([keras.Input((3,)), dense], name="net")
            >>> function, variables = model.as_function()
            >>> variables["trainable_variables"]["net"]["sum"]["kernel"].shape
            (3, 1)
            >>> import jax
            >>> slopes = jax.grad(lambda x: function(variables, x).sum())
            >>> slopes(np.ones((1, 3))).tolist()
            [[1.0, 1.0, 1.0]]
        """
        return as_function(self)

    # --- files ------------------------------------------------------------------------

    def save(
        self,
        filepath: Any,
        overwrite: bool = True,
        zipped: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Save the model: see `kerasish.saving.save_model`."""
        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None
    ) -> None:
        """Save the weights alone: see `kerasish.saving.save_weights`."""
        saving.save_weights(
            self, filepath, overwrite=overwrite, max_shard_size=max_shard_size
        )

    def load_weights(
        self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any
    ) -> Any:
        """Load weights into this model: see `kerasish.saving.load_weights`."""
        return saving.load_weights(self, filepath, skip_mismatch, **kwargs)

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: Any = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write what the model computes as a program for other machines.

        Args:
            filepath: ending in `.onnx` (needs the extra `onnx`) or `.stablehlo`, which
                `kerasish.export.load` reads, and JAX.
            format: `"onnx"` or `"stablehlo"`; the default stands for the ending.
            verbose: False says nothing.
            input_signature: `keras.InputSpec`s of the inputs, if other sizes are wanted
                than those of the model: None stands for any.
            **kwargs: `platforms`, for StableHLO: where it shall run.

        Raises:
            ValueError: for another format, a model that is not built, or what the
                format cannot say.
        """
        export_model(self, filepath, format, verbose, input_signature, kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """Return the architecture as JSON, for `models.model_from_json`."""
        return json.dumps(registry.serialize_keras_object(self), **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make the model that `get_config` described."""
        with registry.CustomObjectScope(custom_objects):
            if "output_layers" in config:
                functional = registry.namespace("src.models.functional")["Functional"]
                if cls is Model:
                    return functional.from_config(config)
            return super().from_config(config)

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes that `get_build_config` returned."""
        if config:
            super().build_from_config(config)


_ON_DATA = "fit evaluate predict diagnose train_on_batch test_on_batch predict_on_batch"
for _name in _ON_DATA.split():
    setattr(Model, _name, on_host(getattr(Trainer, _name), graph_values))


accept_words(Model, "compile", "fit", "evaluate", "predict")
accept([Model], model_arguments)


def _shapes(tensors: list[KerasTensor]) -> Any:
    shapes = [tensor.shape for tensor in tensors]
    return shapes[0] if len(shapes) == 1 else shapes


def _are_symbolic(*args: Any, **kwargs: Any) -> bool:
    kwargs = model_arguments(Model, None, (), kwargs)[1]
    if {"inputs", "outputs"} <= set(kwargs) or (len(args) == 1 and "outputs" in kwargs):
        return True
    return len(args) >= 2 and any(is_symbolic(x) for x in tree.flatten(args[:2]))
