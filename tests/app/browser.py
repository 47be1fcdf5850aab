"""A real browser without a window, driven over its debugging port."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
)


class Browser:
    """One tab."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._number = socket, 0
        self.requested: list[str] = []

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the browser and return its result; the addresses that it asks for meanwhile are kept."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("method") == "Network.requestWillBeSent":
                self.requested.append(answer["params"]["request"]["url"])
            if answer.get("id") == self._number:
                return dict(answer.get("result", {}))

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    def wait(self, script: str, seconds: float = 120) -> Any:
        """Return the value of an expression as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.5)
        raise AssertionError(
            f"not so within {seconds} s: {script}; the page says {self.run('document.body.innerText')}"
        )

    def upload(self, selector: str, file: Path) -> None:
        """Choose a file in an input."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(file)], nodeId=node)

    def screenshot(self, path: Path) -> None:
        """Write what is seen, the whole page."""
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def browser(url: str, folder: Path, *, width: int = 1280) -> Iterator[Browser]:
    """Yield a browser that shows a page; skips the test where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed")
    client = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")
    command = [program, *_FLAGS, f"--user-data-dir={folder}", f"--window-size={width},1000", "about:blank"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            with client.connect(_tab(folder), max_size=None) as socket:
                tab = Browser(socket)
                tab.send("Network.enable")
                tab.send(
                    "Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False
                )
                tab.send("Page.navigate", url=url)
                yield tab
        finally:
            process.terminate()


def _tab(folder: Path) -> str:
    import urllib.request

    port = folder / "DevToolsActivePort"
    for _ in range(120):
        if port.exists() and port.read_text(encoding="utf-8").strip():
            number = port.read_text(encoding="utf-8").split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{number}/json/list", timeout=10) as answer:
                tabs = [tab for tab in json.loads(answer.read()) if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.5)
    raise AssertionError("the browser does not answer")
