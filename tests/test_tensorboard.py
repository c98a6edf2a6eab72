"""Event files, read by the package `tensorboard`, and what stands beside them."""

import io
import json
import struct
import sys
import warnings

import numpy as np
import pytest

import kerasish as keras
from kerasish.callbacks import TensorBoard, event_files

pytestmark = pytest.mark.usefixtures("quick_compilation")
EPOCHS, BATCHES = 3, 3


@pytest.fixture(scope="module")
def readers():
    """The reader of a folder, and that of tensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accumulator = pytest.importorskip(
            "tensorboard.backend.event_processing.event_accumulator"
        )
        from tensorboard.util import tensor_util
    return accumulator.EventAccumulator, tensor_util.make_ndarray


@pytest.fixture(scope="module")
def read(readers):
    """`read(folder)`: of each tag the plugin and `{step: array}`."""

    def read(folder):
        events = readers[0](str(folder))
        events.Reload()
        return {
            tag: (
                events.SummaryMetadata(tag).plugin_data.plugin_name,
                {e.step: readers[1](e.tensor_proto) for e in events.Tensors(tag)},
            )
            for tag in events.Tags()["tensors"]
        }

    return read


@pytest.fixture(scope="module")
def trained(tmp_path_factory, read):
    """A model, its history, and what two boards wrote of its one training."""
    keras.utils.set_random_seed(0)
    folders = [tmp_path_factory.mktemp("a"), tmp_path_factory.mktemp("b")]
    layers = [
        keras.layers.Embedding(5, 4, name="words"),
        keras.layers.Conv1D(3, 2, name="pairs"),
        keras.layers.Flatten(),
        keras.layers.Dense(2, name="last"),
    ]
    model = keras.Sequential([keras.Input((4,)), *layers], name="net")
    rate = keras.optimizers.schedules.ExponentialDecay(0.5, BATCHES, 0.5)
    model.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"])
    draw = np.random.default_rng(0)
    x, y = draw.integers(0, 5, (10, 4)), draw.normal(size=(10, 2))
    boards = [
        TensorBoard(folders[0]),
        TensorBoard(
            folders[1],
            histogram_freq=2,
            write_graph=False,
            write_images=True,
            write_steps_per_second=True,
            update_freq=2,
            embeddings_freq=1,
            embeddings_metadata={"words": "names.tsv"},
        ),
    ]
    how = {"batch_size": 4, "epochs": EPOCHS, "validation_split": 0.2, "verbose": 0}
    history = model.fit(
        np.concatenate([x, x[:2]]), np.concatenate([y, y[:2]]), callbacks=boards, **how
    ).history
    runs = [{r: read(f / r) for r in ("train", "validation")} for f in folders]
    return model, history, folders, runs


def numbers(events, kind="scalars"):
    plugin, values = events
    assert plugin == kind
    assert all(v.dtype == np.float32 and v.shape == () for v in values.values())
    return {step: float(v) for step, v in values.items()}


def test_epochs_have_the_tags_and_steps_of_keras(trained):
    _, history, _, runs = trained
    assert set(runs[0]["train"]) == {
        *("keras", "epoch_loss", "epoch_mae", "epoch_learning_rate")
    }
    assert set(runs[0]["validation"]) == {
        *("epoch_loss", "epoch_mae"),
        *("evaluation_loss_vs_iterations", "evaluation_mae_vs_iterations"),
    }
    for name in ("loss", "mae"):
        found = numbers(runs[0]["train"][f"epoch_{name}"])
        assert found == pytest.approx(dict(enumerate(history[name])))
        found = numbers(runs[0]["validation"][f"epoch_{name}"])
        assert found == pytest.approx(dict(enumerate(history[f"val_{name}"])))
        found = numbers(runs[0]["validation"][f"evaluation_{name}_vs_iterations"])
        steps = [BATCHES * (epoch + 1) for epoch in range(EPOCHS)]
        assert found == pytest.approx(dict(zip(steps, history[f"val_{name}"])))
    rates = numbers(runs[0]["train"]["epoch_learning_rate"])
    assert rates == pytest.approx({0: 0.25, 1: 0.125, 2: 0.0625})


def test_the_graph_is_one_that_tensorboard_draws(trained):
    from tensorboard.plugins.graph import keras_util

    model, _, _, runs = trained
    plugin, values = runs[0]["train"]["keras"]
    assert plugin == "graph_keras_model" and "keras" not in runs[1]["train"]
    config = json.loads(values[0].item())
    assert config == json.loads(model.to_json())
    names = {node.name for node in keras_util.keras_model_to_graph_def(config).node}
    assert {"net/words", "net/pairs", "net/last"} <= names


def test_batches_are_written_when_it_is_their_turn(trained):
    _, history, _, runs = trained
    found = numbers(runs[1]["train"]["batch_loss"])
    assert list(found) == [2, 4, 6, 8]
    assert found[6] == pytest.approx(history["loss"][1])  # the last of an epoch
    speeds = numbers(runs[1]["train"]["batch_steps_per_second"])
    assert list(speeds) == [2, 4, 6, 8] and min(speeds.values()) > 0
    speeds = numbers(runs[1]["train"]["epoch_steps_per_second"])
    assert list(speeds) == [0, 1, 2] and min(speeds.values()) > 0


def test_histograms_count_the_weights(trained):
    model, _, _, runs = trained
    for weight in model.weights:
        plugin, tables = runs[1]["train"][f"{weight.path}/histogram"]
        assert plugin == "histograms" and list(tables) == [0, 2]
        low, high, counts = tables[2].T
        values = weight.numpy().astype("float64")
        assert tables[2].shape == (30, 3) and counts.sum() == weight.size
        np.testing.assert_allclose([low[0], high[-1]], [values.min(), values.max()])
        np.testing.assert_allclose(low[1:], high[:-1])
        edges = np.append(low, high[-1])
        np.testing.assert_array_equal(counts, np.histogram(values, edges)[0])


def test_pictures_show_the_weights(trained):
    from matplotlib.image import imread

    model, _, _, runs = trained
    shapes = {"words/embeddings": (4, 5), "pairs/kernel": (4, 6), "pairs/bias": (1, 3)}
    for path, shape in {**shapes, "last/kernel": (2, 9)}.items():
        [weight] = [w for w in model.weights if w.path.endswith(path)]
        plugin, values = runs[1]["train"][f"{weight.path}/image"]
        width, height, png = values[2]
        assert plugin == "images" and (int(height), int(width)) == shape
        shades = imread(io.BytesIO(png))[..., 0]
        value = weight.numpy()
        if value.ndim == 3:  # a row for each input, filters side by side
            value = np.concatenate(list(value.transpose(2, 1, 0)), 1)
        value = value.T if value.shape == shape[::-1] else value.reshape(shape)
        wanted = (value - value.min()) / np.ptp(value)
        np.testing.assert_allclose(shades, wanted, atol=0.51 / 255)


def test_embeddings_are_there_for_the_projector(trained):
    model, _, folders, _ = trained
    config = (folders[1] / "projector_config.pbtxt").read_text()
    assert (
        config.split()
        == (
            'embeddings { tensor_name: "words" tensor_path: "words.tsv" '
            'metadata_path: "names.tsv" }'
        ).split()
    )
    table = np.loadtxt(folders[1] / "words.tsv", delimiter="\t")
    np.testing.assert_allclose(table, model.layers[0].get_weights()[0], rtol=1e-5)
    assert not (folders[0] / "projector_config.pbtxt").exists()


def test_epochs_alone_ask_for_no_batches(tmp_path):
    told = keras.callbacks.CallbackList
    assert not told([TensorBoard(tmp_path, histogram_freq=1)]).needs_train_batches
    assert told([TensorBoard(tmp_path, update_freq="batch")]).needs_train_batches
    assert not told([TensorBoard(tmp_path, update_freq=5)]).needs_test_batches


def test_evaluation_alone_and_metrics_with_several_numbers(trained, tmp_path, read):
    model = trained[0]
    board = TensorBoard(tmp_path)
    board.set_model(model)
    board.on_test_end({"f1": np.array([0.25, 0.5])})
    board.on_test_end({"loss": 0.125})
    found = {k: numbers(v) for k, v in read(tmp_path / "validation").items()}
    step = int(model.optimizer.iterations)
    assert found == {
        "evaluation_f1_0_vs_iterations": {step: 0.25},
        "evaluation_f1_1_vs_iterations": {step: 0.5},
        "evaluation_loss_vs_iterations": {step: 0.125},
    }


def test_models_without_an_optimizer(tmp_path, read):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(None, "mse")
    board = TensorBoard(tmp_path)
    board.set_model(model)
    board.on_epoch_end(0, {"loss": 2.0})
    board.on_test_end({"loss": 3.0})
    assert set(read(tmp_path / "train")) == {"epoch_loss"}
    tested = numbers(read(tmp_path / "validation")["evaluation_loss_vs_iterations"])
    assert tested == {0: 3.0}


def test_checksums_are_those_of_the_standard_and_are_checked(tmp_path, readers):
    def unmasked(data):
        turned = event_files.masked_crc(data) - 0xA282EAD8 & 0xFFFFFFFF
        return (turned >> 17 | turned << 15) & 0xFFFFFFFF

    # RFC 3720, B.4
    for data, crc in (
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ):
        assert unmasked(data) == crc
    events = event_files.EventFile(str(tmp_path))
    events.write(7, [event_files.scalar("loss", 0.5)])
    [path] = tmp_path.iterdir()
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    head = struct.unpack("<I", content[8:12])[0]
    body = struct.unpack("<I", content[12 + length : 16 + length])[0]
    assert head == event_files.masked_crc(content[:8])
    assert body == event_files.masked_crc(content[12 : 12 + length])
    # A reader that checks them finds a bit that was turned.
    broken = content[:-6] + bytes([content[-6] ^ 1]) + content[-5:]
    for given, steps in ((content, [7]), (broken, [])):
        path.write_bytes(given)
        found = readers[0](str(tmp_path))
        found.Reload()
        tags = found.Tags()["tensors"]
        assert [e.step for tag in tags for e in found.Tensors(tag)] == steps


def test_histograms_of_equal_and_of_infinite_values():
    def table(values):
        encoded = event_files.histogram("x", np.array(values))
        start = encoded.index(struct.pack("<d", 1.0))
        return np.frombuffer(encoded[start : start + 720]).reshape(30, 3)

    assert table([1.0, 1.0])[-1].tolist() == [1, 1, 2]
    assert table([1.0, 1.0])[:-1, 2].sum() == 0
    found = table([1.0, np.nan, np.inf, 4.0])
    assert found[0, 2] == found[-1, 2] == 1 and found[-1, 1] == 4


@pytest.mark.parametrize(
    "options,text",
    [
        ({"update_freq": 0}, r'`update_freq`.* >= 1, "epoch", "batch". Rec.*=0'),
        ({"update_freq": "x"}, "update_freq='x'"),
        ({"histogram_freq": -1}, "whole number >= 0. Received: histogram_freq=-1"),
        ({"embeddings_freq": 0.5}, "embeddings_freq=0.5"),
    ],
)
def test_wrong_arguments(options, text):
    with pytest.raises(ValueError, match=text):
        TensorBoard(**options)


def test_what_cannot_be_written_is_said(trained, tmp_path):
    with pytest.warns(UserWarning, match=r"use.*|put `with jax.profiler.trace"):
        TensorBoard(tmp_path, profile_batch=(2, 5))
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"wrods": "x"})
    board.set_model(trained[0])
    with pytest.raises(ValueError, match=r"`wrods`.*Did you mean `words`"):
        board.on_train_begin()

    class Plain(keras.Model):
        def __init__(self, size):
            super().__init__()
            self.own = object()

        def to_json(self):
            raise NotImplementedError("no config")

    board = TensorBoard(tmp_path)
    board.set_model(Plain(3))
    with pytest.warns(UserWarning, match="cannot write the graph of `plain`"):
        board.on_train_begin()
    assert "tensorflow" not in sys.modules
