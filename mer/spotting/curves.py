"""The motion in every video of a data set, measured side by side and kept."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from mer.dataset.media import VideoFile
from mer.dataset.video import frames_of
from mer.errors import DataError, FaceNotFoundError
from mer.pipeline.side_by_side import one_thread_each
from mer.progress import progress
from mer.run.freed_memory import keep_freed_memory
from mer.spotting.fit import Followed
from mer.spotting.motion import MotionCurve, RegionMotion
from mer.store.background import end_with_parent
from mer.store.cache import Cache, Entry
from mer.store.keys import component_key, digest
from mer.types import Exclusion, Image, Recording

__all__ = ["curve_keys", "fingerprints", "measured"]

_Job = tuple[Cache, RegionMotion, Recording, str]
_FEW_FRAMES = 2000  # that one process measures before another one has begun: it needs some seconds to import torch


def fingerprints(recordings: Sequence[Recording]) -> dict[str, str]:
    """Return the id of each video → a hash of its frames."""
    return {r.id: r.clip.fingerprint(range(r.first, r.last + 1)) for r in recordings}


def curve_keys(measure: RegionMotion, recordings: Sequence[Recording], prints: Mapping[str, str]) -> dict[str, str]:
    """Return the id of each video → the key of its motion in the cache."""
    of_measure = component_key(measure)
    return {r.id: digest(of_measure, prints[r.id], r.fps) for r in recordings}


def measured(
    measure: RegionMotion,
    recordings: Sequence[Recording],
    keys: Mapping[str, str],
    cache: Cache,
    workers: int,
    bad_clips: str = "stop",
) -> tuple[list[Followed], list[str], list[Exclusion]]:
    """Return the videos, each with its motion, which of them show no face, and which cannot be read.

    A video without a face has a curve without values, so that its expressions count as missed.

    Parameters
    ----------
    measure : RegionMotion
    recordings : sequence of Recording
    keys : mapping of str to str
        See `curve_keys`.
    cache : Cache
        Motion in it is not measured again.
    workers : int
        Processes, each with a video of its own.
    bad_clips : {"stop", "exclude"}
        What to do with a video that cannot be read.

    Raises
    ------
    DataError
        If a video cannot be read and `bad_clips` is ``stop``, or none shows a face.
    """
    jobs = [(cache, measure, recording, keys[recording.id]) for recording in recordings]
    missing = [recording.frames for recording in recordings if not cache.holds("curves", keys[recording.id])]
    several = workers > 1 and len(missing) > 1 and sum(missing) > _FEW_FRAMES
    found = _side_by_side(jobs, min(workers, len(missing))) if several else _one_by_one(jobs)
    curves: list[Followed] = []
    without_face: list[str] = []
    unreadable: list[Exclusion] = []
    with progress("videos", len(recordings)) as advance:
        for recording, curve in zip(recordings, found, strict=True):
            advance()
            if isinstance(curve, FaceNotFoundError):
                without_face.append(f"{recording.id}: {curve}; its expressions count as missed")
                curve = _empty(recording)
            if isinstance(curve, MotionCurve):
                curves.append((recording, curve))
            elif bad_clips == "stop":
                raise curve
            else:
                unreadable.append(Exclusion(sample_id=recording.id, reason=str(curve), fault=True))
    if len(without_face) == len(curves):
        first = [*without_face, *(left.reason for left in unreadable)][0]
        raise DataError(f"no video shows a face; the first: {first}")
    return curves, without_face, unreadable


def _one_by_one(jobs: Sequence[_Job]) -> Iterator[MotionCurve | DataError]:
    with one_thread_each():
        yield from (_kept(*job) for job in jobs)


def _side_by_side(jobs: Sequence[_Job], workers: int) -> Iterator[MotionCurve | DataError]:
    """Yield the motion in the videos in order, measured by several processes; threads would wait for each other."""
    from joblib import Parallel, delayed, parallel_config

    start = partial(parallel_config, initializer=end_with_parent, initargs=(os.getpid(),))
    with warnings.catch_warnings(), start(backend="loky", inner_max_num_threads=1):
        # a worker whose memory has grown since its first video, as with larger pieces, is replaced; nothing is lost
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
        yield from Parallel(n_jobs=workers, return_as="generator")(delayed(_in_process)(job) for job in jobs)


def _in_process(job: _Job) -> MotionCurve | DataError:
    keep_freed_memory()
    with one_thread_each():
        return _kept(*job)


def _kept(cache: Cache, measure: RegionMotion, recording: Recording, key: str) -> MotionCurve | DataError:
    """Return the motion in a video from the cache, or measure and keep it; or why it cannot be measured."""

    def make() -> Entry:
        curve = measure(_frames(recording), recording.fps)
        return Entry(array=curve.displacement, facts={"regions": list(curve.regions)})

    try:
        entry = cache.compute("curves", key, make)
    except FaceNotFoundError as error:
        return error
    except DataError as error:
        return type(error)(f"{recording.dataset} {recording.id}: {error}")
    return MotionCurve(displacement=entry.array, regions=tuple(entry.facts["regions"]), fps=recording.fps)


def _frames(recording: Recording) -> Iterator[Image]:
    """Return the frames one after the other; a video file is decoded once, not from its start for every frame."""
    if isinstance(recording.clip, VideoFile):
        return frames_of(recording.clip.file)
    return _of_one_size(recording)


def _of_one_size(recording: Recording) -> Iterator[Image]:
    size: tuple[int, ...] = ()
    for number in range(recording.first, recording.last + 1):
        frame = recording.clip.read(number)
        size = size or frame.shape[:2]
        if frame.shape[:2] != size:
            sizes = " and ".join(f"{width} x {height} px" for height, width in (frame.shape[:2], size))
            raise DataError(f"frames {number} and {recording.first} are {sizes}; give all frames of a video one size")
        yield frame


def _empty(recording: Recording) -> MotionCurve:
    nothing = np.full((recording.frames, 1, 2), np.nan, dtype=np.float32)
    return MotionCurve(displacement=nothing, regions=("none",), fps=recording.fps)
