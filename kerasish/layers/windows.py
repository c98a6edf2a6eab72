"""What layers that slide windows over sequences, images and volumes share."""

import types
from typing import Any

import numpy as np

from ..ops.convolution import standardize_data_format
from .layer import Layer

__all__ = ["Ranked"]

# Arguments that are numbers along each axis: a default of 1 is (1, 1) for images.
_PER_AXIS = ("strides", "dilation_rate", "pool_size", "size")


class Ranked(Layer):
    """A layer that is written once for any number of axes of space.

    A subclass that sets `rank` has the constructor of its base, with the defaults of
    numbers along the axes repeated as often.
    """

    rank: int
    data_format: str = "channels_last"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "rank" in vars(cls) and "__init__" not in vars(cls) and cls.rank > 1:
            made: Any = cls.__init__
            copied = types.FunctionType(
                made.__code__, made.__globals__, "__init__", None, made.__closure__
            )
            names = made.__code__.co_varnames[: made.__code__.co_argcount]
            defaults = dict(zip(names[::-1], (made.__defaults__ or ())[::-1]))
            copied.__defaults__ = tuple(
                (value,) * cls.rank if name in _PER_AXIS and value else value
                for name, value in reversed(defaults.items())
            )
            copied.__annotations__ = made.__annotations__
            cls.__init__ = copied  # type: ignore[method-assign]

    def _set_data_format(self, data_format: str | None) -> None:
        self.data_format = standardize_data_format(data_format)

    @property
    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else -1

    def _numbers(self, value: Any, name: str, least: int = 1) -> tuple[int, ...]:
        """One number for each axis."""
        single = isinstance(value, (int, np.integer))
        numbers = (value,) * self.rank if single else tuple(value)
        if len(numbers) != self.rank or any(
            not isinstance(n, (int, np.integer)) or n < least for n in numbers
        ):
            raise ValueError(
                f"`{name}` of layer `{self.name}` must be {self.rank} integer(s) of at "
                f"least {least}, or one for all axes. Received: {value!r}."
            )
        return tuple(map(int, numbers))

    def _check_count(self, name: str, value: Any) -> None:
        if not isinstance(value, int) or value <= 0:
            raise ValueError(
                f"`{name}` of layer `{self.name}` must be a positive integer, not "
                f"{value!r}."
            )

    def _check_windows(self, paddings: tuple[str, ...]) -> None:
        """Check `padding`, and that windows do not both jump and have holes."""
        padding, strides, dilation = (
            getattr(self, name) for name in ("padding", "strides", "dilation_rate")
        )
        if padding not in paddings:
            raise ValueError(
                f"`padding` of layer `{self.name}` must be one of {paddings}, not "
                f"{padding!r}."
            )
        if max(strides) > 1 and max(dilation) > 1:
            raise ValueError(
                f"Layer `{self.name}`: `strides` {strides} and `dilation_rate` "
                f"{dilation} cannot both be greater than 1."
            )
