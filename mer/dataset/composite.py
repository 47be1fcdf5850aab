"""Data set `composite`: several databases together, their subjects and clips kept apart by the database's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mer.errors import ConfigError, DataError
from mer.types import Dataset, Exclusion, Manifest

__all__ = ["Composite"]


@dataclass(frozen=True, kw_only=True)
class Composite:
    """Databases joined; a protocol gives them one set of classes.

    Attributes
    ----------
    name : str
    parts : sequence of str
        Which of `databases` to join, two or more.
    databases : mapping of str to Dataset
        Every data set that can be a part.
    """

    name: str
    parts: Sequence[str]
    databases: Mapping[str, Dataset]

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in self.databases]
        if unknown:
            known = ", ".join(self.databases)
            raise ConfigError(f"dataset.parts: {unknown[0]} is not a database that can be joined; there are {known}")
        if len(set(self.parts)) < 2 or len(set(self.parts)) < len(self.parts):
            raise ConfigError(f"dataset.parts={list(self.parts)}: give at least two different databases")

    @property
    def entry(self) -> Literal["frames"]:
        """The samples enter with frames."""
        return "frames"

    def parts_in_use(self) -> tuple[Dataset, ...]:
        """Return the databases that are joined."""
        return tuple(self.databases[part] for part in self.parts)

    def load(self) -> Manifest:
        """Load every part; the ids of clips get the database's name in front.

        Raises
        ------
        DataError
            If a part cannot be used as a whole.
        """
        loaded = {part: self._load(part) for part in self.parts}
        return Manifest(
            samples=tuple(replace(s, id=f"{s.dataset}/{s.id}") for m in loaded.values() for s in m.samples),
            classes=tuple(dict.fromkeys(name for m in loaded.values() for name in m.classes)),
            excluded=tuple(self._named(part, e) for part, m in loaded.items() for e in m.excluded),
            notes={"apex_source": _apex(loaded), "parts": {part: dict(m.notes) for part, m in loaded.items()}},
        )

    def _load(self, part: str) -> Manifest:
        try:
            return self.databases[part].load()
        except ConfigError as error:
            name = f"dataset.databases.{part}"
            raise ConfigError(str(error).replace("dataset.", f"{name}.")) from error
        except DataError as error:
            raise DataError(f"part {part}: {error}") from error

    def _named(self, part: str, exclusion: Exclusion) -> Exclusion:
        return replace(exclusion, sample_id=f"{self.databases[part].name}/{exclusion.sample_id}")


def _apex(loaded: Mapping[str, Manifest]) -> str:
    sources = {part: str(m.notes.get("apex_source", "annotated")) for part, m in loaded.items()}
    if len(set(sources.values())) == 1:
        return next(iter(sources.values()))
    return "; ".join(f"{part}: {source}" for part, source in sources.items())
