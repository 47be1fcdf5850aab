"""A protocol under which a clip may have several classes, such as 4DME's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mer.errors import ConfigError
from mer.protocol.official_list import OfficialClips
from mer.protocol.protocol import Protocol
from mer.types import Dataset, Exclusion, Manifest, Sample
from mer.types.combined import JOIN, NO_CLASS, combined

__all__ = ["SeveralClasses"]


@dataclass(frozen=True, kw_only=True)
class SeveralClasses(Protocol):
    """A class map for labels that join several classes by ``+``; a run then has one classifier per class.

    A class that the map lacks is taken off a clip; a clip with none of the classes left is left out. The manifest's
    classes are those of the protocol, then the combinations that occur.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes is None or self.clips is not None:
            raise ConfigError(
                f"protocol {self.name}: clips may have several classes, so protocol.classes and protocol.map are "
                "needed, and protocol.clips, which gives every clip one class, must be null"
            )
        refused = [name for name in self.classes if JOIN in name or name == NO_CLASS]
        if refused:
            raise ConfigError(f"protocol.classes: {refused[0]!r} means a combination of classes; give another name")

    def __call__(self, manifest: Manifest, dataset: Dataset) -> Manifest:
        """Return the manifest under this protocol; see `Protocol`."""
        decided = super().__call__(manifest, dataset)
        combinations = sorted({sample.label for sample in decided.samples} - set(decided.classes))
        card = {**decided.notes["protocol"], "combinations": combinations}
        notes = {**decided.notes, "protocol": card}
        return replace(decided, classes=(*decided.classes, *combinations), notes=notes)

    def _decide(self, sample: Sample, listed: OfficialClips | None) -> Sample | Exclusion:
        decide = super()._decide
        parts = [decide(replace(sample, label=part), listed) for part in sample.label.split(JOIN)]
        kept = {part.label for part in parts if isinstance(part, Sample)}
        if not kept:
            return parts[0]
        return replace(sample, label=combined(name for name in self.classes or () if name in kept))
