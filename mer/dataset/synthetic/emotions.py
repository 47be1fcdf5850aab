"""Which action units an emotion shows, and which emotion each clip of a subject has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mer.dataset.synthetic.noise import LABEL, stream

__all__ = ["EMOTIONS", "emotion_of"]

# Several patterns an emotion, after the EMFACS prototypes and the sets that coders report for micro-expressions; they
# overlap on purpose: brow lowering (4, 7) belongs to anger, disgust and others, 1+2 to surprise and fear.
# L and R mark one side of the subject, S a side drawn at random; a unit without a letter acts on both.
EMOTIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "happiness": (("AU6", "AU12"), ("AU12",), ("AU6", "AU12", "AU25"), ("AU12S",), ("AU6", "AU7", "AU12")),
    "surprise": (
        ("AU1", "AU2"),
        ("AU1", "AU2", "AU5"),
        ("AU1", "AU2", "AU25"),
        ("AU1", "AU2", "AU5", "AU26"),
        ("AU2", "AU5"),
    ),
    "disgust": (("AU9",), ("AU4", "AU9"), ("AU10",), ("AU4", "AU7", "AU10"), ("AU9", "AU17"), ("AU4", "AU7")),
    "anger": (("AU4", "AU5", "AU7"), ("AU4", "AU7", "AU23"), ("AU4", "AU5", "AU23"), ("AU4", "AU17", "AU23")),
    "fear": (
        ("AU1", "AU2", "AU4", "AU5"),
        ("AU1", "AU4", "AU20"),
        ("AU5", "AU20", "AU25"),
        ("AU1", "AU2", "AU4", "AU20"),
    ),
    "sadness": (("AU1", "AU15"), ("AU1", "AU4", "AU15"), ("AU15", "AU17"), ("AU1", "AU4"), ("AU4", "AU15", "AU17")),
    "others": (
        ("AU14",),
        ("AU14S",),
        ("AU4",),
        ("AU17",),
        ("AU12S", "AU14S"),
        ("AU4", "AU14"),
        ("AU7",),
        ("AU2S",),
        ("AU23",),
        ("AU10S",),
    ),
}

_BLOCK = 10  # clips whose classes are spread evenly before they are shuffled
_ACROSS, _ALONG = 0.7548776662466927, 0.5698402909980532  # 1/p and 1/p², p³ = p + 1: the most even lattice in 2-D


def emotion_of(seed: int, subject: int, clip: int, frequencies: Mapping[str, float]) -> str:
    """Return the class of a clip, spread evenly over subjects and clips, whatever their number.

    Notes
    -----
    Subject s and place k take the point (u + s·α + k·β) mod 1 of a quasi-random lattice, which is looked up in the
    cumulated frequencies: counts over a block of subjects × clips differ from the wanted ones by about one, and a rare
    class comes up at most once or twice a subject. Places are shuffled within blocks of ten, a subject at a time.
    """
    block, place = divmod(clip, _BLOCK)
    order = stream(seed, LABEL, subject, block).permutation(_BLOCK)
    start = stream(seed, LABEL).uniform()
    point = (start + subject * _ACROSS + (block * _BLOCK + int(order[place])) * _ALONG) % 1.0
    weights = np.array([frequencies[name] for name in EMOTIONS if name in frequencies], dtype=np.float64)
    bounds = np.cumsum(weights) / weights.sum()
    names = [name for name in EMOTIONS if name in frequencies]
    chosen = int(np.searchsorted(bounds, point, side="right"))
    return names[min(chosen, int(np.flatnonzero(weights)[-1]))]
