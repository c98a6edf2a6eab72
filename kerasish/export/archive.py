"""`ExportArchive`: functions with their variables, written for other machines."""

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import tree
from ..layers.layer import Layer
from ..names import did_you_mean
from ..saving.atomic import replacing
from ..variable import Variable, functional
from . import stablehlo
from .onnx import converted
from .signature import Leaf, leaves, model_signature, named, open_sizes

__all__ = ["ExportArchive", "export_model"]

# What files may end in, and the formats' names.
ENDINGS = {".onnx": "onnx", ".stablehlo": "stablehlo"}
OPTIONS: dict[str, set[str]] = {"onnx": set(), "stablehlo": {"platforms"}}
# Sizes that are left open, where a program needs to know that they are not small.
LARGE = 64
# Formats of Keras that need packages of other frameworks.
FOREIGN = ("tf_saved_model", "openvino", "litert", "torch")
EVERY = "`.onnx` (format='onnx') and `.stablehlo` (format='stablehlo')"


@dataclass
class Endpoint:
    """A function of an archive.

    Args:
        fn: takes one nest of arrays for each entry of `arguments`.
        arguments: nests of `Leaf`.
        results: names of the outputs, if these are a list.
    """

    fn: Callable[..., Any]
    arguments: list[Any]
    results: Sequence[str] | None = None
    outputs: Any = None  # what it returned when it was traced

    @property
    def inputs(self) -> list[Leaf]:
        """The arguments, flat."""
        return tree.flatten(self.arguments)

    def pure(
        self, archive: "ExportArchive", used: Sequence[int] | None = None
    ) -> Callable[..., list[Any]]:
        """Return the function as `fn(values, *inputs) -> list of arrays`.

        Args:
            archive: whose variables it reads.
            used: which of them have values of their own; the others make no difference.
        """
        variables = archive.variables
        places = range(len(variables)) if used is None else used
        pure = functional(self.fn, variables)

        def run(values: Sequence[Any], *inputs: Any) -> list[Any]:
            every = [v._value for v in variables]
            for place, value in zip(places, values):
                every[place] = value
            arguments = tree.pack_sequence_as(self.arguments, inputs)
            try:
                self.outputs, _ = pure(every, *arguments)
            finally:
                for layer in archive._tracked:
                    layer._clear_losses()
            return tree.flatten(self.outputs)

        return run


class ExportArchive:
    """Functions with the variables they read, to be written to one file.

    Each function is an endpoint: it is written as it computes for inference, for any
    batch size where its inputs leave that open, and what it would assign to variables
    is left out. Needs the JAX backend.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.set_weights([np.ones((2, 1)), np.ones(1)])
        >>> archive = keras.export.ExportArchive()
        >>> archive.track(model)
        >>> spec = keras.InputSpec("float32", (None, 2))
        >>> _ = archive.add_endpoint("serve", model.call, [spec])
        >>> archive.write_out("model.stablehlo", verbose=False)
        >>> loaded = keras.export.load("model.stablehlo")
        >>> np.asarray(loaded.serve(np.ones((3, 2), "float32"))).tolist()
        [[3.0], [3.0], [3.0]]
    """

    def __init__(self) -> None:
        self._tracked: list[Layer] = []
        self._collections: dict[str, list[Variable]] = {}
        self._endpoints: dict[str, Endpoint] = {}

    @property
    def variables(self) -> list[Variable]:
        """The variables of what is tracked, and those of collections."""
        every = [v for layer in self._tracked for v in layer.variables]
        every += [v for group in self._collections.values() for v in group]
        return list({id(v): v for v in every}.values())

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those that are trained."""
        return [v for v in self.variables if v.trainable]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Those that are not."""
        return [v for v in self.variables if not v.trainable]

    def track(self, resource: Any) -> None:
        """Let endpoints read the variables of a layer or model.

        Raises:
            ValueError: if it is neither, or has no weights yet.
        """
        if not isinstance(resource, Layer):
            raise ValueError(
                "`resource` must be a layer or a model, got "
                f"{resource!r} of type {type(resource).__name__}."
            )
        if not resource.built:
            raise ValueError(
                f"`{resource.name}` was not built, so it has no variables to track. "
                "Call it on data first."
            )
        if not any(resource is known for known in self._tracked):
            self._tracked.append(resource)

    def add_variable_collection(self, name: str, variables: Any) -> None:
        """Let endpoints read variables, which need not belong to a layer.

        Args:
            name: of the collection.
            variables: list, tuple or set of `keras.Variable`.
        """
        if not isinstance(variables, (list, tuple, set)):
            raise ValueError(
                "`variables` must be a list, tuple or set, got "
                f"{variables!r} of type {type(variables).__name__}."
            )
        if wrong := [x for x in variables if not isinstance(x, Variable)]:
            raise ValueError(
                f"`variables` must be `keras.Variable`s, got {wrong[0]!r}."
            )
        self._collections[name] = list(variables)

    def add_endpoint(
        self, name: str, fn: Any, input_signature: Any = None, **kwargs: Any
    ) -> Any:
        """Add a function.

        Args:
            name: by which it is called when the file is loaded: `"serve"`.
            fn: function of arrays (or nests of them) that reads tracked variables.
            input_signature: a list with a nest of `keras.InputSpec`s for each argument;
                symbolic tensors and arrays will do, too. None stands for any size.

        Returns:
            `fn`.

        Raises:
            ValueError: if the name is taken, or is no name; if there is no signature.
        """
        if kwargs:
            raise TypeError(f"`add_endpoint` got unknown arguments {sorted(kwargs)}.")
        if not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"`name` must be a name as Python's are, got {name!r}.")
        if name in self._endpoints:
            raise ValueError(f"There is an endpoint {name!r} already.")
        if input_signature is None:
            raise ValueError(
                f"Endpoint {name!r} needs `input_signature`, the shape and dtype of "
                'each argument: `[keras.InputSpec("float32", (None, 4))]`.'
            )
        if not isinstance(input_signature, (list, tuple)):
            input_signature = [input_signature]
        self._endpoints[name] = Endpoint(fn, leaves(input_signature))
        return fn

    def track_and_add_endpoint(
        self, name: str, resource: Any, input_signature: Any, **kwargs: Any
    ) -> Any:
        """Track a layer or model, and add a call of it as an endpoint."""
        self.track(resource)
        return self.add_endpoint(name, _inferring(resource), input_signature, **kwargs)

    def write_out(
        self, filepath: str | os.PathLike[str], options: Any = None, verbose: Any = True
    ) -> None:
        """Write the endpoints to a file, which is there whole or not at all.

        Args:
            filepath: ending in `.stablehlo` or, for a single endpoint, `.onnx`.
            options: a dict; for StableHLO, `platforms`: a list of `"cpu"`, `"cuda"`,
                `"rocm"` and `"tpu"`, default the one that is used here.
            verbose: whether to say what was written.

        Raises:
            ValueError: for another ending, if there is no endpoint, or for what the
                format cannot say.
            ImportError: if the package `onnx` is needed and not there.
            NotImplementedError: if the backend is not JAX.
        """
        path = os.fspath(filepath)
        form = next((f for end, f in ENDINGS.items() if path.endswith(end)), None)
        if form is None:
            raise ValueError(f"`filepath` must end in {EVERY}, got {path!r}.")
        self._write(path, form, verbose, dict(options or {}))

    def _write(
        self, path: str, form: str, verbose: Any, options: dict[str, Any]
    ) -> None:
        if not self._endpoints:
            raise ValueError("There is nothing to export: call `add_endpoint` first.")
        if unknown := sorted(set(options) - OPTIONS[form]):
            raise TypeError(f"The format {form!r} has no options {unknown}.")
        write = self._write_onnx if form == "onnx" else self._write_stablehlo
        write(path, **options)
        if verbose or verbose is None:
            print(self._told(path))

    def _told(self, path: str) -> str:
        lines = [f"Saved {path!r} with the endpoints:"]
        for name, endpoint in self._endpoints.items():
            taken = (
                f"{leaf.name} {leaf.shape} {leaf.dtype}" for leaf in endpoint.inputs
            )
            results = ", ".join(named(endpoint.outputs, endpoint.results))
            lines.append(f"  {name}({', '.join(taken)}) -> {results}")
        return "\n".join(lines)

    def _write_stablehlo(self, path: str, platforms: Any = None) -> None:
        variables = self.variables
        traced = {name: self._traced(name) for name in self._endpoints}
        needed = sorted({i for (_, used), *_ in traced.values() for i in used})
        with stablehlo.created(path, [variables[i] for i in needed]) as file:
            for name, ((_, used), *about) in traced.items():
                endpoint, own = self._endpoints[name], sorted(used)
                shapes = _shapes([variables[i] for i in own])
                run = endpoint.pure(self, own)
                program = stablehlo.programs().lowered(run, shapes, *about, platforms)
                weights = [needed.index(i) for i in own]
                file.add(name, endpoint, weights, about[1], program)

    def _write_onnx(self, path: str) -> None:
        onnx = _package()
        if len(self._endpoints) > 1:
            raise ValueError(
                f"An ONNX file holds one function, not {list(self._endpoints)}. Write "
                "one file for each, or a `.stablehlo` file."
            )
        ((name, endpoint),) = self._endpoints.items()
        (program, used), *_ = self._traced(name)
        variables = self.variables
        values = {i: (variables[i].path, np.asarray(variables[i].value)) for i in used}
        inputs = [leaf.name for leaf in endpoint.inputs]
        outputs = named(endpoint.outputs, endpoint.results)
        model = converted(program, values, inputs, outputs, name)
        with replacing(path) as new:
            onnx.save_model(model, new)

    def _traced(self, name: str) -> Any:
        """Trace an endpoint: for any sizes, for those of each other, for large ones."""
        endpoint, first = self._endpoints[name], None
        run = endpoint.pure(self)
        for shared, least in ((False, 1), (True, 1), (True, LARGE)):
            about = open_sizes(endpoint.inputs, shared), least
            try:
                shapes = _shapes(self.variables)
                return stablehlo.programs().traced(run, shapes, *about), *about
            except (ValueError, TypeError) as error:
                first = first or error
            except RuntimeError as error:
                hint = ""
                if "that does not know it" in str(error):  # a variable
                    hint = "`track` its layer, or use `add_variable_collection`. "
                first = first or ValueError(f"{hint}{error}")
        raise ValueError(f"Endpoint {name!r} cannot be exported. {first}") from first


def _inferring(layer: Any) -> Callable[..., Any]:
    """Return a call of a layer that is no training, whatever its own default is."""
    return functools.partial(layer.__call__, training=False)


def _shapes(variables: Sequence[Variable]) -> list[tuple[Any, str]]:
    return [(tuple(v.shape), v.dtype) for v in variables]


def _package() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            'ONNX files need the package `onnx`: `pip install "kerasish[onnx]"`.'
        ) from error
    return onnx


def export_model(
    model: Any,
    filepath: str | os.PathLike[str],
    format: str,
    verbose: Any,
    input_signature: Any,
    options: dict[str, Any],
) -> None:
    """Write a model as the single endpoint `serve`: see `Model.export`."""
    path = os.fspath(filepath)
    form = _format(path, format)
    archive = ExportArchive()
    signature = model_signature(model, input_signature)
    archive.track(model)
    arguments = leaves(signature, ["inputs"])
    results = getattr(model, "output_names", None)
    archive._endpoints["serve"] = Endpoint(_inferring(model), arguments, results)
    archive._write(path, form, verbose, options)


def _format(path: str, given: str) -> str:
    known = list(ENDINGS.values())
    if given in known:
        return given
    if given == FOREIGN[0]:  # Keras's default: nothing was asked for
        for ending, form in ENDINGS.items():
            if path.endswith(ending):
                return form
    if given in FOREIGN:
        raise ValueError(
            f"The format {given!r} needs another framework, which this package does "
            f"without. `filepath` may end in {EVERY}; got {path!r}."
        )
    raise ValueError(
        f"`format` must be one of {known}, got {given!r}." + did_you_mean(given, known)
    )
