"""How much boxes overlap, and how they differ from anchors.

`utils.bounding_boxes` is the public place of these functions.
"""

import math
from typing import Any

from ... import config, ops
from ...graph import Tensor
from .bounding_boxes import convert_format

__all__ = [
    "compute_ciou",
    "compute_iou",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
]

_LEAST = 1e-7  # sizes and areas are at least this where something is divided by them


def _size(image_shape: Any) -> tuple[Any, Any]:
    if image_shape is None:
        return None, None
    last = config.image_data_format() == "channels_last"
    height, width = image_shape[:2] if last else image_shape[-2:]
    return height, width


def _as_corners(boxes: Any, name: str, image_shape: Any) -> list[Tensor]:
    boxes = convert_format(boxes, name, "xyxy", *_size(image_shape))
    return [boxes[..., i] for i in range(4)]


def _intersection(first: list[Tensor], second: list[Tensor]) -> Tensor:
    left, top = (ops.maximum(first[i], second[i]) for i in (0, 1))
    right, bottom = (ops.minimum(first[i], second[i]) for i in (2, 3))
    return ops.maximum(right - left, 0) * ops.maximum(bottom - top, 0)


def _ratio(first: list[Tensor], second: list[Tensor], least: float = 0) -> Tensor:
    """Intersection over union; 0 where both boxes have no area."""
    areas = [(right - left) * (low - top) for left, top, right, low in (first, second)]
    common = _intersection(first, second)
    union = areas[0] + areas[1] - common + least
    return ops.where(union > 0, common / ops.where(union > 0, union, 1), 0)


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Any = None,
) -> Tensor:
    """Intersection over union of each box of the first with each of the second.

    Args:
        boxes1: (n, 4) or (batch, n, 4).
        boxes2: (m, 4) or (batch, m, 4).
        bounding_box_format: see `convert_format`.
        use_masking: whether boxes of negative numbers are filling, for which the
            result is `mask_val`.
        mask_val: see there.
        image_shape: (height, width, channels); needed for relative formats.

    Returns:
        Tensor (n, m), or (batch, n, m) if one of the two has batches.

    Raises:
        ValueError: boxes of another rank, or a relative format without a shape.

    Example:
        >>> iou = keras.utils.bounding_boxes.compute_iou
        >>> boxes = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2]])
        >>> np.asarray(iou(boxes, boxes[:1], "xyxy")).round(3).tolist()
        [[1.0], [0.3330000042915344]]
    """
    boxes1, boxes2 = ops.convert_to_tensor(boxes1), ops.convert_to_tensor(boxes2)
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if len(boxes.shape) not in (2, 3):
            raise ValueError(
                f"`{name}` must have the shape (boxes, 4) or (batch, boxes, 4). "
                f"Received: {tuple(boxes.shape)}."
            )
    first = _as_corners(boxes1, bounding_box_format, image_shape)
    second = _as_corners(boxes2, bounding_box_format, image_shape)
    rows, columns = [x[..., :, None] for x in first], [x[..., None, :] for x in second]
    result = _ratio(rows, columns)
    if use_masking:
        filling = ops.all(boxes1 < 0, -1)[..., :, None]
        filling = ops.logical_or(filling, ops.all(boxes2 < 0, -1)[..., None, :])
        result = ops.where(filling, ops.cast(mask_val, result.dtype), result)
    return result


def compute_ciou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None
) -> Tensor:
    """Complete IoU of pairs of boxes: less where centres and proportions differ.

    ``ciou = iou - d² / c² - v² / (v - iou + 1)`` where d is the distance of the
    centres, c the diagonal of the least box around both, and v = 4 / π² times the
    squared difference of the angles of the diagonals.

    Args:
        boxes1, boxes2: (..., 4), of equal shape.
        bounding_box_format: see `convert_format`.
        image_shape: (height, width, channels); needed for relative formats.

    Returns:
        Tensor (...).

    Reference: Zheng et al., 2020, "Distance-IoU Loss".

    Example:
        >>> ciou = keras.utils.bounding_boxes.compute_ciou
        >>> boxes = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2]])
        >>> np.asarray(ciou(boxes, boxes[:1], "xyxy")).round(3).tolist()
        [1.0, 0.25600001215934753]
    """
    first = _as_corners(boxes1, bounding_box_format, image_shape)
    second = _as_corners(boxes2, bounding_box_format, image_shape)
    iou = _ratio(first, second, _LEAST)
    (x1, y1, x2, y2), (u1, v1, u2, v2) = first, second
    diagonal = (ops.maximum(x2, u2) - ops.minimum(x1, u1)) ** 2
    diagonal += (ops.maximum(y2, v2) - ops.minimum(y1, v1)) ** 2 + _LEAST
    distance = ((x1 + x2 - u1 - u2) ** 2 + (y1 + y2 - v1 - v2) ** 2) / 4
    turn = ops.arctan((u2 - u1) / (v2 - v1 + _LEAST))
    turn -= ops.arctan((x2 - x1) / (y2 - y1 + _LEAST))
    v = 4 / math.pi**2 * turn**2
    return iou - distance / diagonal - v * v / (v - iou + (1 + _LEAST))


def _variances(variance: Any, dtype: str) -> Tensor:
    values = ops.cast([1.0] * 4 if variance is None else variance, dtype)
    if values.shape[-1] != 4:
        raise ValueError(
            f"`variance` must have four numbers. Received: {tuple(values.shape)}."
        )
    return values


def _centered(name: str, argument: str) -> str:
    if name not in ("center_xywh", "center_yxhw"):
        raise ValueError(
            f"`{argument}` must be 'center_xywh' or 'center_yxhw'. Received: {name!r}."
        )
    return name


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Tensor:
    """Write boxes as differences from anchors: what a detector learns to predict.

    ``((centre - centre of anchor) / size of anchor, log(size / size of anchor))``,
    divided by `variance`.

    Args:
        anchors: (n, 4).
        boxes: (n, 4) or (batch, n, 4).
        anchor_format, box_format: see `convert_format`.
        encoding_format: `"center_yxhw"` or `"center_xywh"`: the order of the numbers.
        variance: four numbers; default 1.
        image_shape: (height, width, channels); needed for relative formats.

    Returns:
        Tensor of the shape of `boxes`.

    Raises:
        ValueError: an unknown format, or `variance` has not four numbers.

    Example:
        >>> encode = keras.utils.bounding_boxes.encode_box_to_deltas
        >>> anchors, boxes = np.array([[0.0, 0, 4, 4]]), np.array([[1.0, 0, 5, 4]])
        >>> np.asarray(encode(anchors, boxes, "xyxy", "xyxy")).tolist()
        [[0.0, 0.25, 0.0, 0.0]]
    """
    target, size = _centered(encoding_format, "encoding_format"), _size(image_shape)
    anchors = convert_format(anchors, anchor_format, target, *size)
    boxes = convert_format(boxes, box_format, target, *size)
    sides = ops.maximum(anchors[..., 2:], _LEAST)
    places = (boxes[..., :2] - anchors[..., :2]) / sides
    sizes = ops.log(ops.maximum(boxes[..., 2:], _LEAST) / sides)
    deltas = ops.concatenate([places, sizes], axis=-1)
    return deltas / _variances(variance, deltas.dtype)


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """Turn differences from anchors back into boxes: see `encode_box_to_deltas`.

    Args:
        anchors: (n, 4), or a dictionary of such.
        boxes_delta: (n, 4) or (batch, n, 4), or a dictionary with the same keys.
        anchor_format, box_format: see `convert_format`.
        encoded_format: `"center_yxhw"` or `"center_xywh"`: the order of the numbers.
        variance: four numbers; default 1.
        image_shape: (height, width, channels); needed for relative formats.

    Returns:
        Boxes of the shape of `boxes_delta`.

    Raises:
        ValueError: an unknown format, or `variance` has not four numbers.

    Example:
        >>> decode = keras.utils.bounding_boxes.decode_deltas_to_boxes
        >>> anchors, deltas = np.array([[0.0, 0, 4, 4]]), np.array([[0, 0.25, 0, 0]])
        >>> np.asarray(decode(anchors, deltas, "xyxy", "xyxy")).tolist()
        [[1.0, 0.0, 5.0, 4.0]]
    """
    rest = (anchor_format, box_format, encoded_format, variance, image_shape)
    if isinstance(anchors, dict):
        return {
            key: decode_deltas_to_boxes(anchors[key], delta, *rest)
            for key, delta in boxes_delta.items()
        }
    source, size = _centered(encoded_format, "encoded_format"), _size(image_shape)
    anchors = convert_format(anchors, anchor_format, source, *size)
    deltas = ops.cast(boxes_delta, anchors.dtype)
    deltas = deltas * _variances(variance, deltas.dtype)
    places = deltas[..., :2] * anchors[..., 2:] + anchors[..., :2]
    sizes = ops.exp(deltas[..., 2:]) * anchors[..., 2:]
    boxes = ops.concatenate([places, sizes], axis=-1)
    return convert_format(boxes, source, box_format, *size)
