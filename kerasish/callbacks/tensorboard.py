"""Curves, histograms and pictures of a training for TensorBoard."""

import os
import time
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..layers import Embedding
from ..registry import did_you_mean
from . import event_files
from .callback import Callback, Logs
from .schedule import learning_rate, optimizers_of

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Writes what `tensorboard --logdir logs` shows. TensorFlow is not needed.

    The folder `train` in `log_dir` gets, for each metric of an epoch, `epoch_<name>`,
    beside them `epoch_learning_rate`; `validation` gets the same without `val_`, and
    over the number of updates `evaluation_<name>_vs_iterations`. They are written at
    the end of each epoch, so that training within epochs stays compiled.

    Args:
        log_dir: folder of one training; best one of its own for each.
        histogram_freq: each so many epochs, from the first, write histograms of the
            weights; 0: never.
        write_graph: whether to write the layers, for the page of graphs.
        write_images: write the weights as pictures too, with their histograms: black
            is the least value, white the largest, filters lie side by side.
        write_steps_per_second: write `epoch_steps_per_second`, and `batch_...`, too.
        update_freq: `"epoch"`, or write `batch_<name>` (running means) after each so
            many batches; `"batch"` is 1. Batches are then trained one by one.
        profile_batch: 0. Others warn: use `jax.profiler.trace` around `fit` instead.
        embeddings_freq: each so many epochs, from the first, write the tables of the
            `Embedding` layers as `.tsv` for the page of projections; 0: never.
        embeddings_metadata: file with a line for each row of the table, in `log_dir`;
            or a dictionary from layers' names to such files.

    Raises:
        ValueError: for a wrong frequency, or names of layers that there are not.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> board = keras.callbacks.TensorBoard("logs", histogram_freq=1)
        >>> _ = model.fit(np.ones((4, 1)), np.ones(4), verbose=0, callbacks=[board])
        >>> import os; os.listdir("logs")
        ['train']
    """

    initial_state = {"_global_train_batch": 0}

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | tuple[int, int] | str = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | dict[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.profile_batch = profile_batch
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._global_train_batch = 0
        self._files: dict[str, event_files.EventFile] = {}
        self._marks: dict[str, tuple[int, float]] = {}
        self._check()

    def _check(self) -> None:
        for name in ("histogram_freq", "embeddings_freq", "update_freq"):
            value = getattr(self, name)
            least = 1 if name == "update_freq" else 0
            wrong = not isinstance(value, int) or value < least
            if wrong and not (name == "update_freq" and value == "epoch"):
                more = ', "epoch", "batch"' if name == "update_freq" else ""
                raise ValueError(
                    f"`{name}` of `TensorBoard` must be a whole number >= {least}"
                    f"{more}. Received: {name}={value!r}"
                )
        if self.profile_batch not in (0, None, ""):
            warnings.warn(
                f"`TensorBoard` takes no profile (profile_batch={self.profile_batch!r})"
                ": put `with jax.profiler.trace(log_dir):` around `fit`; the page "
                "`Profile` of TensorBoard shows it.",
                stacklevel=3,
            )

    def uses(self, hook: str) -> bool:
        """Say whether the hook does anything: batches count only for a number."""
        if hook == "on_train_batch_end":
            return self.update_freq != "epoch"
        return super().uses(hook)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Write the graph; count batches anew."""
        self._global_train_batch = 0
        self._marks = {}
        if self.write_graph:
            self._write_graph()
        if self.embeddings_freq:
            self._write_projections()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Take the time, if speed is wanted."""
        if self.write_steps_per_second and not self._marks:
            mark = self._iterations(), time.perf_counter()
            self._marks = {"epoch": mark, "batch": (0, mark[1])}

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Write the running metrics of a batch whose turn it is."""
        self._global_train_batch += 1
        step = self._global_train_batch
        if self.update_freq != "epoch" and step % int(self.update_freq) == 0:
            values = {**self._speed("batch", step), **(logs or {})}
            self._write("train", step, _scalars("batch_{}", values))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write what is due for the epoch."""
        logs = logs or {}
        train = {k: v for k, v in logs.items() if not k.startswith("val_")}
        for suffix, optimizer in self._optimizers():
            train[f"learning_rate{suffix}"] = learning_rate(optimizer)
        if self.write_steps_per_second:
            train |= self._speed("epoch", self._iterations())
        values = _scalars("epoch_{}", train)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            values += self._pictures()
        self._write("train", epoch, values)
        tested = {k[4:]: v for k, v in logs.items() if k.startswith("val_")}
        self._write("validation", epoch, _scalars("epoch_{}", tested))
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            for layer in self._embeddings():
                table = np.asarray(layer.embeddings)
                np.savetxt(self._table(layer), table, "%.6g", "\t")

    def on_test_end(self, logs: Logs = None) -> None:
        """Write the metrics of an evaluation over the number of updates."""
        values = _scalars("evaluation_{}_vs_iterations", logs or {})
        self._write("validation", self._iterations(), values)

    def on_train_end(self, logs: Logs = None) -> None:
        """Leave the files: another training has its own."""
        self._files.clear()

    def _optimizers(self) -> list[tuple[str, Any]]:
        """Those of the model; none where its own `train_step` needs none."""
        there = getattr(self.model, "optimizer", None) is not None
        return optimizers_of(self.model) if there else []

    def _iterations(self) -> int:
        optimizers = self._optimizers()
        return int(np.asarray(optimizers[0][1].iterations)) if optimizers else 0

    def _speed(self, unit: str, steps: int) -> dict[str, float]:
        """Return the steps per second since the last time."""
        if unit not in self._marks:
            return {}
        (earlier, begin), now = self._marks[unit], time.perf_counter()
        self._marks[unit] = steps, now
        return {"steps_per_second": (steps - earlier) / max(now - begin, 1e-9)}

    def _write(self, run: str, step: int, values: list[bytes]) -> None:
        if values:
            if run not in self._files:
                folder = os.path.join(self.log_dir, run)
                self._files[run] = event_files.EventFile(folder)
            self._files[run].write(step, values)

    def _write_graph(self) -> None:
        try:
            content = self.model.to_json()
        except (NotImplementedError, TypeError, ValueError) as error:
            warnings.warn(
                f"`TensorBoard` cannot write the graph of `{self.model.name}`; "
                f"`write_graph=False` asks for none. {error}",
                stacklevel=3,
            )
            return
        value = event_files.text("keras", content, "graph_keras_model", b"1")
        self._write("train", 0, [value])

    def _pictures(self) -> list[bytes]:
        values = []
        for variable in self.model.weights:
            array = np.asarray(variable.numpy(), "float64")
            values.append(event_files.histogram(f"{variable.path}/histogram", array))
            if self.write_images and array.size:
                values.append(event_files.image(f"{variable.path}/image", array))
        return values

    def _embeddings(self) -> list[Any]:
        layers = self.model._flatten_layers()
        return [layer for layer in layers if isinstance(layer, Embedding)]

    def _table(self, layer: Any) -> str:
        return os.path.join(self.log_dir, f"{layer.name}.tsv")

    def _write_projections(self) -> None:
        """Say where the tables are, and the names of their rows."""
        names = [layer.name for layer in self._embeddings()]
        given: Any = self.embeddings_metadata
        if not isinstance(given, Mapping):
            given = {} if given is None else dict.fromkeys(names, given)
        for name in given:
            if name not in names:
                raise ValueError(
                    "`embeddings_metadata` of `TensorBoard` names the layer "
                    f"`{name}`, which is no `Embedding` of the model: it has {names}."
                    + did_you_mean(name, names)
                )
        lines = []
        for name in names:
            about = f'  tensor_name: "{name}"\n  tensor_path: "{name}.tsv"\n'
            if name in given:
                about += f'  metadata_path: "{given[name]}"\n'
            lines.append(f"embeddings {{\n{about}}}\n")
        os.makedirs(self.log_dir, exist_ok=True)
        path = os.path.join(self.log_dir, "projector_config.pbtxt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(lines)


def _scalars(tag: str, values: Mapping[str, Any]) -> list[bytes]:
    """Encode numbers; of a metric with several, each has its place in its name."""
    found = []
    for name, value in values.items():
        array = np.asarray(value, "float64")
        for place, number in np.ndenumerate(array):
            full = "_".join([name, *map(str, place)])
            found.append(event_files.scalar(tag.format(full), float(number)))
    return found
