"""Convolution layers for sequences, images and volumes."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..graph import Tensor
from .input_spec import InputSpec
from .lora import Adaptable
from .windows import Ranked

_RANKS = "1D", "2D", "3D"
__all__ = [
    *(f"Conv{n}" for n in _RANKS),
    *(f"Conv{n}Transpose" for n in _RANKS),
    *(f"{kind}Conv{n}" for kind in ("Depthwise", "Separable") for n in _RANKS[:2]),
]

Shape = tuple[int | None, ...]
Sizes = int | Sequence[int]
# How arguments become objects, by the last word of their names.
_GETTERS: dict[str, Callable[[Any], Any]] = {
    "activation": activations.get,
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
}


class _Convolution(Ranked):
    """Kernels, a bias along the channels, an activation."""

    paddings: tuple[str, ...] = ("valid", "same")
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    padding: str
    activation: Any
    use_bias: bool
    filters: int
    groups: int
    depth_multiplier: int
    output_padding: Any
    bias: Any
    _kernel: Any
    depthwise_kernel: Any
    pointwise_kernel: Any

    def _keep(self, arguments: dict[str, Any]) -> None:
        """Check the constructor's arguments and store them under their names."""
        for name in ("self", "kwargs", "__class__", "activity_regularizer"):
            del arguments[name]
        for name, value in arguments.items():
            if name in ("kernel_size", "strides", "dilation_rate"):
                value = self._numbers(value, name)
            elif name in ("filters", "depth_multiplier", "groups"):
                self._check_count(name, value)
            get = _GETTERS.get(name.rpartition("_")[2])
            setattr(self, name, get(value) if get else value)
        self._set_data_format(arguments["data_format"])
        self.padding = self.padding.lower()
        self._check_windows(self.paddings)
        self.input_spec = InputSpec(min_ndim=self.rank + 2)

    def _kernels(self, channels: int) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Attribute -> (name of the weight, shape), for each kernel."""
        raise NotImplementedError

    def _outputs(self, channels: int) -> int:
        """Number of channels of the output."""
        return self.filters

    def build(self, input_shape: Shape) -> None:
        axis = self._channel_axis
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(
                f"The number of channels, axis {axis} of the input of layer "
                f"`{self.name}`, must be known, but its shape is {tuple(input_shape)}."
            )
        weights = self._kernels(channels)
        self.bias = None
        if self.use_bias:
            weights["bias"] = ("bias", (self._outputs(channels),))
        for attribute, (name, shape) in weights.items():
            prefix = attribute.removeprefix("_").removesuffix("_kernel")
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=getattr(self, f"{prefix}_initializer"),
                regularizer=getattr(self, f"{prefix}_regularizer"),
                constraint=getattr(self, f"{prefix}_constraint"),
            )
            setattr(self, attribute, weight)
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={axis: channels})

    def get_config(self) -> dict[str, Any]:
        return {"activity_regularizer": None, **super().get_config()}

    def _convolve(self, inputs: Any, padding: str) -> Any:
        raise NotImplementedError

    def call(self, inputs: Tensor) -> Tensor:
        padding = self.padding
        if padding == "causal":
            edges = [[0, 0]] * 3
            reach = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            edges[2 if self.data_format == "channels_first" else 1] = [reach, 0]
            inputs, padding = ops.pad(inputs, edges), "valid"
        outputs = self._convolve(inputs, padding)
        if self.bias is not None:
            first = self.data_format == "channels_first"
            shape = (1, -1, *(1,) * self.rank) if first else (-1,)
            outputs = ops.add(outputs, ops.reshape(self.bias, shape))
        return self.activation(outputs)


class _Conv(_Convolution, Adaptable):
    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = dict(locals())
        rank, alpha = kwargs.pop("lora_rank", None), kwargs.pop("lora_alpha", None)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_lora(rank, alpha, None)
        self._keep(given)
        if filters % groups:
            raise ValueError(
                f"Layer `{self.name}`: `filters` {filters} must be a multiple of "
                f"`groups` {groups}."
            )

    def _kernels(self, channels: int) -> dict[str, tuple[str, tuple[int, ...]]]:
        if channels % self.groups:
            raise ValueError(
                f"The {channels} channels of the input of layer `{self.name}` must be "
                f"a multiple of `groups` {self.groups}."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        return {"_kernel": ("kernel", shape)}

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self._apply_lora()

    @property
    def kernel(self) -> Any:
        """The kernel in use: `(*kernel_size, channels / groups, filters)`."""
        return self._effective(self._kernel)

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Convolve; a subclass may do it with other kernels, or in another way.

        Args:
            inputs: those of the layer; for `padding="causal"` with the zeros in front.
            kernel: `layer.kernel`.

        Returns:
            The outputs before bias and activation.
        """
        padding = "valid" if self.padding == "causal" else self.padding
        sizes = self.strides, padding, self.data_format, self.dilation_rate
        return ops.conv(inputs, kernel, *sizes)

    def _convolve(self, inputs: Any, padding: str) -> Any:
        return self.convolution_op(inputs, self.kernel)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.lora_rank is not None:
            config |= {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}
        return config


class _ConvTranspose(_Convolution):
    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        output_padding: Sizes | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._keep(locals())
        if output_padding is not None:
            self.output_padding = self._numbers(output_padding, "output_padding", 0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides)):
                raise ValueError(
                    f"`output_padding` {self.output_padding} of layer `{self.name}` "
                    f"must be less than `strides` {self.strides} along each axis."
                )

    def _kernels(self, channels: int) -> dict[str, tuple[str, tuple[int, ...]]]:
        return {"_kernel": ("kernel", (*self.kernel_size, self.filters, channels))}

    @property
    def kernel(self) -> Any:
        """The kernel: `(*kernel_size, filters, channels)`."""
        return self._kernel

    def _convolve(self, inputs: Any, padding: str) -> Any:
        return ops.conv_transpose(
            inputs,
            self.kernel,
            self.strides,
            padding,
            self.output_padding,
            self.data_format,
            self.dilation_rate,
        )


class _DepthwiseConv(_Convolution):
    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._keep(locals())

    def _kernels(self, channels: int) -> dict[str, tuple[str, tuple[int, ...]]]:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        return {"depthwise_kernel": ("kernel", shape)}

    def _outputs(self, channels: int) -> int:
        return channels * self.depth_multiplier

    @property
    def kernel(self) -> Any:
        """The kernel: `(*kernel_size, channels, depth_multiplier)`."""
        return self.depthwise_kernel

    def _convolve(self, inputs: Any, padding: str) -> Any:
        return ops.depthwise_conv(
            inputs,
            self.depthwise_kernel,
            self.strides,
            padding,
            self.data_format,
            self.dilation_rate,
        )


class _SeparableConv(_Convolution):
    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._keep(locals())

    def _kernels(self, channels: int) -> dict[str, tuple[str, tuple[int, ...]]]:
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        mixed = channels * self.depth_multiplier
        pointwise = (*(1,) * self.rank, mixed, self.filters)
        return {
            "depthwise_kernel": ("depthwise_kernel", depthwise),
            "pointwise_kernel": ("pointwise_kernel", pointwise),
        }

    def _convolve(self, inputs: Any, padding: str) -> Any:
        return ops.separable_conv(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            padding,
            self.data_format,
            self.dilation_rate,
        )


class Conv1D(_Conv):
    """Slide learnt kernels over sequences: each filter looks at a few steps at a time.

    ``y[p, f] = activation(∑ x[p·stride + t·dilation, c] · kernel[t, c, f] + bias[f])``

    Args:
        filters: number of channels of the output.
        kernel_size: size of the window.
        strides: cells from one window to the next.
        padding: `"valid"`: windows that fit; `"same"`: ⌈size / stride⌉ windows, zeros
            beyond the edges; `"causal"` (sequences only): zeros before the first step,
            so that no output depends on later steps.
        data_format: `"channels_last"` or `"channels_first"`; default from the settings.
        dilation_rate: cells from one element of the kernel to the next.
        groups: group i of the channels makes group i of the filters.
        activation: function, or name of one; `None` is no activation.
        use_bias: whether to add a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties on
            weights and output that are added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Input: `(batch, steps, channels)`. Output: `(batch, new steps, filters)`. With
    `"channels_first"` the channels are axis 1. `enable_lora` adapts a frozen kernel.

    Raises:
        ValueError: an argument is not as described, the number of channels is unknown
            or no multiple of `groups`, or no window fits.

    Example:
        >>> layer = keras.layers.Conv1D(1, 2, kernel_initializer="ones")
        >>> x = np.array([1.0, 2.0, 4.0]).reshape(1, 3, 1)
        >>> np.asarray(layer(x)).ravel().tolist()
        [3.0, 6.0]
    """

    rank = 1
    paddings = ("valid", "same", "causal")


class Conv2D(_Conv):
    """Slide learnt kernels over images: each filter looks at small patches.

    Input: `(batch, rows, columns, channels)`. Output: `(batch, new rows, new columns,
    filters)`. Arguments as in `Conv1D`, where numbers may be pairs; no `"causal"`.

    Example:
        >>> layer = keras.layers.Conv2D(8, 3, strides=2, padding="same")
        >>> layer(np.ones((1, 28, 28, 3))).shape, layer.kernel.shape
        ((1, 14, 14, 8), (3, 3, 3, 8))
    """

    rank = 2


class Conv3D(_Conv):
    """Slide learnt kernels over volumes.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in `Conv1D`, where
    numbers may be triples; no `"causal"`.

    Example:
        >>> keras.layers.Conv3D(4, 2)(np.ones((1, 4, 5, 6, 3))).shape
        (1, 3, 4, 5, 4)
    """

    rank = 3


class Conv1DTranspose(_ConvTranspose):
    """Spread each step over a window: the gradient of `Conv1D`, to make steps more.

    ``y[p·stride + t·dilation, f] += x[p, c] · kernel[t, f, c]``, plus bias, activated.

    Args:
        filters: number of channels of the output.
        kernel_size, strides, dilation_rate, data_format: as in `Conv1D`.
        padding: `"valid"` keeps all; `"same"` makes size · stride.
        output_padding: cells at the end beyond (size - 1) · stride + window, less
            2 · ⌊window / 2⌋ with `"same"`; default what gives the sizes above.

    The other arguments are those of `Conv1D`.

    Input: `(batch, steps, channels)`. Output: `(batch, more steps, filters)`.

    Raises:
        ValueError: an argument is not as described.

    Reference: Zeiler et al., 2010, "Deconvolutional Networks".

    Example:
        >>> layer = keras.layers.Conv1DTranspose(1, 2, 2, kernel_initializer="ones")
        >>> np.asarray(layer(np.array([[[1.0], [3.0]]]))).ravel().tolist()
        [1.0, 1.0, 3.0, 3.0]
    """

    rank = 1


class Conv2DTranspose(_ConvTranspose):
    """Spread each pixel over a patch: the gradient of `Conv2D`, to enlarge images.

    Input: `(batch, rows, columns, channels)`. Arguments as in `Conv1DTranspose`, where
    numbers may be pairs.

    Example:
        >>> layer = keras.layers.Conv2DTranspose(8, 3, strides=2, padding="same")
        >>> layer(np.ones((1, 7, 7, 4))).shape, layer.kernel.shape
        ((1, 14, 14, 8), (3, 3, 8, 4))
    """

    rank = 2


class Conv3DTranspose(_ConvTranspose):
    """Spread each voxel over a block: the gradient of `Conv3D`, to enlarge volumes.

    Input: `(batch, depth, rows, columns, channels)`. Arguments as in `Conv1DTranspose`,
    where numbers may be triples; `data_format` stands before `output_padding`.

    Example:
        >>> keras.layers.Conv3DTranspose(4, 2, 2)(np.ones((1, 2, 3, 4, 3))).shape
        (1, 4, 6, 8, 4)
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Sizes | None = None,
        dilation_rate: Sizes = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = {**locals(), **kwargs}
        for name in ("self", "kwargs", "__class__"):
            del given[name]
        super().__init__(**given)


class DepthwiseConv1D(_DepthwiseConv):
    """Slide kernels over each channel of sequences by itself.

    Args:
        kernel_size, strides, padding, data_format, dilation_rate: as in `Conv1D`.
        depth_multiplier: number of filters of each channel.
        depthwise_initializer: how the kernel starts.
        depthwise_regularizer: penalty on the kernel.
        depthwise_constraint: applied to the kernel after each update.

    The other arguments are those of `Conv1D`.

    Input: `(batch, steps, channels)`. Output: `(batch, new steps, channels ·
    depth_multiplier)`, the filters of the first channel first.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.DepthwiseConv1D(3, depth_multiplier=2)
        >>> layer(np.ones((1, 5, 4))).shape
        (1, 3, 8)
    """

    rank = 1


class DepthwiseConv2D(_DepthwiseConv):
    """Slide kernels over each channel of images by itself.

    Input: `(batch, rows, columns, channels)`. Arguments as in `DepthwiseConv1D`, where
    numbers may be pairs.

    Reference: Howard et al., 2017, "MobileNets".

    Example:
        >>> layer = keras.layers.DepthwiseConv2D(3, padding="same")
        >>> layer(np.ones((1, 8, 8, 4))).shape, layer.kernel.shape
        ((1, 8, 8, 4), (3, 3, 4, 1))
    """

    rank = 2


class SeparableConv1D(_SeparableConv):
    """Slide kernels over each channel by itself, then mix the channels at each place.

    Args:
        filters: number of channels of the output.
        kernel_size, strides, padding, data_format, dilation_rate: as in `Conv1D`.
        depth_multiplier: number of filters of each channel in the first part.
        depthwise_initializer, pointwise_initializer: how the two kernels start.
        depthwise_regularizer, pointwise_regularizer: penalties on them.
        depthwise_constraint, pointwise_constraint: applied after each update.

    The other arguments are those of `Conv1D`.

    Input: `(batch, steps, channels)`. Output: `(batch, new steps, filters)`.

    Raises:
        ValueError: an argument is not as described.

    Example:
        >>> layer = keras.layers.SeparableConv1D(6, 3)
        >>> layer(np.ones((1, 5, 4))).shape, [w.shape for w in layer.weights]
        ((1, 3, 6), [(3, 4, 1), (1, 4, 6), (6,)])
    """

    rank = 1


class SeparableConv2D(_SeparableConv):
    """Slide kernels over each channel by itself, then mix the channels at each place.

    Input: `(batch, rows, columns, channels)`. Arguments as in `SeparableConv1D`, where
    numbers may be pairs.

    Reference: Chollet, 2017, "Xception: Deep Learning with Depthwise Separable
    Convolutions".

    Example:
        >>> keras.layers.SeparableConv2D(6, 3)(np.ones((1, 8, 8, 4))).shape
        (1, 6, 6, 6)
    """

    rank = 2
