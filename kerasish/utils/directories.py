"""Data sets of the files in a folder: pictures, texts, sounds; a subfolder a class."""

import math
import os
import wave
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data import Dataset, from_rows
from ..ops.convolution import standardize_data_format
from ..ops.resizing import check_resizing, one_of
from .image import MODES, img_to_array, load_img, pillow, resized
from .numerical import to_categorical
from .timeseries import FORMATS

__all__ = [
    "audio_dataset_from_directory",
    "image_dataset_from_directory",
    "text_dataset_from_directory",
]

IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
TEXTS = (".txt",)
SOUNDS = (".wav",)
MODES_OF_LABELS = ("int", "categorical", "binary", None)
THREADS = 8  # at most, of those that read files


class Index(NamedTuple):
    """The files of a folder, their labels, and the names that labels stand for."""

    paths: list[str]
    labels: Sequence[Any] | None
    names: list[str] | None


class Request(NamedTuple):
    """What the three functions are asked for in the same words."""

    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool


# --- files and labels -----------------------------------------------------------------


def files_below(folder: str, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    """Return the paths of the files with those endings, in the order of their names."""
    return [
        os.path.join(root, name)
        for root, _, names in sorted(os.walk(folder, followlinks=follow_links))
        for name in sorted(names)
        if name.lower().endswith(endings)
    ]


def class_folders(folder: str, class_names: Sequence[str] | None) -> list[str]:
    """Return the names of the subfolders, or of those that are asked for.

    Raises:
        ValueError: a class has no subfolder.
    """
    found = sorted(
        name
        for name in os.listdir(folder)
        if not name.startswith(".") and os.path.isdir(os.path.join(folder, name))
    )
    if class_names is None:
        return found
    if strange := [name for name in class_names if name not in found]:
        raise ValueError(
            f"`class_names` must be subfolders of `{folder}`, which has {found}, but "
            f"holds {strange}, too."
        )
    if len(set(class_names)) < len(class_names):
        raise ValueError(f"`class_names` names a class twice: {list(class_names)}.")
    return list(class_names)


def _index(request: Request, endings: tuple[str, ...], what: str) -> Index:
    """Return all files of the folder, in the order of their names."""
    folder, labels = os.fspath(request.directory), request.labels
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"`directory` is no folder that exists: `{folder}`.")
    links = request.follow_links
    if isinstance(labels, str) and labels == "inferred":
        names = class_folders(folder, request.class_names)
        found = [files_below(os.path.join(folder, n), endings, links) for n in names]
        paths = [path for files in found for path in files]
        numbers = [k for k, files in enumerate(found) for _ in files]
        index = Index(paths, numbers, names)
        classes = f" belonging to {len(names)} classes"
    else:
        index = _listed(request, files_below(folder, endings, links))
        classes = f" belonging to {len(index.names)} classes" if index.names else ""
    if request.verbose:
        print(f"Found {len(index.paths)} files{classes}.")
    if not index.paths:
        hint = ""
        if index.names is not None and files_below(folder, endings, links):
            hint = (
                " The files must lie in one subfolder for each class; or `labels=None`."
            )
        raise ValueError(
            f"No {what} found in directory {folder}. Allowed formats: {endings}.{hint}"
        )
    return index


def _listed(request: Request, paths: list[str]) -> Index:
    """Return files with labels that the user has listed, or without labels."""
    labels, folder = request.labels, request.directory
    if request.class_names is not None:
        raise ValueError(
            '`class_names` are names of subfolders, for `labels="inferred"` only; got '
            f"labels={labels!r}."
        )
    if labels is None:
        return Index(paths, None, None)
    if isinstance(labels, str) or np.ndim(labels) != 1:
        raise ValueError(
            '`labels` must be "inferred" (by the subfolders), None, or a list with an '
            f"integer for each file in the order of their paths, got {labels!r}."
        )
    if len(labels) != len(paths):
        raise ValueError(
            "Expected the lengths of `labels` to match the number of files in the "
            f"target directory. len(labels) is {len(labels)} while we found "
            f"{len(paths)} files in directory {folder}."
        )
    numbers = np.asarray(labels)
    if numbers.dtype.kind not in "iub":
        raise ValueError(
            f"`labels` must be integers, but are of dtype {numbers.dtype}: number the "
            "classes by `names, labels = np.unique(labels, return_inverse=True)`."
        )
    return Index(paths, numbers.tolist(), [str(n) for n in np.unique(numbers)])


def _encoded(index: Index, mode: str | None) -> np.ndarray | None:
    """Return the targets, one for each file."""
    if index.labels is None or index.names is None or mode is None:
        return None
    numbers = np.asarray(index.labels, "int32")
    if mode == "int":
        return numbers
    count = len(index.names)
    if mode == "binary" and count != 2:
        raise ValueError(
            '`label_mode="binary"` needs exactly 2 classes, but there are '
            f"{count}: {index.names}. Take `class_names=` of two of them, or "
            '`label_mode="int"`.'
        )
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
        raise ValueError(
            f"`labels` must be numbers from 0 to {count - 1} for "
            f"`label_mode={mode!r}`, got {np.unique(numbers)[:5].tolist()}."
        )
    if mode == "binary":
        return numbers[:, None].astype("float32")
    return to_categorical(numbers, count).astype("float32")


# --- parts ----------------------------------------------------------------------------


def _check(request: Request) -> None:
    one_of("label_mode", request.label_mode, MODES_OF_LABELS)  # type: ignore[arg-type]
    split, subset = request.validation_split, request.subset
    if split is not None and not 0 < split < 1:
        raise ValueError(f"`validation_split` must be between 0 and 1, got {split!r}.")
    if (split is None) != (subset is None):
        raise ValueError(
            "If `subset` is set, `validation_split` must be set, and inversely; got "
            f"subset={subset!r} and validation_split={split!r}."
        )
    if subset is None:
        return
    one_of("subset", subset, ("training", "validation", "both"))
    if request.shuffle and request.seed is None:
        raise ValueError(
            "If using `validation_split` and shuffling the data, you must provide a "
            "`seed`, to make sure that there is no overlap between the training and "
            "the validation subset."
        )


def dataset(
    request: Request,
    endings: tuple[str, ...],
    what: str,
    read: Callable[[str], Any],
    joined: Callable[[list[Any]], np.ndarray],
) -> Any:
    """Return the data set of a folder, or two of them for `subset="both"`.

    Args:
        request: what the user wants.
        endings: of the files that count.
        what: how errors call them.
        read: makes a sample of the path of a file.
        joined: makes a batch of samples.
    """
    _check(request)
    index = _index(request, endings, what)
    targets = _encoded(index, request.label_mode)
    order = np.arange(len(index.paths))
    seed = request.seed
    if request.shuffle:
        seed = int(np.random.randint(10**6)) if seed is None else seed
        np.random.RandomState(seed).shuffle(order)

    def part(rows: np.ndarray, shuffle: bool) -> Dataset:
        paths = [index.paths[row] for row in rows]
        y = None if targets is None else targets[rows]

        def batch(numbers: np.ndarray) -> Any:
            x = joined([read(paths[number]) for number in numbers])
            return x if y is None else (x, y[numbers])

        about = {"class_names": index.names, "file_paths": paths}
        size, threads = request.batch_size, min(os.cpu_count() or 1, THREADS)
        return from_rows(batch, len(paths), size, shuffle, seed, threads, **about)

    if request.subset is None:
        return part(order, request.shuffle)
    parts = _parts(request, order)
    if request.verbose:
        for name, rows in parts.items():
            print(f"Using {len(rows)} files for {name}.")
    made = [
        part(rows, request.shuffle and n == "training") for n, rows in parts.items()
    ]
    return made if request.subset == "both" else made[0]


def _parts(request: Request, order: np.ndarray) -> dict[str, np.ndarray]:
    """Return which files belong to the subsets that are asked for."""
    assert request.validation_split is not None
    at = len(order) - int(request.validation_split * len(order))
    parts = {"training": order[:at], "validation": order[at:]}
    if empty := [name for name, rows in parts.items() if not len(rows)]:
        raise ValueError(
            f"`validation_split={request.validation_split}` of {len(order)} files "
            f"leaves none for {empty[0]}."
        )
    if request.subset == "both":
        return parts
    return {str(request.subset): parts[str(request.subset)]}


# --- the three kinds ------------------------------------------------------------------


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Make a data set of the pictures in a folder.

    With `labels="inferred"` each subfolder is a class, numbered in the order of their
    names. Files are read by threads when their batch is due.

    Args:
        directory: path of the folder.
        labels: `"inferred"`; or a list with an integer for each file, in the order of
            their paths; or None for no labels.
        label_mode: `"int"` for int32 of shape (batch,), `"categorical"` for one-hot
            rows of float32, `"binary"` for 0 and 1 of float32 and shape (batch, 1), or
            None for no labels.
        class_names: the subfolders that count, in the order of their numbers.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`, for 3, 4 or 1 channels.
        batch_size: pictures of a batch; None: single pictures.
        image_size: rows and columns that all are resized to.
        shuffle: whether each pass has an order of its own; otherwise that of the paths.
        seed: of shuffling and of the choice for validation.
        validation_split: share of the files that is kept for validation, the last ones
            of the (shuffled) paths.
        subset: `"training"`, `"validation"` or `"both"` with `validation_split`. The
            order of the validation data is the same in each pass.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`; see `ops.image.resize`.
        follow_links: whether to go into subfolders that are symbolic links.
        crop_to_aspect_ratio: keep the proportions by cutting off what is too much.
        pad_to_aspect_ratio: keep the proportions by adding black cells.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        format: `"tf"` or `"grain"`, for Keras's sake: the data set is ours.
        verbose: print how many files there are.

    Returns:
        A `kerasish.data.Dataset` of pairs `(pictures, labels)`, or of pictures alone,
        floats from 0 to 255 of shape (batch, rows, columns, channels); two of them for
        `subset="both"`. It has the attributes `class_names` and `file_paths`.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: an argument is not as described, or there are no pictures.
        OSError: when the batch is due, for a file that cannot be read.

    Example:
        >>> import os
        >>> for name in ("cat", "dog"):
        ...     os.makedirs(f"pets/{name}")
        ...     keras.utils.save_img(f"pets/{name}/1.png", np.ones((5, 4, 3)))
        >>> pets = keras.utils.image_dataset_from_directory("pets", image_size=(2, 2))
        Found 2 files belonging to 2 classes.
        >>> pets.class_names, len(pets), next(iter(pets))[0].shape
        (['cat', 'dog'], 1, (2, 2, 2, 3))
    """
    pillow()
    one_of("format", format, FORMATS)
    one_of("color_mode", color_mode, list(MODES))
    check_resizing(image_size, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio)
    layout = standardize_data_format(data_format)
    fit = (crop_to_aspect_ratio, pad_to_aspect_ratio)

    def read(path: str) -> np.ndarray:
        x = img_to_array(load_img(path, color_mode), layout)
        return resized(x, image_size, interpolation, layout, *fit)

    request = Request(
        *(directory, labels, label_mode, class_names, batch_size, shuffle, seed),
        *(validation_split, subset, follow_links, verbose),
    )
    return dataset(request, IMAGES, "images", read, np.stack)


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Make a data set of the texts in a folder: files that end in `.txt`, in UTF-8.

    Args:
        directory: path of the folder.
        labels: as in `image_dataset_from_directory`, like all that is not named here.
        label_mode: how labels are given.
        class_names: the subfolders that count.
        batch_size: texts of a batch; None: single texts.
        max_length: characters of a text that are kept; default: all.
        shuffle: whether each pass has an order of its own.
        seed: of shuffling.
        validation_split: share of the files for validation.
        subset: `"training"`, `"validation"` or `"both"`.
        follow_links: whether to go into links.
        format: for Keras's sake.
        verbose: print how many files there are.

    Returns:
        A `kerasish.data.Dataset` of pairs `(texts, labels)`, or of texts alone, arrays
        of strings of shape (batch,); two of them for `subset="both"`.

    Raises:
        ValueError: an argument is not as described, there are no texts, or one is not
            in UTF-8.

    Example:
        >>> import os
        >>> os.makedirs("reviews/good")
        >>> with open("reviews/good/1.txt", "w") as file:
        ...     _ = file.write("Such fun!")
        >>> texts = keras.utils.text_dataset_from_directory("reviews", verbose=False)
        >>> next(iter(texts))[0].tolist()
        ['Such fun!']
    """
    one_of("format", format, FORMATS)
    if max_length is not None and (not isinstance(max_length, int) or max_length < 0):
        raise ValueError(
            f"`max_length` must be an integer or None, got {max_length!r}."
        )

    def read(path: str) -> str:
        with open(path, "rb") as file:
            content = file.read()
        try:
            return content.decode()[:max_length]
        except UnicodeDecodeError as error:
            raise ValueError(
                f"The file `{path}` is not in UTF-8: byte {error.start} is "
                f"{content[error.start]:#x}. Write it anew in that encoding."
            ) from error

    request = Request(
        *(directory, labels, label_mode, class_names, batch_size, shuffle, seed),
        *(validation_split, subset, follow_links, verbose),
    )
    return dataset(request, TEXTS, "text files", read, lambda x: np.array(x, object))


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Make a data set of the sounds in a folder: WAV files with 8, 16, 24 or 32 bits.

    Args:
        directory: path of the folder.
        labels: as in `image_dataset_from_directory`, like all that is not named here.
        label_mode: how labels are given.
        class_names: the subfolders that count.
        batch_size: sounds of a batch; None: single sounds.
        sampling_rate: samples per second that all sounds are brought to; default: they
            stay as they are.
        output_sequence_length: samples that longer sounds are cut to and shorter ones
            filled up to with zeros; default: the longest of the batch.
        ragged: only False: there are no ragged tensors.
        shuffle: whether each pass has an order of its own.
        seed: of shuffling.
        validation_split: share of the files for validation.
        subset: `"training"`, `"validation"` or `"both"`.
        follow_links: whether to go into links.
        verbose: print how many files there are.

    Returns:
        A `kerasish.data.Dataset` of pairs `(sounds, labels)`, or of sounds alone,
        float32 from -1 to 1 of shape (batch, samples, channels); two of them for
        `subset="both"`.

    Raises:
        ValueError: an argument is not as described, there are no sounds, one cannot be
            read, or those of a batch differ in their channels.

    Example:
        >>> import os, wave
        >>> os.makedirs("sounds/up")
        >>> with wave.open("sounds/up/1.wav", "wb") as file:
        ...     file.setparams((1, 2, 8000, 0, "NONE", ""))
        ...     file.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
        >>> sounds = keras.utils.audio_dataset_from_directory("sounds", verbose=False)
        >>> next(iter(sounds))[0].tolist()
        [[[0.0], [0.5], [-1.0]]]
    """
    if ragged:
        raise ValueError(
            "`ragged=True` needs ragged tensors, of which there are none: batches are "
            "filled up with zeros, or give `output_sequence_length`."
        )
    for name, value in (
        ("sampling_rate", sampling_rate),
        ("output_sequence_length", output_sequence_length),
    ):
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ValueError(f"`{name}` must be a positive integer, got {value!r}.")

    def read(path: str) -> np.ndarray:
        sound = _sound(path, sampling_rate)
        length = output_sequence_length or len(sound)
        return _lengthened(sound[:length], length)

    request = Request(
        *(directory, labels, label_mode, class_names, batch_size, shuffle, seed),
        *(validation_split, subset, follow_links, verbose),
    )
    return dataset(request, SOUNDS, "audio files", read, _sounds)


def _lengthened(sound: np.ndarray, length: int) -> np.ndarray:
    return np.pad(sound, ((0, length - len(sound)), (0, 0)))


def _sounds(sounds: list[np.ndarray]) -> np.ndarray:
    """Return a batch; short sounds end with zeros."""
    channels = {sound.shape[1] for sound in sounds}
    if len(channels) > 1:
        raise ValueError(
            f"The sounds of a batch must have the same number of channels, got "
            f"{sorted(channels)}: keep them in folders of their own, or mix them down."
        )
    longest = max(map(len, sounds))
    return np.stack([_lengthened(sound, longest) for sound in sounds])


def _sound(path: str, rate: int | None) -> np.ndarray:
    """Return the samples of a WAV file as float32, (samples, channels)."""
    try:
        with wave.open(path, "rb") as file:
            width, channels = file.getsampwidth(), file.getnchannels()
            known = file.getframerate()
            content = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(
            f"The file `{path}` cannot be read: {error or 'it is cut off'}. It must be "
            "a WAV file of integers (PCM)."
        ) from error
    content = content[: len(content) // (width * channels) * width * channels]
    if width == 1:
        x = np.frombuffer(content, np.uint8).astype("float32") / 128 - 1
    elif width in (2, 4):
        x = np.frombuffer(content, f"<i{width}").astype("float32") / 2 ** (
            8 * width - 1
        )
    else:  # the upper 3 bytes of 4
        wide = np.zeros((len(content) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        x = wide.view("<i4").astype("float32") / 2**31
    x = x.reshape(-1, channels)
    if rate is None or rate == known:
        return x
    import scipy.signal

    common = math.gcd(rate, known)
    made = scipy.signal.resample_poly(x, rate // common, known // common, axis=0)
    return made.astype("float32")
