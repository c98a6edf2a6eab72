"""Boxes in images: the ways to write them, what is done to them, how they overlap."""

from ..layers.preprocessing.bounding_boxes import (
    affine_transform,
    clip_to_image_size,
    convert_format,
    crop,
    pad,
)
from ..layers.preprocessing.bounding_boxes_overlap import (
    compute_ciou,
    compute_iou,
    decode_deltas_to_boxes,
    encode_box_to_deltas,
)

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]
