"""Figures drawn by a background process while the run goes on."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from importlib import import_module
from pathlib import Path

from mer.store.background import result_of, submit

__all__ = ["Drawing", "drawing"]

_KIND = "figures"


class Drawing:
    """Figures that were begun."""

    def __init__(self) -> None:
        self._begun: dict[str, Future[dict[str, bytes]]] = {}

    def begin(self, name: str, module: str, *, kinds: Sequence[str] = ("png",), **content: object) -> None:
        """Have a figure drawn by the function ``draw`` of a module of `mer.report.figures`.

        Parameters
        ----------
        name : str
            Of the files, without their ending.
        module : str
            Such as ``regions``.
        kinds : sequence of str
            Of ``png``, ``svg`` and ``pdf``: one file each.
        **content
            Arguments of the function, all but ``path``.
        """
        self._begun[name] = submit(_KIND, _files, module, tuple(kinds), content)

    def write(self, folder: Path) -> None:
        """Wait for the figures, and write them into a folder that exists.

        Raises
        ------
        MerError
            If a figure could not be drawn.
        """
        for name in list(self._begun):
            for kind, content in result_of(self._begun.pop(name), name).items():
                (folder / f"{name}.{kind}").write_bytes(content)

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


def _files(module: str, kinds: tuple[str, ...], content: dict[str, object]) -> dict[str, bytes]:
    """Draw a figure in every format; a vector format gets ids that are the same in every run."""
    import matplotlib as mpl

    from mer.report.figures.letters import any_letter

    with (
        tempfile.TemporaryDirectory(prefix="mer_figure_") as name,
        mpl.rc_context({"svg.hashsalt": "mer", "pdf.fonttype": 42}),
        any_letter(),
    ):
        paths = {kind: Path(name) / f"figure.{kind}" for kind in kinds}
        for path in paths.values():
            import_module(f"mer.report.figures.{module}").draw(path=path, **content)
        return {kind: path.read_bytes() for kind, path in paths.items()}
