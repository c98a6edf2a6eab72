"""What `quantize` is told: how many bits, by which quantizers."""

from typing import Any

from .. import registry
from .quantizer import AbsMaxQuantizer

__all__ = [
    "AWQConfig",
    "Float8QuantizationConfig",
    "GPTQConfig",
    "Int4QuantizationConfig",
    "Int8QuantizationConfig",
    "QuantizationConfig",
]


class QuantizationConfig(registry.Configurable):
    """Base of what `quantize` may be told; use one of its subclasses.

    Args:
        weight_quantizer: turns weights into integers; `None`: by the largest absolute
            value of each channel.
        activation_quantizer: turns the inputs of a product into integers; `None`
            leaves them floats.
    """

    mode: str

    def __init__(
        self, weight_quantizer: Any = None, activation_quantizer: Any = None
    ) -> None:
        self.weight_quantizer = self._checked("weight_quantizer", weight_quantizer)
        self.activation_quantizer = self._checked(
            "activation_quantizer", activation_quantizer
        )

    def _checked(self, name: str, given: Any) -> Any:
        if isinstance(given, dict):
            given = registry.deserialize_keras_object(given)
        if given is not None and getattr(given, "output_dtype", None) != "int8":
            raise ValueError(
                f"`{name}` of {type(self).__name__} must be a quantizer whose "
                f"`output_dtype` is 'int8', such as `AbsMaxQuantizer()`. Received: "
                f"{given!r}."
            )
        return given

    @staticmethod
    def weight_quantizer_or_default(config: Any, default: Any) -> Any:
        """Return the quantizer of weights of `config`, else `default`."""
        return getattr(config, "weight_quantizer", None) or default

    @staticmethod
    def activation_quantizer_or_default(config: Any, default: Any) -> Any:
        """Return the quantizer of inputs of `config`; `default` without config."""
        return default if config is None else config.activation_quantizer

    @property
    def policy_mode(self) -> str:
        """The mode as it stands in the name of a dtype policy."""
        return self.mode


class Int8QuantizationConfig(QuantizationConfig):
    """Weights of 8 bits, and inputs of 8 bits in products.

    Args:
        weight_quantizer: default: by the largest absolute value of each channel.
        activation_quantizer: default: by the largest absolute value of each vector;
            `None` leaves inputs floats: only weights are quantized.

    Example:
        >>> layer = keras.layers.Dense(2)
        >>> layer.build((None, 3))
        >>> layer.quantize(config=keras.quantizers.Int8QuantizationConfig(
        ...     activation_quantizer=None))
        >>> layer.kernel.dtype
        'int8'
    """

    mode = "int8"

    def __init__(
        self, weight_quantizer: Any = None, activation_quantizer: Any = "default"
    ) -> None:
        if activation_quantizer == "default":
            activation_quantizer = AbsMaxQuantizer()
        super().__init__(weight_quantizer, activation_quantizer)


def _check_size(name: str, size: Any) -> None:
    if size is None or (isinstance(size, int) and (size == -1 or size > 0)):
        return
    raise ValueError(f"`{name}` must be -1 or a positive integer, not {size!r}.")


class Int4QuantizationConfig(QuantizationConfig):
    """Weights of 4 bits.

    Args:
        weight_quantizer: default: by the range of each block.
        activation_quantizer: default: none, inputs stay floats.
        block_size: rows that share a scale; -1 or `None`: all.

    Raises:
        ValueError: quantizers were given together with blocks, which have their own
            way of rounding.
    """

    mode = "int4"

    def __init__(
        self,
        weight_quantizer: Any = None,
        activation_quantizer: Any = "default",
        block_size: int | None = 128,
    ) -> None:
        if activation_quantizer == "default":
            activation_quantizer = None
        super().__init__(weight_quantizer, activation_quantizer)
        _check_size("block_size", block_size)
        blocks = block_size is not None and block_size > 0
        if blocks and (self.weight_quantizer or self.activation_quantizer):
            raise ValueError(
                f"Blocks of 4-bit weights (`block_size` {block_size}) take no "
                "quantizers: pass `block_size=None`, or no quantizers."
            )
        self.block_size = block_size

    @property
    def policy_mode(self) -> str:
        return f"int4/{-1 if self.block_size is None else self.block_size}"


class Float8QuantizationConfig(QuantizationConfig):
    """Products of 8-bit floats; weights stay what they are and train on."""

    mode = "float8"

    def __init__(self) -> None:
        super().__init__()


class _Calibrated(QuantizationConfig):
    """Base of ways to quantize that look at what a model does with a dataset."""

    bits: tuple[int, ...]
    weight_bits: int
    group_size: int

    def _check(self, **positive: Any) -> None:
        super().__init__()
        if self.weight_bits not in self.bits:
            raise ValueError(
                f"`weight_bits` of {type(self).__name__} must be one of {self.bits}, "
                f"not {self.weight_bits!r}."
            )
        for name, number in positive.items():
            if not isinstance(number, int) or number < 1:
                raise ValueError(
                    f"`{name}` of {type(self).__name__} must be a positive integer, "
                    f"not {number!r}."
                )
        _check_size("group_size", self.group_size)

    def dtype_policy_string(self) -> str:
        """Return the mode as it stands in the name of a dtype policy."""
        return f"{self.mode}/{self.weight_bits}/{self.group_size}"

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the data are left out."""
        data = {"dataset": None, "tokenizer": None}
        return registry.config_of(self, data) | data


class GPTQConfig(_Calibrated):
    """How GPTQ would round weights; kerasish reads and writes it, but does not do it.

    Args:
        dataset, tokenizer: texts, and what turns them into numbers.
        weight_bits: 2, 3, 4 or 8.
        num_samples, sequence_length: how much of the dataset is looked at.
        per_channel: whether each channel has a scale.
        hessian_damping: between 0 and 1.
        group_size: rows that share a scale; -1: all.
        symmetric: whether the range is the same on both sides of 0.
        activation_order: whether important columns are rounded first.
        quantization_layer_structure: which layers are looked at together.

    Reference: Frantar et al., 2022, "GPTQ: Accurate Post-Training Quantization for
    Generative Pre-trained Transformers".
    """

    mode = "gptq"
    bits = (2, 3, 4, 8)

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        per_channel: bool = True,
        sequence_length: int = 512,
        hessian_damping: float = 0.01,
        group_size: int = 128,
        symmetric: bool = False,
        activation_order: bool = False,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        self.dataset, self.tokenizer = dataset, tokenizer
        self.weight_bits, self.group_size = weight_bits, group_size
        self.num_samples, self.sequence_length = num_samples, sequence_length
        self.per_channel, self.symmetric = per_channel, symmetric
        self.hessian_damping = hessian_damping
        self.activation_order = activation_order
        self.quantization_layer_structure = quantization_layer_structure
        self._check(num_samples=num_samples, sequence_length=sequence_length)
        if not 0 <= hessian_damping <= 1:
            raise ValueError(
                f"`hessian_damping` must be between 0 and 1, not {hessian_damping!r}."
            )


class AWQConfig(_Calibrated):
    """How AWQ would round weights; kerasish reads and writes it, but does not do it.

    Args:
        dataset, tokenizer: texts, and what turns them into numbers.
        weight_bits: 4.
        num_samples, sequence_length: how much of the dataset is looked at.
        group_size: rows that share a scale; -1: all.
        num_grid_points: how many scales are tried.
        quantization_layer_structure: which layers are looked at together.

    Reference: Lin et al., 2023, "AWQ: Activation-aware Weight Quantization".
    """

    mode = "awq"
    bits = (4,)

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        sequence_length: int = 512,
        group_size: int = 128,
        num_grid_points: int = 20,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        self.dataset, self.tokenizer = dataset, tokenizer
        self.weight_bits, self.group_size = weight_bits, group_size
        self.num_samples, self.sequence_length = num_samples, sequence_length
        self.num_grid_points = num_grid_points
        self.quantization_layer_structure = quantization_layer_structure
        self._check(
            num_samples=num_samples,
            sequence_length=sequence_length,
            num_grid_points=num_grid_points,
        )


def resolve(mode: Any, config: Any, modes: tuple[str, ...]) -> QuantizationConfig:
    """Return the config that the arguments `mode` and `config` of `quantize` mean."""
    if mode is None and config is None:
        raise ValueError("`quantize` needs a `mode`, such as 'int8', or a `config`.")
    if config is not None and not isinstance(config, QuantizationConfig):
        raise ValueError(
            f"`config` of `quantize` must be a QuantizationConfig, not {config!r}."
        )
    if mode is not None and mode not in modes:
        raise ValueError(f"`mode` of `quantize` must be one of {modes}, not {mode!r}.")
    if config is not None and mode not in (None, config.mode):
        raise ValueError(
            f"`mode` is {mode!r}, but `config` is of mode {config.mode!r}: pass one."
        )
    if config is None and mode in ("gptq", "awq"):
        raise ValueError(
            f"Mode {mode!r} needs a `config`: a `{mode.upper()}Config` with data."
        )
    return config or _PLAIN[mode]()


_PLAIN: dict[str, Any] = {
    "int8": Int8QuantizationConfig,
    "int4": Int4QuantizationConfig,
    "float8": Float8QuantizationConfig,
}


def of_policy(policy: Any) -> QuantizationConfig:
    """Return the config that a quantized dtype policy stands for."""
    mode = policy.quantization_mode
    if mode == "int4":
        return Int4QuantizationConfig(block_size=getattr(policy, "block_size", -1))
    if mode not in _PLAIN:
        raise NotImplementedError(
            f"A layer that has weights cannot be given the policy {policy.name!r}: its "
            "weights would have to be found by means of a dataset."
        )
    return _PLAIN[mode]()
