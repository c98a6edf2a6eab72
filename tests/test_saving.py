"""Model files: both ways with real Keras, nothing lost, nothing silently wrong."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import textwrap
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest

import kerasish
from kerasish.saving import atomic, hdf5
from kerasish.saving.matching import aligned

pytestmark = pytest.mark.usefixtures("quick_compilation")

LIBRARIES = {"ours": kerasish, "Keras": keras}
PAIRS = [("ours", "Keras"), ("Keras", "ours"), ("ours", "ours")]
# In this order: saving to .h5, Keras forgets the optimizer for the next .keras file.
FORMATS = [".keras", ".h5"]


# --- models, written once for both libraries ------------------------------------------


def scale_class(k):
    class Scale(k.layers.Layer):
        def __init__(self, start=2.0, **kwargs):
            super().__init__(**kwargs)
            self.start = start
            self.inner = k.layers.Dense(3, name="inner")

        def build(self, input_shape):
            self.factor = self.add_weight(
                shape=(input_shape[-1],),
                initializer=k.initializers.Constant(self.start),
                name="factor",
            )
            self.inner.build(input_shape)

        def call(self, inputs):
            return self.inner(inputs * self.factor)

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], 3)

        def get_config(self):
            return {**super().get_config(), "start": self.start}

    return k.saving.register_keras_serializable("tests")(Scale)


def net_class(k):
    dense = k.layers.Dense

    class Net(k.Model):
        """Layers in attributes whose names come before and after `layers`."""

        def __init__(self, width=3, **kwargs):
            super().__init__(**kwargs)
            self.width = width
            self.body = [dense(width), (dense(width),)]
            self._last = dense(2)
            self.table = {"b": dense(4), "a": dense(5)}

        def call(self, inputs):
            x = self.body[1][0](self.body[0](inputs))
            return self._last(self.table["a"](self.table["b"](x)))

        def get_config(self):
            return {**super().get_config(), "width": self.width}

    return k.saving.register_keras_serializable("tests")(Net)


NETS = {name: net_class(k) for name, k in LIBRARIES.items()}
SCALES = {name: scale_class(k) for name, k in LIBRARIES.items()}


def sequential(k):
    layers = k.layers
    return k.Sequential(
        [
            k.Input((4,)),
            layers.Dense(6, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(2, activation="softmax", name="head"),
        ],
        name="stack",
    )


def functional(k):
    layers = k.layers
    first, second = k.Input((4,), name="first"), k.Input((3,), name="second")
    shared = layers.Dense(5, activation="tanh", name="shared")
    nested = k.Sequential(
        [k.Input((5,)), layers.Dense(4, name="low"), layers.LayerNormalization()],
        name="nested",
    )
    a = shared(layers.Dense(3)(first))
    b = shared(second)
    both = layers.Concatenate()([nested(a), nested(b), layers.Add()([a, b])])
    outputs = [layers.Dense(1, name="one")(both), layers.Dense(2, name="two")(a)]
    return k.Model([first, second], outputs, name="graph")


def embedding(k):
    words = k.Input((5,), dtype="int32")
    x = k.layers.Embedding(7, 3)(words)
    x = k.layers.Flatten()(x)
    return k.Model(words, k.layers.Dense(1)(x))


def custom(k):
    name = "ours" if k is kerasish else "Keras"
    return k.Sequential([k.Input((4,)), SCALES[name](1.5), k.layers.Dense(2)])


def small(k):
    return k.Sequential([k.Input((2,)), k.layers.Dense(1, name="only")])


def data(build):
    rng = np.random.default_rng(0)
    x = {
        sequential: rng.normal(size=(8, 4)),
        functional: [rng.normal(size=(8, 4)), rng.normal(size=(8, 3))],
        embedding: rng.integers(0, 7, (8, 5)),
        custom: rng.normal(size=(8, 4)),
        small: rng.normal(size=(8, 2)),
    }[build]
    y = [rng.random((8, 1)), rng.random((8, 2))]
    y = y if build is functional else y[build in (sequential, custom)]
    cast = lambda a: a.astype("int32" if a.dtype.kind == "i" else "float32")  # noqa: E731
    return tuple(
        [cast(a) for a in v] if isinstance(v, list) else cast(v) for v in (x, y)
    )


def predict(model, x):
    return model.predict(x, verbose=0)


def trained(k, build, steps=2, **arguments):
    model = build(k)
    arguments = {"optimizer": "adam", "loss": "mean_squared_error", **arguments}
    if build is functional and isinstance(arguments["loss"], str):
        arguments["loss"] = [arguments["loss"]] * 2
    model.compile(**arguments)
    for _ in range(steps):
        model.train_on_batch(*data(build))
    return model


def save(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras advises against .h5
        model.save(path)


@functools.cache
def known(library, build):
    """A trained model and its predictions, made once."""
    model = trained(LIBRARIES[library], build)
    return model, predict(model, data(build)[0])


def weights(model):
    return [np.asarray(v) for v in model.get_weights()]


# --- both ways ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("build", [sequential, functional, embedding, custom])
@pytest.mark.parametrize(("writer", "reader"), PAIRS[:2])
def test_models_load_and_predict_the_same(
    writer, reader, build, ending, tmp_path, close
):
    path = str(tmp_path / f"model{ending}")
    model, expected = known(writer, build)
    save(model, path)
    loaded = LIBRARIES[reader].models.load_model(path)
    close(predict(loaded, data(build)[0]), expected)
    assert [layer.name for layer in loaded.layers] == [la.name for la in model.layers]
    close(weights(loaded), weights(model))
    assert loaded.optimizer is not None


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
@pytest.mark.parametrize("build", [sequential, functional, embedding, custom])
@pytest.mark.parametrize(("writer", "reader"), PAIRS)
def test_weights_load(writer, reader, build, ending, tmp_path, close):
    path = str(tmp_path / f"w{ending}")
    (model, _), other = known(writer, build), build(LIBRARIES[reader])
    if ending == ".h5" and writer == "Keras":
        save(model, path)  # Keras 3 writes bare weights in one layout only
    else:
        model.save_weights(path)
    other.load_weights(path)
    # equal predictions follow: the test above has shown that for the same models
    close(weights(other), weights(model))


@pytest.mark.parametrize(("writer", "reader"), PAIRS)
def test_classes_of_models(writer, reader, tmp_path, close):
    x, y = data(sequential)
    model, other = NETS[writer](4), NETS[reader](4)
    model.compile("sgd", "mean_squared_error")
    model.fit(x, y, verbose=0)
    other(x)
    model.save_weights(tmp_path / "w.weights.h5")
    other.load_weights(tmp_path / "w.weights.h5")
    # Keras cannot read such a model back from its own .h5
    for ending in [".keras"] if "Keras" in (writer, reader) else FORMATS:
        path = str(tmp_path / f"m{ending}")
        save(model, path)
        loaded = LIBRARIES[reader].models.load_model(path)
        for each in (other, loaded):
            close(predict(each, x), predict(model, x))


OPTIMIZERS = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "RMSprop": {"centered": True, "momentum": 0.5},
    "Adagrad": {},
    "Adadelta": {},
    "Adam": {"amsgrad": True, "use_ema": True, "ema_overwrite_frequency": 2},
    "AdamW": {"weight_decay": 0.01, "gradient_accumulation_steps": 2},
    "Adamax": {"clipnorm": 0.5},
    "Nadam": {},
    "Ftrl": {},
    "Lion": {},
    "Lamb": {},
    "Adafactor": {},
    "Muon": {},
}


def optimizer(k, name):
    if name == "scheduled":
        schedule = k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
        return k.optimizers.Adam(schedule)
    if name == "LossScaleOptimizer":
        return k.optimizers.LossScaleOptimizer(k.optimizers.SGD(0.01, momentum=0.9))
    return getattr(k.optimizers, name)(0.01, **OPTIMIZERS[name])


def state(model):
    return [np.asarray(v.numpy(), "float64") for v in model.optimizer.variables]


@pytest.mark.parametrize("name", [*OPTIMIZERS, "scheduled", "LossScaleOptimizer"])
def test_training_goes_on_from_files_of_keras(name, tmp_path, close):
    model = trained(keras, small, optimizer=optimizer(keras, name))
    # Keras cannot save its own Adafactor to .h5
    endings = FORMATS[:1] if name == "Adafactor" else FORMATS
    for ending in endings:
        save(model, str(tmp_path / f"m{ending}"))
    before = state(model)
    model.train_on_batch(*data(small))
    for ending in endings:
        loaded = kerasish.models.load_model(str(tmp_path / f"m{ending}"))
        close(state(loaded), before)
        loaded.train_on_batch(*data(small))
        close(weights(loaded), weights(model))
        close(state(loaded), state(model))


@pytest.mark.parametrize("name", ["SGD", "Adam", "LossScaleOptimizer"])
def test_training_goes_on_from_our_files_in_keras(name, tmp_path, close):
    path = str(tmp_path / "m.keras")
    model = trained(kerasish, small, optimizer=optimizer(kerasish, name))
    save(model, path)
    loaded = keras.models.load_model(path)
    close(state(loaded), state(model))
    for each in (model, loaded):
        each.train_on_batch(*data(small))
    close(weights(model), weights(loaded))


def test_training_goes_on_exactly_from_our_own_files(tmp_path):
    dense, dropout = kerasish.layers.Dense, kerasish.layers.Dropout
    model = kerasish.Sequential([kerasish.Input((2,)), dropout(0.3), dense(1)])
    model.compile("adam", "mse")
    fit = {"batch_size": 3, "epochs": 1, "verbose": 0}  # shuffled
    x, y = data(small)
    model.fit(x, y, **fit)
    for ending in FORMATS:
        save(model, str(tmp_path / f"m{ending}"))
    model.fit(x, y, **fit)
    for ending in FORMATS:
        loaded = kerasish.models.load_model(str(tmp_path / f"m{ending}"))
        loaded.fit(x, y, **fit)
        for a, b in zip(weights(model), weights(loaded), strict=True):
            np.testing.assert_array_equal(a, b)


def test_seeds_are_kept_and_keras_does_not_mind(tmp_path):
    model = trained(kerasish, sequential, steps=3)
    seeds = [v for v in model.variables if "seed" in v.path]
    for ending in [*FORMATS, ".weights.h5"]:
        path = str(tmp_path / f"m{ending}")
        if ending == ".weights.h5":
            model.save_weights(path)
            loaded = sequential(kerasish)
            loaded.load_weights(path)
            sequential(keras).load_weights(path)
        else:
            save(model, path)
            loaded = kerasish.models.load_model(path)
            keras.models.load_model(path)
        own = [v for v in loaded.variables if "seed" in v.path]
        assert [v.numpy().tolist() for v in own] == [v.numpy().tolist() for v in seeds]


def test_an_optimizer_that_made_no_step(tmp_path):
    for k in (keras, kerasish):
        model = small(k)
        model.compile("adam", "mean_squared_error")
        for ending in FORMATS:
            path = str(tmp_path / f"m{ending}")
            save(model, path)
            loaded = kerasish.models.load_model(path)
            loaded.fit(*data(small), verbose=0)
            assert int(loaded.optimizer.iterations) == 1


# --- how a model is trained -----------------------------------------------------------


@pytest.mark.parametrize("loss", ["mse", "KLD"])
@pytest.mark.parametrize("writer", LIBRARIES)
def test_short_names_of_losses_come_back(loss, writer, tmp_path):
    path = str(tmp_path / "m.h5")
    model = trained(LIBRARIES[writer], small, loss=loss, metrics=["mae"])
    save(model, path)
    loaded = kerasish.models.load_model(path)
    ours = loaded.evaluate(*data(small), verbose=0)
    theirs = model.evaluate(*data(small), verbose=0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert loaded.compiled
    if writer == "ours":  # where Keras fails on its own file
        again = keras.models.load_model(path).evaluate(*data(small), verbose=0)
        np.testing.assert_allclose(again[0], theirs[0], rtol=1e-5)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(("writer", "reader"), PAIRS[:2])
def test_compile_arguments_come_back(writer, reader, ending, tmp_path):
    k = LIBRARIES[writer]
    path = str(tmp_path / f"m{ending}")
    model = functional(k)
    smooth = k.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.3)
    model.compile(
        loss=["mean_absolute_error", smooth],
        loss_weights=[0.5, 2.0],
        metrics=[["mean_squared_error"], [k.metrics.MeanAbsoluteError()]],
        optimizer=k.optimizers.RMSprop(k.optimizers.schedules.CosineDecay(0.1, 9)),
    )
    x, y = data(functional)
    model.train_on_batch(x, y)
    save(model, path)
    loaded = LIBRARIES[reader].models.load_model(path)
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    got = loaded.evaluate(x, y, verbose=0, return_dict=True)
    assert list(got) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(got[key], value, rtol=1e-5)
    ours, theirs = loaded.optimizer.get_config(), model.optimizer.get_config()
    assert ours["learning_rate"]["config"] == theirs["learning_rate"]["config"]


def custom_loss(y_true, y_pred):
    return kerasish.ops.mean(kerasish.ops.abs(y_true - y_pred), axis=-1) * 3.0


@pytest.mark.parametrize("ending", FORMATS)
def test_own_functions_come_from_custom_objects(ending, tmp_path):
    path = str(tmp_path / f"m{ending}")
    model = trained(kerasish, small, loss=custom_loss)
    save(model, path)
    objects = {"custom_loss": custom_loss}
    loaded = kerasish.models.load_model(path, custom_objects=objects)
    x, y = data(small)
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    with pytest.warns(UserWarning, match=r"not compiled.*compile arguments"):
        loaded = kerasish.models.load_model(path)
    np.testing.assert_array_equal(predict(loaded, x), predict(model, x))
    assert not loaded.compiled


def test_what_cannot_be_loaded_again_is_not_saved(tmp_path):
    path = tmp_path / "m.h5"
    model = trained(kerasish, small, loss=lambda t, p: (t - p) ** 2)
    with pytest.raises(ValueError, match=r"lambda.*include_optimizer=False"):
        model.save(path)
    assert os.listdir(tmp_path) == []
    for ending in FORMATS:
        model.save(path.with_suffix(ending), include_optimizer=False)
        assert not kerasish.models.load_model(path.with_suffix(ending)).compiled


def test_optimizer_state_that_does_not_fit_is_named(tmp_path):
    path = str(tmp_path / "m.h5")
    save(trained(kerasish, small), path)
    with h5py.File(path, "a") as file:
        group = file["optimizer_weights"]
        names = list(group.attrs["weight_names"])
        group.attrs["weight_names"] = names[:-1]
    with pytest.warns(UserWarning, match=r"(?s)optimizer state.*file +\| model"):
        loaded = kerasish.models.load_model(path)
    assert not loaded.compiled


def test_compile_false(tmp_path):
    for ending in FORMATS:
        path = str(tmp_path / f"m{ending}")
        save(trained(kerasish, small), path)
        assert not kerasish.models.load_model(path, compile=False).compiled


# --- never silently wrong -------------------------------------------------------------


def two(names, sizes=(3, 3)):
    dense = kerasish.layers.Dense
    layers = [dense(n, name=name) for n, name in zip(sizes, names)]
    return kerasish.Sequential([kerasish.Input((3,)), *layers])


def names_and_kernels(model):
    return {layer.name: layer.get_weights()[0].tolist() for layer in model.layers}


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
def test_names_decide_before_order(ending, tmp_path):
    path = str(tmp_path / f"w{ending}")
    model = two("ab")
    model.save_weights(path)
    other = two("ba")
    other.load_weights(path)
    assert names_and_kernels(other) == names_and_kernels(model)
    # names made from the class and a counter say nothing: the order decides
    automatic = two([None, None])
    automatic.load_weights(path)
    assert [w.tolist() for w in automatic.get_weights()] == [
        w.tolist() for w in model.get_weights()
    ]


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
@pytest.mark.parametrize(
    ("names", "sizes"),
    [("bc", (3, 3)), ("ab", (3, 4)), ("abc", (3, 3, 3)), ("a", (3,))],
    ids=["order against names", "shapes", "more", "fewer"],
)
def test_what_does_not_fit_is_shown_and_nothing_changes(names, sizes, ending, tmp_path):
    path = str(tmp_path / f"w{ending}")
    two("ab").save_weights(path)
    model = two(names, sizes)
    before = names_and_kernels(model)
    with pytest.raises(ValueError, match=r"(?s)file +\| model\n.*a"):
        model.load_weights(path)
    assert names_and_kernels(model) == before


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
def test_skip_mismatch(ending, tmp_path):
    path = str(tmp_path / f"w{ending}")
    source, model = two("ab"), two("ab", (3, 4))
    source.save_weights(path)
    with pytest.warns(UserWarning, match=r"(?s)Skipped.*\(3, 3\).*\(3, 4\)"):
        model.load_weights(path, skip_mismatch=True)
    assert names_and_kernels(model)["a"] == names_and_kernels(source)["a"]


def test_by_name(tmp_path):
    path = str(tmp_path / "w.h5")
    source, model = two("ab"), two("xa")
    source.save_weights(path)
    before = names_and_kernels(model)["x"]
    model.load_weights(path, by_name=True)
    assert names_and_kernels(model) == {
        "x": before,
        "a": names_and_kernels(source)["a"],
    }
    source.save_weights(str(tmp_path / "w.weights.h5"))
    with pytest.raises(ValueError, match="by_name"):
        model.load_weights(str(tmp_path / "w.weights.h5"), by_name=True)


def test_alignment_of_names():
    assert aligned(["a", "b"], ["b", "a"]) == [1, 0]
    assert aligned(["d_1", "d_2"], ["d_2", "d_3"], [True, True]) == [0, 1]
    assert aligned(["a", "b"], ["b", "c"]) is None
    assert aligned(["a", "a"], ["a", "a"]) == [0, 1]
    assert aligned(["a"], ["a", "b"]) is None


def test_many_and_long_names(tmp_path):
    names = [f"{i:03}{'n' * 200}" for i in range(400)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        hdf5.write_names(file, "names", names)
        assert "names" not in file.attrs  # one attribute holds at most 64 KiB
        assert hdf5.attribute_names(file, "names") == names
        hdf5.write_names(file, "none", [])
        assert hdf5.attribute_names(file, "none") == []


def test_names_of_any_length_in_a_large_file(tmp_path):
    layers = [kerasish.layers.Dense(2, name=f"layer_{i}") for i in range(100)]
    wide = [kerasish.Input((700,)), kerasish.layers.Dense(700, name="wide")]
    path = tmp_path / "many.h5"
    kerasish.Sequential([*wide, *layers]).save_weights(path)
    with h5py.File(path, "r+") as file:
        names = [name.decode() for name in file.attrs["layer_names"]]
        file.attrs["layer_names"] = names  # as Keras writes them: of variable length
        assert h5py.check_string_dtype(file.attrs.get_id("layer_names").dtype)
    again = kerasish.Sequential(
        [kerasish.Input((700,)), kerasish.layers.Dense(700, name="wide")]
        + [kerasish.layers.Dense(2, name=f"layer_{i}") for i in range(100)]
    )
    assert len(again.load_weights(path).loaded) == 2 * 101


def test_sixteen_bit_weights(tmp_path):
    for name, policy in [("bf", "bfloat16"), ("half", "float16")]:
        layers = [kerasish.Input((3,)), kerasish.layers.Dense(2, dtype=policy)]
        model = kerasish.Sequential(layers)
        for ending in FORMATS:
            path = str(tmp_path / f"{name}{ending}")
            save(model, path)
            for k in (kerasish, keras):
                if policy == "bfloat16" and ending == ".h5" and k is keras:
                    continue  # Keras cannot read these bytes back
                kernel = k.models.load_model(path).get_weights()[0]
                expected = np.asarray(model.get_weights()[0], "float32")
                np.testing.assert_array_equal(np.asarray(kernel, "float32"), expected)


# --- atomic ---------------------------------------------------------------------------


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    for ending in [*FORMATS, ".weights.h5"]:
        path = tmp_path / f"m{ending}"
        model = small(kerasish)
        write = model.save_weights if ending == ".weights.h5" else model.save
        write(path)
        old = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(hdf5, "write", lambda *args: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                write(path)
        assert path.read_bytes() == old
    assert len(os.listdir(tmp_path)) == 3


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "m.h5"
    small(kerasish).save(path)
    old = path.read_bytes()
    code = f"""
        import sys
        sys.path.insert(0, {str(os.getcwd())!r})
        from kerasish.saving.atomic import replacing
        with replacing({str(path)!r}) as new:
            open(new, "wb").write(b"half")
            print("writing", flush=True)
            sys.stdin.read()
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(run, stdin=-1, stdout=-1, text=True) as writer:
        assert writer.stdout.readline() == "writing\n"
        left = [p for p in tmp_path.iterdir() if p != path]
        os.utime(left[0], (0, 0))
        atomic._sweep(path)
        assert left[0].exists()  # its writer lives
        writer.send_signal(signal.SIGKILL)
    assert path.read_bytes() == old
    small(kerasish).save(path)
    assert os.listdir(tmp_path) == ["m.h5"]


def test_overwriting(tmp_path, monkeypatch):
    model, path = small(kerasish), tmp_path / "new folder" / "m.keras"
    model.save(path)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save(path, overwrite=False)
    os.chmod(path, 0o640)
    link = tmp_path / "link.keras"
    link.symlink_to(path)
    model.save(link)
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o640


# --- files from anybody ---------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    model = trained(kerasish, small)
    for ending in [*FORMATS, ".weights.h5"]:
        (model.save_weights if "w" in ending else model.save)(folder / f"m{ending}")
    return folder


def load(path):
    if str(path).endswith(".weights.h5"):
        return small(kerasish).load_weights(path)
    return kerasish.models.load_model(path)


def refused(path, match):
    with pytest.raises(ValueError, match=match):
        load(path)


@pytest.mark.parametrize("ending", [*FORMATS, ".weights.h5"])
def test_flipped_bytes_give_an_error_of_ours_or_do_no_harm(ending, files, tmp_path):
    """Of each kind of place some; `test_fuzz_files.py` has many by chance."""
    content = (files / f"m{ending}").read_bytes()
    path = tmp_path / f"m{ending}"
    right = small(kerasish) if "w" in ending else load(files / f"m{ending}")
    right.load_weights(files / f"m{ending}")
    rng = np.random.default_rng(0)
    marks = [b"HDF", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"kerasish_crc32", b"name"]
    marks += [b"weight_names", b"PK\x01\x02", b"PK\x05\x06"]
    starts = [content.find(mark) for mark in marks if mark in content]
    starts += [content.rfind(mark) for mark in marks if mark in content]
    for start in [*starts, *rng.integers(0, len(content), 5)]:
        damaged = bytearray(content)
        for place in start + rng.integers(0, 40, 3):
            damaged[min(place, len(content) - 1)] ^= 1 + rng.integers(255)
        path.write_bytes(damaged)
        with warnings.catch_warnings(), contextlib.suppress(ValueError):
            warnings.simplefilter("ignore")
            model = small(kerasish)
            model.load_weights(path)
            for a, b in zip(model.get_weights(), right.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
            if path.suffix != ".h5" or "w" not in ending:
                load(path)


@pytest.mark.parametrize("ending", [*FORMATS, ".weights.h5"])
def test_files_cut_short(ending, files, tmp_path):
    content = (files / f"m{ending}").read_bytes()
    path = tmp_path / f"m{ending}"
    for size in [
        0,
        1,
        7,
        8,
        60,
        100,
        *range(500, len(content) - 1, len(content) // 12),
    ]:
        path.write_bytes(content[:size])
        refused(path, "neither|damaged|not a whole")


def test_the_content_tells_the_format_not_the_name(files, tmp_path):
    for ending, name in [(".h5", "model"), (".keras", "x.h5"), (".h5", "x.keras")]:
        path = tmp_path / name
        path.write_bytes((files / f"m{ending}").read_bytes())
        assert load(path).compiled
    model = small(kerasish)
    for ending in FORMATS:  # weights out of whole models
        model.load_weights(files / f"m{ending}")
    with pytest.raises(FileNotFoundError, match="no_such"):
        load(tmp_path / "no_such.h5")
    (tmp_path / "text.h5").write_text("version https://git-lfs.example/spec/v1")
    refused(tmp_path / "text.h5", "neither")
    refused(tmp_path, "folder")
    with pytest.raises(ValueError, match=r"\.keras"):
        model.save(tmp_path / "m.txt")
    with pytest.raises(ValueError, match=r"weights\.h5"):
        model.save_weights(tmp_path / "m.txt")


def kernel_path(ending, file):
    """Where the kernel is in a file of the model `small`."""
    found = []
    file.visititems(
        lambda name, thing: (
            found.append(name)
            if isinstance(thing, h5py.Dataset) and thing.shape == (2, 1)
            else None
        )
    )
    return next(n for n in found if n.startswith(("model_weights", "layers")))


def forge(ending, files, tmp_path, change):
    path = tmp_path / f"m{ending}"
    path.write_bytes((files / f"m{ending}").read_bytes())
    with h5py.File(path, "a") as file:
        change(file, kernel_path(ending, file))
    return path


def external_link(file, name):
    del file[name]
    file[name] = h5py.ExternalLink("other.h5", "/secret")


def soft_link(file, name):
    file.move(name, "kerasish/elsewhere")
    file[name] = h5py.SoftLink("/kerasish/elsewhere")


def linked_group(file, name):
    parent = name.rsplit("/", 1)[0]
    file.move(parent, "kerasish/elsewhere")
    file[parent] = h5py.SoftLink("/kerasish/elsewhere")


def external_storage(file, name):
    del file[name]
    storage = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    file.create_dataset(name, (2, 1), "float32", external=storage)


def virtual(file, name):
    del file[name]
    layout = h5py.VirtualLayout((2, 1), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, 1))
    file.create_virtual_dataset(name, layout)


def huge(file, name):
    del file[name]
    file.create_dataset(name, (2**20, 2**20), "float32", chunks=(1024, 1024))


def other_shape(file, name):
    del file[name]
    file[name] = np.zeros((1, 2), "float32")


def strings(file, name):
    del file[name]
    file[name] = np.array([["a"], ["b"]], dtype=h5py.string_dtype())


def records(file, name):
    del file[name]
    file[name] = np.zeros((2, 1), [("a", "f4"), ("b", "f4")])


def missing(file, name):
    del file[name]


def a_group(file, name):
    del file[name]
    file.create_group(name)


FORGED = {
    external_link: "refused.*link",
    soft_link: "refused.*link",
    linked_group: "refused.*link",
    external_storage: "refused.*other files",
    virtual: "refused.*other files",
    huge: r"\(1048576, 1048576\)",
    other_shape: r"\(1, 2\)",
    strings: "refused.*numbers",
    records: "refused.*numbers",
    missing: "missing|do not fit",
    a_group: "should be a dataset",
}


@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
@pytest.mark.parametrize("change", FORGED, ids=lambda f: f.__name__)
def test_forged_arrays_are_refused(change, ending, files, tmp_path):
    path = forge(ending, files, tmp_path, change)
    refused(path, f"(?s){FORGED[change]}")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, "no model"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "describes no model"),
        ('{"class_name": "os.system", "config": {}}', r"Unknown class 'os\.system'"),
        ('{"class_name": "Dense", "config": {"units": 1}}', "Dense"),
        (
            '{"class_name": "Sequential", "module": "os", "config": {"layers": '
            '[{"class_name": "system", "module": "os", "config": {}}]}}',
            "Unknown class 'system'",
        ),
        (
            '{"class_name": "evil>Dense", "config": {"units": 1}, '
            '"registered_name": "evil>Dense"}',
            "Unknown class",
        ),
    ],
)
def test_forged_configs_are_refused(content, match, files, tmp_path):
    def change(file, name):
        del file.attrs["model_config"]
        if content is not None:
            file.attrs["model_config"] = content

    refused(forge(".h5", files, tmp_path, change), match)
    path = tmp_path / "m.keras"
    with (
        zipfile.ZipFile(files / "m.keras") as source,
        zipfile.ZipFile(path, "w") as target,
    ):
        for name in source.namelist():
            if name != "config.json":
                target.writestr(name, source.read(name))
            elif content is not None:
                target.writestr(name, content)
    refused(path, "config.json" if content is None else match)


def test_archives_with_tricks_are_refused(files, tmp_path):
    path = tmp_path / "m.keras"
    content = (files / "m.keras").read_bytes()
    path.write_bytes(content)
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(path, "a") as archive,
    ):
        warnings.simplefilter("ignore")
        archive.writestr("config.json", "{}")
    refused(path, "same name")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    refused(path, "config.json")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * 2**27)
    refused(path, "too large")
