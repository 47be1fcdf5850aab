"""The pictures and the video of one source, written as its intervals are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mer.model.api import Looked, Progress
from mer.model.inputs import Video
from mer.model.predict import Evidence
from mer.model.render.movie import write_movie
from mer.model.render.picture import draw
from mer.model.result import Prediction

__all__ = ["rendering"]


@contextmanager
def rendering(looked: Looked, output: Path, progress: Progress) -> Iterator[Callable[[Evidence], None]]:
    """Yield a function that draws an interval as ``INPUT_1.png``; afterwards the source is written as ``INPUT.mp4``."""
    name = looked.source.file.stem if isinstance(looked.source, Video) else looked.name
    stem = re.sub(r"[^\w.-]+", "_", name)
    predictions: list[Prediction] = []

    def show(evidence: Evidence) -> None:
        predictions.append(evidence.prediction)
        if evidence.pair is not None:
            draw(output / f"{stem}_{len(predictions)}.png", evidence, looked.follow, looked.times)

    yield show
    if looked.source is not None and looked.follow is not None and looked.times is not None:
        with progress("video", len(looked.times)) as advance:
            write_movie(output / f"{stem}.mp4", looked.source, looked.follow, predictions, advance)
