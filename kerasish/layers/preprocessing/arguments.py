"""What the layers that prepare data say of arguments that cannot be used."""

from collections.abc import Sequence
from typing import Any

__all__ = ["Argued"]


class Argued:
    """A layer that checks arguments of its constructor."""

    name: str

    def _wrong(self, name: str, expected: str, value: Any) -> ValueError:
        return ValueError(
            f"`{name}` of layer `{self.name}` ({type(self).__name__}) must be "
            f"{expected}. Received: {value!r}."
        )

    def _choice(self, name: str, value: Any, words: Sequence[Any]) -> Any:
        """Return `value` if it is one of the words."""
        if value not in words:
            raise self._wrong(name, f"one of {', '.join(map(repr, words))}", value)
        return value
