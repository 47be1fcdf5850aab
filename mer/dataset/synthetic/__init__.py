"""Stage 1, the embedded data set: a seeded generator of micro-expression clips with exact truth.

Every subject is another painted face; every clip moves it by FACS action units through an onset, an apex and an
offset, under head drift, blinks, flicker, noise and JPEG. Same settings, same bytes, on any machine and in any order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Literal

from mer.dataset.synthetic.clip import SyntheticClip
from mer.dataset.synthetic.emotions import emotion_of, shown_by
from mer.dataset.synthetic.settings import Settings
from mer.types import Manifest, Sample

__all__ = ["Synthetic", "SyntheticClip"]


@dataclass(frozen=True, kw_only=True)
class Synthetic(Settings):
    """The data set ``synthetic``; a clip does not change when `subjects` or `clips` grows.

    Raises
    ------
    ConfigError
        For a field out of its range, on construction.

    Notes
    -----
    Classes and their frequencies are those of MMEW [1]_, the action units of an emotion follow EMFACS [2]_. Not
    modelled: turning of the head in depth, wrinkles and other changes of shading, moving eyeballs, occlusion. Every
    clip carries its truth: ``sample.clip.true_flow``, ``landmarks``, ``intensities``, ``action_units``.

    References
    ----------
    .. [1] Ben et al., Video-based facial micro-expression analysis, TPAMI 2021. DOI 10.1109/TPAMI.2021.3067464
    .. [2] Ekman, Friesen and Hager, Facial Action Coding System, 2002.
    """

    name: ClassVar[str] = "synthetic"

    @property
    def entry(self) -> Literal["frames", "flow"]:
        """Where the samples enter the pipeline: with frames."""
        return "frames"

    def load(self) -> Manifest:
        """Lay out all clips; renders nothing."""
        samples = [self._sample(s, k) for s in range(1, self.subjects + 1) for k in range(1, self.clips + 1)]
        counts = Counter(sample.label for sample in samples)
        notes = {"apex": "exact", "seed": self.seed, "counts": {name: counts[name] for name in self.frequencies}}
        return Manifest(samples=tuple(samples), classes=tuple(self.frequencies), notes=notes)

    def _sample(self, subject: int, number: int) -> Sample:
        shown = shown_by(self.seed, subject, self.frequencies, self.absent)
        label = emotion_of(self.seed, subject, number - 1, shown)
        clip = SyntheticClip(self, subject, number, label)
        timing = clip.timing
        return Sample(
            id=f"sub{subject:02d}_{number:02d}_{label}",
            dataset=self.name,
            subject=f"{self.name}/sub{subject:02d}",
            label=label,
            onset=timing.onset,
            apex=timing.apex,
            offset=timing.offset,
            fps=self.fps,
            clip=clip,
        )
