"""Small convolutional networks, whole; and what no row of a catalogue can say."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

import kerasish

pytestmark = pytest.mark.usefixtures("quick_compilation")

L = kerasish.layers


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x / 16).astype("float32").reshape(-1, 8, 8, 1)[order], y[order]
    return (x[:1400], y[:1400]), (x[1400:], y[1400:])


def network(*middle, **options):
    kerasish.utils.set_random_seed(1)
    model = kerasish.Sequential(
        [
            kerasish.Input((8, 8, 1)),
            L.Conv2D(16, 3, activation="relu"),
            *middle,
            L.Flatten(),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        kerasish.optimizers.Adam(0.003),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        **options,
    )
    return model


def test_a_small_network_learns_digits(digits):
    (x, y), test = digits
    model = network(L.MaxPooling2D(2), L.Conv2D(32, 2, activation="relu"))
    model.fit(x, y, batch_size=32, epochs=5, verbose=0)
    assert model.evaluate(*test, verbose=0)[1] > 0.95


def test_loop_equals_steps(digits, close):
    x, y = digits[0][0][:320], digits[0][1][:320]
    middle = [L.MaxPooling2D(3, 2), L.Conv2D(8, 2, padding="same")]
    looped, stepped = (
        network(*middle),
        network(*[m.from_config(m.get_config()) for m in middle]),
    )
    stepped.set_weights(looped.get_weights())
    looped.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    for start in [*range(0, 320, 32)] * 2:
        stepped.train_on_batch(x[start : start + 32], y[start : start + 32])
    close(looped.get_weights(), stepped.get_weights(), rtol=1e-4, atol=1e-5)


def everything(library):
    """A network of all kinds of layers that have a window."""
    layers = library.layers
    x = inputs = library.Input((8, 8, 2))
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(4, 3, groups=2, activation="relu", name="grouped")(x)
    x = layers.AveragePooling2D(2, 1, padding="same")(x)
    x = layers.SeparableConv2D(6, 3, padding="same", name="separable")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2DTranspose(3, 3, strides=2, padding="same", name="wide")(x)
    x = layers.DepthwiseConv2D(2, depth_multiplier=2, name="deep")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.Cropping2D(1)(x))
    x = layers.AdaptiveAveragePooling2D(4)(x)
    x = layers.Conv1D(5, 3, padding="causal", name="line")(layers.Reshape((16, 6))(x))
    return library.Model(inputs, layers.GlobalAveragePooling1D()(x))


@pytest.mark.parametrize("ending", ["keras", "h5", "weights.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model:UserWarning")
def test_files_both_ways(ending, tmp_path, close):
    x = np.random.normal(size=(2, 8, 8, 2)).astype("float32")
    for writer, reader in ((kerasish, keras), (keras, kerasish)):
        model, path = everything(writer), tmp_path / f"{writer.__name__}.{ending}"
        if ending == "weights.h5":
            model.save_weights(path)
            again = everything(reader)
            again.load_weights(path)
        else:
            model.save(path)
            again = reader.models.load_model(path)
        expected = np.asarray(model(x))
        close(np.asarray(again(x)), expected, rtol=1e-4, atol=1e-5)


def test_networks_for_images_of_any_size():
    inputs = kerasish.Input((None, None, 3))
    x = L.Conv2D(4, 3, strides=2, padding="same")(inputs)
    x = L.UpSampling2D()(L.MaxPooling2D(2)(x))
    model = kerasish.Model(inputs, L.Conv2DTranspose(2, 2, strides=2)(x))
    assert model.output_shape == (None, None, None, 2)
    for size in (8, 16):
        assert model(np.ones((1, size, size + 8, 3))).shape == (1, size, size + 8, 2)


def test_low_rank_adaptation_of_a_kernel(close):
    layer = L.Conv2D(4, 3, padding="same")
    x = np.random.normal(size=(2, 5, 5, 3)).astype("float32")
    before = np.asarray(layer(x))
    layer.enable_lora(2, lora_alpha=4)
    close(np.asarray(layer(x)), before)
    layer.trainable_weights[-1].assign(np.ones((2, 4)))
    assert np.abs(np.asarray(layer(x)) - before).max() > 0.1
    config = layer.get_config()
    assert (config["lora_rank"], config["lora_alpha"]) == (2, 4)


def test_causal_outputs_do_not_look_ahead():
    layer = L.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = np.random.normal(size=(1, 9, 2)).astype("float32")
    y = np.asarray(layer(x))
    x[:, 5:] = 7
    np.testing.assert_array_equal(np.asarray(layer(x))[:, :5], y[:, :5])


def test_a_subclass_convolves_with_other_kernels():
    class Centred(L.Conv1D):
        def convolution_op(self, inputs, kernel):
            kernel = kernel - kerasish.ops.mean(kernel, (0, 1))
            return super().convolution_op(inputs, kernel)

    x = np.random.default_rng(0).normal(size=(1, 4, 2)).astype("float32")
    layer, plain = Centred(3, 2, padding="causal"), L.Conv1D(3, 2, padding="causal")
    found = np.asarray(layer(x))
    plain.build(x.shape)
    kernel = layer.get_weights()[0]
    plain.set_weights([kernel - kernel.mean((0, 1)), np.zeros(3)])
    np.testing.assert_allclose(found, np.asarray(plain(x)), atol=1e-6)


IMAGE = np.ones((1, 4, 4, 2), "float32")
ERRORS = [
    (lambda: L.Conv2D(0, 3, name="c"), "`filters` of layer `c` .* positive"),
    (lambda: L.Conv2D(4, (3, 3, 3)), "`kernel_size` .* 2 integer"),
    (lambda: L.Conv2D(4, 0), "`kernel_size` .* at least 1"),
    (lambda: L.Conv2D(5, 3, groups=2), "`filters` 5 .* multiple of `groups` 2"),
    (lambda: L.Conv2D(4, 3, padding="causal"), "`padding` .*'valid', 'same'"),
    (lambda: L.Conv2D(4, 3, 2, dilation_rate=2), "cannot both be greater than 1"),
    (lambda: L.Conv2D(3, 3, groups=3)(IMAGE), "2 channels .* multiple of `groups` 3"),
    (lambda: L.Conv2D(3, 3)(kerasish.Input((4, 4, None))), "must be known"),
    (lambda: L.Conv2D(3, 3)(IMAGE[0]), "min_ndim=4"),
    (lambda: L.Conv2D(3, 5)(IMAGE), "reaches over 5 cells .* axis of 4"),
    (lambda: L.Conv2D(3, 3, data_format="last"), "`data_format`"),
    (lambda: L.Conv2DTranspose(3, 2, 2, output_padding=2), "less than `strides`"),
    (lambda: L.DepthwiseConv2D(3, depth_multiplier=0), "`depth_multiplier`"),
    (lambda: L.MaxPooling2D(5)(IMAGE), "does not fit"),
    (lambda: L.MaxPooling2D((2, 2, 2)), "`pool_size`"),
    (lambda: L.AveragePooling2D(2, padding="full"), "`padding`"),
    (lambda: L.MaxPooling2D(2)(IMAGE[0]), "ndim=4"),
    (lambda: L.Cropping2D(2)(IMAGE), "nothing would be left"),
    (lambda: L.Cropping1D((1, 2, 3)), "`cropping` .* pair"),
    (lambda: L.ZeroPadding2D((1, -1)), "`padding` .* number"),
    (lambda: L.UpSampling2D(0), "`size`"),
    (lambda: L.UpSampling2D(2, interpolation="sinc"), "`interpolation` .*'nearest'"),
    (lambda: kerasish.ops.conv(IMAGE, np.ones((3, 3, 3, 4))), "does not fit inputs"),
    (lambda: kerasish.ops.conv(IMAGE, np.ones((1, 1, 2, 4)), (1, 2, 3)), "`strides`"),
    (lambda: kerasish.ops.conv(IMAGE, np.ones((1, 1, 2, 4)), 1, "full"), "`padding`"),
    (lambda: kerasish.ops.depthwise_conv(IMAGE, np.ones((1, 1, 3, 1))), "2 channels"),
    (lambda: kerasish.ops.conv_transpose(IMAGE, np.ones((1, 1, 2, 3))), "2 channels"),
    (lambda: kerasish.ops.max_pool(np.ones((2, 2)), 2), "axes for batch, space"),
]


@pytest.mark.parametrize(
    "mistake, message", ERRORS, ids=lambda m: m if isinstance(m, str) else ""
)
def test_mistakes_are_explained(mistake, message):
    with pytest.raises(ValueError, match=message):
        mistake()


def test_wrong_sizes_of_adaptive_pooling():
    with pytest.raises(TypeError, match="`output_size`"):
        L.AdaptiveMaxPooling2D((1, 2, 3))
