"""Calls of the ops on images: name, arguments, options."""

from typing import Any

import numpy as np

__all__ = ["CALLS", "OTHERS"]


def _floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(size=shape).astype("float32")


IMAGES, FIRST_IMAGES = _floats(2, 6, 5, 3), _floats(2, 3, 6, 5)
ONE = IMAGES[0]
BYTES = (255 * IMAGES).astype("uint8")
FIRST: dict[str, Any] = {"data_format": "channels_first"}
SKEW = np.array([0, 0, 0, 0, 0, 0, 0.1, 0.02])
PLACES = np.array([[0.3, 4.6, -1.2, 7.7], [2.2, -0.7, 3.1, 9.4]], "float32")
MAP = np.array([[0.9, 0.2, 0.3, -0.1, 1.1, -0.6, 0, 0], [1, 0, 1.3, 0, 1, -2.2, 0, 0]])
# float64, so that its gradients are not compared: Keras knows none of the last two
CORNERS = np.array([[[0, 0], [4, 0], [0, 5], [4, 5]]] * 2, "float32")
MOVED = CORNERS + _floats(2, 4, 2)

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("resize", (IMAGES, (9, 3)), {}),
    ("resize", (IMAGES, (3, 3)), {"antialias": True}),
    ("resize", (IMAGES, (4, 7)), {"interpolation": "nearest"}),
    ("resize", (IMAGES, (4, 7)), {"interpolation": "bicubic", "antialias": True}),
    ("resize", (BYTES, (4, 7)), {"interpolation": "bicubic"}),
    ("resize", (IMAGES, (4, 7)), {"interpolation": "lanczos3"}),
    ("resize", (FIRST_IMAGES, (4, 7)), FIRST | {"interpolation": "lanczos5"}),
    ("resize", (ONE, (4, 2)), {"crop_to_aspect_ratio": True}),
    ("resize", (IMAGES, (3, 4)), {"pad_to_aspect_ratio": True, "fill_value": 2.0}),
    ("resize", (IMAGES.astype("float16"), (3, 7)), {"_tolerance": 2e-3}),
    ("pad_images", (IMAGES, 1, 2, 3, 0), {}),
    ("pad_images", (BYTES, 1, 1), {"target_height": 9, "target_width": 7}),
    ("crop_images", (IMAGES, 1, 1, 2, 1), {}),
    (
        "crop_images",
        (FIRST_IMAGES, 1, 0),
        FIRST | {"target_height": 2, "target_width": 3},
    ),
    ("rgb_to_grayscale", (IMAGES,), {}),
    ("rgb_to_grayscale", (BYTES,), {}),
    ("rgb_to_grayscale", (FIRST_IMAGES,), FIRST),
    ("rgb_to_hsv", (IMAGES,), {}),
    ("rgb_to_hsv", (FIRST_IMAGES,), FIRST),
    ("hsv_to_rgb", (IMAGES,), {}),
    ("hsv_to_rgb", (FIRST_IMAGES,), FIRST),
    # Keras on JAX weighs the columns alone, and darkens the images
    ("gaussian_blur", (IMAGES, (3, 5), (1.0, 2.0)), {"_": "keras"}),
    ("gaussian_blur", (FIRST_IMAGES,), FIRST | {"_": "keras"}),
    *(
        (
            "map_coordinates",
            (IMAGES[0, ..., 0], PLACES, order),
            {"fill_mode": mode, "_": "batch"},
        )
        for mode in ("constant", "nearest", "reflect", "wrap", "mirror")
        for order in (0, 1)
    ),
    ("map_coordinates", (BYTES[0, ..., 0], PLACES, 1), {"fill_value": 9, "_": "batch"}),
    ("affine_transform", (IMAGES, MAP), {}),
    ("affine_transform", (IMAGES, MAP, "nearest", "wrap"), {}),
    ("affine_transform", (FIRST_IMAGES, MAP), FIRST | {"fill_mode": "reflect"}),
    ("affine_transform", (ONE, MAP[0]), {"fill_value": 0.5}),
    ("affine_transform", (BYTES, MAP), {}),
    ("affine_transform", (IMAGES, MAP + SKEW), {"_": "keras"}),  # mixes channels there
    ("perspective_transform", (IMAGES, CORNERS, MOVED), {"_tolerance": 1e-4}),
    ("perspective_transform", (ONE, CORNERS[0], MOVED[0], "nearest"), {}),
    (
        "scale_and_translate",
        (
            IMAGES,
            (2, 4, 7, 3),
            np.array([0.7, 1.4], "float32"),
            np.array([0.3, -1.2], "float32"),
            (1, 2),
            "cubic",
        ),
        {"_": "batch", "_tolerance": 1e-4},
    ),
    (
        "scale_and_translate",
        (ONE, (9, 5, 3), np.ones(1, "float32"), np.ones(1, "float32"), (0,), "linear"),
        {"antialias": False},
    ),
    ("extract_patches", (IMAGES, 2), {}),
    ("extract_patches", (IMAGES, (2, 3), (1, 2)), {"padding": "same"}),
    ("extract_patches", (FIRST_IMAGES, 2, 1, 2), FIRST),
    ("extract_patches_3d", (_floats(2, 4, 5, 4, 2), (2, 2, 1)), {}),
    ("extract_patches_3d", (_floats(2, 2, 4, 5, 4), 2, 1), FIRST | {"padding": "same"}),
    ("sobel_edges", (IMAGES,), {}),
    ("sobel_edges", (FIRST_IMAGES,), FIRST),
    ("ssim", (_floats(2, 7, 6, 2), _floats(2, 7, 6, 2)[::-1]), {"filter_size": 5}),
    ("ssim", (ONE, IMAGES[1]), {"filter_size": 4, "max_val": 2.0}),
    ("elastic_transform", (IMAGES,), {"seed": 1, "sigma": 1.0, "_": "keras"}),
]

SIGNAL, REAL, IMAGINARY = _floats(2, 20), _floats(2, 6, 5), _floats(2, 6, 5)[::-1]
CELLS = _floats(2, 2, 4, 6)
OTHERS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *((name, ((REAL, IMAGINARY),), {}) for name in ("fft", "fft2", "ifft2", "irfft")),
    ("irfft", ((REAL, IMAGINARY), 6), {}),
    ("rfft", (SIGNAL,), {}),
    ("rfft", (SIGNAL, 12), {}),
    ("stft", (SIGNAL, 5, 2, 8), {"_tolerance": 2e-5}),
    ("stft", (SIGNAL, 4, 2, 4, "hamming", False), {}),
    ("stft", (SIGNAL, 5, 2, 8, None), {"_tolerance": 2e-5}),
    ("istft", ((REAL, IMAGINARY), 6, 2, 8), {"_tolerance": 1e-4}),
    ("istft", ((REAL, IMAGINARY), 8, 3, 8, 15, "hamming", False), {"_tolerance": 1e-4}),
    ("depth_to_space", (CELLS[..., :4], 2), {}),
    ("depth_to_space", (_floats(2, 8, 2, 3), 2), FIRST),
    ("space_to_depth", (CELLS, 2), {}),
    ("space_to_depth", (CELLS, 2), FIRST),
    ("unfold", (CELLS, 2), {}),
    ("unfold", (CELLS, (2, 3), (1, 2), (1, 0), (2, 1)), {}),
    ("fold", (_floats(2, 8, 15), (4, 6), 2), {}),
    ("fold", (_floats(2, 12, 6), (4, 6), (2, 3), (1, 2), (1, 0), (2, 1)), {}),
    ("ctc_decode", (_floats(2, 5, 4), np.array([5, 3], "int32")), {}),
    (
        "ctc_decode",
        (_floats(2, 5, 4), np.array([2, 4], "int32")),
        {"merge_repeated": False, "mask_index": 3},
    ),
]
