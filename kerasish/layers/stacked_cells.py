"""Cells of any kind, and several of them as one."""

from collections.abc import Sequence
from typing import Any

from ..graph import Tensor
from .cells import map_sizes, shape_of, sizes_in, zeros
from .layer import Layer

__all__ = ["StackedRNNCells"]

Shape = tuple[int | None, ...]


class StackedRNNCells(Layer):
    """Several cells, one on top of the other, as one cell.

    Args:
        cells: list of cells; the output of each is the input of the next.

    Call arguments:
        inputs: `(batch, features)`.
        states: list with the states of each cell.

    Returns:
        `(output of the last cell, new states)`.

    Raises:
        ValueError: a cell lacks `call` or `state_size`.

    Example:
        >>> cells = [keras.layers.LSTMCell(3), keras.layers.GRUCell(2)]
        >>> cell = keras.layers.StackedRNNCells(cells)
        >>> cell.state_size, keras.layers.RNN(cell)(np.ones((4, 5, 6))).shape
        ([[3, 3], 2], (4, 2))
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            check_cell(cell, "All `cells`")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """Sizes of the states of each cell."""
        sizes = [cell.state_size for cell in self.cells]
        return [list(size) if isinstance(size, tuple) else size for size in sizes]

    @property
    def output_size(self) -> Any:
        """Size of the output of the last cell."""
        return output_size_of(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], *shape_of(output_size_of(cell)))

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return the states of each cell before the first step."""
        return [
            initial_state(cell, batch_size, self.compute_dtype) for cell in self.cells
        ]

    def call(
        self, inputs: Tensor, states: Any, training: bool = False, **kwargs: Any
    ) -> Any:
        new = []
        for cell, old in zip(self.cells, states, strict=True):
            inputs, after = call_cell(cell, inputs, old, **kwargs)
            new.append(after)
        return inputs, new


def check_cell(cell: Any, who: str) -> None:
    """Raise unless `cell` has what every cell needs."""
    for attribute in ("call", "state_size"):
        if not hasattr(cell, attribute):
            raise ValueError(
                f"{who} must have `call(inputs, states)` and `state_size` (an integer, "
                f"or a list with one for each state); `{attribute}` is missing in "
                f"{cell!r}."
            )


def output_size_of(cell: Any) -> Any:
    """Return what a cell says of its output, else the size of its first state."""
    size = getattr(cell, "output_size", None)
    return sizes_in(cell.state_size)[0] if size is None else size


def initial_state(cell: Any, batch_size: Any, dtype: str) -> list[Any]:
    """Return the states of a cell before the first step, as a list."""
    make = getattr(cell, "get_initial_state", None)
    if make is not None:
        states = make(batch_size=batch_size)
    else:
        states = map_sizes(lambda n: zeros(batch_size, n, dtype), cell.state_size)
    return list(states) if isinstance(states, (list, tuple)) else [states]


def call_cell(cell: Any, inputs: Tensor, states: Any, **options: Any) -> Any:
    """Call a cell, be it a layer or another object."""
    return (cell if isinstance(cell, Layer) else cell.call)(inputs, states, **options)
