"""Several flow fields per clip: the images NAME, NAME_1, ... of a release, as a sequence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mer.dataset.flow_images.clip import FlowImageClip
from mer.dataset.flow_images.field_file import FIELD_SUFFIXES, FlowFieldClip, flow_files
from mer.dataset.flow_images.scale import FlowScale
from mer.errors import DataError
from mer.types import Float32, FlowField, Image

__all__ = ["FlowPhases", "ReadyMadeSequence", "clip_of", "files_by_stem", "further_phases"]

OneField = FlowImageClip | FlowFieldClip


@dataclass(frozen=True, kw_only=True)
class FlowPhases:
    """The flow fields of one clip.

    Attributes
    ----------
    fields : tuple of FlowImageClip or FlowFieldClip
        In the order of ``dataset.phases``.
    peak : int
        Which of them leads from onset to apex.
    """

    fields: tuple[OneField, ...]
    peak: int

    def read(self, index: int) -> Image:
        """Raise: there are no frames."""
        return self.fields[self.peak].read(index)

    def landmarks(self, index: int) -> None:
        """Return None: there are no landmarks."""

    def flow(self) -> FlowField:
        """Return the flow onset → apex."""
        return self.fields[self.peak].flow()

    def flows(self) -> Float32:
        """Return all fields, shape (T, H, W, 2).

        Raises
        ------
        DataError
            If they differ in size.
        """
        found = [field.flow().uv for field in self.fields]
        for field, uv in zip(self.fields, found, strict=True):
            if uv.shape != found[0].shape:
                raise DataError(
                    f"{field.path}: {uv.shape[1]}×{uv.shape[0]} pixels, but {self.fields[0].path.name} has "
                    f"{found[0].shape[1]}×{found[0].shape[0]}; all images of a clip need one size"
                )
        return np.stack(found)

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of all files, in order."""
        text = " ".join([*(field.fingerprint(indices) for field in self.fields), str(self.peak)])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ReadyMadeSequence:
    """Stands where a sequence of frames would be turned into flow: the data set has done that."""

    def __call__(self, frames: Sequence[Image]) -> list[FlowField]:
        """Raise: there are no frames."""
        raise DataError("the data set holds ready-made flow and no frames; keep frames=none")


def clip_of(path: Path, scale: FlowScale, phases: Sequence[str], stems: Mapping[str, Path]) -> OneField | FlowPhases:
    """Return the clip of an image, with its further images where `phases` names any.

    Parameters
    ----------
    path : Path
        The image that the table names.
    scale : FlowScale
    phases : sequence of str
        What the names of a clip's images end with; the empty ending is the image itself. Empty for one image.
    stems : mapping of str to Path
        The files of its folder by their stems.

    Raises
    ------
    DataError
        If one is missing.
    """
    if not phases:
        return _one(path, scale)
    name = path.stem.strip()
    missing = [f"{name}{end}" for end in phases if f"{name}{end}" not in stems]
    if missing:
        raise DataError(f"{path.parent}: {missing[0]} is missing; copy it, or correct dataset.phases={list(phases)}")
    peak = list(phases).index("") if "" in phases else 0
    return FlowPhases(fields=tuple(_one(stems[f"{name}{end}"], scale) for end in phases), peak=peak)


def _one(path: Path, scale: FlowScale) -> OneField:
    return FlowFieldClip(path=path) if path.suffix.lower() in FIELD_SUFFIXES else FlowImageClip(path=path, scale=scale)


def files_by_stem(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their names without extension and outer blanks."""
    return {path.stem.strip(): path for path in flow_files(folder)}


def further_phases(names: Iterable[str], phases: Sequence[str]) -> dict[str, str]:
    """Return the clips that are a further phase of another, with the name of that one.

    Parameters
    ----------
    names : iterable of str
        Ids of the clips.
    phases : sequence of str
        What a name may end with; empty for what looks like a phase: ``NAME_1`` beside ``NAME``.
    """
    ends = "|".join(re.escape(end) for end in phases if end) if phases else r"_\d"
    known = set(names)
    bases = {name: re.sub(f"({ends})$", "", name) for name in known}
    return {name: base for name, base in bases.items() if base != name and base in known}
