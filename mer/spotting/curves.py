"""The motion in every video of a data set, measured side by side and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mer.dataset.media import VideoFile
from mer.dataset.video import frames_of
from mer.errors import DataError, FaceNotFoundError
from mer.pipeline.side_by_side import one_thread_each
from mer.progress import progress
from mer.spotting.fit import Followed
from mer.spotting.motion import MotionCurve, RegionMotion
from mer.store.cache import Cache, Entry
from mer.store.keys import component_key, digest
from mer.types import Image, Recording

__all__ = ["curve_keys", "fingerprints", "measured"]


def fingerprints(recordings: Sequence[Recording]) -> dict[str, str]:
    """Return the id of each video → a hash of its frames."""
    return {r.id: r.clip.fingerprint(range(r.first, r.last + 1)) for r in recordings}


def curve_keys(measure: RegionMotion, recordings: Sequence[Recording], prints: Mapping[str, str]) -> dict[str, str]:
    """Return the id of each video → the key of its motion in the cache."""
    of_measure = component_key(measure)
    return {r.id: digest(of_measure, prints[r.id], r.fps) for r in recordings}


def measured(
    measure: RegionMotion, recordings: Sequence[Recording], prints: Mapping[str, str], cache: Cache, workers: int
) -> tuple[list[Followed], list[str]]:
    """Return the videos, each with its motion, and which of them show no face.

    A video without a face has a curve without values, so that its expressions count as missed.

    Parameters
    ----------
    measure : RegionMotion
    recordings : sequence of Recording
    prints : mapping of str to str
        See `fingerprints`.
    cache : Cache
        Motion in it is not measured again.
    workers : int
        Threads, each with a video of its own.

    Raises
    ------
    DataError
        If a video cannot be read, or none shows a face.
    """
    keys = curve_keys(measure, recordings, prints)
    curves: list[Followed] = []
    without_face: list[str] = []
    with one_thread_each(), progress("videos", len(recordings)) as advance, ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_kept, cache, measure, recording, keys[recording.id]) for recording in recordings]
        try:
            for recording, future in zip(recordings, futures, strict=True):
                curve = future.result()
                if isinstance(curve, FaceNotFoundError):
                    without_face.append(f"{recording.id}: {curve}; its expressions count as missed")
                curves.append((recording, _empty(recording) if isinstance(curve, FaceNotFoundError) else curve))
                advance()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if len(without_face) == len(curves):
        raise DataError(f"no video shows a face; the first: {without_face[0]}")
    return curves, without_face


def _kept(cache: Cache, measure: RegionMotion, recording: Recording, key: str) -> MotionCurve | FaceNotFoundError:
    """Return the motion in a video from the cache, or measure and keep it."""

    def make() -> Entry:
        curve = measure(_frames(recording), recording.fps)
        return Entry(array=curve.displacement, facts={"regions": list(curve.regions)})

    try:
        entry = cache.compute("curves", key, make)
    except FaceNotFoundError as error:
        return error
    except DataError as error:
        raise type(error)(f"{recording.dataset} {recording.id}: {error}") from error
    return MotionCurve(displacement=entry.array, regions=tuple(entry.facts["regions"]), fps=recording.fps)


def _frames(recording: Recording) -> Iterator[Image]:
    """Yield the frames one after the other; a video file is decoded once, not from its start for every frame."""
    if isinstance(recording.clip, VideoFile):
        return frames_of(recording.clip.file)
    return (recording.clip.read(index) for index in range(recording.first, recording.last + 1))


def _empty(recording: Recording) -> MotionCurve:
    nothing = np.full((recording.frames, 1, 2), np.nan, dtype=np.float32)
    return MotionCurve(displacement=nothing, regions=("none",), fps=recording.fps)
