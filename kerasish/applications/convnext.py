"""ConvNeXt: convolutions arranged as transformers are (Liu and others, 2022).

Example:
    >>> layer = keras.applications.convnext.LayerScale(0.5, projection_dim=2)
    >>> np.asarray(layer(np.ones((1, 2), "float32"))).tolist()
    [[0.5, 0.5]]
"""

from typing import Any

from .. import initializers, registry
from ..layers import (
    Activation,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Layer,
    LayerNormalization,
    Normalization,
)
from ..models import Model, Sequential
from .building import Plan, Wish, assembled, classifier, public
from .densenet import channels_last_only
from .imagenet_utils import DEVIATION, MEAN, decode_predictions, preprocessing

__all__ = [
    *(f"ConvNeXt{size}" for size in ("Base", "Large", "Small", "Tiny", "XLarge")),
    "decode_predictions",
    "preprocess_input",
]

FAMILY = """wide depthwise convolutions and two dense layers in each block.
    Liu and others, https://arxiv.org/abs/2201.03545. The model takes pixels from 0 to
    255, whose channels come last."""
ARGUMENTS = """
        include_preprocessing: begin with a layer that scales the pixels."""


class LayerScale(Layer):
    """Multiply each channel by a trained number (Touvron and others, 2021).

    Args:
        init_values: the numbers at first.
        projection_dim: how many channels there are.
    """

    def __init__(self, init_values: float, projection_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, input_shape: Any) -> None:
        """Make the numbers."""
        self.gamma = self.add_weight(
            shape=(self.projection_dim,),
            initializer=initializers.Constant(self.init_values),
        )

    def call(self, inputs: Any) -> Any:
        """Return the products."""
        return inputs * self.gamma

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the input."""
        return tuple(input_shape)


def _normed(x: Any, name: str | None = None) -> Any:
    return LayerNormalization(epsilon=1e-6, name=name)(x)


def _block(x: Any, filters: int, name: str) -> Any:
    kind = {"padding": "same", "groups": filters, "name": f"{name}_depthwise_conv"}
    y = Conv2D(filters, 7, **kind)(x)
    y = _normed(y, f"{name}_layernorm")
    y = Dense(4 * filters, name=f"{name}_pointwise_conv_1")(y)
    y = Activation("gelu", name=f"{name}_gelu")(y)
    y = Dense(filters, name=f"{name}_pointwise_conv_2")(y)
    y = LayerScale(1e-6, filters, name=f"{name}_layer_scale")(y)
    return x + Activation("linear", name=f"{name}_identity")(y)


def _smaller(x: Any, name: str, filters: int, n: int) -> Any:
    """Divide the rows and columns by 4 before the first stage, by 2 before others."""
    if n == 0:
        first = Conv2D(filters, 4, strides=4, name=f"{name}_stem_conv")
        second = LayerNormalization(epsilon=1e-6, name=f"{name}_stem_layernorm")
        return Sequential([first, second], name=f"{name}_stem")(x)
    place = f"{name}_downsampling"
    normed = LayerNormalization(epsilon=1e-6, name=f"{place}_layernorm_{n - 1}")
    halved = Conv2D(filters, 2, strides=2, name=f"{place}_conv_{n - 1}")
    return Sequential([normed, halved], name=f"{place}_block_{n - 1}")(x)


def _features(
    depths: tuple[int, ...], filters: tuple[int, ...], rescaled: bool, name: str
) -> Any:
    def features(x: Any) -> Any:
        channels_last_only("ConvNeXt")
        if rescaled and x.shape[-1] == 3:
            mean = [255 * m for m in MEAN]
            variance = [(255 * s) ** 2 for s in DEVIATION]
            scale = Normalization(
                mean=mean, variance=variance, name=f"{name}_prestem_normalization"
            )
            x = scale(x)
        for stage, (depth, count) in enumerate(zip(depths, filters)):
            x = _smaller(x, name, count, stage)
            for n in range(depth):
                x = _block(x, count, f"{name}_stage_{stage}_block_{n}")
        return x

    return features


def _top(x: Any, wish: Wish) -> Any:
    x = GlobalAveragePooling2D(name=f"{wish.name}_head_gap")(x)
    x = _normed(x, f"{wish.name}_head_layernorm")
    return classifier(x, wish, f"{wish.name}_head_dense")


def _variant(size: str, depth: int, width: int) -> Any:
    def model(
        include_top: bool = True,
        include_preprocessing: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = f"convnext_{size.lower()}",
    ) -> Model:
        wish = Wish(
            *(include_top, weights, input_tensor, input_shape, pooling, classes),
            *(classifier_activation, name),
        )
        filters = (width, 2 * width, 4 * width, 8 * width)
        plan = Plan(
            _features((3, 3, depth, 3), filters, include_preprocessing, name),
            file=("convnext", f"convnext_{size.lower()}"),
            top=_top,
            last=_normed,
        )
        return assembled(wish, plan)

    return public(model, __name__, f"ConvNeXt{size}", FAMILY, others=ARGUMENTS)


ConvNeXtTiny = _variant("Tiny", 9, 96)
ConvNeXtSmall = _variant("Small", 27, 96)
ConvNeXtBase = _variant("Base", 27, 128)
ConvNeXtLarge = _variant("Large", 27, 192)
ConvNeXtXLarge = _variant("XLarge", 27, 256)
preprocess_input = preprocessing(__name__, "identity")
registry.add_namespace("applications.convnext", {"LayerScale": LayerScale})
