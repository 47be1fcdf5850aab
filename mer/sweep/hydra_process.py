"""Hydra's command line in a separate process: it runs cells through a launcher, or prints the settings.

``python -m mer.sweep.hydra_process WORDS`` is that process. It has its own command line, so that the arguments
and the Hydra state of the calling program do not change, and it ends when that program does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mer.sweep.cell import Sweep

__all__ = ["launch", "show"]

_PATIENCE_S = 2.0  # Ctrl-C in a terminal reaches both processes; a signal from a program reaches only this one


def show(words: Sequence[str], root: str = "config") -> int:
    """Let Hydra print what the flags among the words request, without a run; return the exit status.

    `root` is that of `mer.config.composition.compose`.
    """
    return _process(words, root)


def launch(sweep: Sweep, numbers: Sequence[int], *, wait: bool) -> int:
    """Pass cells to the launcher that the sweep's words choose, and return the exit status of the process.

    Parameters
    ----------
    sweep : Sweep
    numbers : sequence of int
        Which cells, from 0.
    wait : bool
        Wait for cells that another sweep is running.
    """
    sweep.folder.mkdir(parents=True, exist_ok=True)
    file = sweep.folder / ".sweep.json"  # workers on other machines also read it
    file.write_text(json.dumps(asdict(sweep), default=str), encoding="utf-8")
    own = {
        "hydra.sweep.dir": _quoted(sweep.folder),
        "hydra.sweep.subdir": "${sweep.cell}",
        "hydra.sweeper.params": "null",
        "+sweep.file": _quoted(file),
        "+sweep.wait": str(wait).lower(),
        "+sweep.cell": ",".join(map(str, numbers)),
    }
    try:
        words = [*sweep.shared, *(f"{name}={value}" for name, value in own.items())]
        return _process(["--multirun", *words], sweep.of_task.root)
    finally:
        file.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("'", r"\'")
    return f"'{escaped}'"


def _process(words: Sequence[str], root: str) -> int:
    sys.stdout.flush()
    path = os.pathsep.join(folder for folder in sys.path if folder)
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "mer.sweep.hydra_process", f"--config-name={root}", *words],
        stdin=subprocess.PIPE,  # never written to: it closes when this process ends, for whatever reason
        env=os.environ | {"HYDRA_FULL_ERROR": "1", "PYTHONPATH": path},
    ) as process:
        try:
            return process.wait()
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was interrupted with this one; interrupt it if it was not."""
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            process.wait(_PATIENCE_S)
            return
        except subprocess.TimeoutExpired:
            process.send_signal(number)


def _end_with_parent() -> None:
    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run_cell(file: str, number: int, *, wait: bool) -> None:
    from mer.progress import QUIET
    from mer.sweep.cell import Sweep, run_cell

    os.environ[QUIET] = "1"
    run_cell(Sweep.from_json(Path(file).read_text(encoding="utf-8")), number, wait=wait)


def _main() -> int:
    import hydra
    from hydra.errors import HydraException
    from omegaconf import DictConfig

    from mer.config.catalogue import conf_dir
    from mer.config.composition import one_sentence

    @hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
    def job(cfg: DictConfig) -> None:
        _run_cell(str(cfg.sweep.file), int(cfg.sweep.cell), wait=bool(cfg.sweep.wait))

    _end_with_parent()
    try:
        job()
    except KeyboardInterrupt:
        return 130
    except HydraException as error:
        print(f"mer: {one_sentence(error) or 'Hydra stopped without a message'}", file=sys.stderr)
        return 2
    except Exception as error:  # error of the launcher: those of cells are in their lines
        if os.environ.get("MER_DEBUG"):
            raise
        said = " ".join(str(error).split())[:300]
        print(f"mer: the launcher reports {type(error).__name__}: {said}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
