"""Which action units an emotion shows, and which emotion each clip of a subject has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mer.dataset.synthetic.noise import ABSENT, LABEL, stream

__all__ = ["EMOTIONS", "emotion_of", "shown_by"]

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
    "anger": (("AU4", "AU23"), ("AU4", "AU7", "AU23"), ("AU4", "AU5", "AU7", "AU23"), ("AU4", "AU17", "AU23")),
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

_BLOCK = 10  # clips of a subject that are spread evenly over the classes before they are shuffled
_GOLDEN = 0.6180339887498949  # its multiples, modulo 1, fill the unit interval as evenly as any


def emotion_of(seed: int, subject: int, clip: int, frequencies: Mapping[str, float]) -> str:
    """Return the class of a clip, spread evenly over subjects and clips, whatever their number.

    Notes
    -----
    Every ten clips of a subject take one point from each tenth of the unit interval, at a place in the tenth that moves
    by the golden ratio from subject to subject; the point is looked up in the cumulated frequencies. Counts over all
    subjects are within about one of the wanted ones, and a rare class comes up once a subject and ten clips at most.
    """
    block, place = divmod(clip, _BLOCK)
    tenth = int(stream(seed, LABEL, subject, block).permutation(_BLOCK)[place])
    within = (stream(seed, LABEL).uniform() + subject * _GOLDEN + block * _GOLDEN**2) % 1.0
    names = [name for name in EMOTIONS if frequencies.get(name, 0) > 0]
    weights = np.array([frequencies[name] for name in names], dtype=np.float64)
    chosen = int(np.searchsorted(np.cumsum(weights) / weights.sum(), (tenth + within) / _BLOCK, side="right"))
    return names[min(chosen, len(names) - 1)]


def shown_by(seed: int, subject: int, frequencies: Mapping[str, float], absent: float) -> dict[str, float]:
    """Return the frequencies of the classes that a person shows: each is absent with this probability.

    The most frequent class is always shown. In recorded databases most people lack most of the rare classes.
    """
    most = max(frequencies, key=lambda name: frequencies[name])
    drawn = stream(seed, ABSENT, subject).uniform(size=len(EMOTIONS))
    missing = {name for name, value in zip(EMOTIONS, drawn, strict=True) if value < absent and name != most}
    return {name: value for name, value in frequencies.items() if name not in missing}
