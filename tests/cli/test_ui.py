"""`mer ui`: however it is ended, its server ends with it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.planted import clips, keep, predict


def test_its_server_ends_with_it(tmp_path: Path) -> None:
    of = clips(np.random.default_rng(0), subjects=4, each=(3, 4))
    keep(tmp_path, tmp_path / "run", {"flow": "dis"}, of, predict(np.random.default_rng(1), of, skill=1, suits=0))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "mer", "ui", f"home={tmp_path}", f"port={port}", "study=planted"]
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ui:
        assert ui.stdout is not None and ui.stderr is not None
        said = ui.stdout.readline()
        assert said.startswith(f"open http://127.0.0.1:{port}"), ui.stderr.read()
        ui.send_signal(signal.SIGTERM)
        assert ui.wait(30) == 128 + signal.SIGTERM
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        pass
