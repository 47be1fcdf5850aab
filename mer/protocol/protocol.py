"""Which clips count and what their classes are: a protocol by name, laid over any data set."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mer.errors import ConfigError, DataError
from mer.protocol.official_list import OfficialClips, read_official_list
from mer.store.roles import place
from mer.types import Dataset, Exclusion, Manifest, Sample
from mer.validation import require_choice, user_path

__all__ = ["Protocol"]

_ANY = "any"


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A class map, the clips left out by name and, where the user has it, the official list of clips.

    Attributes
    ----------
    name : str
    labels : {"emotion", "objective"}
        Which label the data set gives; its YAML follows this setting.
    classes : sequence of str or None
        In the order of the scores; None takes those of the data set.
    map : mapping of str to mapping, or None
        Name of the data set (``any`` for all others) → its label → class. A label that is not there is left out; a data
        set that is not there is refused. None takes all labels as they are.
    leave_out : mapping of str to mapping, or None
        Name of the data set → sample id → reason.
    clips : str or None
        The official list: lines of data set, subject, clip, number of the class. It then decides over clips and classes
        alone; `map` only serves the clips' first label, `leave_out` nothing.
    counts : mapping or None
        Published numbers: ``clips``, ``subjects`` and one per class; what differs is noted in the card.
    """

    name: str
    labels: str
    classes: Sequence[str] | None
    map: Mapping[str, Mapping[str, str]] | None
    leave_out: Mapping[str, Mapping[str, str]] | None
    clips: str | None = place()
    counts: Mapping[str, int] | None

    def __post_init__(self) -> None:
        require_choice("protocol.labels", self.labels, ("emotion", "objective"))
        if (self.classes is None) != (self.map is None):
            raise ConfigError(f"protocol {self.name}: protocol.classes and protocol.map belong together; give both")
        strange = {c for labels in (self.map or {}).values() for c in labels.values()} - set(self.classes or ())
        if strange:
            raise ConfigError(
                f"protocol.map gives the class {sorted(strange)[0]!r}, which protocol.classes lacks; add it"
            )
        if self.clips is not None and self.classes is None:
            raise ConfigError(f"protocol.clips={self.clips}: a list needs protocol.classes; take protocol=megc2019")

    def __call__(self, manifest: Manifest, dataset: Dataset) -> Manifest:
        """Return the manifest under this protocol, its card in ``notes["protocol"]``.

        Raises
        ------
        DataError
            If the protocol is not made for the data set, or the official list cannot be read.
        """
        self._check_labels(dataset)
        if self.map is None:
            return replace(manifest, notes={**manifest.notes, "protocol": {"name": self.name}})
        listed = read_official_list(self._list, len(self.classes or ())) if self._list else None
        decided = [self._decide(sample, listed) for sample in manifest.samples]
        kept = tuple(item for item in decided if isinstance(item, Sample))
        dropped = [item for item in decided if isinstance(item, Exclusion)]
        missing = sorted(set(listed.classes) - {name for s in kept for name in listed.matching(s)}) if listed else []
        return replace(
            manifest,
            samples=kept,
            classes=tuple(self.classes or ()),
            excluded=(*manifest.excluded, *dropped),
            notes={**manifest.notes, "protocol": self._card(kept, missing)},
        )

    @property
    def _list(self) -> Path | None:
        return None if self.clips is None else user_path("protocol.clips", self.clips)

    def _check_labels(self, dataset: Dataset) -> None:
        for part in getattr(dataset, "parts_in_use", lambda: (dataset,))():
            if self.labels != getattr(part, "labels", "emotion"):
                raise DataError(
                    f"protocol {self.name} needs {self.labels} classes, and dataset {part.name} gives others; take a "
                    "protocol that is made for it, or correct dataset.labels"
                )

    def _decide(self, sample: Sample, listed: OfficialClips | None) -> Sample | Exclusion:
        if listed is not None:
            return self._by_list(sample, listed)
        mapping = self._mapping(sample.dataset)
        reason = ((self.leave_out or {}).get(sample.dataset) or {}).get(sample.id.removeprefix(f"{sample.dataset}/"))
        if reason is not None:
            return Exclusion(sample_id=sample.id, reason=f"protocol {self.name} leaves it out: {reason}")
        if sample.label not in mapping:
            return Exclusion(sample_id=sample.id, reason=f"class {sample.label} is not in protocol {self.name}")
        return replace(sample, label=mapping[sample.label])

    def _by_list(self, sample: Sample, listed: OfficialClips) -> Sample | Exclusion:
        found = [listed.classes[name] for name in listed.matching(sample)]
        if not found:
            return Exclusion(sample_id=sample.id, reason=f"the list {listed.path.name} does not hold it")
        return replace(sample, label=(self.classes or ())[found[0]])

    def _mapping(self, dataset: str) -> Mapping[str, str]:
        known = self.map or {}
        if dataset not in known and _ANY not in known:
            raise DataError(
                f"protocol {self.name} is made for {', '.join(known)}, not for {dataset}; take another one, or none"
            )
        return known.get(dataset, known.get(_ANY, {}))

    def _card(self, samples: Sequence[Sample], missing: Sequence[str]) -> dict[str, object]:
        card: dict[str, object] = {
            "name": self.name,
            "labels": self.labels,
            "map": {name: dict(labels) for name, labels in (self.map or {}).items()},
            "clip_list": "derived from the table",
        }
        if self._list:
            data = self._list.read_bytes()
            card |= {"clip_list": self._list.name, "clip_list_sha256": hashlib.sha256(data).hexdigest()}
        return card | {
            "departures": [*self._departures(samples), *(f"{name} of the list is absent" for name in missing)]
        }

    def _departures(self, samples: Sequence[Sample]) -> list[str]:
        """Say where the counts differ from the published ones."""
        found = Counter(sample.label for sample in samples)
        found["clips"] = len(samples)
        found["subjects"] = len({sample.subject for sample in samples})
        wanted = self.counts or {}
        return [f"{name}: {found[name]} instead of {n}" for name, n in wanted.items() if found[name] != n]
