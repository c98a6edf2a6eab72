"""NASNet: cells that a search has found (Zoph and others, 2017)."""

from typing import Any

from ..layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Cropping2D,
    MaxPooling2D,
    SeparableConv2D,
    ZeroPadding2D,
)
from ..models import Model
from ..variable import name_scope
from .building import (
    Plan,
    Wish,
    assembled,
    axis,
    dense_top,
    public,
    same_padding,
    spatial,
)
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]

FAMILY = """cells that a search has found, of two kinds: they keep or halve the size.
    Zoph, Vasudevan, Shlens and Le, https://arxiv.org/abs/1707.07012. Images are
    prepared by `preprocess_input` beside it. The size of images must be known."""


def _normed(x: Any, name: str) -> Any:
    return BatchNormalization(axis=axis(-1), momentum=0.9997, name=name)(x)


def _relu(x: Any, name: str | None = None) -> Any:
    return Activation("relu", name=name)(x)


def _mixed(x: Any, filters: int, name: str) -> Any:
    kind: dict[str, Any] = {"padding": "same", "use_bias": False, "name": name}
    return Conv2D(filters, 1, kernel_initializer="he_normal", **kind)(x)


def _joined(parts: list[Any], name: str | None = None) -> Any:
    return Concatenate(axis=axis(-1), name=name)(parts)


def _separable(
    x: Any, filters: int, kernel: int, name: str, block: int, stride: int = 1
) -> Any:
    with name_scope(f"block_{block}"), name_scope(f"separable_conv_block_{name}"):
        x, padding = _relu(x), "same"
        if stride == 2:
            pad = f"separable_conv_1_pad_{name}"
            x = ZeroPadding2D(same_padding(x, kernel), name=pad)(x)
            padding = "valid"
        kind: dict[str, Any] = {"use_bias": False, "name": f"separable_conv_1_{name}"}
        x = SeparableConv2D(filters, kernel, stride, padding, **kind)(x)
        x = _relu(_normed(x, f"separable_conv_1_bn_{name}"))
        kind["name"] = f"separable_conv_2_{name}"
        x = SeparableConv2D(filters, kernel, padding="same", **kind)(x)
        return _normed(x, f"separable_conv_2_bn_{name}")


def _pool(kind: Any, x: Any, name: str, stride: int = 1) -> Any:
    padding = "same" if stride == 1 else "valid"
    return kind(3, strides=stride, padding=padding, name=name)(x)


def _shifted(x: Any) -> Any:
    x = ZeroPadding2D(((0, 1), (0, 1)))(x)
    return Cropping2D(((1, 0), (1, 0)))(x)


def _adjusted(before: Any, x: Any, filters: int, name: str) -> Any:
    """Give what came two cells before the size and the channels of now."""
    if before is None:
        return x
    if spatial(before.shape[1:]) != spatial(x.shape[1:]):
        kind = "reduction"
    elif before.shape[axis()] != filters:
        kind = "projection"
    else:
        return before
    with name_scope("adjust_block"), name_scope(f"adjust_{kind}_block_{name}"):
        if kind == "reduction":
            before = _halved(before, filters, name)
        else:
            projection = f"adjust_conv_projection_{name}"
            before = _mixed(_relu(before), filters, projection)
        return _normed(before, f"adjust_bn_{name}")


def _halved(x: Any, filters: int, name: str) -> Any:
    """Join every second pixel, and the ones between."""
    x = _relu(x, f"adjust_relu_1_{name}")
    halves = []
    for n in (1, 2):
        part = x if n == 1 else _shifted(x)
        pool = f"adjust_avg_pool_{n}_{name}"
        part = AveragePooling2D(1, strides=2, padding="valid", name=pool)(part)
        halves.append(_mixed(part, filters // 2, f"adjust_conv_{n}_{name}"))
    return _joined(halves)


def _normal(x: Any, before: Any, filters: int, name: str) -> Any:
    p = _adjusted(before, x, filters, name)
    h = _mixed(_relu(x), filters, f"normal_conv_1_{name}")
    h = _normed(h, f"normal_bn_1_{name}")
    parts: list[Any] = [p]

    def add(left: Any, right: Any) -> None:
        parts.append(Add(name=f"normal_add_{len(parts)}_{name}")([left, right]))

    def mean(x: Any, place: str) -> Any:
        return _pool(AveragePooling2D, x, f"normal_{place}_{name}")

    for n, x in ((1, h), (2, p)):
        left = _separable(x, filters, 5, f"normal_left{n}_{name}", n)
        add(left, _separable(p, filters, 3, f"normal_right{n}_{name}", n))
    add(mean(h, "left3"), p)
    add(mean(p, "left4"), mean(p, "right4"))
    add(_separable(h, filters, 3, f"normal_left5_{name}", 5), h)
    return _joined(parts, f"normal_concat_{name}")


def _reduction(x: Any, before: Any, filters: int, name: str) -> Any:
    p = _adjusted(before, x, filters, name)
    h = _mixed(_relu(x), filters, f"reduction_conv_1_{name}")
    h = _normed(h, f"reduction_bn_1_{name}")
    pad = ZeroPadding2D(same_padding(h, 3), name=f"reduction_pad_1_{name}")(h)

    def add(left: Any, right: Any, number: str) -> Any:
        return Add(name=f"reduction_add{number}_{name}")([left, right])

    def right(kernel: int, n: int) -> Any:
        return _separable(p, filters, kernel, f"reduction_right{n}_{name}", n, 2)

    x1 = _separable(h, filters, 5, f"reduction_left1_{name}", 1, 2)
    x1 = add(x1, right(7, 1), "_1")
    x2 = _pool(MaxPooling2D, pad, f"reduction_left2_{name}", 2)
    x2 = add(x2, right(7, 2), "_2")
    x3 = _pool(AveragePooling2D, pad, f"reduction_left3_{name}", 2)
    x3 = add(x3, right(5, 3), "3")
    x4 = Add()([x2, _pool(AveragePooling2D, x1, f"reduction_left4_{name}")])
    x5 = _separable(x1, filters, 3, f"reduction_left4_{name}", 5)
    x5 = add(x5, _pool(MaxPooling2D, pad, f"reduction_right5_{name}", 2), "4")
    return _joined([x2, x3, x4, x5], f"reduction_concat_{name}")


def _cell(kind: Any, x: Any, before: Any, filters: int, name: str) -> Any:
    with name_scope(f"{kind.__name__[1:]}_A_block_{name}"):
        return kind(x, before, filters, name)


def _features(stem: int, filters: int, depth: int, skip: bool) -> Any:
    """Return the layers: `depth` normal cells in each of three stages.

    `skip`: the cell after a reduction sees what came before that one's input.
    """

    def features(x: Any) -> Any:
        kind = {"use_bias": False, "kernel_initializer": "he_normal"}
        x = Conv2D(stem, 3, strides=2, name="stem_conv1", **kind)(x)
        x, before = _normed(x, "stem_bn1"), None
        for n, part in ((1, 4), (2, 2)):
            new = _cell(_reduction, x, before, filters // part, f"stem_{n}")
            x, before = new, x
        for stage in range(3):
            count, first = filters * 2**stage, stage * depth + min(stage, 1)
            if stage:
                new = _cell(_reduction, x, before, count, f"reduce_{stage * depth}")
                x, before = new, before if skip else x
            for n in range(first, first + depth):
                x, before = _cell(_normal, x, before, count, str(n)), x
        return _relu(x)

    return features


def _top(x: Any, wish: Wish) -> Any:
    return dense_top(x, wish, pool=None)


def _variant(called: str, title: str, features: Any, size: int) -> Any:
    file = ("nasnet", title.removeprefix("nasnet_"))
    plan = Plan(features, size=size, file=file, top=_top, sized=True)

    def model(
        input_shape: Any = None,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = title,
    ) -> Model:
        wish = Wish(
            *(include_top, weights, input_tensor, input_shape, pooling, classes),
            *(classifier_activation, name),
        )
        return assembled(wish, plan)

    return public(model, __name__, called, FAMILY, f"{size} x {size}, 3 channels")


NASNetLarge = _variant(
    "NASNetLarge", "nasnet_large", _features(96, 168, 6, skip=True), 331
)
NASNetMobile = _variant(
    "NASNetMobile", "nasnet_mobile", _features(32, 44, 4, skip=False), 224
)
preprocess_input = preprocessing(__name__, "tf")
