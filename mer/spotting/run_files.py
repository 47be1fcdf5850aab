"""The files in the folder of a run of ``task=spot``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mer.dataset.media import VideoFile
from mer.dataset.video import frame_times
from mer.report.figures.motion_curve import draw
from mer.spotting.fit import Followed, Spotter
from mer.spotting.interval_table import write_intervals, write_truth
from mer.spotting.recognised import Recognised, write_recognised
from mer.spotting.score import SpottedVideo
from mer.spotting.score_table import document
from mer.spotting.score_table import write as write_scores
from mer.types import KINDS, Numbers, Recording, Recordings

if TYPE_CHECKING:
    from mer.spotting.settings import Spotting

__all__ = ["draw_videos", "seconds_of", "write"]


def write(
    folder: Path,
    run: Spotting,
    recordings: Recordings,
    videos: Sequence[Followed],
    found: Sequence[SpottedVideo],
    recognised: Recognised | None,
    warnings: Sequence[str],
) -> Mapping[str, Any]:
    """Write the files of a run but its figures; return its scores."""
    times = {r.id: seconds_of(r) for r, _ in videos}
    by_video = {video.video: video.found for video in found}
    write_intervals(folder, by_video, times, {r.id: r.first for r, _ in videos})
    write_truth(folder, recordings.recordings)
    scores = document({run.dataset.name: found}, run.task.iou, "one_to_one")
    more = {} if recognised is None else {"recognition": write_recognised(folder, recognised)}
    write_scores({**scores, **more}, folder, "metrics.json")
    (folder / "config.yaml").write_text(run.config, encoding="utf-8")
    card = {
        "task": "spot" if recognised is None else "spot_recognise",
        "command": run.command,
        "data": {"name": run.dataset.name, "videos": len(videos), "notes": dict(recordings.notes)},
        "excluded": [{"id": left.sample_id, "reason": left.reason} for left in recordings.excluded],
        "thresholds": "fitted on the other subjects" if run.task.fits(run.spotter) else "those of the spotter",
        "warnings": list(warnings),
    }
    (folder / "protocol.json").write_text(json.dumps(card, indent=1, default=str, ensure_ascii=False), encoding="utf-8")
    return {**scores["sets"][run.dataset.name], **more}


def seconds_of(recording: Recording) -> Numbers:
    """Return the time of every frame, s.

    A video file has a clock of its own, which may run unevenly, and as a whole too slowly where the camera was faster.
    """
    if not isinstance(recording.clip, VideoFile):
        return np.arange(recording.frames) / recording.fps
    times = frame_times(recording.clip.file)
    slower = float(times[-1] - times[0]) * recording.fps / (len(times) - 1)
    return times if np.isclose(slower, 1, rtol=1e-6) else times / slower


def draw_videos(folder: Path, spotter: Spotter, videos: Sequence[Followed], found: Sequence[SpottedVideo]) -> None:
    """Draw the curve of every video that shows a face into a new folder."""
    folder.mkdir()
    by_video = {video.video: video.found for video in found}
    names = _file_names([recording.id for recording, _ in videos])
    for recording, curve in videos:
        strengths = {kind: spotter.strength(curve, kind) for kind in KINDS}
        if all(np.isnan(strength).all() for strength in strengths.values()):
            continue
        both = ([i.shifted(-recording.first) for i in some] for some in (by_video[recording.id], recording.events))
        spotted, true = both
        draw(recording.id, seconds_of(recording), strengths, spotted, folder / f"{names[recording.id]}.png", true)


def _file_names(ids: Sequence[str]) -> dict[str, str]:
    """Return ids → names of files: _ in place of /, and numbered where two would be the same on any file system."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for one in ids:
        plain = one.replace("/", "_")
        tries = (plain, *(f"{plain}_{number}" for number in range(2, len(ids) + 2)))
        names[one] = next(name for name in tries if name.casefold() not in taken)
        taken.add(names[one].casefold())
    return names
