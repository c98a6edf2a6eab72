"""Boxes and masks drawn into images, as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import backend
from ..ops.convolution import standardize_data_format
from ..utils import bounding_boxes as boxes_of
from ..utils.image import pillow

__all__ = ["draw_bounding_boxes", "draw_segmentation_masks"]


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: Any,
    bounding_box_format: str,
    class_mapping: Mapping[int, str] | None = None,
    color: Any = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> np.ndarray:
    """Draw boxes into copies of images.

    Args:
        images: (images, rows, columns, channels), of numbers from 0 to 255; floats up
            to 1 are multiplied by 255.
        bounding_boxes: dict of `"boxes"` (images, boxes, 4) and `"labels"` (images,
            boxes), of which those below 0 are padding; `"confidences"` if there are.
        bounding_box_format: such as `"xyxy"`; see `utils.bounding_boxes`.
        class_mapping: label -> name to write beside the box, which needs Pillow (the
            extra `images`). Others get no text.
        color: of lines and text, one number for each channel.
        line_thickness: pixels.
        text_thickness: pixels by which letters are bolder, from 1.
        font_scale: 1 is about 12 pixels.
        data_format: of `images`; default `config.image_data_format()`.

    Returns:
        uint8 array, channels last.

    Raises:
        TypeError, ValueError: for boxes or images that are not as described.

    Example:
        >>> boxes = {"boxes": np.array([[[1, 1, 3, 2]]]), "labels": np.array([[0]])}
        >>> image = keras.visualization.draw_bounding_boxes(
        ...     np.zeros((1, 4, 5, 3)), boxes, "xyxy", color=(9, 9, 9),
        ...     line_thickness=1)
        >>> image[0, :, :, 0]
        array([[0, 0, 0, 0, 0],
               [0, 9, 9, 9, 0],
               [0, 9, 9, 9, 0],
               [0, 0, 0, 0, 0]], dtype=uint8)
    """
    if not isinstance(bounding_boxes, Mapping):
        raise TypeError(
            "`bounding_boxes` must be a dict with 'boxes' and 'labels', got "
            f"{type(bounding_boxes).__name__}."
        )
    lacks = [key for key in ("boxes", "labels") if key not in bounding_boxes]
    if lacks:
        raise ValueError(
            "`bounding_boxes` must be a dict with 'boxes' and 'labels'; it has "
            f"{list(bounding_boxes)}, and lacks {lacks}."
        )
    drawn = as_pictures(images, data_format)
    rows, columns = drawn.shape[1:3]
    corners = backend.to_numpy(
        boxes_of.convert_format(
            backend.asarray(bounding_boxes["boxes"], "float32"),
            bounding_box_format,
            "xyxy",
            height=rows,
            width=columns,
        )
    ).astype(int)
    names = class_mapping or {}
    scores = bounding_boxes.get("confidences")
    for i, labels in enumerate(np.asarray(bounding_boxes["labels"])):
        for j, label in enumerate(labels.reshape(-1).astype(int)):
            if label < 0:
                continue
            _outline(drawn[i], corners[i, j], color, line_thickness)
            if label in names:
                text = str(names[label])
                if scores is not None:
                    text += f" | {float(np.asarray(scores)[i, j]):.2f}"
                place = corners[i, j, :2] - [0, line_thickness]
                _write(drawn[i], text, place, color, font_scale, text_thickness)
    return drawn


def as_pictures(
    images: Any, data_format: str | None, value_range: Any = None
) -> np.ndarray:
    """Return a copy as uint8 with the channels last, `value_range` as 0 to 255."""
    pictures = np.asarray(images)
    if pictures.ndim != 4:
        raise ValueError(
            "`images` must be a batch, (images, rows, columns, channels), got shape "
            f"{pictures.shape}."
        )
    if standardize_data_format(data_format) == "channels_first":
        pictures = np.moveaxis(pictures, 1, -1)
    if value_range is not None:
        low, high = value_range
        pictures = np.rint((pictures.astype("float32") - low) * (255 / (high - low)))
    elif pictures.dtype.kind == "f" and pictures.size and pictures.max() <= 1:
        pictures = pictures * 255
    return np.array(np.clip(pictures, 0, 255), "uint8", order="C")


def _outline(image: np.ndarray, box: np.ndarray, color: Any, thickness: int) -> None:
    """Draw the lines of a box; their middle is its border, or just outside it."""
    x1, y1, x2, y2 = box
    before, after = thickness // 2, (thickness + 1) // 2

    def fill(top: int, bottom: int, left: int, right: int) -> None:
        image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = color

    for y in (y1, y2):
        fill(y - before, y + after, x1 - before, x2 + after)
    for x in (x1, x2):
        fill(y1 - before, y2 + after, x - before, x + after)


def _write(
    image: np.ndarray, text: str, place: Any, color: Any, scale: float, thickness: int
) -> None:
    """Write above a place, or below where there is no room."""
    pillow()
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(12 * scale)
    stroke = max(thickness - 1, 0)
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    size = int(right - left) + 1, int(bottom - top) + 1
    canvas = Image.new("L", size)
    ImageDraw.Draw(canvas).text(
        (-left, -top), text, fill=255, font=font, stroke_width=stroke
    )
    letters = np.asarray(canvas)[..., None] / 255
    x, y = int(place[0]), int(place[1]) - size[1]
    y = y if y >= 0 else int(place[1]) + 1
    x, y = max(x, 0), max(y, 0)
    part = image[y : y + size[1], x : x + size[0]]
    letters = letters[: part.shape[0], : part.shape[1]]
    part[:] = letters * np.asarray(color) + (1 - letters) * part


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Any] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> np.ndarray:
    """Draw masks over images: `alpha · color + (1 − alpha) · image`.

    Args:
        images: as of `draw_bounding_boxes`.
        segmentation_masks: integers, the class of each pixel: (images, rows, columns)
            or (images, rows, columns, 1).
        num_classes: pixels of higher classes stay as they are; default: none.
        color_mapping: class -> color; pixels of other classes stay as they are.
            Default: (c, 127 c, 31 c) for class c, modulo 255.
        alpha: share of the color.
        blend: False is like `alpha=1`.
        ignore_index: a class that is not drawn.
        data_format: of `images` and masks; default `config.image_data_format()`.

    Returns:
        uint8 array, channels last.

    Raises:
        TypeError, ValueError: for masks that are not as described.

    Example:
        >>> image, mask = np.full((1, 1, 3, 3), 100), np.array([[[-1, 0, 1]]])
        >>> keras.visualization.draw_segmentation_masks(image, mask)[0, 0]
        array([[100, 100, 100],
               [ 20,  20,  20],
               [ 20, 121,  44]], dtype=uint8)
    """
    pictures = as_pictures(images, data_format)
    masks = np.asarray(segmentation_masks)
    if masks.dtype.kind not in "iu":
        raise TypeError(
            f"`segmentation_masks` must be of integers, got the dtype {masks.dtype}."
        )
    if masks.ndim == 4:
        first = standardize_data_format(data_format) == "channels_first"
        masks = masks[:, 0] if first else masks[..., 0]
    if masks.shape != pictures.shape[:3]:
        raise ValueError(
            "`segmentation_masks` must have a number for each pixel of `images`, "
            f"{pictures.shape[:3]}; got shape {np.shape(segmentation_masks)}."
        )
    share = alpha if blend else 1.0
    drawn = pictures.astype(float)
    for label in np.unique(masks):
        if color_mapping is not None and label not in color_mapping:
            continue
        beyond = num_classes is not None and label >= num_classes
        if label == ignore_index or label < 0 or beyond:
            continue
        color = [label, label * 127 % 255, label * 31 % 255]
        if color_mapping is not None:
            color = color_mapping[label]
        where = masks == label
        drawn[where] = share * np.asarray(color) + (1 - share) * drawn[where]
    return (drawn + 1e-6).astype("uint8")
