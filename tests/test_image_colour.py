"""What holds for layers of colours, tones and mixtures, whatever numbers are drawn."""

import numpy as np
import pytest

import kerasish as keras

L = keras.layers
IMAGES = np.random.RandomState(0).uniform(0, 255, (4, 6, 8, 3)).astype("float32")


def trained(layer, data=IMAGES):
    return layer(data, training=True)


@pytest.mark.parametrize(
    "layer",
    [
        L.RandomBrightness(0.0),
        L.RandomContrast(0.0),
        L.RandomColorDegeneration(0.0),
        L.RandomHue(0.0),
        L.RandomSaturation((0.5, 0.5)),
        L.RandomSharpness((0.5, 0.5)),
        L.RandomGrayscale(0.0),
        L.RandomInvert(0.0),
        L.RandomErasing(0.0),
        L.RandomGaussianBlur(sigma=0.0),
        L.RandomColorJitter(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_factors_that_change_nothing(layer):
    np.testing.assert_allclose(np.asarray(trained(layer)), IMAGES, atol=2e-3)


def test_tones():
    gray = np.asarray(trained(L.RandomGrayscale(1.0)))
    assert (gray == gray[..., :1]).all()
    for bits in (1, 2, 3):
        levels = np.unique(trained(L.RandomPosterization((bits, bits + 1))))
        assert len(levels) == 2**bits
    solar = L.Solarization()
    np.testing.assert_allclose(trained(solar, trained(solar)), IMAGES, atol=1e-3)
    wide = np.asarray(L.AutoContrast()(IMAGES))
    assert (wide.min((1, 2)) == 0).all() and np.allclose(wide.max((1, 2)), 255)


def test_equalization_spreads_each_image_for_itself():
    dark = (IMAGES / 10).astype("float32")
    equal = np.asarray(trained(L.Equalization(), dark))
    counts, _ = np.histogram(equal[0, ..., 0], bins=4, range=(0, 256))
    assert counts.min() > 6  # 48 pixels; all were among the first tenth of the tones
    alone = np.asarray(trained(L.Equalization(), dark[:1]))
    np.testing.assert_array_equal(equal[:1], alone)


@pytest.mark.parametrize("layer", [L.MixUp(seed=1), L.CutMix(seed=1)])
def test_labels_are_mixed_as_images_are(layer):
    images = np.zeros((4, 20, 20, 1), "float32") + np.arange(4)[:, None, None, None]
    data = {"images": images, "labels": np.eye(4, dtype="float32")}
    result = trained(layer, data)
    labels = np.asarray(result["labels"])
    np.testing.assert_allclose(labels.sum(1), 1, rtol=1e-6)
    means = np.asarray(result["images"]).mean((1, 2, 3))
    np.testing.assert_allclose(labels @ np.arange(4), means, atol=0.35)
    kept = layer(data, training=False)
    np.testing.assert_array_equal(kept["images"], images)
    np.testing.assert_array_equal(kept["labels"], data["labels"])


def test_masks_and_boxes_stay_where_pixels_stay():
    mask = (IMAGES[..., :1] > 99).astype("float32")
    data = {"images": IMAGES, "segmentation_masks": mask}
    result = trained(L.RandomInvert((1.0, 1.0)), data)
    np.testing.assert_array_equal(result["segmentation_masks"], mask)
    np.testing.assert_allclose(result["images"], 255 - IMAGES, rtol=1e-6)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: L.RandomBrightness(2), "`factor` .*within -1.0 and 1.0.* 2"),
        (lambda: L.RandomHue(-0.5), "`factor` .*-0.5"),
        (lambda: L.RandomGrayscale(3), "`factor`"),
        (lambda: L.RandomPosterization(9), "`factor` .*within 1 and 8"),
        (lambda: L.RandomContrast(0.5, value_range=(1, 0)), "`value_range`"),
        (lambda: L.Equalization(bins=1), "`bins` .*at least 2"),
        (lambda: L.MixUp(alpha=0), "`alpha` .*positive"),
        (lambda: L.RandomGaussianBlur(kernel_size=4), "`kernel_size` .*odd"),
        (lambda: L.RandomErasing(fill_value="red"), "`fill_value`"),
    ],
)
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_boxes_cannot_be_cut():
    layer = L.CutMix(bounding_box_format="xyxy")
    boxes = {"boxes": np.zeros((4, 1, 4)), "labels": np.zeros((4, 1))}
    with pytest.raises(NotImplementedError, match="cannot cut boxes"):
        trained(layer, {"images": IMAGES, "bounding_boxes": boxes})


def test_a_model_with_random_layers_is_trained():
    model = keras.Sequential(
        [L.RandomBrightness(0.1, seed=1), L.RandomHue(0.2, seed=2), L.Flatten()]
        + [L.Dense(1)]
    )
    model.compile("sgd", "mse")
    history = model.fit(IMAGES / 255, np.zeros((4, 1)), epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    first, again = (model.predict(IMAGES / 255, verbose=0) for _ in range(2))
    np.testing.assert_array_equal(first, again)
