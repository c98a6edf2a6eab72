"""Abstract runs, running and devices; control flow by the loops that all share."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from ... import tree
from .. import Spec
from ..loops import Loops
from .array import as_dtype, leave
from .composed import asarray, xp
from .gradients import stop_gradient


class _StandIns(threading.local):
    """Two stand-ins for unknown axes: those that the abstract run of the thread has.

    They have many divisors, and are no sizes that people give to layers. `infer`
    computes for real: the more axes are unknown, the smaller they are.
    """

    sizes = usual = 264, 528

    def __getitem__(self, i: int) -> int:
        return self.sizes[i]

    @contextmanager
    def chosen(self, specs: Sequence[Spec]) -> Iterator[tuple[int, int]]:
        """Sizes for arguments, of which two may be multiplied but for a common axis."""
        *_, second, first = sorted([0, 1, *(shape.count(None) for shape, _ in specs)])
        axes, before = first + max(second - 1, 0), self.sizes
        self.sizes = self.usual if axes < 2 else (44, 88) if axes < 4 else (12, 24)
        try:
            yield self.sizes
        finally:
            self.sizes = before


STAND_INS = _StandIns()


def infer(fn: Callable[..., Any], specs: Sequence[Spec]) -> Any:
    """Shapes and dtypes of what `fn` returns; axes that follow unknown ones are None.

    The function is run, on made-up numbers: matrices that can be inverted and have a
    Cholesky factor, integers that are 0.

    Args:
        fn: takes as many arrays as there are specs, returns a tree of arrays.
        specs: shape (None for an unknown axis) and dtype of each argument.

    Returns:
        The tree with a `Spec` in place of each array.
    """

    def run(size: int) -> Any:
        made = [_example(shape, dtype, size) for shape, dtype in specs]
        return fn(*made)

    unknown = any(None in shape for shape, _ in specs)
    with STAND_INS.chosen(specs) as sizes:
        try:
            first = run(sizes[0])
            second = run(sizes[1]) if unknown else first
        except (TypeError, ValueError, IndexError) as error:
            text = re.sub(rf"\b({sizes[0]}|{sizes[1]})\b", "None", str(error))
            if text != str(error):
                error.args = (text,)
            raise

    def merge(a: Any, b: Any) -> Any:
        if a is None:
            return None
        a, b = asarray(stop_gradient(a)), asarray(stop_gradient(b))
        shape = tuple(i if i == j else None for i, j in zip(a.shape, b.shape))
        return Spec(shape, a.dtype.name)

    return tree.map_structure(merge, first, second)


def _example(shape: Any, dtype: str, size: int) -> Any:
    shape = tuple(size if d is None else d for d in shape)
    kind = as_dtype(dtype)
    if kind.kind in "biu":
        return leave(np.zeros(shape, kind))
    value = np.full(shape, 0.5)
    if len(shape) > 1 and shape[-1]:
        rows, columns = np.arange(shape[-2]), shape[-1]
        # four points of a plane differ, no three of them on a line
        value[..., rows, rows % columns] += 1 + rows // columns % 2
    return leave(value.astype(kind))


def jit(fn: Callable[..., Any], donate: Sequence[int] = ()) -> Callable[..., Any]:
    """Return `fn`: nothing is compiled here."""
    return fn


def eager() -> Any:
    """Context in which computing is concrete: it always is here."""
    return nullcontext()


def block(x: Any) -> Any:
    """Return `x`: it is computed already."""
    return x


def keep_programs(folder: str | None) -> None:
    """Do nothing: no program is compiled."""


def free_memory() -> int | None:
    """Bytes that are free on the device; None, since its memory is the host's."""
    return None


def devices() -> list[str]:
    """Names of the devices."""
    return ["cpu:0"]


def device(name: str) -> AbstractContextManager[None]:
    """Context in which arrays go to the named device, always the CPU."""
    if name.lower() not in ("cpu", "cpu:0"):
        raise ValueError(
            f"There is no device {name!r} for NumPy; there is only 'cpu:0'."
        )
    return nullcontext()


loops = Loops(xp, asarray, stop_gradient)
vmap, scan, recurrence = loops.vmap, loops.scan, loops.recurrence
while_loop, fori_loop = loops.while_loop, loops.fori_loop
cond, switch, associative_scan = loops.cond, loops.switch, loops.associative_scan
