"""What the rows of the catalogue cannot say of the ops on images."""

import numpy as np
import pytest

from kerasish import ops

pytestmark = pytest.mark.usefixtures("quick_compilation")

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(size=(2, 6, 5, 3)).astype("float32")


def test_blur_is_a_sum_weighted_by_the_normal_distribution():
    y, x = np.mgrid[-1:2, -2:3]
    weights = np.exp(-(y**2) / 2 - x**2 / 8)
    weights /= weights.sum()
    padded = np.pad(IMAGES, ((0, 0), (1, 1), (2, 2), (0, 0)))
    expected = sum(
        weights[i, j] * padded[:, i : i + 6, j : j + 5]
        for i in range(3)
        for j in range(5)
    )
    ours = np.asarray(ops.image.gaussian_blur(IMAGES, (3, 5), (1.0, 2.0)))
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_last_numbers_of_a_transform_give_perspective():
    t = np.array([1.0, 0.1, 0.2, 0.0, 0.9, 0.3, 0.1, 0.02], "float32")
    y, x = np.mgrid[:6, :5].astype("float32")
    k = t[6] * x + t[7] * y + 1
    places = np.stack([(t[3] * x + t[4] * y + t[5]), (t[0] * x + t[1] * y + t[2])]) / k
    ours = np.asarray(ops.image.affine_transform(IMAGES[0], t))
    for channel in range(3):
        image = IMAGES[0, ..., channel]
        expected = np.asarray(ops.image.map_coordinates(image, places, 1))
        np.testing.assert_allclose(ours[..., channel], expected, atol=1e-5)


def test_hsv_is_undone():
    there = ops.image.rgb_to_hsv(IMAGES)
    np.testing.assert_allclose(
        np.asarray(ops.image.hsv_to_rgb(there)), IMAGES, atol=1e-6
    )


ERRORS = [
    ("resize", (IMAGES, (3, 3), "x"), "`interpolation` must be one of"),
    ("resize", (IMAGES, (3, 0)), "two positive integers"),
    ("resize", (IMAGES[0, 0], (3, 3)), "4 axes or one image with 3"),
    ("resize", (IMAGES, (3, 3), "nearest", False, True, True), "Only one of"),
    ("pad_images", (IMAGES, 1), "Exactly two of the padding"),
    ("crop_images", (IMAGES, 3, 0, 3, 0), "cells must be left"),
    ("rgb_to_hsv", (np.ones((2, 2, 3), "uint8"),), "needs floats between 0 and 1"),
    ("rgb_to_grayscale", (IMAGES[..., :2],), "3 channels"),
    ("gaussian_blur", (IMAGES, 3), "two positive integers"),
    ("map_coordinates", (IMAGES[0, 0], [[1.0]], 1), "axes of `inputs`"),
    ("map_coordinates", (IMAGES[0, 0], [[1.0], [2.0]], 3), "must be 0 or 1"),
    ("affine_transform", (IMAGES, np.ones(8)), r"must have shape \(batch, 8\)"),
    ("affine_transform", (IMAGES, np.ones((2, 8)), "bicubic"), "`interpolation`"),
    ("extract_patches", (IMAGES[0, 0], 2), "needs inputs of 4 axes"),
    ("scale_and_translate", (IMAGES, (2,), [1.0], [1.0], (0,), "x"), "`method`"),
]


@pytest.mark.parametrize("name, args, text", ERRORS)
def test_errors_say_what_is_wrong(name, args, text):
    with pytest.raises(ValueError, match=text):
        getattr(ops.image, name)(*args)
