"""A small client of chromedriver: WebDriver is JSON over HTTP (W3C, 2018)."""

import base64
import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage
    --no-first-run --disable-extensions --disable-background-networking
    --force-device-scale-factor=1 --disable-background-timer-throttling""".split()


def missing() -> str | None:
    """What keeps the browser's tests from running here, None if nothing does."""
    absent = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"not installed: {', '.join(absent)}" if absent else None


class Browser:
    """A window of a browser; `call` sends any command of the protocol."""

    def __init__(self, port: str, session: str = "") -> None:
        self.base = f"http://127.0.0.1:{port}/session"
        if session:
            self.base += f"/{session}"

    def call(self, path: str, body: dict[str, Any] | None = None, method="POST") -> Any:
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def open(self, address: str) -> None:
        self.call("/url", {"url": address})

    def run(self, script: str, *args: Any) -> Any:
        """Run JavaScript; `return` gives a value, `arguments` are the given ones."""
        return self.call("/execute/sync", {"script": script, "args": list(args)})

    def find(self, css: str) -> str:
        found = self.call("/element", {"using": "css selector", "value": css})
        return f"/element/{found[ELEMENT]}"

    def click(self, css: str) -> None:
        self.call(self.find(css) + "/click")

    def type(self, css: str, text: str) -> None:
        """Replace what an input holds, and leave it."""
        self.call(self.find(css) + "/clear")
        self.call(self.find(css) + "/value", {"text": f"{text}\ue004"})

    def text(self, css: str) -> str:
        return self.run("return document.querySelector(arguments[0]).innerText", css)

    def until(self, condition: str, *args: Any, seconds: float = 60) -> Any:
        """Wait until a JavaScript expression is true; return its value."""
        due = time.monotonic() + seconds
        while not (found := self.run(f"return {condition}", *args)):
            assert time.monotonic() < due, f"never: {condition}"
            time.sleep(0.03)
        return found

    def resize(self, width: int, height: int) -> None:
        self.call("/window/rect", {"width": width, "height": height})

    def shot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("/screenshot", method="GET")))

    def complaints(self) -> list[str]:
        """What was logged on the console since the last call."""
        logged = self.call("/se/log", {"type": "browser"})
        return [entry["message"] for entry in logged if entry["level"] == "SEVERE"]


@contextlib.contextmanager
def browser(width: int = 1400, height: int = 1000) -> Iterator[Browser]:
    """Start Chromium without a screen; end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as folder:
        pipe = subprocess.PIPE
        driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=pipe, stderr=subprocess.STDOUT
        )
        try:
            said = ""
            while not (found := re.search(r"successfully on port (\d+)", said)):
                said = driver.stdout.readline().decode()
                assert said, "chromedriver ended"
            flags = [*FLAGS, f"--user-data-dir={folder}/profile"]
            flags.append(f"--window-size={width},{height}")
            wanted = {
                "goog:chromeOptions": {
                    "args": flags,
                    "binary": shutil.which("chromium"),
                },
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            made = Browser(found[1]).call("", {"capabilities": {"alwaysMatch": wanted}})
            window = Browser(found[1], made["sessionId"])
            try:
                yield window
            finally:
                window.call("", method="DELETE")
        finally:
            driver.terminate()
            driver.communicate()
