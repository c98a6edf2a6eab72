"""What holds for layers of colours, tones and mixtures, whatever numbers are drawn."""

import random

import keras as real_keras
import numpy as np
import pytest

import kerasish as keras

pytestmark = pytest.mark.usefixtures("quick_compilation")

L = keras.layers
CLAHE = L.ContrastLimitedAdaptiveHistogramEqualization
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
        (lambda: L.AugMix(num_chains=0), "`num_chains` .*positive integer.* 0"),
        (lambda: L.AugMix(alpha=0), "`alpha` .*positive"),
        (lambda: CLAHE(clip_limit=None), "`clip_limit` .*a number.*None"),
        (lambda: CLAHE(tile_grid_size=8), "`tile_grid_size` .*two positive.* 8"),
        (lambda: L.MixUp(alpha=0), "`alpha` .*positive"),
        (lambda: L.RandomGaussianBlur(kernel_size=4), "`kernel_size` .*odd"),
        (lambda: L.RandomErasing(fill_value="red"), "`fill_value`"),
    ],
)
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_mixture_of_chains_is_the_one_of_keras():
    """With the draws of Keras, the results are Keras's."""
    kwargs = {"num_chains": 2, "chain_depth": 2, "alpha": 2.0, "seed": 3}
    ours, theirs = (k.layers.AugMix(**kwargs) for k in (keras, real_keras))
    x = IMAGES[:1]
    random.seed(4)  # Keras draws layers by Python's generator
    drawn = theirs.get_random_transformation(x)
    mine = ours.get_random_transformation(x)
    for name in ("chain_mixing_weights", "weight_sample"):
        if keras.config.backend() == "jax":
            np.testing.assert_allclose(mine[name], drawn[name], rtol=1e-6)
        mine[name] = np.asarray(drawn[name])
    index = np.full((2, 2), 11)  # beyond the eleven layers: nothing
    for i, chain in enumerate(drawn["chain_transforms"]):
        for j, link in enumerate(chain):
            index[i, j] = ours._names.index(link["layer_name"])
            own = mine["transforms"][link["layer_name"]]
            for key in set(own) - {"input_shape"}:
                values = np.array(own[key])
                values[2 * i + j] = np.asarray(link["transformation"][key])[0]
                own[key] = keras.ops.convert_to_tensor(values)
    assert {ours._names.index("random_translation"), 11} < {*index.ravel()}
    np.testing.assert_allclose(
        ours.transform_images(x, mine | {"layer_idxes": index}),
        theirs.transform_images(x, drawn),
        atol=1e-3,
    )


def test_other_chains_are_drawn_each_time_and_the_same_from_a_seed():
    layers = [
        L.AugMix(num_chains=2, chain_depth=1, seed=5, dtype="mixed_bfloat16")
        for _ in range(2)
    ]
    x = IMAGES[:1]
    drawn = [
        np.asarray(layers[0].get_random_transformation(x)["layer_idxes"]).tolist()
        for _ in range(4)
    ]
    assert len({str(x) for x in drawn}) > 1
    again = layers[1].get_random_transformation(x)
    assert np.asarray(again["layer_idxes"]).tolist() == drawn[0]
    mask = x[..., :1] > 99
    result = trained(layers[1], {"images": x, "segmentation_masks": mask})
    assert result["images"].dtype == "bfloat16"
    np.testing.assert_array_equal(result["segmentation_masks"], mask)


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
