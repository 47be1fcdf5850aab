"""Long videos that turn out to be unusable once their frames are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mer.errors import DataError
from mer.spotting.fit import Followed, Spotter
from mer.types import Exclusion, Recordings

__all__ = ["accepted", "without"]


def accepted(spotter: Spotter, videos: Sequence[Followed]) -> tuple[list[Followed], list[Exclusion]]:
    """Return the videos that a spotter can use, and the others with the reason, such as that they are too short."""
    kept: list[Followed] = []
    refused: list[Exclusion] = []
    for recording, curve in videos:
        try:
            spotter(curve)
        except DataError as error:
            refused.append(Exclusion(sample_id=recording.id, reason=f"{recording.id}: {error}", fault=True))
        else:
            kept.append((recording, curve))
    if not kept:
        raise DataError(refused[0].reason)
    return kept, refused


def without(recordings: Recordings, unreadable: Sequence[Exclusion]) -> Recordings:
    """Return the long videos without those that turned out to be unreadable."""
    left_out = {one.sample_id for one in unreadable}
    return replace(
        recordings,
        recordings=tuple(one for one in recordings.recordings if one.id not in left_out),
        excluded=(*recordings.excluded, *unreadable),
    )
