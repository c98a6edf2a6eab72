"""Images seen through a map of places: values between the cells, affine and other maps.

A place is a number of cells along each axis; 0 is the middle of the first cell.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, dtypes, random
from ..graph import Tensor, op
from .conversion import as_float
from .filtering import batched, convolved, gaussian_weights
from .resizing import one_of

__all__ = [
    "affine_transform", "elastic_transform", "map_coordinates", "perspective_transform",
]  # fmt: skip

FILL_MODES = ["constant", "nearest", "reflect", "wrap", "mirror"]
ORDERS = {"nearest": 0, "bilinear": 1}


def _inside(cell: Any, size: int, mode: str) -> Any:
    """The cell that stands for one that may lie outside."""
    xp = backend.xp
    if mode == "wrap":
        return xp.mod(cell, size)
    if mode == "reflect":  # d c b a | a b c d | d c b a
        cell = xp.mod(cell, 2 * size)
        return xp.minimum(cell, 2 * size - 1 - cell)
    if mode == "mirror":  # d c b | a b c d | c b a
        cell = xp.mod(cell, max(2 * size - 2, 1))
        return xp.minimum(cell, 2 * size - 2 - cell) if size > 1 else cell
    return xp.clip(cell, 0, size - 1)


def _rounded(x: Any) -> Any:
    """The nearest whole numbers; halves go away from zero."""
    return backend.xp.trunc(x + backend.xp.where(x < 0, -0.5, 0.5))


def _back_to(dtype: str, x: Any) -> Any:
    return backend.cast(_rounded(x) if dtypes.is_int(dtype) else x, dtype)


def _corners(place: Any, order: int) -> list[tuple[Any, Any]]:
    """Cells beside a place along one axis, and how much each counts."""
    xp = backend.xp
    if order == 0:
        return [(backend.cast(_rounded(place), "int32"), 1.0)]
    low = xp.floor(place)
    cell = backend.cast(low, "int32")
    return [(cell, 1 - (place - low)), (cell + 1, place - low)]


def _sampled(
    cells: Any, sizes: Sequence[int], places: Any, order: int, mode: str, fill: Any
) -> Any:
    """Values at places.

    Args:
        cells: floats of shape (batch, cells of all `sizes`, channels).
        sizes: of the axes of space.
        places: for each axis its places, (batch or 1, *shape).
        order: 0 takes the nearest cell, 1 weighs the two beside, along each axis.
        mode: one of `FILL_MODES`.
        fill: what stands outside in mode "constant".

    Returns:
        (batch, *shape, channels).
    """
    xp, batch = backend.xp, cells.shape[0]
    rows = xp.reshape(cells, (-1, cells.shape[-1]))
    first = xp.reshape(
        xp.arange(batch, dtype="int32") * int(np.prod(sizes)),
        (batch, *(1,) * (places[0].ndim - 1)),
    )
    ones = xp.ones((1,) * places[0].ndim, dtype="float32")
    total: Any = 0.0
    for corner in itertools.product(*(_corners(place, order) for place in places)):
        index, weight, within = first, ones, ones > 0
        stride = int(np.prod(sizes))
        for (cell, share), size in zip(corner, sizes):
            stride //= size
            index = index + _inside(cell, size, mode) * stride
            weight = weight * share
            within = within & (cell >= 0) & (cell < size)
        value = xp.take(rows, index, axis=0)
        if mode == "constant":
            value = xp.where(within[..., None], value, fill)
        total = total + weight[..., None] * value
    return total


@op
def map_coordinates(
    inputs: Tensor,
    coordinates: Tensor,
    order: int,
    fill_mode: str = "constant",
    fill_value: float = 0,
) -> Tensor:
    """Values at places between the cells of a tensor.

    Args:
        inputs: tensor of n axes.
        coordinates: places, (n, *shape).
        order: 0 takes the nearest cell, 1 interpolates linearly along each axis.
        fill_mode: what stands outside: `"constant"`: `fill_value`; `"nearest"`: the
            last cell; `"wrap"`: the other end; `"reflect"`: the image in a mirror at
            the edge of the last cell (`dcba|abcd|dcba`); `"mirror"`: at its middle
            (`dcb|abcd|cba`).
        fill_value: for the mode `"constant"`.

    Returns:
        Tensor of `shape`, of the dtype of `inputs`; integers are rounded.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x, places = [0.0, 10.0, 20.0], [[0.5, 1.75, 4.0]]
        >>> print(keras.ops.image.map_coordinates(x, places, order=1))
        [ 5.  17.5  0. ]
    """
    xp, inputs = backend.xp, backend.asarray(inputs)
    places = as_float(coordinates)
    one_of("fill_mode", fill_mode, FILL_MODES)
    if order not in (0, 1):
        raise ValueError(f"`order` must be 0 or 1, got {order!r}.")
    if places.ndim < 2 or places.shape[0] != inputs.ndim:
        raise ValueError(
            "`coordinates` must have the shape (axes of `inputs`, ...) with two axes "
            f"or more, got {tuple(places.shape)} for inputs of shape "
            f"{tuple(inputs.shape)}."
        )
    cells = xp.reshape(as_float(inputs), (1, -1, 1))
    each = [places[i][None] for i in range(inputs.ndim)]
    found = _sampled(cells, inputs.shape, each, order, fill_mode, fill_value)
    return _back_to(backend.dtype_name(inputs), found[0, ..., 0])


def warped(
    name: str,
    images: Any,
    places: Any,
    interpolation: str,
    fill_mode: str,
    fill_value: float,
    data_format: str | None,
) -> Any:
    """See images through a map of places.

    Args:
        name: of the op, for errors.
        images: a batch, or a single one.
        places: takes the indices of rows and columns, both of shape (1, rows, columns),
            returns where each is to be looked up: two arrays (batch or 1, rows,
            columns).
        interpolation, fill_mode, fill_value, data_format: as in `affine_transform`.
    """
    xp, images = backend.xp, backend.asarray(images)
    one_of("interpolation", interpolation, list(ORDERS))
    one_of("fill_mode", fill_mode, FILL_MODES)
    x, back = batched(as_float(images), data_format, name)
    sizes = x.shape[1:3]
    y_places, x_places = places(
        xp.arange(sizes[0], dtype="float32")[None, :, None] + xp.zeros((1, *sizes)),
        xp.arange(sizes[1], dtype="float32")[None, None, :] + xp.zeros((1, *sizes)),
    )
    found = _sampled(
        xp.reshape(x, (x.shape[0], -1, x.shape[-1])),
        sizes,
        (y_places, x_places),
        ORDERS[interpolation],
        fill_mode,
        fill_value,
    )
    return _back_to(backend.dtype_name(images), back(found))


def _numbers_for(name: str, values: Any, images: Any, shape: tuple[int, ...]) -> Any:
    """Floats of shape (batch, *shape); for a single image the batch may be left out."""
    values = backend.cast(values, "float32")
    single = values.ndim == len(shape)
    fits = tuple(values.shape[values.ndim - len(shape) :]) == shape
    if not fits or values.ndim - len(shape) != len(images.shape) - 3:
        text = ", ".join(map(str, shape))
        raise ValueError(
            f"`{name}` must have shape (batch, {text}) for a batch of images, "
            f"({text}) for a single one; got {tuple(values.shape)} for images of shape "
            f"{tuple(images.shape)}."
        )
    return values[None] if single else values


def _projected(t: Any) -> Any:
    """The map of places that 8 numbers of shape (batch, 8) describe."""
    a, b, c, d, e, f, g, h = (t[:, i, None, None] for i in range(8))

    def places(y: Any, x: Any) -> tuple[Any, Any]:
        k = g * x + h * y + 1
        return (d * x + e * y + f) / k, (a * x + b * y + c) / k

    return places


@op
def affine_transform(
    images: Tensor,
    transform: Tensor,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Move, turn, scale and shear images.

    The result's cell in column x and row y is looked up in the images at column
    (a₀x + a₁y + a₂) / k and row (b₀x + b₁y + b₂) / k with k = c₀x + c₁y + 1.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        transform: (batch, 8), or (8,) for one image: a₀, a₁, a₂, b₀, b₁, b₂, c₀, c₁.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_mode: what stands outside, as in `map_coordinates`.
        fill_value: for the mode `"constant"`.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        Images of the same shape and dtype; integers are rounded.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0, 3.0], (1, 3, 1))
        >>> right = [1, 0, -1, 0, 1, 0, 0, 0]
        >>> print(keras.ops.image.affine_transform(x, right)[0, :, 0])
        [0. 1. 2.]
    """
    numbers = _numbers_for("transform", transform, images, (8,))
    places = _projected(numbers)
    return warped(
        "affine_transform",
        images,
        places,
        interpolation,
        fill_mode,
        fill_value,
        data_format,
    )


def homography(start: Any, end: Any) -> Any:
    """The 8 numbers, (batch, 8), of the map that takes `end` to `start`."""
    xp = backend.xp
    x, y = end[..., 0], end[..., 1]
    zero, one = xp.zeros_like(x), xp.ones_like(x)
    u, v = start[..., 0], start[..., 1]
    first = xp.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=-1)
    second = xp.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=-1)
    matrix = xp.concatenate([first, second], axis=-2)
    target = xp.concatenate([u, v], axis=-1)[..., None]
    return xp.linalg.solve(matrix, target)[..., 0]


@op
def perspective_transform(
    images: Tensor,
    start_points: Tensor,
    end_points: Tensor,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """See images in perspective: four points go to four others.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        start_points: four points (column, row) of the images, (batch, 4, 2), or (4, 2).
        end_points: where the result shows them, of the same shape.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_value: what stands outside.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        Images of the same shape and dtype; integers are rounded.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> x = keras.ops.reshape([1.0, 2.0, 3.0, 4.0], (2, 2, 1))
        >>> corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
        >>> seen = keras.ops.image.perspective_transform(x, corners, 1 - corners)
        >>> print(np.round(np.asarray(seen[..., 0]), 4))
        [[4. 3.]
         [2. 1.]]
    """
    start = _numbers_for("start_points", start_points, images, (4, 2))
    end = _numbers_for("end_points", end_points, images, (4, 2))
    places = _projected(homography(start, end))
    return warped(
        "perspective_transform",
        images,
        places,
        interpolation,
        "constant",
        fill_value,
        data_format,
    )


def smooth_moves(noise: Any, alpha: Any, sigma: Any, widest: float) -> Any:
    """Smooth random moves; what is said at `elastic_transform`.

    Args:
        noise: standard normal numbers, (2, batch, rows, columns): down, to the right.
        alpha, sigma: numbers that may be known only when the program runs.
        widest: the greatest `sigma` there can be.
    """
    xp, reach = backend.xp, int(3 * widest)
    sigma = xp.maximum(backend.cast(sigma, "float32"), 1e-6)
    distance = xp.abs(xp.arange(2 * reach + 1, dtype="float32") - reach)
    bell = gaussian_weights(2 * reach + 1, sigma)
    bell = xp.where(distance <= 3 * sigma, bell, 0.0)
    bell = bell / xp.sum(bell)
    rows = xp.reshape(backend.cast(noise, "float32"), (-1, *noise.shape[2:], 1))
    smooth = xp.reshape(convolved(rows, (bell, bell)), noise.shape)
    return backend.cast(alpha, "float32") * sigma * smooth


def moved_by(moves: Any) -> Any:
    """The map of places by which cells are looked up so far away."""
    return lambda y, x: (y + moves[0], x + moves[1])


@op
def elastic_transform(
    images: Tensor,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """Bend images: each cell moves by smooth random numbers.

    The moves are numbers of the standard normal distribution, smoothed and multiplied
    by alpha · sigma, for rows and columns apart.

    Args:
        images: (batch, rows, columns, channels), or one image without the batch.
        alpha: how strongly to bend.
        sigma: standard deviation of the weights that smooth the moves, in cells; those
            beyond three of it are left out.
        interpolation, fill_mode, fill_value: as in `affine_transform`.
        seed: an integer, or a `SeedGenerator`; default a new one each time.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.

    Returns:
        Images of the same shape and dtype; integers are rounded.

    Example:
        >>> x = np.ones((1, 5, 5, 3), "float32")
        >>> keras.ops.image.elastic_transform(x, seed=1).shape
        (1, 5, 5, 3)
    """
    x, _ = batched(backend.asarray(images), data_format, "elastic_transform")
    noise = random.normal((2, *x.shape[:3]), dtype="float32", seed=seed)
    return warped(
        "elastic_transform",
        images,
        moved_by(smooth_moves(noise, alpha, sigma, sigma)),
        interpolation,
        fill_mode,
        fill_value,
        data_format,
    )
