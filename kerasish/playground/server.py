"""The server: three files, a stream for each page, and what a page may ask for.

A page opens one stream, `POST /stream`, with a state; a network lives as long as the
stream does, in that request's thread. `POST /act` puts a wish into its queue, which
comes into effect between two pictures. Whoever may use it must come from this machine,
by a page of this server (`Host`, `Origin`), and know the token of this start.
"""

import contextlib
import hmac
import json
import queue
import secrets
import socket
import struct
import sys
import threading
import time
import warnings
import webbrowser
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .state import State, choices, parse
from .training import Session, samples

__all__ = ["Server", "serve"]

HOST = "127.0.0.1"
PORT = 8713
FILES = {  # all that is ever read from the disk
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MOST_BODY = 4096  # bytes of a request
MOST_STREAMS, MOST_CONNECTIONS, MOST_WISHES = 8, 32, 64
MOST_WEIGHT = 100.0
PATIENCE = 5.0  # seconds for a request to arrive
ABSENCE = 60.0  # seconds that a page may read nothing, as while a machine sleeps
BEAT = 1.0  # seconds after which an idle stream looks whether somebody is there
PACE = 1 / 60  # seconds between two pictures
FIRST = 120  # points of the small pictures of all sets


class Refused(Exception):
    """A request that is not served: status and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Stream:
    """One page's network and wishes; `records` is what the page gets to read."""

    session: Session

    def __init__(self, stopped: threading.Event) -> None:
        self.wishes: queue.Queue[dict[str, Any]] = queue.Queue(MOST_WISHES)
        self.playing, self.stopped = False, stopped

    def records(self, name: str) -> Iterator[bytes]:
        """Yield records until the server stops; an empty one if nothing happened."""
        yield record({"stream": name, "choices": choices(), "sets": _sets()})
        yield from self._scene()
        while not self.stopped.is_set():
            began = time.perf_counter()
            for wish in self._next():
                yield from self._grant(wish)
            if self.playing:
                yield from self._train(int(self.session.state["speed"]))
                time.sleep(max(0.0, PACE + began - time.perf_counter()))
            elif time.perf_counter() - began > BEAT / 2:
                yield record({})  # fails if nobody is there any more

    def _next(self) -> Iterator[dict[str, Any]]:
        """Yield what is wished; wait for it unless there is something to do."""
        with contextlib.suppress(queue.Empty):
            yield self.wishes.get(not self.playing, BEAT)
            while True:
                yield self.wishes.get_nowait()

    def _grant(self, wish: dict[str, Any]) -> Iterator[bytes]:
        try:
            yield from getattr(self, f"_{wish['do']}")(wish)
        except ValueError as error:
            yield record({"error": str(error)})

    def _train(self, epochs: int) -> Iterator[bytes]:
        if self.session.fresh:
            yield record({"busy": "Compiling the training of this network …"})
        self.session.train(epochs)
        yield from self._picture()

    def _picture(self) -> Iterator[bytes]:
        numbers, maps = self.session.picture()
        if self.playing and None in numbers["losses"]:
            self.playing = False
            numbers["error"] = (
                "The loss is no longer a number: the steps were too far. Reset, and "
                "take a smaller learning rate."
            )
        yield record({**numbers, "playing": self.playing}, maps)

    def _scene(self) -> Iterator[bytes]:
        scene, maps = self.session.scene()
        yield record({"scene": scene, "state": self.session.state}, maps)
        yield from self._picture()

    def _play(self, wish: dict[str, Any]) -> Iterator[bytes]:
        self.playing = True
        yield from self._picture()

    def _pause(self, wish: dict[str, Any]) -> Iterator[bytes]:
        self.playing = False
        yield from self._picture()

    def _step(self, wish: dict[str, Any]) -> Iterator[bytes]:
        self.playing = False
        yield from self._train(1)

    def _reset(self, wish: dict[str, Any]) -> Iterator[bytes]:
        self.playing, self.session = False, Session(self.session.state)
        yield from self._scene()

    def _set(self, wish: dict[str, Any]) -> Iterator[bytes]:
        if self.session.change(wish["state"]):
            yield record({"state": self.session.state})
        else:
            self.session = Session(wish["state"])
            yield from self._scene()

    def _edit(self, wish: dict[str, Any]) -> Iterator[bytes]:
        layer, row, column = wish["place"]
        self.session.edit(layer, row, column, wish["value"])
        yield from self._picture()

    def _script(self, wish: dict[str, Any]) -> Iterator[bytes]:
        self.playing = False
        yield record({"script": self.session.script()})
        yield from self._picture()


def record(numbers: dict[str, Any], maps: bytes = b"") -> bytes:
    """Two lengths (32 bits, little-endian), JSON, bytes."""
    text = json.dumps(numbers, allow_nan=False, separators=(",", ":")).encode()
    return struct.pack("<II", len(text), len(maps)) + text + maps


def _sets() -> dict[str, Any]:
    """A few points of each set: `[x1, x2, y]` with y from -1 to 1."""
    found = {}
    for name in choices()["data"]:
        state = parse({"data": name})
        (x, y), _ = samples(state, 2 * FIRST)
        y = 2 * y - 1 if state.classifies else y
        rows = zip(x.tolist(), y.tolist())
        found[name] = [[round(a, 1), round(b, 1), round(c, 2)] for (a, b), c in rows]
    return found


# --- what a page may wish ---------------------------------------------------------


def read_wish(body: Any) -> dict[str, Any]:
    """Check the body of `POST /act`.

    Raises:
        ValueError: for anything else; it names the field.
    """
    if not isinstance(body, dict):
        raise ValueError("The body must be an object.")
    action = body.get("do")
    if action not in ("play", "pause", "step", "reset", "set", "edit", "script"):
        raise ValueError(f"`do` is unknown: {str(action)[:40]!r}.")
    wish: dict[str, Any] = {"do": action}
    if action == "set":
        wish["state"] = parse(body.get("state"))
    if action == "edit":
        wish["place"] = [_integer(body, key) for key in ("layer", "row", "column")]
        wish["value"] = _weight(body.get("value"))
    return wish


def _integer(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or not -1 <= value < 10:
        raise ValueError(f"`{name}` must be a small integer.")
    return value


def _weight(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= MOST_WEIGHT:
        raise ValueError(
            f"`value` must be a number from {-MOST_WEIGHT:g} to {MOST_WEIGHT:g}."
        )
    return float(value)


class Handler(BaseHTTPRequestHandler):
    """Checks a request, then answers it from the tables above."""

    server: "Server"
    server_version, sys_version = "kerasish", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Serve one of the files."""
        self._answer(self._file)

    def do_POST(self) -> None:
        """Serve the stream, or take a wish."""
        self._answer(self._posted)

    def _answer(self, method: Callable[[], None]) -> None:
        try:
            self._check_source()
            method()
        except Refused as refused:
            self._send(refused.status, "application/json", {"error": str(refused)})
        except ValueError as error:
            text = {"error": str(error)}
            self._send(HTTPStatus.BAD_REQUEST, "application/json", text)

    def _check_source(self) -> None:
        """Refuse other names of this machine (DNS rebinding) and other pages."""
        allowed = self.server.hosts
        hosts, origins = (self.headers.get_all(k, []) for k in ("Host", "Origin"))
        if len(hosts) != 1 or hosts[0].lower() not in allowed:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "This is not that host.")
        needed = self.command == "POST"
        if (needed or origins) and origins != [f"http://{hosts[0]}"]:
            raise Refused(HTTPStatus.FORBIDDEN, "`Origin` must be this server's.")
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise Refused(HTTPStatus.FORBIDDEN, "Another site may not ask.")

    def _check_token(self, given: str) -> None:
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "The token is not that of this start: open the address that "
                "`python -m kerasish playground` printed.",
            )

    def _file(self) -> None:
        parts = urlsplit(self.path)
        if parts.path not in FILES:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such page.")
        if parts.path == "/":  # the others hold no secret
            self._check_token(parse_qs(parts.query).get("token", [""])[0])
        name, kind = FILES[parts.path]
        text = resources.files(__package__).joinpath(name).read_bytes()
        self._send(HTTPStatus.OK, kind, text)

    def _posted(self) -> None:
        self._check_token(self.headers.get("X-Token", ""))
        body = self._body()
        if self.path == "/stream":
            state = parse(body)
            with self.server.stream(state) as (name, stream):
                self._head(HTTPStatus.OK, "application/octet-stream")
                self._pour(stream.records(name))
        elif self.path == "/act":
            wish = read_wish(body)
            self.server.wish(str(body.get("stream"))[:40], wish)
            self._send(HTTPStatus.OK, "application/json", {})
        else:
            raise Refused(HTTPStatus.NOT_FOUND, "There is nothing at that address.")

    def _body(self) -> Any:
        if self.headers.get("Content-Type") != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON is expected.")
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "`Content-Length` is missing.")
        if len(length) > 9 or int(length) > MOST_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too long.")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise Refused(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from None

    def _pour(self, records: Iterator[bytes]) -> None:
        # What is written waits in no large buffer: a slow page gets fewer pictures.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**16)
        self.connection.settimeout(ABSENCE)
        for one in records:
            self.wfile.write(one)
            self.wfile.flush()

    def _head(self, status: HTTPStatus, kind: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: HTTPStatus, kind: str, content: Any) -> None:
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self._head(status, kind, len(content))
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is the user's."""


class Server(ThreadingHTTPServer):
    """The playground at 127.0.0.1.

    Args:
        port: 0 takes any that is free.

    Example:
        >>> from kerasish.playground import Server
        >>> with Server(0) as server:
        ...     server.address.startswith("http://127.0.0.1:")
        True
    """

    daemon_threads = True

    def __init__(self, port: int = PORT) -> None:
        self.stopped = threading.Event()
        self._streams: dict[str, Stream] = {}
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((HOST, port), Handler)
        self.token = secrets.token_urlsafe(16)
        self.hosts = {f"{name}:{self.server_port}" for name in (HOST, "localhost")}
        self.address = f"http://{HOST}:{self.server_port}/?token={self.token}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread, if there are not too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that went away is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    @contextlib.contextmanager
    def stream(self, state: State) -> Iterator[tuple[str, Stream]]:
        """Make a network for a page, and keep it until the page has gone."""
        name = secrets.token_hex(8)
        with self._lock:
            if len(self._streams) >= MOST_STREAMS:
                raise Refused(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    f"{MOST_STREAMS} pages are open already: close one.",
                )
            stream = self._streams[name] = Stream(self.stopped)
        try:
            stream.session = Session(state)
            yield name, stream
        finally:
            del self._streams[name]

    def wish(self, name: str, wish: dict[str, Any]) -> None:
        """Pass a wish to a page's network."""
        stream = self._streams.get(name)
        if stream is None:
            raise Refused(HTTPStatus.GONE, "This page's network has gone: load anew.")
        try:
            stream.wishes.put_nowait(wish)
        except queue.Full:
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS, "Too much at once: wait a moment."
            ) from None

    def server_close(self) -> None:
        """Let all streams end, wait for them a moment, and close."""
        self.stopped.set()
        due = time.monotonic() + PATIENCE
        while self._streams and time.monotonic() < due:
            time.sleep(0.02)
        super().server_close()


def serve(port: int = PORT, browser: bool = True) -> None:
    """Serve the playground until Ctrl-C.

    Args:
        port: of 127.0.0.1; 0 takes any that is free.
        browser: whether to open a browser there.

    Raises:
        OSError: if the port is taken.
    """
    # The page itself says that the loss is no number.
    warnings.filterwarnings("ignore", "The loss is", UserWarning)
    with Server(port) as server:
        print(f"The playground is at {server.address}\nCtrl-C ends it.", flush=True)
        if browser:
            webbrowser.open(server.address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
