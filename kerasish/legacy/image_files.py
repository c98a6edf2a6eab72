"""Batches of pictures, from arrays, folders and tables, that a generator transforms."""

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config
from ..data import PyDataset
from ..names import did_you_mean
from ..ops.resizing import one_of
from ..utils.directories import class_folders, files_below
from ..utils.image import array_to_img, img_to_array, load_img

__all__ = ["DataFrameIterator", "DirectoryIterator", "Iterator", "NumpyArrayIterator"]

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
OF_CLASSES = ("categorical", "binary", "sparse")
MODES = (*OF_CLASSES, "input", None)


class Iterator(PyDataset):
    """Base of what `ImageDataGenerator.flow` and its kin return.

    It is a data set of batches for `fit`, and an iterator without an end. With a seed,
    each batch is drawn by a generator of its own: seed + the number of the batch.

    Args:
        n: samples there are.
        batch_size: samples of a batch.
        shuffle: whether each epoch has an order of its own.
        seed: of orders and transformations; None: NumPy's generator.
        kwargs: `workers` and the like, see `PyDataset`.
    """

    def __init__(
        self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self._epochs = self.batch_index = 0
        self.index_array = self._order()

    def _order(self) -> np.ndarray:
        numbers = np.arange(self.n)
        return self._draw(0).permutation(numbers) if self.shuffle else numbers

    def _draw(self, index: int) -> Any:
        """Return the generator of a batch of this epoch."""
        if self.seed is None:
            return np.random
        return np.random.RandomState(self.seed + self._epochs * len(self) + index)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise ValueError(
                f"There are {len(self)} batches, but {index} is asked for."
            )
        rows = self.index_array[index * self.batch_size : (index + 1) * self.batch_size]
        draw = self._draw(index)
        if index == 0 and self.shuffle and self.seed is not None:
            draw.permutation(self.n)  # the order, which that generator drew before
        return self._batch(rows, draw)

    def _batch(self, rows: np.ndarray, draw: Any) -> Any:
        raise NotImplementedError(f"`{type(self).__name__}` must define `_batch`.")

    def __iter__(self) -> "Iterator":
        return self

    def __next__(self) -> Any:
        if self.batch_index >= len(self):
            self.on_epoch_end()
            self.batch_index = 0
        self.batch_index += 1
        return self[self.batch_index - 1]

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self._epochs += 1
        self.index_array = self._order()

    def reset(self) -> None:
        """Begin with the first batch again."""
        self.batch_index = 0


class _Pictures(Iterator):
    """What arrays and files have in common: transforming and saving pictures."""

    generator: Any
    saved: tuple[str | None, str, str]  # folder, prefix and format

    def _transformed(self, x: np.ndarray, draw: Any) -> np.ndarray:
        if self.generator is None:
            return x
        changes = self.generator._changes(x.shape, draw)
        return self.generator.standardize(self.generator.apply_transform(x, changes))

    def _save(self, x: np.ndarray, rows: np.ndarray, draw: Any) -> None:
        folder, prefix, ending = self.saved
        if folder:
            for picture, row in zip(x, rows):
                name = f"{prefix}_{row}_{draw.randint(10_000)}.{ending}"
                image = array_to_img(picture, self.generator.data_format)
                image.save(os.path.join(folder, name))


def _parted(generator: Any, rows: int, subset: str | None) -> slice:
    """Return which of some rows belong to a subset; the first are for validation."""
    one_of("subset", subset, ("training", "validation", None))  # type: ignore[arg-type]
    if subset is None:
        return slice(None)
    share = 0.0 if generator is None else generator.validation_split
    if not share:
        raise ValueError(
            f"`subset={subset!r}` needs `ImageDataGenerator(validation_split=...)`."
        )
    at = int(share * rows)
    return slice(at, None) if subset == "training" else slice(None, at)


class NumpyArrayIterator(_Pictures):
    """Batches of the pictures in an array: see `ImageDataGenerator.flow`.

    Args:
        x: pictures, 4 axes; or a tuple of them and further arrays that go along.
        y: targets, or None.
        image_data_generator: transforms the pictures.
        batch_size: pictures of a batch.
        shuffle: whether each epoch has an order of its own.
        sample_weight: weights of the samples, or None.
        seed: of orders and transformations.
        data_format: for Keras's sake; that of the generator counts.
        save_to_dir, save_prefix, save_format: where pictures are saved, see `flow`.
        subset: `"training"` or `"validation"`.
        ignore_class_split: whether both subsets may have different classes.
        dtype: dtype of the pictures; default: that of the generator.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: str | None = None,
    ) -> None:
        self.generator = image_data_generator
        self.saved = save_to_dir, save_prefix, save_format
        self.dtype = dtype or self.generator.dtype
        x, *more = x if isinstance(x, (list, tuple)) else (x,)
        more = more[0] if more and isinstance(more[0], list) else more
        x = np.asarray(x)
        if x.ndim != 4:
            raise ValueError(
                f"`x` must be pictures with 4 axes in all, got shape {x.shape}."
            )
        self._check_channels(x)
        arrays = [x, *map(np.asarray, more)]
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            arrays.append(None if value is None else np.asarray(value))
            if value is not None and len(value) != len(x):
                raise ValueError(
                    f"`x` has {len(x)} pictures, but `{name}` {len(value)} entries."
                )
        part = _parted(self.generator, len(x), subset)
        if subset is not None and arrays[-2] is not None and not ignore_class_split:
            _check_classes(arrays[-2], part)
        chosen = [None if a is None else a[part] for a in arrays]
        self.x: Any = chosen[0]
        self.x_misc: list[Any] = chosen[1:-2]
        self.y, self.sample_weight = chosen[-2:]
        super().__init__(len(x[part]), batch_size, shuffle, seed)

    def _check_channels(self, x: np.ndarray) -> None:
        axis = self.generator.channel_axis
        if x.shape[axis] not in (1, 3, 4):
            warnings.warn(
                f"Pictures of the shape {x.shape[1:]} and of the format "
                f"{self.generator.data_format!r} have {x.shape[axis]} channels; usual "
                "are 1, 3 or 4.",
                stacklevel=4,
            )

    def _batch(self, rows: np.ndarray, draw: Any) -> Any:
        x = np.stack(
            [self._transformed(self.x[r].astype(self.dtype), draw) for r in rows]
        )
        self._save(x, rows, draw)
        inputs: Any = [x, *(a[rows] for a in self.x_misc)] if self.x_misc else x
        if self.y is None:
            return (inputs,) if self.x_misc else inputs
        if self.sample_weight is None:
            return inputs, self.y[rows]
        return inputs, self.y[rows], self.sample_weight[rows]


def _check_classes(y: np.ndarray, part: slice) -> None:
    inside = np.zeros(len(y), bool)
    inside[part] = True
    if not np.array_equal(np.unique(y[inside]), np.unique(y[~inside])):
        raise ValueError(
            "Training and validation subsets have different number of classes after "
            "the split: shuffle `x` and `y` if they are sorted by `y`, or give "
            "`ignore_class_split=True`."
        )


class _Files(_Pictures):
    """Batches of picture files with the labels that a subclass finds."""

    filenames: list[str]
    filepaths: list[str]
    labels: Any
    class_indices: dict[str, int]
    weights: np.ndarray | None = None

    def _prepare(self, generator: Any, wanted: dict[str, Any], known: Any) -> None:
        """Take over the arguments that folders and tables have in common."""
        self.generator, self.class_mode = generator, wanted["class_mode"]
        one_of("class_mode", self.class_mode, known)
        self.saved = tuple(wanted[f"save_{k}"] for k in ("to_dir", "prefix", "format"))
        self.dtype = wanted["dtype"] or generator.dtype
        rows, columns = self.target_size = tuple(wanted["target_size"])
        names = ("color_mode", "target_size", "interpolation", "keep_aspect_ratio")
        self._loading = {name: wanted[name] for name in names}
        self.color_mode = wanted["color_mode"]
        one_of("color_mode", self.color_mode, ("rgb", "rgba", "grayscale"))
        channels = {"rgb": 3, "rgba": 4, "grayscale": 1}[self.color_mode]
        last = generator.data_format == "channels_last"
        self.image_shape = (
            (rows, columns, channels) if last else (channels, rows, columns)
        )

    def _begin(self, wanted: dict[str, Any]) -> None:
        names = ("batch_size", "shuffle", "seed")
        super().__init__(len(self.filepaths), *(wanted[name] for name in names))
        self.samples = self.n

    def _batch(self, rows: np.ndarray, draw: Any) -> Any:
        layout, pictures = self.generator.data_format, []
        for row in rows:
            image = load_img(self.filepaths[row], **self._loading)
            x = img_to_array(image, layout, self.dtype)
            pictures.append(self._transformed(x, draw))
        x = np.stack(pictures)
        self._save(x, rows, draw)
        targets = self._targets(rows, x)
        if targets is None:
            return x
        if self.weights is None:
            return x, targets
        return x, targets, self.weights[rows]

    def _targets(self, rows: np.ndarray, x: np.ndarray) -> Any:
        mode = self.class_mode
        if mode is None:
            return None
        if mode == "input":
            return x.copy()
        if mode == "multi_output":
            return [column[rows] for column in self.labels]
        if mode in ("binary", "sparse"):
            return np.asarray([self.labels[row] for row in rows], config.floatx())
        if mode == "raw":
            return self.labels[rows]
        y = np.zeros((len(rows), len(self.class_indices)), config.floatx())
        for k, row in enumerate(rows):
            y[k, self.labels[row]] = 1
        return y


class DirectoryIterator(_Files):
    """Batches of the pictures in a folder: see `flow_from_directory`.

    Args:
        directory: path of the folder.
        image_data_generator: transforms the pictures.
        target_size: rows and columns that all are resized to.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`.
        classes: names of the subfolders, in the order of their numbers.
        class_mode: what the targets are.
        batch_size: pictures of a batch.
        shuffle: whether each epoch has an order of its own.
        seed: of orders and transformations.
        data_format: for Keras's sake; that of the generator counts.
        save_to_dir, save_prefix, save_format: where pictures are saved.
        follow_links: whether to go into links.
        subset: `"training"` or `"validation"`.
        interpolation: how pictures are resized, see `load_img`.
        keep_aspect_ratio: cut them to the new proportions before.
        dtype: dtype of the pictures; default: that of the generator.
    """

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: str | None = None,
    ) -> None:
        wanted = dict(locals())
        self._prepare(image_data_generator, wanted, MODES)
        self.directory = os.fspath(directory)
        names = list(classes or class_folders(self.directory, None))
        if gone := [n for n in names if not os.path.isdir(self._folder(n))]:
            raise ValueError(f"`classes` names no subfolders of `{directory}`: {gone}.")
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.num_classes = len(names)
        self.filepaths, numbers = [], []
        for number, name in enumerate(names):
            paths = files_below(self._folder(name), ENDINGS, follow_links)
            paths = paths[_parted(self.generator, len(paths), subset)]
            self.filepaths += paths
            numbers += [number] * len(paths)
        self.filenames = [os.path.relpath(p, self.directory) for p in self.filepaths]
        self.labels = self.classes = np.array(numbers, "int32")
        print(f"Found {len(self.filepaths)} images belonging to {len(names)} classes.")
        if not self.filepaths:
            raise ValueError(
                f"There are no pictures (`{'`, `'.join(ENDINGS)}`) in the subfolders "
                f"{names} of `{directory}`. For pictures of no class that lie in it "
                "itself: `classes=['.'], class_mode=None`."
            )
        self._begin(wanted)

    def _folder(self, name: str) -> str:
        return os.path.join(self.directory, name)


class DataFrameIterator(_Files):
    """Batches of the pictures named in a table: see `flow_from_dataframe`.

    Args:
        image_data_generator: transforms the pictures.
        wanted: the arguments of that method.
    """

    def __init__(self, image_data_generator: Any, wanted: dict[str, Any]) -> None:
        dataframe, directory = wanted["dataframe"], wanted["directory"]
        x_col, y_col, weight_col = (wanted[f"{c}_col"] for c in ("x", "y", "weight"))
        checked = wanted["validate_filenames"]
        self._prepare(image_data_generator, wanted, (*MODES, "raw", "multi_output"))
        targets = list(y_col) if isinstance(y_col, (list, tuple)) else [y_col]
        if self.class_mode in (None, "input"):
            targets = []
        _check_columns(list(dataframe.columns), [x_col, *targets, weight_col])
        names = [str(name) for name in dataframe[x_col]]
        paths = [os.path.join(os.fspath(directory or ""), name) for name in names]
        kept = _there(paths, x_col) if checked else np.arange(len(paths))
        columns = [np.asarray(dataframe[name]) for name in targets]
        if self.class_mode in OF_CLASSES:
            kept = self._number(columns[0], kept, wanted["classes"], targets[0])
        kept = kept[_parted(self.generator, len(kept), wanted["subset"])]
        self._set_labels(columns, kept, isinstance(y_col, str))
        self.filenames = [names[row] for row in kept]
        self.filepaths = [paths[row] for row in kept]
        if weight_col is not None:
            self.weights = np.asarray(dataframe[weight_col])[kept]
        kind = "validated" if checked else "non-validated"
        classes = ""
        if self.class_mode in OF_CLASSES:
            classes = f" belonging to {self.num_classes} classes"
        print(f"Found {len(kept)} {kind} image filenames{classes}.")
        if not len(kept):
            raise ValueError(
                "No row of the table names a picture that is there; the first is "
                f"`{next(iter(paths), None)}`: check `directory` and `x_col`."
            )
        self._begin(wanted)

    def _number(
        self, found: np.ndarray, kept: np.ndarray, classes: Any, column: str
    ) -> np.ndarray:
        """Number the classes; return the rows that have some."""
        kinds = (str, list, tuple) if self.class_mode == "categorical" else (str,)
        if strange := [value for value in found if not isinstance(value, kinds)]:
            raise TypeError(
                f"`class_mode={self.class_mode!r}` needs names of classes in the "
                f"column {column!r}, but it holds {strange[0]!r}: `.astype(str)` makes "
                "them of numbers; `class_mode='raw'` takes numbers as they are."
            )
        lists = [[v] if isinstance(v, str) else list(v) for v in found]
        names = list(classes or sorted({n for row in kept for n in lists[row]}))
        if self.class_mode == "binary" and len(names) != 2:
            raise ValueError(
                f"`class_mode='binary'` needs 2 classes, but there are {len(names)}: "
                f"{names[:5]}."
            )
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.num_classes = len(names)
        known = self.class_indices
        self._numbers = [[known[n] for n in v if n in known] for v in lists]
        return np.array([row for row in kept if self._numbers[row]], int)

    def _set_labels(self, columns: Any, kept: np.ndarray, one: bool) -> None:
        """Take the labels, numbered or as they are, of the rows that are kept."""
        if self.class_mode in OF_CLASSES:
            plain = all(isinstance(value, str) for value in columns[0])
            rows = [self._numbers[row] for row in kept]
            self.labels = self.classes = [r[0] for r in rows] if plain else rows
        elif columns:
            values = [column[kept] for column in columns]
            if self.class_mode == "raw":
                self.labels = values[0] if one else np.stack(values, -1)
            else:
                self.labels = values


def _check_columns(columns: list[str], needed: list[str | None]) -> None:
    for name in needed:
        if name is not None and name not in columns:
            raise KeyError(
                f"The table has no column {name!r}, only {columns}."
                + did_you_mean(str(name), columns)
            )


def _there(paths: list[str], column: str) -> np.ndarray:
    """Return the numbers of the paths that lead to pictures; warn of the others."""
    good = [path.lower().endswith(ENDINGS) and os.path.isfile(path) for path in paths]
    if not all(good):
        warnings.warn(
            f"The column {column!r} has {good.count(False)} names that are no pictures "
            f"which are there, the first is `{paths[good.index(False)]}`: these rows "
            "are left out.",
            stacklevel=5,
        )
    return np.flatnonzero(good)
