"""Copies of models, from their configs."""

from collections.abc import Callable
from typing import Any

from .. import documents, registry, tree
from ..graph import FunctionOperation
from ..layers.input import InputLayer
from ..saving import eras
from ..variable import undrawn
from .functional import Functional
from .model import Model
from .sequential import Sequential

__all__ = ["clone_model", "model_from_json"]


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """Return a model of the same structure with new weights.

    Args:
        model: a Sequential or functional model (others need `get_config`).
        input_tensors: symbolic tensors to build the new model on.
        clone_function: makes the new layer from the old one; default: from its config.
        call_function: `call_function(layer, *args, **kwargs)` in place of calling it.
        recursive: whether `clone_function` reaches layers of nested models.

    Raises:
        ValueError: if `model` is not a model.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> keras.models.clone_model(model).count_params()
        8
    """
    if not isinstance(model, Model):
        raise ValueError(f"`model` must be a Model, got {model!r}.")

    def clone(layer: Any) -> Any:
        if isinstance(layer, FunctionOperation):
            return FunctionOperation(layer.function, layer.name)
        nested = isinstance(layer, (Functional, Sequential))
        if recursive and nested:
            return clone_model(
                layer, None, clone_function, call_function, recursive=True
            )
        if clone_function is not None and not isinstance(layer, InputLayer):
            return clone_function(layer)
        return type(layer).from_config(layer.get_config())

    if isinstance(model, Sequential):
        layers = [clone(layer) for layer in model.layers]
        shape = model.inputs if model._graph is not None else ()
        first = input_tensors if input_tensors is not None else None
        if first is None and shape:
            first = type(model._stack[0]).from_config(model._stack[0].get_config())
        start = [] if first is None else [first]
        return type(model)([*start, *layers], name=model.name)
    if model._graph is None:
        return type(model).from_config(model.get_config())
    return _clone_graph(model, input_tensors, clone, call_function)


def _clone_graph(model: Any, input_tensors: Any, clone: Any, call_function: Any) -> Any:
    from_old = {id(op): clone(op) for op in model._graph.operations}
    values: dict[int, Any] = {}
    if input_tensors is not None:
        fresh = tree.flatten(input_tensors)
        values = {id(t): x for t, x in zip(model.inputs, fresh)}
    else:
        values = {id(t): from_old[id(t.node.operation)].output for t in model.inputs}
    for node in model._graph.run_order:
        if id(node.outputs) in values:
            continue
        args, kwargs = node.fill(lambda t: values[id(t)])
        operation = from_old[id(node.operation)]
        if call_function is None:
            outputs = operation(*args, **kwargs)
        else:
            outputs = call_function(operation, *args, **kwargs)
        values.update(zip(map(id, tree.flatten(node.outputs)), tree.flatten(outputs)))
    return Functional(
        tree.map_structure(lambda t: values[id(t)], model._graph.inputs_struct),
        tree.map_structure(lambda t: values[id(t)], model._graph.outputs_struct),
        name=model.name,
    )


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """Make the model that `model.to_json()` described, with new weights.

    Args:
        json_string: of any era of Keras.
        custom_objects: name -> class or function that it may mention.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> keras.models.model_from_json(model.to_json()).count_params()
        8
    """
    with registry.CustomObjectScope(custom_objects), undrawn():
        found = documents.document(json_string, "`json_string`")
        if not isinstance(found, dict) or not {"class_name", "config"} <= found.keys():
            raise ValueError(
                "`json_string` describes no model: it lacks `class_name` or `config`."
            )
        config, training = eras.parts(found)
        model = registry.deserialize_keras_object(config)
        if (compiled := training()) is not None:
            model.compile_from_config(compiled)
    return model
