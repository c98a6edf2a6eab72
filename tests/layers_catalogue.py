"""One row for each kind of layer and what it is called on: the laws run over all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from layers_attention import CASES as ATTENTION
from layers_convolution import CASES as CONVOLUTION
from layers_features import CASES as FEATURES
from layers_image_colour import CASES as COLOURS
from layers_image_geometry import CASES as GEOMETRY
from layers_recurrent import CASES as RECURRENT
from layers_recurrent import Inner
from layers_wrappers import CASES as WRAPPERS

__all__ = ["OF_IMAGES", "ROWS", "Row", "inner", "made"]

# Layers that prepare images, which take long to compile.
OF_IMAGES = {name for name, *_ in (*COLOURS, *GEOMETRY)}


@dataclass(frozen=True, eq=False)
class Row:
    """A layer, the arguments of its constructor, and its input(s).

    Attributes:
        shapes: shape of the input; a list of shapes for a layer of several inputs.
        dtype: of the inputs; integers are from 0 to 4.
        free: how many axes, from the first, may be unknown.
        mask: shape of the mask to call with (a list of shapes), if any.
        spread: several inputs are several arguments, not a list.
    """

    name: str
    kwargs: dict[str, Any]
    shapes: Any
    dtype: str = "float32"
    free: int = 1
    mask: Any = None
    spread: bool = False

    def __str__(self) -> str:
        text = ",".join(f"{k}={v}" for k, v in self.kwargs.items())
        return f"{self.name}({text})".replace(" ", "")

    @property
    def disturbed(self) -> bool:
        """Whether the layer does something else in training."""
        names = (
            "Dropout Noise BatchNormalization SpectralNormalization dropout "
            "seed Equalization"
        )
        # Keras's RandomCrop gives images of the wrong size outside training.
        own = self.name != "RandomCrop"
        return own and any(name in str(self) for name in names.split())

    def arguments(self, inputs: Any) -> Any:
        """What to pass to `call` or `build` for these inputs or their shapes."""
        return inputs if self.spread else [inputs]

    def inputs(self, seed: int = 0) -> Any:
        """The same numbers each time."""
        generator = np.random.RandomState(seed)

        def array(shape: tuple[int, ...]) -> np.ndarray:
            if self.dtype.startswith("int"):
                return generator.randint(0, 5, shape).astype(self.dtype)
            x = generator.normal(size=shape)
            if self.name == "RandomSaturation":
                x = abs(x)  # Keras's colours are other ones where a channel is negative
            if self.name == "Masking":
                x[:, -1] = 0
            return x.astype(self.dtype)

        if isinstance(self.shapes, list):
            return [array(shape) for shape in self.shapes]
        return array(self.shapes)

    def masks(self) -> Any:
        """The mask (or masks) to call with; the first step always counts."""
        generator = np.random.RandomState(9)

        def array(shape: tuple[int, ...] | None) -> np.ndarray | None:
            if shape is None:
                return None
            mask = generator.uniform(size=shape) < 0.6
            mask[..., 0] = True
            return mask

        if isinstance(self.mask, list):
            return [array(shape) for shape in self.mask]
        return array(self.mask)


def made(library: Any, value: Any) -> Any:
    """`value` with each layer that is to be an argument made, by Keras or by us."""
    if isinstance(value, Inner):
        arguments = {k: made(library, v) for k, v in value.kwargs.items()}
        return getattr(library.layers, value.name)(**arguments)
    if isinstance(value, list):
        return [made(library, v) for v in value]
    return value


def inner(value: Any) -> set[str]:
    """Names of the layers that are arguments of other layers."""
    if isinstance(value, (list, dict)):
        parts = value.values() if isinstance(value, dict) else value
        return set().union(*map(inner, parts))
    return {value.name} | inner(value.kwargs) if isinstance(value, Inner) else set()


X, SEQUENCE, IMAGE = (4, 6), (3, 5, 4), (2, 4, 6, 3)
ALL_WEIGHTS = {
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "kernel_constraint": "non_neg",
    "bias_constraint": "max_norm",
    "kernel_initializer": "he_normal",
    "bias_initializer": "ones",
}
AFFINE = {
    "beta_regularizer": "l1",
    "gamma_regularizer": "l2",
    "gamma_constraint": "non_neg",
    "beta_initializer": "ones",
}


def _rows(name: str, *cases: tuple[Any, ...], **common: Any) -> list[Row]:
    """One row for each (constructor arguments, shapes, other fields)."""
    return [
        Row(name, case[0], case[1], **common | (case[2] if len(case) > 2 else {}))
        for case in cases
    ]


ROWS = [
    *_rows(
        "Dense",
        ({"units": 3}, X),
        ({"units": 3, "activation": "relu", "use_bias": False}, X),
        ({"units": 2, "activation": "tanh", **ALL_WEIGHTS}, SEQUENCE, {"free": 2}),
        ({"units": 2, "activity_regularizer": "l2"}, IMAGE, {"free": 3}),
    ),
    *_rows(
        "EinsumDense",
        ({"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c"}, X),
        (
            {"equation": "abc,cd->abd", "output_shape": [None, 3], "bias_axes": "d"},
            SEQUENCE,
            {"free": 2},
        ),
        (
            {"equation": "abc,cd->abd", "output_shape": (5, 3), "bias_axes": "b"},
            SEQUENCE,
        ),
        (
            {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"},
            IMAGE,
            {"free": 3},
        ),
        (
            {"equation": "abc...,cd->abd...", "output_shape": (None, 3)}
            | {"bias_axes": "d", "activation": "relu", "activity_regularizer": "l1"},
            IMAGE,
        ),
        ({"equation": "abc,bd->adc", "output_shape": (6, 4)}, SEQUENCE),
        (
            {"equation": "abc,ced->abed", "output_shape": (None, 2, 3)}
            | {"bias_axes": "ed", **ALL_WEIGHTS},
            SEQUENCE,
            {"free": 2},
        ),
    ),
    *_rows(
        "Embedding",
        ({"input_dim": 5, "output_dim": 3}, (4, 6), {"free": 2}),
        (
            {"input_dim": 5, "output_dim": 3, "mask_zero": True}
            | {"embeddings_regularizer": "l2", "embeddings_constraint": "unit_norm"}
            | {"embeddings_initializer": "glorot_normal"},
            (4, 6),
        ),
        ({"input_dim": 5, "output_dim": 3, "activity_regularizer": "l2"}, (4,)),
        dtype="int32",
    ),
    *_rows(
        "Activation", ({"activation": "softplus"}, X), ({"activation": None}, SEQUENCE)
    ),
    *_rows(
        "ReLU",
        ({}, X),
        ({"max_value": 1.0, "negative_slope": 0.25, "threshold": 0.5}, X),
    ),
    *_rows("LeakyReLU", ({}, X), ({"negative_slope": 0.1}, X)),
    *_rows(
        "PReLU",
        ({}, X),
        ({"shared_axes": [1], "alpha_initializer": "ones"}, SEQUENCE, {"free": 2}),
        ({"shared_axes": (1, 2), "alpha_regularizer": "l1"}, IMAGE, {"free": 3}),
        ({"shared_axes": 1, "alpha_constraint": "non_neg"}, SEQUENCE, {"free": 2}),
    ),
    *_rows("ELU", ({}, X), ({"alpha": 0.5}, X)),
    *_rows(
        "Softmax",
        ({}, X),
        ({"axis": 1}, SEQUENCE, {"mask": SEQUENCE}),
        ({"axis": (1, 2)}, SEQUENCE, {"mask": (3, 5, 1)}),
        ({}, X, {"mask": X}),
    ),
    *_rows(
        "Dropout",
        ({"rate": 0.4, "seed": 1}, X, {"free": 2}),
        ({"rate": 0.4, "seed": 2, "noise_shape": [None, 1, None]}, SEQUENCE),
        ({"rate": 0}, X),
        ({"rate": 1.0, "seed": 3}, X),
    ),
    *_rows("SpatialDropout1D", ({"rate": 0.4, "seed": 1}, SEQUENCE)),
    *_rows(
        "SpatialDropout2D",
        ({"rate": 0.4, "seed": 1}, IMAGE),
        ({"rate": 0.4, "seed": 1, "data_format": "channels_first"}, IMAGE),
    ),
    *_rows("SpatialDropout3D", ({"rate": 0.4, "seed": 1}, (2, 2, 2, 2, 3))),
    *_rows("GaussianNoise", ({"stddev": 0.4, "seed": 1}, X), ({"stddev": 0}, X)),
    *_rows("GaussianDropout", ({"rate": 0.4, "seed": 1}, X), ({"rate": 0}, X)),
    *_rows(
        "AlphaDropout",
        ({"rate": 0.4, "seed": 1}, X),
        ({"rate": 0.4, "seed": 1, "noise_shape": (3, 1, 4)}, SEQUENCE, {"free": 0}),
    ),
    *_rows("ActivityRegularization", ({"l1": 0.1, "l2": 0.2}, X), ({}, X)),
    *_rows(
        "Flatten",
        ({}, IMAGE, {"free": 2}),
        ({"data_format": "channels_first"}, IMAGE, {"free": 3}),
        ({}, (4,)),
        ({}, SEQUENCE, {"dtype": "int32"}),
    ),
    *_rows(
        "Reshape",
        ({"target_shape": (10, 2)}, SEQUENCE),
        ({"target_shape": [-1, 2]}, SEQUENCE, {"free": 2}),
        ({"target_shape": (None, 10)}, SEQUENCE, {"dtype": "int32"}),
        ({"target_shape": (2, 10)}, SEQUENCE, {"free": 3}),
    ),
    *_rows(
        "Permute",
        ({"dims": (2, 1)}, SEQUENCE, {"free": 3}),
        ({"dims": [3, 1, 2]}, IMAGE, {"free": 2}),
    ),
    *_rows("RepeatVector", ({"n": 3}, X, {"free": 2})),
    *_rows("Masking", ({}, SEQUENCE, {"free": 2}), ({"mask_value": 1.0}, SEQUENCE)),
    *_rows("Identity", ({}, X, {"free": 2}), ({}, X, {"dtype": "int32"})),
    *(
        row
        for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")
        for row in _rows(
            name,
            ({}, [X, X, X], {"free": 2}),
            ({}, [SEQUENCE, (3, 4)]),
            ({}, [SEQUENCE, (3, 5, 1)], {"mask": [(3, 5), (3, 5)]}),
            ({}, [X]),
        )
    ),
    *_rows("Average", ({}, [X, X], {"dtype": "int32"})),
    *_rows(
        "Subtract",
        ({}, [X, X]),
        ({}, [SEQUENCE, (3, 4)], {"mask": [(3, 5), None]}),
    ),
    *_rows(
        "Concatenate",
        ({}, [X, (4, 2), X]),
        ({"axis": 1}, [SEQUENCE, (3, 2, 4)], {"free": 2, "mask": [(3, 5), (3, 2)]}),
        ({}, [SEQUENCE, SEQUENCE], {"mask": [(3, 5), (3, 5)]}),
        ({}, [SEQUENCE, SEQUENCE], {"mask": [None, (3, 5)]}),
        ({"axis": -2}, [SEQUENCE, SEQUENCE], {"mask": [None, (3, 5)]}),
    ),
    *_rows(
        "Dot",
        ({"axes": 1}, [X, X]),
        ({"axes": (2, 1)}, [SEQUENCE, (3, 4, 2)], {"free": 1}),
        ({"axes": -1, "normalize": True}, [SEQUENCE, (3, 2, 4)]),
        ({"axes": [2, 3]}, [SEQUENCE, (3, 2, 6, 4)]),
        ({"axes": (1, 2)}, [(3, 4), SEQUENCE]),
    ),
    *_rows(
        "BatchNormalization",
        ({}, X),
        ({"momentum": 0.6, "epsilon": 0.1, **AFFINE}, SEQUENCE, {"free": 2}),
        ({"axis": 1, "scale": False, "center": False}, IMAGE),
        ({"moving_mean_initializer": "ones"}, SEQUENCE, {"mask": (3, 5)}),
        ({"trainable": False}, X),
        ({"renorm": True, "momentum": 0.7, "renorm_momentum": 0.6}, X),
        (
            {"renorm": True, "scale": False}
            | {"renorm_clipping": {"rmin": 0.9, "rmax": 1.1, "dmax": 0.2}},
            SEQUENCE,
            {"mask": (3, 5)},
        ),
    ),
    *_rows(
        "LayerNormalization",
        ({}, X),
        ({"axis": [2, 1], "epsilon": 0.1, **AFFINE}, SEQUENCE),
        ({"axis": -2, "center": False}, SEQUENCE),
        ({"axis": (1, -1), "scale": False}, IMAGE),
    ),
    *_rows(
        "GroupNormalization",
        ({"groups": 2}, X),
        ({"groups": 3, "epsilon": 0.1, **AFFINE}, IMAGE, {"free": 3}),
        ({"groups": -1, "axis": 1, "scale": False}, IMAGE),
    ),
    *_rows("RMSNormalization", ({}, X), ({"axis": [1, 2], "epsilon": 0.1}, SEQUENCE)),
    *_rows("UnitNormalization", ({}, X), ({"axis": [1, 2]}, SEQUENCE)),
    *(
        Row(*case[:3], **case[3])
        for case in (
            *(*ATTENTION, *RECURRENT, *CONVOLUTION, *WRAPPERS, *FEATURES),
            *COLOURS,
            *GEOMETRY,
        )
    ),
]
