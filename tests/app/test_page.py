"""The page, in a real browser: the sample, a video of one's own, and a bad file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mer.app.sample import write_sample
from tests.app.browser import Browser, browser

pytest.importorskip("gradio", reason="the extra app is not installed")

SHOTS = os.environ.get("MER_TEST_SHOTS", "")  # folder for screenshots to look at


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the page as a user would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "mer", "app", f"port={port}", f"home={home}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(240):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5):
                        break
                except OSError:
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _shot(page: Browser, name: str) -> None:
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"{name}.png")


def test_sample_own_video_and_bad_file(address: str, tmp_path: Path) -> None:
    own, bad = tmp_path / "me.mp4", tmp_path / "bad.mp4"
    write_sample(own)
    bad.write_bytes(b"not a video")
    message = "document.querySelector('#message')?.innerText"
    with browser(address, tmp_path / "profile") as page:
        page.wait("document.querySelector('#sample button, button#sample') !== null")
        page.run("document.querySelector('#sample button, button#sample').click()")
        page.wait(f"{message}?.includes('in sample.mp4')")
        assert "px" in page.run("document.querySelector('#table').innerText")
        page.wait("document.querySelector('#shown video')?.videoWidth > 0")
        page.wait("document.querySelectorAll('#pictures img').length > 0")
        _shot(page, "sample")
        page.upload("#video input[type=file]", own)
        page.wait("document.querySelector('#video')?.innerText.includes('me')")
        page.run("document.querySelector('#look button, button#look').click()")
        page.wait(f"{message}?.includes('in me.mp4')")
        _shot(page, "own")
        page.run("document.querySelector('#video [aria-label*=lear], #video [aria-label*=emove]').click()")
        page.wait("document.querySelector('#video input[type=file]') !== null")
        page.upload("#video input[type=file]", bad)
        page.wait("document.querySelector('#video')?.innerText.includes('bad')")
        page.run("document.querySelector('#look button, button#look').click()")
        page.wait(f"{message}?.includes('no video can be decoded')")
        _shot(page, "bad")
        elsewhere = {url for url in page.requested if not url.startswith((address, "data:", "blob:", "about:"))}
        assert not elsewhere
