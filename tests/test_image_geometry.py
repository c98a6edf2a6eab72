"""Layers that move pixels: boxes and masks follow; functions of boxes equal Keras's."""

import keras
import numpy as np
import pytest

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

L, B = kerasish.layers, kerasish.utils.bounding_boxes
X = np.random.RandomState(0).uniform(size=(3, 6, 5, 2)).astype("float32")
CONSTANT = {"fill_mode": "constant"}

MOVING = [
    ("RandomFlip", {"seed": 0}),
    ("RandomRotation", {"factor": (0.06, 0.1)} | CONSTANT),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2} | CONSTANT),
    ("RandomZoom", {"height_factor": (0.2, 0.3), "width_factor": (0.1, 0.2)}),
    ("RandomShear", {"x_factor": 0.2, "y_factor": (0.1, 0.2)} | CONSTANT),
    ("RandomPerspective", {"factor": (0.8, 0.9), "scale": 0.4, "seed": 2}),
    ("RandomCrop", {"height": 32, "width": 30}),
    ("CenterCrop", {"height": 34, "width": 36}),
    ("CenterCrop", {"height": 60, "width": 50}),
    ("Resizing", {"height": 60, "width": 20}),
    ("Resizing", {"height": 60, "width": 20, "crop_to_aspect_ratio": True}),
    ("Resizing", {"height": 30, "width": 60, "pad_to_aspect_ratio": True}),
]


@pytest.mark.parametrize("name, kwargs", MOVING, ids=lambda x: str(x))
def test_boxes_and_masks_follow_the_pixels(name, kwargs):
    image = np.zeros((4, 40, 40, 1), "float32")
    image[:, 12:26, 15:24] = 1
    boxes = np.array([[[15, 12, 24, 26]]] * 4, "float32")
    layer = getattr(L, name)(**kwargs, bounding_box_format="xyxy")
    data = {
        "images": image,
        "bounding_boxes": {"boxes": boxes, "labels": np.ones((4, 1), "int32")},
        "segmentation_masks": image.astype("int32"),
    }
    result = layer(data, training=True)
    assert data["images"] is image  # what was given stays as it was
    assert result["segmentation_masks"].dtype == "int32"
    assert np.asarray(result["bounding_boxes"]["labels"]).tolist() == [[1]] * 4
    for part in ("images", "segmentation_masks"):
        for seen, box in zip(result[part], result["bounding_boxes"]["boxes"]):
            rows, columns = np.nonzero(np.asarray(seen)[..., 0] > 0.5)
            edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(np.asarray(box)[0], edges, atol=1.6)


def test_images_are_bent_as_by_keras(close):
    """Keras moves along one diagonal only: rows of one colour show the same moves."""
    x = np.random.RandomState(0).uniform(0, 255, (3, 24, 1, 2)).astype("float32")
    x = np.broadcast_to(x, (3, 24, 20, 2))
    kwargs = {"factor": (0.4, 0.9), "scale": (0.5, 1.0), "seed": 3}
    ours, theirs = (
        np.asarray(k.layers.RandomElasticTransform(**kwargs)(x, training=True))
        for k in (kerasish, keras)
    )
    if kerasish.config.backend() == "jax":  # the draws are equal on JAX only
        close(ours, theirs, atol=1e-3)
    moved = np.abs(ours - x).mean((1, 2, 3)) > 5
    assert moved.any() and not moved.all()  # seed 3


def test_rows_and_columns_are_bent_apart_and_masks_with_them():
    x, y = np.meshgrid(np.arange(24.0), np.arange(24.0))
    images = np.stack([x, y], -1)[None].astype("float32")
    layer = L.RandomElasticTransform((1.0, 1.0), (0.9, 1.0), "nearest", seed=3)
    data = {"images": images, "segmentation_masks": images.astype("int32")}
    result = layer(data, training=True)
    seen = np.asarray(result["images"])
    np.testing.assert_array_equal(result["segmentation_masks"], seen)
    right, down = np.moveaxis((seen - images)[0], -1, 0)
    assert (right != 0).mean() > 0.3 and (down != 0).mean() > 0.3
    assert abs(np.corrcoef(right.ravel(), down.ravel())[0, 1]) < 0.5
    still = L.RandomElasticTransform(factor=0.0)
    np.testing.assert_array_equal(still(images, training=True), images)
    still = L.RandomElasticTransform((1.0, 1.0), scale=0.0)
    np.testing.assert_array_equal(still(images, training=True), images)


def test_boxes_cannot_be_bent():
    layer = L.RandomElasticTransform(bounding_box_format="xyxy")
    boxes = {"boxes": np.ones((3, 1, 4)), "labels": np.ones((3, 1))}
    data = {"images": X, "bounding_boxes": boxes}
    kept = layer(data, training=False)["bounding_boxes"]
    np.testing.assert_array_equal(kept["boxes"], boxes["boxes"])
    with pytest.raises(NotImplementedError, match="cannot bend boxes"):
        layer(data, training=True)


@pytest.mark.parametrize("name", ["RandomRotation", "RandomTranslation", "RandomZoom"])
def test_factor_zero_changes_nothing(name, close):
    factors = (0.0, 0.0) if name == "RandomTranslation" else (0.0,)
    layer = getattr(L, name)(*factors)
    close(np.asarray(layer(X, training=True)), X)


def test_a_fixed_angle_is_an_affine_transform(close):
    layer = L.RandomRotation((0.1, 0.1), **CONSTANT)
    c, s, x, y = np.cos(0.2 * np.pi), np.sin(0.2 * np.pi), 2.0, 2.5
    matrix = [c, -s, x - c * x + s * y, s, c, y - s * x - c * y, 0, 0]
    expected = kerasish.ops.image.affine_transform(X, np.array([matrix] * 3))
    close(np.asarray(layer(X, training=True)), np.asarray(expected), atol=1e-4)


def test_one_image_is_a_batch_of_one():
    data = {
        "images": X[0],
        "labels": np.array(7),
        "bounding_boxes": {
            "boxes": np.array([[0.0, 0.0, 0.4, 0.5]]),
            "labels": np.array([3]),
        },
        "other": "kept",
    }
    layer = L.RandomFlip("horizontal", seed=1, bounding_box_format="rel_xyxy")
    result = layer(data, training=True)
    assert result["images"].shape == (6, 5, 2)
    assert result["bounding_boxes"]["boxes"].shape == (1, 4)
    assert int(result["labels"]) == 7
    assert result["other"] == "kept"


def test_models_train_with_random_layers_and_predict_without():
    inputs = kerasish.Input((6, 5, 2))
    x = L.RandomFlip(seed=1)(inputs)
    model = kerasish.Model(inputs, L.RandomRotation(0.1, seed=2)(x))
    np.testing.assert_allclose(model.predict(X, verbose=0), X)
    seen = [np.asarray(model(X, training=True)) for _ in range(2)]
    assert np.abs(seen[0] - seen[1]).max() > 0.01
    model.compile("sgd", "mse")
    before = [int(v.numpy()[1]) for v in model.non_trainable_variables]
    model.fit(X, X, epochs=2, batch_size=3, verbose=0)
    after = [int(v.numpy()[1]) for v in model.non_trainable_variables]
    assert [b - a for a, b in zip(before, after)] == [2, 2]


def test_a_crop_has_its_size_outside_training(close):
    layer = L.RandomCrop(4, 3)
    expected = kerasish.ops.image.resize(X, (4, 3), crop_to_aspect_ratio=True)
    close(np.asarray(layer(X, training=False)), np.asarray(expected))


def test_the_number_of_boxes(close):
    x = {"images": X, "bounding_boxes": {"boxes": np.ones((3, 2, 4), "float32")}}
    for number in (1, 3):
        kwargs = {"max_number": number, "bounding_box_format": "xyxy", "fill_value": -7}
        ours = L.MaxNumBoundingBoxes(**kwargs)(x)["bounding_boxes"]["boxes"]
        assert ours.shape == (3, number, 4)
        assert np.asarray(ours)[0, :, 0].tolist() == [1.0, 1.0, -7.0][:number]


BOXES = np.array([[[0, 0, 2, 2], [1, 1, 3, 4], [2, 2, 2, 5]]], "float32")
OTHERS = np.array([[[1, 1, 3, 3], [0, 0, 2, 2], [-1, -1, -1, -1]]], "float32")
FORMATS = "xyxy yxyx xywh center_xywh center_yxhw rel_xyxy rel_yxyx rel_xywh".split()
FORMATS.append("rel_center_xywh")
RELATIVE = {"image_shape": (10, 20, 3)}
STILL = {"translate_x": [0.0], "translate_y": [0.0], "scale": [1.0]}
STILL |= {"angle": [0.0], "shear_x": [0.0], "shear_y": [0.0]}
CALLS = [
    *(
        ("convert_format", (BOXES, a, b, 6, 5), {})
        for a in FORMATS[::2]
        for b in FORMATS
    ),
    ("compute_iou", (BOXES, OTHERS, "xyxy"), {"use_masking": True}),
    ("compute_iou", (BOXES[0], OTHERS[0, :2], "xywh"), {}),
    ("compute_iou", (BOXES * 0.1, OTHERS * 0.1, "rel_xywh"), RELATIVE),
    ("compute_ciou", (BOXES, BOXES[:, ::-1], "xyxy"), {}),
    ("encode_box_to_deltas", (OTHERS[0, :2], BOXES[:, :2], "xyxy", "xywh"), {}),
    (
        "encode_box_to_deltas",
        (OTHERS[0], BOXES, "xyxy", "rel_yxyx", "center_xywh", [0.1, 0.2, 0.3, 0.4]),
        RELATIVE,
    ),
    (
        "decode_deltas_to_boxes",
        (OTHERS[0], BOXES * 0.1, "xyxy", "rel_xywh", "center_yxhw", [1, 1, 2, 2]),
        RELATIVE,
    ),
    ("crop", (BOXES, 1, 2, 3, 4), {}),
    ("pad", (BOXES, 1, 2), {}),
    *(
        ("affine_transform", (BOXES,), STILL | {"height": 6, "width": 5} | change)
        for change in (
            {"angle": [30.0], "scale": [1.5], "shear_y": [20.0]},
            {"translate_x": [1.0], "translate_y": [0.5], "center_x": 0.0},
            {"shear_x": [20.0]},
        )
    ),
]


@pytest.mark.parametrize("name, args, kwargs", CALLS, ids=lambda x: str(x)[:30])
def test_boxes_equal_keras(name, args, kwargs, close):
    kwargs = {k: np.float32(v) if isinstance(v, list) else v for k, v in kwargs.items()}
    theirs = getattr(keras.utils.bounding_boxes, name)(*args, **kwargs)
    ours = getattr(B, name)(*args, **kwargs)
    close(np.asarray(ours), np.asarray(theirs), rtol=1e-5, atol=1e-5)


def test_boxes_are_clipped(close):
    boxes = {"boxes": BOXES * 2, "labels": np.array([[1, 2, 3]])}
    theirs = keras.utils.bounding_boxes.clip_to_image_size(dict(boxes), 6, 5, "xyxy")
    ours = B.clip_to_image_size(boxes, 6, 5)
    for key in theirs:
        close(np.asarray(ours[key]), np.asarray(theirs[key]))
    sides = B.convert_format(boxes, "xyxy", "xywh")
    again = B.clip_to_image_size(sides, 6, 5, "xywh")
    close(np.asarray(B.convert_format(again, "xywh", "xyxy")["boxes"]), ours["boxes"])


ERRORS = [
    (lambda: L.RandomFlip("up"), "`mode` .* 'up'"),
    (lambda: L.RandomRotation(2.0), "`factor` .* within -1.0 and 1.0.* 2.0"),
    (lambda: L.RandomZoom((-1.0, 0.0)), "nothing would be seen"),
    (lambda: L.RandomZoom(0.1, fill_mode="mirrored"), "`fill_mode` .* 'mirrored'"),
    (lambda: L.RandomPerspective(scale=2), "`scale` .* 2"),
    (lambda: L.RandomCrop(0, 2), "`height` .* positive integer.* 0"),
    (lambda: L.Resizing(2, 2, "cubic"), "`interpolation` .* 'cubic'"),
    (lambda: L.MaxNumBoundingBoxes(0), "`max_number`"),
    (lambda: L.RandomFlip()(X[0, 0]), r"3 axes.*\(5, 2\)"),
    (lambda: L.RandomFlip()({"labels": X}), "without the key 'images'"),
    (lambda: L.RandomFlip()({"images": X, "bounding_boxes": {}}), "bounding_box_form"),
    (lambda: B.convert_format(BOXES, "xyxy", "foo"), "`target` .* 'foo'"),
    (lambda: B.convert_format(BOXES, "xyxy", "rel_xyxy"), "`height` and `width`"),
    (lambda: B.convert_format(X, "xyxy", "xywh"), r"four numbers.*\(3, 6, 5, 2\)"),
    (lambda: B.crop(BOXES, 0, 0, 1, 1, "rel_xyxy"), "`height` and `width`"),
    (lambda: B.compute_iou(BOXES[0, 0], BOXES, "xyxy"), r"`boxes1` .*\(4,\)"),
]


@pytest.mark.parametrize("call, text", ERRORS, ids=[text for _, text in ERRORS])
def test_mistakes(call, text):
    with pytest.raises(ValueError, match=text):
        call()
