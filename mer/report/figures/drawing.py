"""Figures drawn by a background process while the run goes on."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from importlib import import_module
from pathlib import Path

from mer.store.background import result_of, submit

__all__ = ["Drawing", "drawing"]

_KIND = "figures"


class Drawing:
    """Figures that were begun."""

    def __init__(self) -> None:
        self._begun: dict[str, Future[bytes]] = {}

    def begin(self, name: str, module: str, **content: object) -> None:
        """Have a figure drawn by the function ``draw`` of a module of `mer.report.figures`.

        Parameters
        ----------
        name : str
            Of the PNG file.
        module : str
            Such as ``regions``.
        **content
            Arguments of the function, all but ``path``.
        """
        self._begun[name] = submit(_KIND, _png, module, content)

    def write(self, folder: Path) -> None:
        """Wait for the figures, and write them into a folder that exists.

        Raises
        ------
        MerError
            If a figure could not be drawn.
        """
        for name in list(self._begun):
            png = result_of(self._begun.pop(name), name)
            (folder / name).write_bytes(png)

    def drop(self) -> None:
        """Draw nothing more."""
        for figure in self._begun.values():
            figure.cancel()


@contextlib.contextmanager
def drawing() -> Iterator[Drawing]:
    """Yield what draws; figures not yet taken when the block raises are not drawn."""
    submit(_KIND, _import_matplotlib)  # while features are computed
    figures = Drawing()
    try:
        yield figures
    finally:
        figures.drop()


def _import_matplotlib() -> None:
    with contextlib.suppress(Exception):  # the first figure says so
        import mer.report.figures.clip
        import mer.report.figures.confusion
        import mer.report.figures.regions  # noqa: F401


def _png(module: str, content: dict[str, object]) -> bytes:
    from mer.report.figures.letters import any_letter

    with tempfile.TemporaryDirectory(prefix="mer_figure_") as name, any_letter():
        path = Path(name) / "figure.png"
        import_module(f"mer.report.figures.{module}").draw(path=path, **content)
        return path.read_bytes()
