"""Stage 1: which clips a run is about, under its protocol and without the classes that were dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mer.errors import DataError
from mer.protocol import Protocol
from mer.types import Dataset, Exclusion, Manifest, Recordings

__all__ = ["load_manifest", "refuse_faults", "without_classes"]


def load_manifest(dataset: Dataset, protocol: Protocol | None, *, bad_clips: str, drop: Sequence[str] = ()) -> Manifest:
    """Load a data set under a protocol, without the classes in `drop`.

    Raises
    ------
    DataError
        If a clip is faulty and `bad_clips` is ``stop``, where a class to drop does not exist, or where no clip is
        left.
    """
    manifest = dataset.load()
    if protocol is not None:
        manifest = protocol(manifest, dataset)
    if bad_clips == "stop":
        refuse_faults(manifest)
    manifest = without_classes(manifest, drop)
    if not manifest.samples:
        first = manifest.excluded[0].reason if manifest.excluded else "the data set is empty"
        raise DataError(f"dataset {dataset.name}: no clip is left of {len(manifest.excluded)}; the first: {first}")
    return manifest


def without_classes(manifest: Manifest, drop: Sequence[str]) -> Manifest:
    """Return the manifest without the clips of some classes.

    Raises
    ------
    DataError
        If a class to drop does not exist.
    """
    unknown = [name for name in drop if name not in manifest.classes]
    if unknown:
        known = ", ".join(manifest.classes) or "none"
        faults = manifest.faults
        cause = f"; faulty clips are left out ({len(faults)}), the first: {faults[0].reason}" if faults else ""
        raise DataError(f"drop=[{unknown[0]}]: there is no such class; there are {known}{cause}")
    dropped = [
        Exclusion(sample_id=s.id, reason=f"class {s.label} is dropped") for s in manifest.samples if s.label in drop
    ]
    return replace(
        manifest,
        samples=tuple(sample for sample in manifest.samples if sample.label not in drop),
        classes=tuple(name for name in manifest.classes if name not in drop),
        excluded=(*manifest.excluded, *dropped),
    )


def refuse_faults(found: Manifest | Recordings) -> None:
    """Refuse clips, or long videos, of which the input of some is bad.

    Raises
    ------
    DataError
        Names the first.
    """
    if not found.faults:
        return
    first, *others = found.faults
    more = f" (and {len(others)} more)" if others else ""
    what = "clips" if isinstance(found, Manifest) else "videos or expressions"
    left = found.samples if isinstance(found, Manifest) else found.recordings
    hint = f"; repair it, or leave such {what} out with bad_clips=exclude" if left else ""
    raise DataError(f"{first.reason}{more}{hint}")
