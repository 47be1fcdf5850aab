"""Figures drawn by a process beside ours, see `mer.helper`, while the run goes on."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mer.errors import MerError
from mer.helper import Channel, GoneError, Helper, answer_with, helper

__all__ = ["Drawing", "drawing"]

_KIND = "figures"


class Drawing:
    """Figures that were begun.

    Parameters
    ----------
    process : Helper
    """

    def __init__(self, process: Helper) -> None:
        self._process = process
        self._begun: list[str] = []

    def begin(self, name: str, module: str, **content: Any) -> None:
        """Have a figure drawn by the function ``draw`` of a module of `mer.report`.

        Parameters
        ----------
        name : str
            Of the PNG file.
        module : str
            Such as ``regions``.
        **content
            Arguments of the function, all but ``path``.
        """
        self._begun.append(name)
        self._process.send(answer_with, _png, module, content)

    def write(self, folder: Path) -> None:
        """Wait for the figures, and write them into a folder that exists.

        Raises
        ------
        MerError
            Where a figure could not be drawn.
        """
        while self._begun:
            try:
                png = self._process.answer()
            except GoneError as error:
                raise MerError(
                    f"{self._begun[0]}: the process that draws was killed or ran out of memory; run again, what was "
                    "computed is kept"
                ) from error
            (folder / self._begun.pop(0)).write_bytes(png)


@contextlib.contextmanager
def drawing() -> Iterator[Drawing]:
    """Lend what draws; figures that nobody has taken when a block raises are not missed."""
    with helper(_KIND) as process:
        process.tell(_import_matplotlib)  # while features are computed
        yield Drawing(process)


def _import_matplotlib(_: Channel) -> None:
    with contextlib.suppress(Exception):  # the first figure says so
        import mer.report.clip
        import mer.report.confusion
        import mer.report.regions  # noqa: F401


def _png(module: str, content: dict[str, Any]) -> bytes:
    from importlib import import_module

    with tempfile.TemporaryDirectory(prefix="mer_figure_") as name:
        path = Path(name) / "figure.png"
        import_module(f"mer.report.{module}").draw(path=path, **content)
        return path.read_bytes()
