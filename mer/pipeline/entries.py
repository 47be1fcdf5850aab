"""The two results that are kept per clip, as entries of the cache: aligned frames, and flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from mer.pipeline.clip import ClipFlow
from mer.store.cache import Entry
from mer.types import AlignedPair, Landmarks

__all__ = ["flow_entry", "flow_of", "pair_entry", "pair_of"]


def pair_entry(pair: AlignedPair) -> Entry:
    """Return what is kept of the aligned frames of a clip."""
    facts = {**_landmark_facts(pair.landmarks), "matrix": pair.matrix.tolist(), "peak": len(pair.between)}
    return Entry(array=np.stack(pair.frames), facts=facts)


def pair_of(entry: Entry) -> AlignedPair:
    """Return the aligned frames that an entry holds."""
    landmarks, peak = _landmarks(entry), entry.facts["peak"]
    assert landmarks is not None
    onset, *later = entry.array
    return AlignedPair(
        onset=onset,
        between=tuple(later[:peak]),
        apex=later[peak],
        after=tuple(later[peak + 1 :]),
        landmarks=landmarks,
        matrix=np.array(entry.facts["matrix"]),
    )


def flow_entry(flow: ClipFlow) -> Entry:
    """Return what is kept of the flow of a clip."""
    own = {} if flow.landmarks is None else _landmark_facts(flow.landmarks)
    return Entry(array=flow.uv, facts={**own, "peak": flow.peak, "pictures": flow.pictures.tolist()})


def flow_of(entry: Entry) -> ClipFlow:
    """Return the flow that an entry holds."""
    pictures = np.array(entry.facts["pictures"], dtype=np.float32)
    return ClipFlow(uv=entry.array, peak=entry.facts["peak"], landmarks=_landmarks(entry), pictures=pictures)


def _landmark_facts(landmarks: Landmarks) -> dict[str, Any]:
    return {"landmarks": landmarks.xy.tolist(), "score": float(landmarks.score)}


def _landmarks(entry: Entry) -> Landmarks | None:
    if "landmarks" not in entry.facts:
        return None
    return Landmarks(xy=np.array(entry.facts["landmarks"], dtype=np.float32), score=entry.facts["score"])
