"""The pictures and the video of one source, written as its intervals are told."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from mer.model.api import Looked, Progress
from mer.model.inputs import Video
from mer.model.predict import Evidence
from mer.model.render.movie import write_movie
from mer.model.render.picture import Curve, draw
from mer.model.result import Prediction
from mer.store.background import result_of, submit

__all__ = ["rendering"]

_KIND = "figures"  # the background process that draws
_WAITING = 8  # pictures that wait for it: each holds some megabytes


@contextmanager
def rendering(looked: Looked, output: Path, progress: Progress) -> Iterator[Callable[[Evidence], None]]:
    """Yield a function that has an interval drawn as ``INPUT_1.png``; then the source is written as ``INPUT.mp4``.

    A background process draws while the next intervals are looked at.
    """
    name = looked.source.file.stem if isinstance(looked.source, Video) else looked.name
    stem = re.sub(r"[^\w.-]+", "_", name)
    predictions: list[Prediction] = []
    begun: deque[Future[None]] = deque()

    def show(evidence: Evidence) -> None:
        one, follow, times = evidence.prediction, looked.follow, looked.times
        predictions.append(one)
        if evidence.pair is not None:
            curve = None if follow is None or times is None else Curve.around(one, follow, times)
            begun.append(submit(_KIND, draw, output / f"{stem}_{len(predictions)}.png", evidence, curve))
        while len(begun) > _WAITING:
            result_of(begun.popleft(), stem)

    yield show
    if looked.source is not None and looked.follow is not None and looked.times is not None:
        with progress("video", len(looked.times)) as advance:
            write_movie(output / f"{stem}.mp4", looked.source, looked.follow, predictions, advance)
    for picture in begun:
        result_of(picture, stem)
