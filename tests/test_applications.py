"""Models of images: the facts of Keras's, weights, images, predictions."""

import contextlib
import hashlib
import json

import numpy as np
import pytest

import kerasish
from kerasish import applications
from kerasish.applications import building, files
from kerasish.graph import KerasTensor
from kerasish.layers import Layer
from kerasish.variable import setting

# Facts of Keras 3.15: function, name, numbers, of them trainable, layers, rows of an
# image, and digests: of (name, class, output shape) of all layers in their order; of
# their configs, weights (path, shape, trainable) and what they are called with.
FACTS = """
ConvNeXtBase convnext_base 88591464 88591464 261 224 fb1560452ad8 55c1ace1ff85
ConvNeXtLarge convnext_large 197767336 197767336 261 224 eac9042f1be1 65efe51042c8
ConvNeXtSmall convnext_small 50223688 50223688 261 224 abc8ee9d896d 239aa190b40e
ConvNeXtTiny convnext_tiny 28589128 28589128 135 224 a88681e7aef2 9e942d0960d1
ConvNeXtXLarge convnext_xlarge 350196968 350196968 261 224 2ab806ad0115 5506d2049998
DenseNet121 densenet121 8062504 7978856 429 224 a4d931fd888a 6a19f4dfcab5
DenseNet169 densenet169 14307880 14149480 597 224 60ad6f0ba6af 26ae4c747f74
DenseNet201 densenet201 20242984 20013928 709 224 5a2e8c1687f2 863b85c8d63a
EfficientNetB0 efficientnetb0 5330571 5288548 240 224 5ee15feab50b fe98a8d404fa
EfficientNetB1 efficientnetb1 7856239 7794184 342 240 b0881a42a12d 7b15332414a7
EfficientNetB2 efficientnetb2 9177569 9109994 342 260 389a8320191b 57eb0ed8917d
EfficientNetB3 efficientnetb3 12320535 12233232 387 300 79668eee9578 03fedfc92d81
EfficientNetB4 efficientnetb4 19466823 19341616 477 380 80892994b74d 563ea332fb33
EfficientNetB5 efficientnetb5 30562527 30389784 579 456 7cdb06b56dd1 6eddaf50e14f
EfficientNetB6 efficientnetb6 43265143 43040704 669 528 fcda00f08bdb 2726544d46e0
EfficientNetB7 efficientnetb7 66658687 66347960 816 600 c59dc79d4043 eb10154f97d2
EfficientNetV2B0 efficientnetv2-b0 7200312 7139704 273 224 0f312b69de5f 1cd68c06922d
EfficientNetV2B1 efficientnetv2-b1 8212124 8141052 337 240 16621900b04a 5245581cb56d
EfficientNetV2B2 efficientnetv2-b2 10178374 10096086 352 260 94d85a117f60 e9d2a9838723
EfficientNetV2B3 efficientnetv2-b3 14467622 14358406 412 300 cb00ea68c77f 545b9671c518
EfficientNetV2L efficientnetv2-l 119027848 118515272 1031 480 302136df6dd7 06d0fb7d8420
EfficientNetV2M efficientnetv2-m 54431388 54139356 743 480 9ed46172c0f4 bdf1408dc43a
EfficientNetV2S efficientnetv2-s 21612360 21458488 516 384 d2370a2bcffb 7474de3c920e
InceptionResNetV2 inception_resnet_v2 55873736 55813192 782 299 de2f8efe6211 3c512e3758a0
InceptionV3 inception_v3 23851784 23817352 313 299 d62fdce1e0d8 691b1a0de3d6
MobileNet mobilenet_1.00_224 4253864 4231976 91 224 e7aafe19b99c 04bd90732257
MobileNetV2 mobilenetv2_1.00_224 3538984 3504872 156 224 eff8475e8fd0 03177eeb0fef
MobileNetV3Large MobileNetV3Large 5507432 5483032 194 None f2ea80a5f473 8a7904a50bb6
MobileNetV3Small MobileNetV3Small 2554968 2542856 164 None 0b9219f8f984 78bc9b619fed
NASNetLarge nasnet_large 88949818 88753150 1041 331 bb784e9c8fb1 3082330e3a65
NASNetMobile nasnet_mobile 5326716 5289978 771 224 439013fe35e2 06e8a2d0c313
ResNet101 resnet101 44707176 44601832 347 224 dc72b1aa4702 cad06ceca24a
ResNet101V2 resnet101v2 44675560 44577896 379 224 037cd50bf4f6 59bdd624c115
ResNet152 resnet152 60419944 60268520 517 224 5c408ab6a699 3ebf2035507e
ResNet152V2 resnet152v2 60380648 60236904 566 224 a3692b98aae9 8900cce9d8c4
ResNet50 resnet50 25636712 25583592 177 224 64effc415fa9 1db1f8cb2e64
ResNet50V2 resnet50v2 25613800 25568360 192 224 da0d5b060c52 7e8a8c1d150f
VGG16 vgg16 138357544 138357544 23 224 90fa13e8d502 962fc6e1386e
VGG19 vgg19 143667240 143667240 26 224 ab0c07c9be68 bfa57192787e
Xception xception 22910480 22855952 134 299 0b9db37ec629 af5e0dc96226
"""  # noqa: E501
FACTS = {row.split()[0]: row.split()[1:] for row in FACTS.strip().splitlines()}
# Some without top: layers, numbers, channels and the last layer, with `pooling="avg"`.
WITHOUT_TOP = {
    "ConvNeXtTiny": (134, 27820128, 768, "layer_normalization"),
    "EfficientNetB0": (238, 4049571, 1280, "avg_pool"),
    "MobileNet": (87, 3228864, 1024, "global_average_pooling2d"),
    "MobileNetV2": (155, 2257984, 1280, "global_average_pooling2d"),
    "MobileNetV3Small": (158, 939120, 576, "avg_pool"),
    "ResNet50V2": (191, 23564800, 2048, "avg_pool"),
    "VGG16": (20, 14714688, 512, "global_average_pooling2d"),
}


@pytest.fixture(scope="module")
def shapes():
    """Output shapes by class, config and input shapes: equal layers are traced once."""
    known = {}
    traced = Layer.compute_output_spec

    def spec(self, *args, **kwargs):
        if isinstance(self, kerasish.Model) or kwargs:
            return traced(self, *args, **kwargs)
        config = {**self.get_config(), "name": None}
        inputs = kerasish.tree.map_structure(lambda x: getattr(x, "shape", x), args)
        key = type(self), repr(config), repr(inputs)
        if key not in known:
            known[key] = traced(self, *args, **kwargs).shape
        return KerasTensor(known[key], self.compute_dtype)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Layer, "compute_output_spec", spec)
        yield


@pytest.fixture
def empty(shapes, monkeypatch):
    """Weights have shapes, but are never drawn."""
    monkeypatch.setattr(building, "undrawn", contextlib.nullcontext)
    with setting(undrawn=[]):
        yield


def plain(value):
    """A config without what only files need; all numbers as floats."""
    if isinstance(value, dict):
        left_out = ("build_config", "registered_name", "module")
        return {k: plain(v) for k, v in value.items() if k not in left_out}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else value


def sources(value):
    """Yield the names of the layers whose outputs a call in a config gets."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        yield value["config"]["keras_history"][0]
    elif isinstance(value, (dict, list, tuple)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from sources(part)


def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


@pytest.mark.parametrize("name", FACTS)
def test_model_has_the_facts_of_keras(name, empty):
    title, *numbers, size, outline, details = FACTS[name]
    model = getattr(applications, name)(weights=None)
    assert model.name == title
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    found = [model.count_params(), trainable, len(model.layers)]
    assert [str(n) for n in found] == numbers
    rows = None if size == "None" else int(size)
    assert model.input_shape == (None, rows, rows, 3)
    layers = model.layers
    shapes = [[x.name, type(x).__name__, list(x.output.shape)] for x in layers]
    assert digest(shapes) == outline
    configs = {layer["name"]: layer for layer in model.get_config()["layers"]}
    rest = []
    for layer in layers:
        config = configs[layer.name]
        weights = [[w.path, list(w.shape), w.trainable] for w in layer.weights]
        rest.append(
            [plain(config["config"]), weights, [*sources(config["inbound_nodes"])]]
        )
    assert digest(rest) == details


@pytest.mark.parametrize("name", WITHOUT_TOP)
def test_model_without_top(name, empty):
    make = getattr(applications, name)
    model = make(weights=None, include_top=False, pooling="avg")
    assert model.input_shape == (None, None, None, 3)
    found = len(model.layers), model.count_params(), model.output_shape[1]
    assert (*found, model.layers[-1].name) == WITHOUT_TOP[name]


# Small ones of the families: their arguments. Larger ones would take a minute each.
SMALL = {
    "MobileNet": {"alpha": 0.25, "classes": 3},
    "MobileNetV3Small": {"classes": 3},
    "ResNet50V2": {"include_top": False},
}


@pytest.mark.parametrize("name", SMALL)
def test_weights_of_keras_predict_the_same(name, tmp_path, quick_compilation):
    keras = pytest.importorskip("keras")
    options = {"input_shape": (32, 32, 3), **SMALL[name]}
    theirs = getattr(keras.applications, name)(weights=None, **options)
    random = np.random.default_rng(1)
    for weight in theirs.weights:  # statistics of batches too are other than at first
        if weight.ndim == 1:
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
    path = str(tmp_path / "model.weights.h5")
    theirs.save_weights(path)
    ours = getattr(applications, name)(weights=path, **options)
    images = random.uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    expected = theirs.predict(images, verbose=0)
    found = ours.predict(images, verbose=0)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found / scale, expected / scale, atol=2e-5)


TINY = {"input_shape": (32, 32, 3), "alpha": 0.25, "classes": 1000}


def legacy(model, path):
    """Write weights as files of the age of `tf.keras` have them: by layer."""
    h5py = pytest.importorskip("h5py")
    whole = path.with_name("whole.h5")
    model.save(str(whole))
    with h5py.File(whole) as source, h5py.File(path, "w") as target:
        for name in source["model_weights"]:
            source.copy(f"model_weights/{name}", target)
        for key, value in source["model_weights"].attrs.items():
            target.attrs[key] = value


@pytest.mark.parametrize("end", ["keras", "h5", "weights.h5", "legacy"])
def test_weights_from_files(end, tmp_path):
    model = applications.MobileNet(weights=None, **TINY)
    path = tmp_path / f"model.{end.replace('legacy', 'h5')}"
    if end == "legacy":
        legacy(model, path)
    else:
        (model.save_weights if end == "weights.h5" else model.save)(str(path))
    again = applications.MobileNet(weights=path, **TINY)
    for before, after in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("name", ["ConvNeXtTiny", "InceptionResNetV2"])
def test_own_layers_come_back_from_configs(name, empty):
    options = {"weights": None, "include_top": False}
    model = getattr(applications, name)(**options)
    config = model.get_config()
    kind = "LayerScale" if name == "ConvNeXtTiny" else "CustomScaleLayer"
    own = [x for x in config["layers"] if x["class_name"] == kind]
    assert {x["module"] for x in own} == {f"keras.src.applications.{HOMES[name]}"}
    if name == "ConvNeXtTiny":  # the other one is large
        again = kerasish.Model.from_config(config)
        assert [type(x) for x in again.layers] == [type(x) for x in model.layers]
    for described in own:
        layer = model.get_layer(described["config"]["name"])
        again = kerasish.saving.deserialize_keras_object(described)
        assert type(again) is type(layer) and again.get_config() == layer.get_config()


HOMES = {"ConvNeXtTiny": "convnext", "InceptionResNetV2": "inception_resnet_v2"}


# --- the weights "imagenet" ----------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder where files of models are looked for; nothing can be fetched."""
    monkeypatch.setenv("KERASISH_HOME", str(tmp_path))
    asked = []

    def get_file(name, origin, file_hash, cache_subdir):
        asked.append((name, origin, file_hash))
        raise OSError("no network")

    monkeypatch.setattr(building, "get_file", get_file)
    folder = tmp_path / "models"
    folder.mkdir()
    return folder, asked


def test_file_without_a_known_hash_must_be_there(cache):
    folder, asked = cache
    options = {"input_shape": (128, 128, 3), "alpha": 0.25, "include_top": False}
    with pytest.raises(FileNotFoundError, match="No hash is known for 'https://"):
        applications.MobileNet(**options)
    model = applications.MobileNet(weights=None, **options)
    legacy(model, folder / "mobilenet_2_5_128_tf_no_top.h5")
    again = applications.MobileNet(**options)
    np.testing.assert_array_equal(model.get_weights()[0], again.get_weights()[0])
    assert not asked


@pytest.mark.parametrize(
    ("name", "top", "file"),
    [
        ("NASNetMobile", True, "nasnet_mobile.h5"),
        ("NASNetMobile", False, "nasnet_mobile_no_top.h5"),
        ("EfficientNetB0", False, "efficientnetb0_notop.h5"),
        ("ConvNeXtTiny", True, "convnext_tiny.h5"),
        ("VGG16", False, "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        (
            "MobileNetV3Small",
            False,
            "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        ),
    ],
)
def test_file_is_asked_for_with_its_hash(name, top, file, cache, empty):
    with pytest.raises(FileNotFoundError, match=r"of the right hash.*no network"):
        getattr(applications, name)(include_top=top)
    ((asked, origin, known),) = cache[1]
    assert asked == file and origin.startswith("https://storage.googleapis.com/")
    assert len(known) in (32, 64) and known in files.HASHES.values()


def test_every_family_has_hashes_but_two():
    made = 40 - len(["MobileNet", "MobileNetV2"])
    variants = 4  # MobileNetV3's: less wide, minimalistic
    assert len(files.HASHES) == 2 * (made + variants)


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("VGG16", {"weights": "nowhere.h5"}, "there is no file 'nowhere.h5'"),
        ("VGG16", {"classes": 5}, "1000 classes apart, got `classes=5`"),
        ("VGG16", {"classifier_activation": "relu"}, "'softmax' or None, got 'relu'"),
        ("VGG16", {"pooling": "sum", "weights": None}, "'avg' or 'max', got 'sum'"),
        ("VGG16", {"input_shape": (64, 64, 3)}, "224 x 224 pixels, got"),
        ("VGG16", {"input_shape": (224, 224, 1)}, "for 3 channels, got"),
        ("VGG16", {"input_shape": (224, 224)}, "three sizes"),
        ("ResNet50", {"input_shape": (31, 32, 3), "weights": None}, "32 x 32 pixels"),
        ("Xception", {"input_shape": (70, 99, 3), "weights": None}, "71 x 71 pixels"),
        ("InceptionV3", {"input_shape": (74, 99, 3), "weights": None}, "75 x 75"),
        ("VGG16", {"input_shape": (None, None, 3), "weights": None}, "must know the"),
        (
            "NASNetLarge",
            {"input_shape": (None, 64, 3), "include_top": False},
            "must know",
        ),
        ("MobileNet", {"alpha": 0.3}, "`alpha` .* got 0.3"),
        ("MobileNet", {"depth_multiplier": 2}, "`depth_multiplier=1`, got 2"),
        ("VGG16", {"input_tensor": np.ones(3), "weights": None}, "must be symbolic"),
    ],
)
def test_mistakes_are_named(name, options, text):
    with pytest.raises(ValueError, match=text):
        getattr(applications, name)(**options)


# --- arguments -----------------------------------------------------------------------


def test_input_tensor_may_come_from_layers(empty):
    inputs = kerasish.Input((32, 32, 1))
    x = kerasish.layers.Conv2D(3, 1)(inputs)
    model = applications.VGG16(weights=None, include_top=False, input_tensor=x)
    assert model.input_shape == (None, 32, 32, 1)
    assert len(model.layers) == 20
    alone = applications.VGG16(weights=None, include_top=False, input_tensor=inputs)
    assert len(alone.layers) == 19


@pytest.mark.parametrize(
    ("name", "numbers"), [("MobileNetV2", 3538984), ("EfficientNetB0", 5330571)]
)
def test_channels_may_come_first(name, numbers, empty):
    kerasish.config.set_image_data_format("channels_first")
    try:
        model = getattr(applications, name)(weights=None)
        with pytest.raises(ValueError, match="channels come last"):
            applications.ConvNeXtTiny(weights=None)
    finally:
        kerasish.config.set_image_data_format("channels_last")
    assert model.input_shape == (None, 3, 224, 224)
    assert model.count_params() == numbers


def test_variants_of_mobilenets(empty):
    """Numbers that Keras has for other widths and without the costly layers."""
    for name, options, numbers in (
        ("MobileNet", {"alpha": 0.25, "depth_multiplier": 2}, 687888),
        ("MobileNetV2", {"alpha": 0.77}, 2679096),
        ("MobileNetV2", {"alpha": 1.4}, 6156712),
        ("MobileNetV3Small", {"minimalistic": True}, 2056848),
        ("MobileNetV3Small", {"alpha": 0.75}, 2051552),
    ):
        model = getattr(applications, name)(weights=None, **options)
        assert model.count_params() == numbers, (name, options)


# --- images and classes --------------------------------------------------------------

MODULES = [
    *("convnext", "densenet", "efficientnet", "efficientnet_v2", "inception_v3"),
    *("inception_resnet_v2", "mobilenet", "mobilenet_v2", "mobilenet_v3", "nasnet"),
    *("resnet", "resnet50", "resnet_v2", "vgg16", "vgg19", "xception"),
]


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_images_are_prepared_as_keras_does(name, data_format, dtype):
    keras = pytest.importorskip("keras")
    images = np.random.randint(0, 256, (2, 3, 3, 3)).astype(dtype)
    kept = images.copy()
    prepare = getattr(applications, name).preprocess_input
    found = prepare(images, data_format=data_format)
    np.testing.assert_array_equal(images, kept)  # Keras overwrites what it got
    theirs = getattr(keras.applications, name).preprocess_input
    expected = theirs(images.copy(), data_format=data_format)
    assert isinstance(found, np.ndarray) and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_symbolic_images_are_prepared(mode):
    prepare = applications.imagenet_utils.preprocess_input
    images = np.random.randint(0, 256, (2, 4, 4, 3)).astype("uint8")
    inputs = kerasish.Input((4, 4, 3), dtype="uint8")
    model = kerasish.Model(inputs, prepare(inputs, mode=mode))
    expected = prepare(images, mode=mode)
    np.testing.assert_allclose(np.asarray(model(images)), expected, atol=1e-5)
    tensor = prepare(kerasish.ops.convert_to_tensor(images), mode=mode)
    np.testing.assert_allclose(np.asarray(tensor), expected, atol=1e-5)


def test_mistakes_in_preparing_are_named():
    prepare = applications.imagenet_utils.preprocess_input
    with pytest.raises(ValueError, match=r"got 'cafe'. Did you mean `caffe`"):
        prepare(np.ones((2, 2, 3)), mode="cafe")
    with pytest.raises(ValueError, match=r"`data_format` must be .* got 'last'"):
        prepare(np.ones((2, 2, 3)), data_format="last")


def test_predictions_get_names(cache):
    folder, asked = cache
    decode = applications.vgg16.decode_predictions
    likely = np.zeros((2, 1000), "float32")
    likely[0, [7, 9]], likely[1, 3] = [0.25, 0.75], 1
    with pytest.raises(FileNotFoundError, match=r"imagenet_class_index.json"):
        decode(likely)
    assert [name for name, *_ in asked] == ["imagenet_class_index.json"]
    names = {str(n): [f"n{n:08}", f"thing {n}"] for n in range(1000)}
    path = folder / "imagenet_class_index.json"
    path.write_text(json.dumps(names))
    first, second = decode(likely, top=2)
    assert first == [("n00000009", "thing 9", 0.75), ("n00000007", "thing 7", 0.25)]
    assert second[0] == ("n00000003", "thing 3", 1.0)
    assert len(decode(kerasish.ops.convert_to_tensor(likely))[0]) == 5
    for wrong in (np.ones((2, 10)), np.ones(1000)):
        with pytest.raises(ValueError, match="needs probabilities of shape"):
            decode(wrong)
    path.write_text("[]")
    with pytest.raises(ValueError, match="is damaged"):
        decode(likely)
