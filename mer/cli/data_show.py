"""`mer data show`: contact sheets of the clips of each subject, cropped to the face."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import make_output
from mer.errors import ConfigError, DataError
from mer.progress import progress

if TYPE_CHECKING:
    from mer.types import FramePair, FrameSampler, LandmarkFinder, Manifest, Sample

__all__ = ["draw_sheets", "of_subject"]

_AROUND = 0.25  # margin around the landmarks, in sides of their box: hair and chin stay in the picture


def draw_sheets(chosen: list[Sample], frames: FrameSampler, finder: LandmarkFinder | None, folder: Path) -> None:
    """Draw one sheet per subject and print its path; a file that is there already is not overwritten.

    Parameters
    ----------
    chosen : list of Sample
    frames : FrameSampler
    finder : LandmarkFinder or None
        Where the face is; with None, and where none is found, the whole frame is shown.
    folder : Path
    """
    from mer.report.figures import contact_sheet

    make_output(folder)
    with progress("clips", len(chosen)) as advance:
        for subject in sorted({sample.subject for sample in chosen}):
            path = _free(folder / f"{subject.replace('/', '_')}.png")
            samples = [sample for sample in chosen if sample.subject == subject]
            clips = [(_heading(frames, sample), _pair(frames, finder, sample, advance)) for sample in samples]
            contact_sheet.draw(subject, clips, path)
            print(path, flush=True)


def of_subject(manifest: Manifest, wanted: str) -> list[Sample]:
    """Return the clips of a subject, named with or without its data set; all where the name is empty."""
    chosen = [s for s in manifest.samples if not wanted or wanted in (s.subject, s.subject.split("/")[-1])]
    if not chosen:
        known = ", ".join(sorted({s.subject.split("/")[-1] for s in manifest.samples})) or "none with usable clips"
        raise ConfigError(f"subject={wanted}: no such subject; choose one of {known}")
    return chosen


def _heading(frames: FrameSampler, sample: Sample) -> str:
    first, *others = frames.indices(sample)
    numbers = f"{first} → {others[0]}" if len(others) == 1 else f"from {first}"
    return f"{sample.id}  {sample.label}  {numbers}"


def _pair(
    frames: FrameSampler, finder: LandmarkFinder | None, sample: Sample, advance: Callable[[], None]
) -> FramePair | str:
    """Return the face in the two frames of a clip, or the reason why there are none."""
    try:
        pair = frames(sample)
        return pair if finder is None else _face(pair, finder)
    except DataError as error:
        return str(error)
    finally:
        advance()


def _face(pair: FramePair, finder: LandmarkFinder) -> FramePair:
    """Return a square around the face of the onset, of both frames; the whole frames where no face is found."""
    from mer.types import FramePair

    try:
        points = finder.of_pair(pair).xy
    except DataError:
        return pair
    low, high = points.min(axis=0), points.max(axis=0)
    half = (0.5 + _AROUND) * float((high - low).max())
    x, y = (low + high) / 2
    rows, columns = (slice(max(0, round(c - half)), max(1, round(c + half))) for c in (y, x))
    if pair.onset[rows, columns].size == 0:
        return pair
    return FramePair(onset=pair.onset[rows, columns], apex=pair.apex[rows, columns])


def _free(path: Path) -> Path:
    """Return a path that no file has: an earlier sheet, perhaps of other frames, stays as it is."""
    numbers = itertools.count(2)
    free = path
    while free.exists():
        free = path.with_name(f"{path.stem}_{next(numbers)}{path.suffix}")
    return free
