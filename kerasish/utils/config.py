"""`Config`: a dictionary with attributes that can be frozen."""

import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

__all__ = ["Config"]


class Config:
    """Settings by name, as attributes and as items, that can be frozen.

    Args:
        **kwargs: the settings.

    Example:
        >>> config = keras.utils.Config(rate=0.1, units=8)
        >>> config.units = 16
        >>> config["units"], config.to_json()
        (16, '{"rate": 0.1, "units": 16}')
        >>> config.freeze()
    """

    __slots__ = ("_frozen", "_values")
    _values: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_values", kwargs)
        object.__setattr__(self, "_frozen", False)

    def __getattr__(self, name: str) -> Any:
        if name not in Config.__slots__ and name in self._values:
            return self._values[name]
        raise AttributeError(f"Config has no setting {name!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._changeable()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._changeable()[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Config {self._values}>"

    def _changeable(self) -> dict[str, Any]:
        if self._frozen:
            raise ValueError("The config is frozen: `unfreeze()` it to change it.")
        return self._values

    @property
    def frozen(self) -> bool:
        """Whether settings can not be changed."""
        return self._frozen

    def freeze(self) -> None:
        """Forbid changes."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Allow changes."""
        object.__setattr__(self, "_frozen", False)

    def get(self, name: str, default_value: Any = None) -> Any:
        """Return a setting, or the default if there is none."""
        return self._values.get(name, default_value)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._values.keys()

    def values(self) -> ValuesView[Any]:
        """Return the values."""
        return self._values.values()

    def items(self) -> ItemsView[str, Any]:
        """Return names and values."""
        return self._values.items()

    def pop(self, *args: Any) -> Any:
        """Remove a setting and return it."""
        return self._changeable().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several settings."""
        self._changeable().update(*args, **kwargs)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as a dictionary."""
        return dict(self._values)

    def to_json(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(self._values)
