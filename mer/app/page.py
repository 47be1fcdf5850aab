"""One page: drop a video or take the sample, choose a model, see what moved and what the model makes of it.

Nothing leaves the machine: the server listens on this machine alone, fonts are the system's, telemetry is off, and what
was uploaded is deleted when it has been looked at.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before its first import
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr

from mer.app.sample import write_sample
from mer.dataset.video import video_index
from mer.errors import DataError, MerError, counted
from mer.model.api import Model
from mer.model.inputs import Video
from mer.model.output import write_predictions
from mer.model.render.rendering import rendering
from mer.model.result import Prediction
from mer.model.shelf import every, load_named

__all__ = ["MAX_FILE", "MAX_SECONDS", "NO_MODEL", "Page", "forget"]

MAX_FILE = "300mb"
MAX_SECONDS = 180.0
NO_MODEL = "no model: what moved, and when"
_TABLE = ("from, s", "to, s", "kind", "what moved", "outcome", "likeliest", "probability", "flags")
_WIDTHS: list[str | int] = [70, 70, 80, 280, 120, 120, 120, 340]  # px; narrower screens scroll
_INTRO = """# mer
Finds micro-expressions in a video of one face. The video stays on this machine and is deleted when it has been
looked at.
"""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the page needs.

    Attributes
    ----------
    home : Path
        MER_HOME: its models are offered.
    """

    home: Path

    def models(self) -> list[str]:
        """Return what can be chosen, the newest version of each model first."""
        names = [f"{name}@{version}" for name, version, _ in every(self.home)]
        return [NO_MODEL, *reversed(names)]

    def build(self) -> gr.Blocks:
        """Return the page, ready to be served."""
        with gr.Blocks(title="mer", analytics_enabled=False, delete_cache=(600, 600)) as page:
            gr.Markdown(_INTRO)
            with gr.Row():
                with gr.Column():
                    video = gr.File(label="video", file_types=["video"], elem_id="video")
                    model = gr.Dropdown(self.models(), value=NO_MODEL, label="model", elem_id="model")
                    interval = gr.Textbox(
                        label="interval",
                        placeholder="3.2-3.6 (s) or 80-90 (frames); empty: find them",
                        elem_id="interval",
                    )
                    with gr.Row():
                        start = gr.Button("Look", variant="primary", elem_id="look")
                        sample = gr.Button("Use the sample video", elem_id="sample")
                with gr.Column():
                    shown = gr.Video(label="annotated video", elem_id="shown")
            message = gr.Markdown(elem_id="message")
            table = gr.Dataframe(
                headers=list(_TABLE), label="intervals", wrap=True, column_widths=_WIDTHS, elem_id="table"
            )
            pictures = gr.Gallery(
                label="one picture per interval", columns=1, object_fit="contain", height="auto", elem_id="pictures"
            )
            files = gr.File(label="download", file_count="multiple", elem_id="files")
            results = [message, table, shown, pictures, files]
            start.click(self._look, [video, model, interval], results, api_visibility="private")
            sample.click(self._look_at_sample, [model], results, api_visibility="private")
        return page

    def _look_at_sample(self, model: str, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "sample.mp4"
            write_sample(file)
            return self._answer(file, model, "", progress)

    def _look(
        self,
        upload: str | None,
        model: str,
        interval: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio asks for it
    ) -> tuple[Any, ...]:
        if upload is None:
            return _said("Choose a video first, or use the sample.")
        file = Path(upload)
        try:
            return self._answer(file, model, interval, progress)
        finally:
            file.unlink(missing_ok=True)

    def _answer(self, file: Path, model: str, interval: str, progress: gr.Progress) -> tuple[Any, ...]:
        """Return the values of the results; an error is a sentence in the place of the message."""

        @contextmanager
        def bar(what: str, total: int) -> Iterator[Any]:
            done = 0

            def advance() -> None:
                nonlocal done
                done += 1
                progress((done, total), desc=what)

            yield advance

        try:
            length = float(video_index(file).times[-1])
            if length > MAX_SECONDS:
                raise DataError(
                    f"{file.name}: {length:.0f} s; this page takes {MAX_SECONDS:.0f} s, mer predict any length"
                )
            looked = next(_model(self.home, "" if model == NO_MODEL else model).look(
                Video(file=file), interval=interval.strip(), progress=bar
            ))  # fmt: skip
            output = Path(tempfile.mkdtemp(prefix="mer-", dir=_served()))
            found: list[Prediction] = []
            with rendering(looked, output, bar) as show:
                for evidence in looked.evidence:
                    found.append(evidence.prediction)
                    show(evidence)
            write_predictions(output, found)
        except MerError as error:
            return _said(f"**{str(error).replace(str(file), file.name)}**")
        made = sorted(output.glob("*.png"), key=lambda path: int(path.stem.rpartition("_")[2]))
        movie = next(output.glob("*.mp4"))
        downloads = [output / "predictions.jsonl", output / "predictions.csv", movie]
        said = f"{counted(len(found), 'interval')} in {looked.name}." if found else "No expression was found."
        return said, [_row(one) for one in found], str(movie), list(map(str, made)), list(map(str, downloads))


@lru_cache(maxsize=2)
def _model(home: Path, name: str) -> Model:
    return Model.of(load_named(home, name) if name else None)


def _served() -> Path:
    """Return the folder from which Gradio may serve files; emptied when the page ends, see `forget`."""
    folder = Path(tempfile.gettempdir()) / f"mer-app-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    return folder


def forget() -> None:
    """Delete all results."""
    shutil.rmtree(_served(), ignore_errors=True)


def _said(text: str) -> tuple[Any, ...]:
    return text, [], None, [], []


def _row(one: Prediction) -> list[str]:
    start, end = (f"{value:.2f}" if value is not None else "" for value in (one.start, one.end))
    share = f"{one.probabilities[one.likeliest]:.0%}" if one.probabilities else ""
    flags = "; ".join(f"{flag.name}: {flag.sentence}" for flag in one.flags)
    return [start, end, one.interval.kind, one.sentence, one.outcome, one.likeliest, share, flags]
