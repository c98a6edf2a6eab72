"""Programs of pure functions, for machines without this package: what is exported."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.export

from .jax_windows import target

__all__ = ["lowered", "raised", "traced"]

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")

# What says that the program would depend on a size that is not known.
_name = "InconclusiveDimensionOperation"  # which older versions have elsewhere
_place = jax.errors if hasattr(jax.errors, _name) else jax.core
UNKNOWN_SIZE = getattr(_place, _name), jax.errors.ConcretizationTypeError


@contextmanager
def _anywhere() -> Iterator[None]:
    """Trace what suits all platforms, and say what is wrong if sizes must be known."""
    before, target.anywhere = target.anywhere, True
    try:
        yield
    except UNKNOWN_SIZE as error:
        text = str(error).partition("\n")[0]
        raise ValueError(
            "The program cannot be made for sizes that are left open. Give them in "
            '`input_signature`, such as `[keras.InputSpec("float32", (1, 28, 28))]`. '
            f"{text}"
        ) from error
    finally:
        target.anywhere = before


def _described(
    specs: Sequence[tuple[Sequence[int | str], str]], least: int = 1
) -> list[Any]:
    """Stand-ins for arrays; equal names of sizes are one size."""
    names = {n for shape, _ in specs for n in shape[1:] if isinstance(n, str)}
    scope = jax.export.SymbolicScope(sorted(f"{n} >= {least}" for n in names))
    return [
        jax.ShapeDtypeStruct(
            jax.export.symbolic_shape(",".join(map(str, shape)), scope=scope), dtype
        )
        for shape, dtype in specs
    ]


def traced(
    fn: Callable[..., Any], weights: Any, specs: Any, least: int
) -> tuple[Any, set[int]]:
    """Return the steps of `fn(weights, *inputs)`, and which weights it needs.

    Args:
        fn: a pure function.
        weights: `(shape, dtype)` of each.
        specs: likewise of the inputs; sizes that are left open have a name.
        least: what these are at least, but that of the first axis.
    """
    with _anywhere():
        program = jax.make_jaxpr(fn)(_described(weights), *_described(specs, least))
    inner = program.jaxpr
    read = {id(x) for step in inner.eqns for x in step.invars}
    read |= {id(x) for x in inner.outvars}
    return program, {i for i, x in enumerate(inner.invars[: len(weights)])
                     if id(x) in read}  # fmt: skip


def lowered(
    fn: Callable[..., Any],
    weights: Any,
    specs: Any,
    least: int,
    platforms: Sequence[str] | None,
) -> tuple[bytes, str]:
    """Return the program of `fn(weights, *inputs)` as bytes, and as text (StableHLO).

    Args:
        fn, weights, specs, least: as for `traced`.
        platforms: `"cpu"`, `"cuda"`, `"rocm"`, `"tpu"`: where it shall run; None: here.
    """
    if wrong := [p for p in platforms or () if p not in PLATFORMS]:
        raise ValueError(f"`platforms` are some of {PLATFORMS}, not {wrong[0]!r}.")
    with _anywhere():
        export = jax.export.export(jax.jit(fn), platforms=platforms)
        program = export(_described(weights), *_described(specs, least))
        return bytes(program.serialize()), program.mlir_module()


def raised(program: bytes) -> Callable[..., Any]:
    """Return the function that `lowered` made into bytes."""
    return jax.jit(jax.export.deserialize(bytearray(program)).call)
