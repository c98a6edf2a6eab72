"""Pictures that are turned, moved and recoloured at random, as in Keras 1 and 2.

Today layers do that within the model: `RandomFlip`, `RandomRotation` and their like,
and `image_dataset_from_directory` reads the files.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..ops.convolution import standardize_data_format
from ..ops.resizing import one_of
from ..utils.image import array_to_img, img_to_array, load_img, save_img, smart_resize
from . import prefer
from .image_files import (
    DataFrameIterator,
    DirectoryIterator,
    Iterator,
    NumpyArrayIterator,
)

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "save_img",
    "smart_resize",
]

FILLS = ("nearest", "constant", "reflect", "wrap")
SMALL = 1e-6
OLD = ("has_ext", "sort", "drop_duplicates")  # of `flow_from_dataframe`, without effect


def apply_affine_transform(
    x: np.ndarray,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Turn, move, shear and zoom a picture.

    The cell at the place p, (x, y) from the middle, becomes that at R(theta) (S(shear)
    Z(zx, zy) p + t), with a rotation R, S = ((1, −sin), (0, cos)), a diagonal Z and t =
    (tx, ty).

    Args:
        x: picture, 3 axes.
        theta: degrees.
        tx, ty: cells by which it is moved to the left and up.
        shear: degrees.
        zx, zy: below 1 the picture becomes wider and higher.
        row_axis, col_axis, channel_axis: which axis is what.
        fill_mode: what is beyond the edges: `"nearest"`, `"constant"`, `"reflect"` or
            `"wrap"`.
        cval: what is there for `"constant"`.
        order: of the spline between cells, 0 (nearest cell) to 5.

    Returns:
        Picture of the same shape and dtype.

    Example:
        >>> from kerasish.legacy.image import apply_affine_transform
        >>> x = np.array([[[1.0, 2.0, 3.0]]])
        >>> apply_affine_transform(x, tx=1).tolist()
        [[[2.0, 3.0, 3.0]]]
    """
    import scipy.ndimage

    a, s = math.radians(theta), math.radians(shear)
    turned = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    sheared = np.array([[1, -math.sin(s)], [0, math.cos(s)]])
    matrix = turned @ sheared @ np.diag([zx, zy])
    if np.array_equal(matrix, np.eye(2)) and tx == ty == 0:
        return x
    # SciPy counts rows before columns.
    matrix, moved = matrix[::-1, ::-1], (turned @ (tx, ty))[::-1]
    planes = np.moveaxis(x, (channel_axis, row_axis, col_axis), (0, 1, 2))
    middle = (np.array(planes.shape[1:]) - 1) / 2
    offset = middle + moved - matrix @ middle
    made = [
        scipy.ndimage.affine_transform(
            plane, matrix, offset, order=order, mode=fill_mode, cval=cval
        )
        for plane in planes
    ]
    return np.moveaxis(np.stack(made), (0, 1, 2), (channel_axis, row_axis, col_axis))


def apply_channel_shift(
    x: np.ndarray, intensity: float, channel_axis: int = 0
) -> np.ndarray:
    """Add a number to a picture, within the range of its values.

    Args:
        x: picture.
        intensity: the number.
        channel_axis: for Keras's sake.

    Example:
        >>> from kerasish.legacy.image import apply_channel_shift
        >>> apply_channel_shift(np.array([0.0, 5.0, 9.0]), 3).tolist()
        [3.0, 8.0, 9.0]
    """
    return np.clip(x + intensity, x.min(), x.max())


def apply_brightness_shift(
    x: np.ndarray, brightness: float, scale: bool = True
) -> np.ndarray:
    """Multiply a picture by a number, within the range 0 to 255.

    Args:
        x: picture.
        brightness: the number; 1 changes nothing.
        scale: stretch the values to that range first. Otherwise values beyond it have
            their own range, from the smallest, which stays, to the largest.

    Example:
        >>> from kerasish.legacy.image import apply_brightness_shift
        >>> apply_brightness_shift(np.array([0.0, 100.0, 200.0]), 1.5, False).tolist()
        [0.0, 150.0, 255.0]
    """
    low, high = x.min(), x.max()
    if scale:
        x, low, high = (x - low) / (high - low or 1) * 255, 0, 255
    elif low >= 0 and high <= 255:
        low, high = 0, 255
    return np.clip((x - low) * brightness + low, low, high).astype(x.dtype)


class ImageDataGenerator:
    """Makes batches of pictures that are changed at random, and scaled.

    First each picture is warped, its channels shifted, flipped and brightened; then
    `preprocessing_function` and `rescale` follow, then the centering and scaling.

    Args:
        featurewise_center: subtract the mean of each channel of the data; see `fit`.
        samplewise_center: subtract the mean of each picture.
        featurewise_std_normalization: divide by the deviation of each channel; not
            with `zca_whitening`.
        samplewise_std_normalization: divide by the deviation of each picture.
        zca_whitening: remove correlations of cells; for small pictures only.
        zca_epsilon: added to the variances then.
        rotation_range: turn by up to so many degrees.
        width_shift_range: move sideways, by up to that share of the width if below 1,
            else by that many cells; an integer: by whole cells, less than it; a list:
            by one of these.
        height_shift_range: the same upwards and downwards.
        brightness_range: two numbers; multiply by one between them.
        shear_range: shear by up to so many degrees.
        zoom_range: two numbers that the picture's part that is seen lies between; or z
            for 1 − z to 1 + z.
        channel_shift_range: add up to that.
        fill_mode: what is beyond the edges, see `apply_affine_transform`.
        cval: what is there for `fill_mode="constant"`.
        horizontal_flip: swap left and right at random.
        vertical_flip: swap above and below at random.
        rescale: multiply by it.
        preprocessing_function: called with a picture, returns one of its shape.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        validation_split: share of the samples, the first ones, that
            `subset="validation"` gives.
        interpolation_order: of the spline between cells, 0 to 5.
        dtype: dtype of the pictures; default: `floatx()`.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("ignore", keras.legacy.LegacyWarning)
        >>> Generator = keras.preprocessing.image.ImageDataGenerator
        >>> data = Generator(rescale=1 / 255, horizontal_flip=True)
        >>> x, y = data.flow(np.ones((5, 4, 4, 3)), np.arange(5), batch_size=2)[0]
        >>> x.shape, float(x.max())
        ((2, 4, 4, 3), 0.003921568859368563)
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Any], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: str | None = None,
    ) -> None:
        prefer(
            "`ImageDataGenerator`",
            "`image_dataset_from_directory`, and layers such as `RandomFlip`",
        )
        one_of("fill_mode", fill_mode, FILLS)
        if not 0 <= validation_split < 1:
            raise ValueError(
                "`validation_split` must be at least 0 and below 1, got "
                f"{validation_split!r}."
            )
        self.featurewise_center, self.samplewise_center = (
            featurewise_center or zca_whitening or featurewise_std_normalization,
            samplewise_center or samplewise_std_normalization,
        )
        self.featurewise_std_normalization = (
            featurewise_std_normalization and not zca_whitening
        )
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = _pair("brightness_range", brightness_range)
        if isinstance(zoom_range, (int, float)):
            zoom_range = (1 - zoom_range, 1 + zoom_range)
        self.zoom_range: Any = _pair("zoom_range", zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode, self.cval = fill_mode, cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = standardize_data_format(data_format)
        last = self.data_format == "channels_last"
        self.channel_axis, self.row_axis, self.col_axis = (
            (3, 1, 2) if last else (1, 2, 3)
        )
        self.validation_split = validation_split
        self.interpolation_order = interpolation_order
        self.dtype = dtypes.standardize_dtype(dtype)
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None

    # --- batches ----------------------------------------------------------------------

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Return batches of the pictures in an array, for `fit`; they never end.

        Args:
            x: pictures (samples, rows, columns, channels); or a tuple of them and a
                list of further arrays.
            y: targets, or None.
            batch_size: pictures of a batch.
            shuffle: whether each epoch has an order of its own.
            sample_weight: weights of the samples, or None.
            seed: of orders and transformations; default: NumPy's generator.
            save_to_dir: folder in which pictures are saved as they are made.
            save_prefix: beginning of their names.
            save_format: their format.
            ignore_class_split: whether both subsets may have different classes.
            subset: `"training"` or `"validation"`, see `validation_split`.

        Raises:
            ValueError: the arrays do not fit together.
        """
        return NumpyArrayIterator(
            *(x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format),
            *(save_to_dir, save_prefix, save_format, subset, ignore_class_split),
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Return batches of the pictures in a folder, a subfolder for each class.

        Args:
            directory: path of the folder.
            target_size: rows and columns that all are resized to.
            color_mode: `"rgb"`, `"rgba"` or `"grayscale"`.
            classes: names of the subfolders; default: all, in order.
            class_mode: what the targets are: `"categorical"` one-hot rows, `"binary"`
                and `"sparse"` numbers, `"input"` the pictures, None nothing.
            batch_size, shuffle, seed: as in `flow`.
            save_to_dir, save_prefix, save_format: as in `flow`.
            follow_links: whether to go into subfolders that are links.
            subset: `"training"` or `"validation"`, of each class.
            interpolation: how pictures are resized, see `load_img`.
            keep_aspect_ratio: cut them to the new proportions before.

        Raises:
            ValueError: there are no pictures, or an argument is not as described.
        """
        return DirectoryIterator(
            *(directory, self, target_size, color_mode, classes, class_mode),
            *(batch_size, shuffle, seed, self.data_format, save_to_dir, save_prefix),
            *(save_format, follow_links, subset, interpolation, keep_aspect_ratio),
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Return batches of the pictures whose paths stand in a table.

        Args:
            dataframe: pandas's, or another table with columns by name.
            directory: folder that the paths begin in; None: they are whole.
            x_col: column of the paths.
            y_col: column, or list of columns, of the targets.
            weight_col: column of the weights.
            class_mode: as in `flow_from_directory`; or `"raw"` for the numbers of
                `y_col`, `"multi_output"` for a list of columns. With `"categorical"` a
                row may have a list of classes.
            validate_filenames: leave out pictures that are not there, with a warning.
            target_size, color_mode, classes: as in `flow_from_directory`.
            batch_size, shuffle, seed, subset, interpolation: as there.
            save_to_dir, save_prefix, save_format: as there.
            kwargs: `has_ext`, `sort` and `drop_duplicates` have no effect.

        Raises:
            KeyError: there is no such column.
            TypeError: its values are no names of classes.
            ValueError: there are no pictures, or an argument is not as described.
        """
        if unknown := set(kwargs) - set(OLD):
            raise TypeError(
                f"`flow_from_dataframe` has no arguments {sorted(unknown)}."
            )
        wanted = {**locals(), "keep_aspect_ratio": False, "dtype": None}
        return DataFrameIterator(self, wanted)

    # --- one picture ------------------------------------------------------------------

    def get_random_transform(
        self, img_shape: tuple[int, ...], seed: int | None = None
    ) -> dict[str, Any]:
        """Draw the changes of a picture: a dictionary for `apply_transform`.

        Args:
            img_shape: the picture's shape.
            seed: of the draw; default: NumPy's generator.
        """
        return self._changes(
            img_shape, np.random if seed is None else np.random.RandomState(seed)
        )

    def _changes(self, shape: tuple[int, ...], draw: Any) -> dict[str, Any]:
        """The draws are in the order of Keras's, so that seeds mean the same."""
        theta = _between(draw, self.rotation_range)
        ty = _shift(draw, self.height_shift_range, shape[self.row_axis - 1])
        tx = _shift(draw, self.width_shift_range, shape[self.col_axis - 1])
        shear = _between(draw, self.shear_range)
        zx = zy = 1.0
        if self.zoom_range != (1, 1):
            zx, zy = draw.uniform(*self.zoom_range, 2)
        across = (draw.random_sample() < 0.5) * self.horizontal_flip
        down = (draw.random_sample() < 0.5) * self.vertical_flip
        added = brightness = None
        if self.channel_shift_range != 0:
            added = _between(draw, self.channel_shift_range)
        if self.brightness_range is not None:
            brightness = draw.uniform(*self.brightness_range)
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": across,
            "flip_vertical": down,
            "channel_shift_intensity": added,
            "brightness": brightness,
        }

    def apply_transform(
        self, x: np.ndarray, transform_parameters: dict[str, Any]
    ) -> np.ndarray:
        """Change a picture.

        Args:
            x: picture, 3 axes.
            transform_parameters: any of `theta`, `tx`, `ty`, `shear`, `zx`, `zy` (see
                `apply_affine_transform`), `flip_horizontal`, `flip_vertical`,
                `channel_shift_intensity` and `brightness`.
        """
        rows, columns, channels = (
            axis - 1 for axis in (self.row_axis, self.col_axis, self.channel_axis)
        )
        given = transform_parameters
        names = ("theta", "tx", "ty", "shear", "zx", "zy")
        x = apply_affine_transform(
            x,
            **{name: given[name] for name in names if name in given},
            row_axis=rows,
            col_axis=columns,
            channel_axis=channels,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"])
        if given.get("flip_horizontal"):
            x = np.flip(x, columns)
        if given.get("flip_vertical"):
            x = np.flip(x, rows)
        if given.get("brightness") is not None:
            x = apply_brightness_shift(x, given["brightness"], scale=False)
        return x

    def random_transform(self, x: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Change a picture at random: `get_random_transform`, `apply_transform`."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """Return a picture, or several, scaled and centered as the arguments say."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        x = np.asarray(x, self.dtype)
        if self.rescale:
            x = x * np.asarray(self.rescale, self.dtype)
        if self.samplewise_center:
            x = x - x.mean(keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (x.std(keepdims=True) + SMALL)
        for wanted, known, name in (
            (self.featurewise_center, self.mean, "featurewise_center"),
            (self.featurewise_std_normalization, self.std, "featurewise_std_..."),
            (self.zca_whitening, self.zca_whitening_matrix, "zca_whitening"),
        ):
            if not wanted:
                continue
            if known is None:
                warnings.warn(
                    f"`{name}` has no effect, since the generator has seen no data: "
                    "call `fit(x)` first.",
                    stacklevel=2,
                )
            elif known is self.mean:
                x = x - known
            elif known is self.std:
                x = x / (known + SMALL)
            else:
                x = (x.reshape(-1, known.shape[0]) @ known).reshape(x.shape)
        return x

    def fit(
        self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None
    ) -> None:
        """Find the means, deviations and correlations of pictures.

        Args:
            x: pictures, 4 axes.
            augment: whether they are changed at random before.
            rounds: how often, then.
            seed: of that, default: NumPy's generator.

        Raises:
            ValueError: the array has other axes.
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(f"`x` must be pictures with 4 axes, got shape {x.shape}.")
        draw = np.random if seed is None else np.random.RandomState(seed)
        if augment:
            x = np.stack(
                [
                    self.apply_transform(picture, self._changes(picture.shape, draw))
                    for _ in range(rounds)
                    for picture in x
                ]
            )
        axes = tuple({1, 2, 3} - {self.channel_axis})
        if self.featurewise_center:
            self.mean = x.mean((0, *axes), keepdims=True)[0]
            x = x - self.mean
        if self.featurewise_std_normalization:
            self.std = x.std((0, *axes), keepdims=True)[0]
            x = x / (self.std + SMALL)
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            _, s, vt = np.linalg.svd(flat, full_matrices=False)
            scale = 1 / np.sqrt(s**2 / len(x) + self.zca_epsilon)
            self.zca_whitening_matrix = (vt.T * scale) @ vt


def _pair(name: str, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        kinds = "a number or two numbers" if name == "zoom_range" else "two numbers"
        raise ValueError(f"`{name}` must be {kinds}, got {value!r}.")
    return value[0], value[1]


def _between(draw: Any, limit: float) -> float:
    return draw.uniform(-limit, limit) if limit else 0.0


def _shift(draw: Any, limit: Any, size: int) -> float:
    """Return a number of cells; lists and integers are chosen from."""
    if isinstance(limit, float):
        cells = _between(draw, limit)
    elif isinstance(limit, int) and limit == 0:
        return 0.0
    else:
        cells = float(draw.choice(limit) * draw.choice([-1, 1]))
    return cells * size if np.max(limit) < 1 else cells
