"""The losses and metrics of each epoch, sent to a server."""

import json
import urllib.parse
import urllib.request
import warnings
from typing import Any

import numpy as np

from .callback import Callback, Logs

__all__ = ["RemoteMonitor"]

PATIENCE = 10.0  # seconds to wait for a server


class RemoteMonitor(Callback):
    """Posts the epoch's number, losses and metrics to a server after each epoch.

    They are one JSON object, `{"epoch": 0, "loss": 0.5, ...}`. A server that cannot be
    reached is warned of; training goes on.

    Args:
        root: address of the server, `http://` or `https://`.
        path: added to it.
        field: name of the field of the form that holds the JSON text.
        headers: dictionary of further HTTP headers.
        send_as_json: send the JSON text itself, as `application/json`, not a form.

    Raises:
        ValueError: if `root` is no address of the web.

    Example:
        >>> monitor = keras.callbacks.RemoteMonitor("http://localhost:9000")
        >>> request = monitor.request(0, {"loss": 0.5})
        >>> request.full_url, request.data
        ('http://localhost:9000/publish/epoch/end/', b'data=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%7D')
    """  # noqa: E501

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if not root.lower().startswith(("http://", "https://")):
            raise ValueError(
                "`root` of `RemoteMonitor` must begin with `http://` or `https://`. "
                f"Received: root={root!r}"
            )
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def request(self, epoch: int, logs: dict[str, Any]) -> urllib.request.Request:
        """Return what is sent for an epoch."""
        values = {k: np.asarray(v).tolist() for k, v in logs.items()}
        text = json.dumps({"epoch": epoch, **values})
        kind, body = "application/json", text
        if not self.send_as_json:
            kind = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode({self.field: text})
        headers = {"Content-Type": kind, **(self.headers or {})}
        return urllib.request.Request(self.root + self.path, body.encode(), headers)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Send the logs of the epoch."""
        request = self.request(epoch, logs or {})
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).close()
        except OSError as error:
            warnings.warn(
                f"`RemoteMonitor` could not reach the server at {self.root}: {error}",
                stacklevel=2,
            )
