"""A page to try small networks on: `python -m kerasish playground`."""

from .server import Server, serve
from .state import State, parse
from .training import Session

__all__ = ["Server", "Session", "State", "parse", "serve"]
