"""Images with boxes and masks, as arrays and side by side; numbers of Keras."""

import builtins

import keras as real
import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerasish import visualization

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (5, 12, 16, 3)).astype("uint8")
MASKS = rng.integers(-1, 5, (5, 12, 16, 1))
COLORS = {-1: (0, 0, 0), **{i: (40 * i, 255, 9) for i in range(5)}}


@pytest.fixture(autouse=True)
def no_figures_stay():
    yield
    plt.close("all")


def boxes(*lists, labels=None, **more):
    found = np.array([lists] * 5, "float32")
    labels = np.zeros(found.shape[:2], int) if labels is None else labels
    return {"boxes": found, "labels": labels, **more}


MASKINGS = {
    "default": {"num_classes": 5},
    "classes that are left out": {"num_classes": 3},
    "another is ignored": {"num_classes": 5, "ignore_index": 2},
    "colors": {"num_classes": 5, "color_mapping": COLORS, "alpha": 0.5},
}


@pytest.mark.parametrize("how", MASKINGS)
def test_masks_are_drawn_as_by_keras(how):
    ours, theirs = (
        library.draw_segmentation_masks(IMAGES, np.maximum(MASKS, 0), **MASKINGS[how])
        for library in (visualization, real.visualization)
    )
    assert ours.dtype == np.uint8
    # Keras computes in float32
    assert np.abs(ours.astype(int) - np.asarray(theirs).astype(int)).max() <= 1


def test_masks_of_other_forms():
    draw = visualization.draw_segmentation_masks
    expected = draw(IMAGES, MASKS)
    assert (expected[MASKS[..., 0] == -1] == IMAGES[MASKS[..., 0] == -1]).all()
    np.testing.assert_array_equal(draw(IMAGES, MASKS[..., 0]), expected)
    first = (np.moveaxis(a, -1, 1) for a in (IMAGES, MASKS))
    found = draw(*first, data_format="channels_first")
    np.testing.assert_array_equal(found, expected)
    solid = draw(IMAGES, np.ones_like(MASKS), color_mapping={1: (1, 2, 3)}, blend=False)
    assert (solid == [1, 2, 3]).all()


def outline(x1, y1, x2, y2, thickness):
    """The pixels of the lines, found one by one."""
    low, high = -(thickness // 2), (thickness + 1) // 2 - 1
    y, x = np.mgrid[:12, :16]
    inside = (x >= x1 + low) & (x <= x2 + high) & (y >= y1 + low) & (y <= y2 + high)
    hole = (x > x1 + high) & (x < x2 + low) & (y > y1 + high) & (y < y2 + low)
    return inside & ~hole


@pytest.mark.parametrize("thickness", [1, 2, 3])
@pytest.mark.parametrize("box", [(3, 2, 9, 8), (-4, 5, 20, 14)])
def test_boxes_are_outlines(box, thickness):
    found = visualization.draw_bounding_boxes(
        IMAGES, boxes(box), "xyxy", color=(1, 2, 3), line_thickness=thickness
    )
    lines = outline(*box, thickness)
    assert (found[:, lines] == [1, 2, 3]).all()
    np.testing.assert_array_equal(found[:, ~lines], IMAGES[:, ~lines])


def test_boxes_of_other_forms():
    draw = visualization.draw_bounding_boxes
    expected = draw(IMAGES, boxes((4, 3, 8, 6)), "xyxy")
    found = draw(IMAGES, boxes((0.25, 0.25, 0.5, 0.5)), "rel_xyxy")
    np.testing.assert_array_equal(found, expected)
    padded = np.array([[0, -1]] * 5)
    found = draw(IMAGES, boxes((4, 3, 8, 6), (1, 1, 2, 2), labels=padded), "xyxy")
    np.testing.assert_array_equal(found, expected)
    found = draw(IMAGES / 255, boxes((4, 3, 8, 6)), "xyxy")
    assert np.abs(found.astype(int) - expected).max() <= 1
    first = np.moveaxis(IMAGES, -1, 1)
    found = draw(first, boxes((4, 3, 8, 6)), "xyxy", data_format="channels_first")
    np.testing.assert_array_equal(found, expected)


def test_names_stand_above_or_below():
    images = np.zeros((5, 40, 60, 3))
    for top, place in ((25, slice(5, 23)), (3, slice(4, 20))):
        box = boxes((5, top, 50, 35), confidences=np.full((5, 1), 0.5))
        plain, named, other = (
            visualization.draw_bounding_boxes(images, box, "xyxy", mapping)[0, ..., 0]
            for mapping in (None, {0: "cat"}, {1: "dog"})
        )
        new = (named != 0) & (plain == 0)
        assert new[place].any() and not new[36:].any()
        assert new.any(0).nonzero()[0].max() > 40  # the confidence, too
        np.testing.assert_array_equal(other, plain)


def shown(library, name, *args, **options):
    """Arrays and titles of what a library shows."""
    getattr(library, name)(*args, **options, show=False)
    figure = plt.gcf()
    filled = [axes for axes in figure.axes if axes.images]
    arrays = [np.asarray(axes.images[0].get_array()) for axes in filled]
    titles = [axes.get_title() for axes in filled]
    size = figure.get_size_inches().tolist()
    plt.close(figure)
    return arrays, titles, size


GALLERIES = {
    "labels": (
        "plot_image_gallery",
        (IMAGES,),
        {
            "y_true": np.arange(5),
            "y_pred": np.arange(5)[::-1],
            "label_map": dict(enumerate("abcde")),
            "rows": 5,
            "cols": 1,
        },
    ),
    "one channel": (
        "plot_image_gallery",
        (IMAGES[:4, ..., :1],),
        {"cols": 2, "rows": 2},
    ),
    "range": (
        "plot_image_gallery",
        (IMAGES[:4] / np.float32(255),),
        {"value_range": (0, 1), "rows": 2, "cols": 2, "scale": 3},
    ),
    "masks": (
        "plot_segmentation_mask_gallery",
        (IMAGES, 6),
        {"y_true": np.maximum(MASKS, 0), "y_pred": np.maximum(MASKS[::-1], 0)},
    ),
}


@pytest.mark.parametrize("what", GALLERIES)
def test_galleries_show_what_those_of_keras_show(what):
    name, args, options = GALLERIES[what]
    ours, theirs = (
        shown(library, name, *args, **options)
        for library in (visualization, real.visualization)
    )
    assert ours[1:] == theirs[1:] and len(ours[0]) == len(theirs[0])
    for mine, other in zip(ours[0], theirs[0]):
        assert mine.shape == other.shape
        assert np.abs(mine.astype(int) - other.astype(int)).max() <= 1


def test_a_gallery_has_room_for_all():
    figure = visualization.plot_image_gallery(IMAGES, show=False)
    assert len([axes for axes in figure.axes if axes.images]) == 5
    assert figure.get_size_inches().tolist() == [6, 4]
    figure = visualization.plot_image_gallery(IMAGES, rows=1, show=False)
    assert figure.get_size_inches().tolist() == [10, 2]


def test_boxes_of_both_kinds_and_a_file(tmp_path):
    truth, found = boxes((1, 1, 5, 5)), boxes((7, 7, 10, 10))
    options = {"y_true": truth, "y_pred": found, "class_mapping": {3: "x"}}
    figure = visualization.plot_bounding_box_gallery(
        IMAGES, "xyxy", **options, legend=True, show=False
    )
    array = figure.axes[0].images[0].get_array()
    assert array[1, 1].tolist() == [0, 188, 212] and array[7, 7].tolist() == [
        255,
        235,
        59,
    ]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["Ground Truth", "Prediction"]
    file = tmp_path / "g.png"
    assert visualization.plot_image_gallery(IMAGES, path=file) is None
    assert file.read_bytes()[:4] == b"\x89PNG" and plt.get_fignums() == [figure.number]


BOX = boxes((1, 1, 5, 5))
MISTAKES = {
    "no dict": (("draw_bounding_boxes", IMAGES, [1], "xyxy"), TypeError, "got list"),
    "no labels": (
        ("draw_bounding_boxes", IMAGES, {"boxes": BOX["boxes"]}, "xyxy"),
        ValueError,
        r"lacks \['labels'\]",
    ),
    "one image": (
        ("draw_bounding_boxes", IMAGES[0], BOX, "xyxy"),
        ValueError,
        "a batch",
    ),
    "floats": (("draw_segmentation_masks", IMAGES, MASKS / 2), TypeError, "float64"),
    "sizes": (
        ("draw_segmentation_masks", IMAGES, MASKS[:, :5]),
        ValueError,
        r"\(5, 12, 16\); got shape \(5, 5, 16, 1\)",
    ),
    "map": (("plot_image_gallery", IMAGES, [1]), ValueError, "give a `label_map`"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_are_told(what):
    (name, *args), error, text = MISTAKES[what]
    with pytest.raises(error, match=text):
        getattr(visualization, name)(*args)


def test_a_path_is_not_shown_and_matplotlib_is_an_extra(monkeypatch):
    with pytest.raises(ValueError, match="either saves to `path` or shows"):
        visualization.plot_image_gallery(IMAGES, path="x.png", show=True)
    true = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return true(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "kerasish\[plot\]"'):
        visualization.plot_image_gallery(IMAGES)
