"""`mer ui`: the MLflow UI for the runs in MER_HOME."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import Namespace
from pathlib import Path

from mer.cli.command import Command, Parser
from mer.errors import ConfigError, MerError

__all__ = ["COMMAND"]

_READY_WITHIN_S = 120.0


def _fill(parser: Parser) -> None:
    parser.setting("study", "the study whose address is printed", default="default", metavar="NAME")
    parser.home()
    parser.setting("host", "address to listen on (127.0.0.1)", default="127.0.0.1", metavar="HOST")
    parser.setting("port", "its port (5000)", default="5000", metavar="PORT")


def _run(asked: Namespace) -> int:
    """Start the server, print the study's address once it responds, and wait until it is stopped."""
    from mer.tracking import UI_ENVIRONMENT, exit_on_signals, study_url, ui_command

    given = vars(asked)
    _require_free(given["host"], _port(given["port"]))
    base = f"http://{given['host']}:{_port(given['port'])}"
    address = study_url(base, Path(given["home"]), given["study"])
    command = ui_command(Path(given["home"]), given["host"], _port(given["port"]))
    print(f"starting the MLflow UI on {base} ...", file=sys.stderr, flush=True)
    quiet = subprocess.DEVNULL
    with (
        exit_on_signals(),  # so that the server ends with us, however we are ended
        subprocess.Popen(command, env=os.environ | UI_ENVIRONMENT, stdout=quiet, stderr=quiet) as server,
    ):
        try:
            _wait_until_ready(server, base)
            print(f"open {address}\nPress Ctrl-C to stop.", flush=True)
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.terminate()


def _require_free(host: str, port: int) -> None:
    """Refuse a port that is already in use: its server would be mistaken for the one to be started."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=2):
        raise MerError(f"port={port}: already in use, perhaps by another mer ui; try port={port + 1}")


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ConfigError(f"port={text}: must be a number between 1 and 65535")
    return int(text)


def _wait_until_ready(server: subprocess.Popen[bytes], base: str) -> None:
    end = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < end:
        if server.poll() is not None:
            raise MerError(f"the MLflow server on {base} stopped at once; the port may be in use, try port=5001")
        try:
            with urllib.request.urlopen(f"{base}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise MerError(f"the MLflow server on {base} did not respond within {_READY_WITHIN_S:.0f} s; try again")


COMMAND = Command(
    help="open the MLflow UI for the runs on this machine",
    description="Opens the MLflow UI for the runs in MER_HOME and prints the address at which the study's runs can "
    "be\ncompared. Press Ctrl-C to stop.",
    examples="  mer ui study=motion port=5001\n",
    fill=_fill,
    run=_run,
)
