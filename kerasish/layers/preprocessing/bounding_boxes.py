"""Boxes in images: the ways to write them, and what is done to them.

`utils.bounding_boxes` is the public place of these functions. A format says what the
four numbers of a box are: `xyxy` (left, top, right, bottom), `yxyx` (top, left, bottom,
right), `xywh` (left, top, width, height), `center_xywh`, `center_yxhw`. With `rel_` in
front, numbers are shares of the width or the height of the image.
"""

import math
from collections.abc import Callable
from typing import Any

from ... import ops
from ...graph import Tensor

__all__ = [
    "affine_transform",
    "around",
    "clip_to_image_size",
    "convert_format",
    "corners",
    "crop",
    "pad",
]

_ABSOLUTE = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw")
_ROWS_FIRST = ("yxyx", "center_yxhw")
_RELATIVE = ("rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")


def _format(name: Any, argument: str) -> tuple[str, bool]:
    """Return the name without `rel_`, and whether it was there."""
    plain = name.lower() if isinstance(name, str) else name
    if plain not in _ABSOLUTE + _RELATIVE:
        raise ValueError(
            f"`{argument}` must be one of {', '.join(_ABSOLUTE + _RELATIVE)}. "
            f"Received: {name!r}."
        )
    return plain.removeprefix("rel_"), plain.startswith("rel_")


def _edges(boxes: Tensor, name: str) -> list[Tensor]:
    """Left, top, right, bottom."""
    a, b, c, d = (boxes[..., i : i + 1] for i in range(4))
    if name in _ROWS_FIRST:
        a, b, c, d = b, a, d, c
    if name.startswith("center"):
        return [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
    return [a, b, a + c, b + d] if name == "xywh" else [a, b, c, d]


def _from_edges(edges: list[Tensor], name: str) -> Tensor:
    left, top, right, bottom = edges
    if name == "xywh":
        numbers = [left, top, right - left, bottom - top]
    elif name.startswith("center"):
        middle = [(left + right) / 2, (top + bottom) / 2]
        numbers = [*middle, right - left, bottom - top]
    else:
        numbers = [left, top, right, bottom]
    if name in _ROWS_FIRST:
        numbers = [numbers[i] for i in (1, 0, 3, 2)]
    return ops.concatenate(numbers, axis=-1)


def convert_format(
    boxes: Any,
    source: str,
    target: str,
    height: Any = None,
    width: Any = None,
    dtype: Any = "float32",
) -> Any:
    """Write boxes another way.

    Args:
        boxes: tensor of shape (..., 4), or a dictionary with such `"boxes"`.
        source, target: formats: `xyxy`, `yxyx`, `xywh`, `center_xywh`, `center_yxhw`,
            `rel_xyxy`, `rel_yxyx`, `rel_xywh`, `rel_center_xywh`.
        height, width: of the images; needed if one format is relative and the other
            is not.
        dtype: of the result.

    Returns:
        Boxes of the same shape; a dictionary if one was given.

    Raises:
        ValueError: an unknown format, no size where it is needed, or another shape.

    Example:
        >>> boxes = np.array([[1.0, 2.0, 4.0, 6.0]])
        >>> convert = keras.utils.bounding_boxes.convert_format
        >>> np.asarray(convert(boxes, "xyxy", "xywh")).tolist()
        [[1.0, 2.0, 3.0, 4.0]]
    """
    if isinstance(boxes, dict):
        converted = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return {**boxes, "boxes": converted}
    before, relative = _format(source, "source")
    after, wanted = _format(target, "target")
    boxes = ops.cast(ops.convert_to_tensor(boxes), dtype)
    if boxes.shape[-1] != 4:
        raise ValueError(
            f"`boxes` must have four numbers on the last axis. Received: shape "
            f"{tuple(boxes.shape)}."
        )
    if relative != wanted and (height is None or width is None):
        raise ValueError(
            f"Between the formats {source!r} and {target!r} boxes can be converted "
            f"only if `height` and `width` are given. Received: {height}, {width}."
        )
    if before == after and relative == wanted:
        return boxes
    edges = _edges(boxes, before)
    if relative != wanted:
        sizes = [ops.cast(size, dtype) for size in (width, height)] * 2
        scale = ops.divide if wanted else ops.multiply
        edges = [scale(x, size) for x, size in zip(edges, sizes)]
    return ops.cast(_from_edges(edges, after), dtype)


def clip_to_image_size(
    bounding_boxes: dict[str, Any],
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> dict[str, Any]:
    """Cut off what lies outside the image; boxes without area get the label -1.

    Args:
        bounding_boxes: dictionary of `"boxes"` (..., 4) and `"labels"` (...).
        height, width: of the images; not needed for relative formats.
        bounding_box_format: as in `convert_format`.

    Returns:
        The dictionary with new boxes and labels.

    Raises:
        ValueError: no size where it is needed, or an unknown format.

    Example:
        >>> boxes = {"boxes": np.array([[-1.0, 0, 9, 3]]), "labels": np.array([5])}
        >>> clipped = keras.utils.bounding_boxes.clip_to_image_size(boxes, 4, 6)
        >>> np.asarray(clipped["boxes"]).tolist()
        [[0.0, 0.0, 6.0, 3.0]]
    """
    name, relative = _format(bounding_box_format, "bounding_box_format")
    if relative:
        height = width = 1.0
    elif height is None or width is None:
        raise ValueError(
            f"Boxes of the format {bounding_box_format!r} can be clipped only if "
            f"`height` and `width` are given. Received: {height}, {width}."
        )
    boxes = ops.convert_to_tensor(bounding_boxes["boxes"])
    dtype = boxes.dtype
    height, width = ops.cast(height, dtype), ops.cast(width, dtype)
    limits = [width, height, width, height]
    edges = [
        ops.minimum(ops.maximum(x, 0), limit)
        for x, limit in zip(_edges(boxes, name), limits)
    ]
    left, top, right, bottom = edges
    clipped = {**bounding_boxes, "boxes": _from_edges(edges, name)}
    if "labels" in clipped:
        labels = ops.convert_to_tensor(clipped["labels"])
        area = ops.squeeze((right - left) * (bottom - top), axis=-1)
        clipped["labels"] = ops.where(area > 0, labels, ops.cast(-1, labels.dtype))
    return clipped


def corners(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """x and y of the four corners of `xyxy` boxes: two tensors (..., 4)."""
    left, top, right, bottom = (boxes[..., i] for i in range(4))
    xs = ops.stack([left, right, left, right], axis=-1)
    return xs, ops.stack([top, top, bottom, bottom], axis=-1)


def around(xs: Tensor, ys: Tensor) -> Tensor:
    """The least `xyxy` boxes that hold the points given by their x and y (..., n)."""
    limits = ops.min(xs, -1), ops.min(ys, -1), ops.max(xs, -1), ops.max(ys, -1)
    return ops.stack(limits, axis=-1)


def _moved(boxes: Any, name: str, move: Callable[[Tensor], Tensor]) -> Any:
    """Boxes of any absolute format after `move`, which knows `xyxy`."""
    if isinstance(boxes, dict):
        return {**boxes, "boxes": _moved(boxes["boxes"], name, move)}
    return convert_format(move(convert_format(boxes, name, "xyxy")), "xyxy", name)


def crop(
    boxes: Any,
    top: Any,
    left: Any,
    height: Any,
    width: Any,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Return boxes as they lie in a part of the image, cut off at its edges.

    Args:
        boxes: tensor of shape (..., 4), or a dictionary with such `"boxes"`.
        top, left, height, width: of the part.
        bounding_box_format: an absolute one, see `convert_format`.

    Raises:
        ValueError: the format is relative or unknown.

    Example:
        >>> crop = keras.utils.bounding_boxes.crop
        >>> np.asarray(crop(np.array([[1.0, 1, 9, 4]]), 2, 0, 5, 5)).tolist()
        [[1.0, 0.0, 5.0, 2.0]]
    """

    def move(boxes: Tensor) -> Tensor:
        start = ops.cast(ops.stack([left, top] * 2), boxes.dtype)
        end = ops.cast(ops.stack([width, height] * 2), boxes.dtype)
        return ops.minimum(ops.maximum(boxes - start, 0), end)

    return _moved(boxes, bounding_box_format, move)


def pad(
    boxes: Any,
    top: Any,
    left: Any,
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Return boxes as they lie after rows and columns were put before the image's.

    Args:
        boxes: tensor of shape (..., 4), or a dictionary with such `"boxes"`.
        top, left: how many rows and columns.
        height, width: not used.
        bounding_box_format: an absolute one, see `convert_format`.

    Raises:
        ValueError: the format is relative or unknown.

    Example:
        >>> pad = keras.utils.bounding_boxes.pad
        >>> np.asarray(pad(np.array([[1.0, 1, 9, 4]]), 2, 0)).tolist()
        [[1.0, 3.0, 9.0, 6.0]]
    """

    def move(boxes: Tensor) -> Tensor:
        return boxes + ops.cast(ops.stack([left, top] * 2), boxes.dtype)

    return _moved(boxes, bounding_box_format, move)


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: int,
    width: int,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Move boxes, scale, turn and slant them; give the least boxes around the results.

    First they are moved, then scaled and turned about the centre, then slanted: columns
    by `shear_y`, rows by `shear_x`.

    Args:
        boxes: (boxes, 4) or (batch, boxes, 4), or a dictionary with such `"boxes"`.
        angle: in degrees, counter-clockwise. It and the next are numbers, or tensors
            with one for each image.
        translate_x, translate_y: as shares of `width - 1` and `height - 1`.
        scale: factor.
        shear_x, shear_y: in degrees.
        height, width: of the images.
        center_x, center_y: default `(width - 1) / 2` and `(height - 1) / 2`.
        bounding_box_format: an absolute one, see `convert_format`.

    Raises:
        ValueError: the format is relative or unknown.

    Example:
        >>> turn = keras.utils.bounding_boxes.affine_transform
        >>> boxes = np.array([[0.0, 0.0, 2.0, 1.0]])
        >>> np.asarray(turn(boxes, 90, 0, 0, 1, 0, 0, 5, 5)).round().tolist()
        [[0.0, 2.0, 1.0, 4.0]]
    """

    def number(value: Any, factor: float = 1.0) -> Tensor:
        x = ops.cast(value, "float32") * factor
        return x[:, None, None] if len(x.shape) else x

    def move(boxes: Tensor) -> Tensor:
        middle_x = number((width - 1) / 2 if center_x is None else center_x)
        middle_y = number((height - 1) / 2 if center_y is None else center_y)
        turn, degree = number(angle, math.pi / 180), math.pi / 180
        x, y = corners(boxes)
        x = (x + number(translate_x, width - 1) - middle_x) * number(scale)
        y = (y + number(translate_y, height - 1) - middle_y) * number(scale)
        c, s = ops.cos(turn), ops.sin(turn)
        x, y = c * x + s * y, c * y - s * x
        y = y + ops.tan(number(shear_y, degree)) * x
        x = x + ops.tan(number(shear_x, degree)) * y
        return around(x + middle_x, y + middle_y)

    return _moved(boxes, bounding_box_format, move)
