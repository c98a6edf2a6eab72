"""Many images in one picture, with labels, boxes or masks. Matplotlib draws them."""

import math
from typing import Any

import numpy as np

from ..ops.convolution import standardize_data_format
from .boxes import as_pictures, draw_bounding_boxes, draw_segmentation_masks

__all__ = [
    "plot_bounding_box_gallery",
    "plot_image_gallery",
    "plot_segmentation_mask_gallery",
]


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError(
            'Galleries need the package matplotlib: `pip install "kerasish[plot]"`.'
        ) from error
    return matplotlib.pyplot


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Any = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: tuple[float, float] = (0, 255),
    scale: float = 2,
    path: Any = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: int = 60,
    legend_handles: Any = None,
    data_format: str | None = None,
) -> Any:
    """Show images in rows and columns.

    Args:
        images: (images, rows, columns, channels).
        y_true: label of each image, to be written above it.
        y_pred: what was predicted, likewise.
        label_map: label -> text; needed with `y_true` or `y_pred`.
        rows, cols: how many; default: nearly as many columns as rows, for all images.
        value_range: what is black and what is white.
        scale: inches of an image.
        path: file to save to.
        show: whether to open a window; default: if there is no `path`.
        transparent: whether the background of the file is.
        dpi: pixels of an inch, in the file.
        legend_handles: handles of matplotlib for a legend.
        data_format: of `images`; default `config.image_data_format()`.

    Returns:
        None; with `show=False` and no `path`, the `Figure`.

    Raises:
        ImportError: without matplotlib.
        ValueError: for images that are no batch; for labels without `label_map`; for
            `path` and `show=True` together.

    Example:
        >>> figure = keras.visualization.plot_image_gallery(
        ...     np.zeros((5, 8, 8, 3)), y_true=[0, 1, 0, 1, 1],
        ...     label_map={0: "cat", 1: "dog"}, show=False)
        >>> [axes.get_title() for axes in figure.axes[:2]]
        ['Label: cat', 'Label: dog']
    """
    if path is not None and show:
        raise ValueError(
            "`plot_image_gallery` either saves to `path` or shows: `show=True` does "
            "not go with a `path`."
        )
    labels = {"Label": y_true, "Pred": y_pred}
    labels = {kind: y for kind, y in labels.items() if y is not None}
    if labels and label_map is None:
        raise ValueError("With `y_true` or `y_pred` give a `label_map`, label -> text.")
    pictures = as_pictures(images, data_format, value_range)
    rows, cols = _grid(len(pictures), rows, cols)
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(
        rows,
        cols,
        figsize=(cols * scale, rows * scale),
        squeeze=False,
        layout="tight",
        frameon=True,
    )
    gray = pictures.shape[-1] == 1
    for i, axis in enumerate(axes.flat):
        axis.axis("off")
        if i >= len(pictures):
            continue
        shown = pictures[i, ..., 0] if gray else pictures[i]
        axis.imshow(shown, "gray" if gray else None, vmin=0, vmax=255)
        words = [f"{kind}: {_word(label_map, y[i])}" for kind, y in labels.items()]
        axis.set_title("  ".join(words))
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    if path is not None:
        figure.savefig(path, transparent=transparent, dpi=dpi)
    elif show or show is None:
        pyplot.show()
    else:
        return figure
    pyplot.close(figure)
    return None


def _word(names: Any, label: Any) -> str:
    return str(names[np.asarray(label).item()])


def _grid(count: int, rows: int | None, cols: int | None) -> tuple[int, int]:
    """Numbers of rows and columns; what is not given is enough for all."""
    if cols is None:
        cols = math.ceil(math.sqrt(count) if rows is None else count / rows)
    return rows or math.ceil(count / cols), cols


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: Any = None,
    y_pred: Any = None,
    value_range: tuple[float, float] = (0, 255),
    true_color: Any = (0, 188, 212),
    pred_color: Any = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: Any = None,
    ground_truth_mapping: Any = None,
    prediction_mapping: Any = None,
    legend: bool = False,
    legend_handles: Any = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Show images with the boxes that are there and those that were found.

    Args:
        images: (images, rows, columns, channels).
        bounding_box_format: of the boxes.
        y_true: the boxes that are there, as `draw_bounding_boxes` takes them.
        y_pred: those that were found.
        value_range: what is black and what is white.
        true_color, pred_color: of the two kinds.
        line_thickness, font_scale, text_thickness: as of `draw_bounding_boxes`.
        class_mapping: label -> name; `ground_truth_mapping` and `prediction_mapping`
            go before it.
        legend: whether to say which color is which.
        legend_handles: handles of matplotlib for a legend.
        rows, cols, data_format, **kwargs: as of `plot_image_gallery`.

    Example:
        >>> boxes = {"boxes": np.array([[[1, 1, 5, 5]]]), "labels": np.array([[0]])}
        >>> figure = keras.visualization.plot_bounding_box_gallery(
        ...     np.zeros((1, 8, 8, 3)), "xyxy", y_true=boxes, show=False)
        >>> figure.axes[0].images[0].get_array()[1, 1].tolist()
        [0, 188, 212]
    """
    pictures = as_pictures(images, data_format, value_range)
    kinds = (
        ("Ground Truth", y_true, true_color, ground_truth_mapping),
        ("Prediction", y_pred, pred_color, prediction_mapping),
    )
    handles = list(legend_handles or ())
    for name, boxes, color, mapping in kinds:
        if boxes is None:
            continue
        pictures = draw_bounding_boxes(
            pictures,
            boxes,
            bounding_box_format,
            mapping or class_mapping,
            color,
            line_thickness,
            text_thickness or 1,
            font_scale,
            "channels_last",
        )
        if legend:
            _pyplot()
            from matplotlib.patches import Patch

            shade: Any = np.asarray(color) / 255
            handles.append(Patch(color=shade, label=name))
    return plot_image_gallery(
        pictures,
        rows=rows,
        cols=cols,
        legend_handles=handles or None,
        data_format="channels_last",
        **kwargs,
    )


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: tuple[float, float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Any = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Show each image in a row: as it is, with the true mask, with the predicted one.

    Args:
        images: (images, rows, columns, channels).
        num_classes: as of `draw_segmentation_masks`.
        value_range: what is black and what is white.
        y_true, y_pred: masks; either may be left out.
        color_mapping, blend, alpha, ignore_index: as of `draw_segmentation_masks`.
        data_format, **kwargs: as of `plot_image_gallery`.

    Example:
        >>> figure = keras.visualization.plot_segmentation_mask_gallery(
        ...     np.zeros((2, 8, 8, 3)), 3, y_true=np.ones((2, 8, 8), int), show=False)
        >>> len(figure.axes)
        4
    """
    pictures = as_pictures(images, data_format, value_range)
    columns = [pictures]
    for masks in (y_true, y_pred):
        if masks is None:
            continue
        masks = np.asarray(masks)
        if masks.ndim == 4 and standardize_data_format(data_format) != "channels_last":
            masks = np.moveaxis(masks, 1, -1)
        columns.append(
            draw_segmentation_masks(
                pictures,
                masks,
                num_classes,
                color_mapping,
                alpha,
                blend,
                ignore_index,
                "channels_last",
            )
        )
    together = np.stack(columns, 1).reshape(-1, *pictures.shape[1:])
    return plot_image_gallery(
        together,
        rows=len(pictures),
        cols=len(columns),
        data_format="channels_last",
        **kwargs,
    )
