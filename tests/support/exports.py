"""A small synthetic data set, and what becomes of it as the files of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mer
from mer.dataset.export import export
from mer.dataset.media import FrameFolder
from mer.types import Sample

READERS: dict[str, tuple[str, dict[str, Any]]] = {
    "mmew_subjects": ("mmew", {}),
    "casme3_c": ("casme3", {"part": "C", "apex": "middle"}),
}


def synthetic(**fields: Any) -> Any:
    return mer.component("dataset", "synthetic", **{"subjects": 2, "clips": 2, "size": 64, "fps": 20, **fields})


def write(layout: str, output: Path, *, variant: str = "raw", suffix: str = "png", **fields: Any) -> Path:
    export(synthetic(**fields), layout, output, variant=variant, suffix=suffix, workers=1, advance=lambda: None)
    return output


def reader(layout: str, root: Path, **fields: Any) -> Any:
    option, own = READERS.get(layout, (layout, {}))
    return mer.component("dataset", option, root=str(root), **own, **fields)


def sources(root: Path, samples: tuple[Sample, ...]) -> dict[str, str]:
    """Return sample id → id of the synthetic clip that it is a copy of."""
    import csv

    with (root / "mer_export.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["folder"], int(row["onset"])): row["sample_id"] for row in csv.DictReader(file)}
    folders = {sample.id: _folder(sample).relative_to(root).as_posix() for sample in samples}
    return {sample.id: known[folders[sample.id], sample.onset] for sample in samples}


def _folder(sample: Sample) -> Path:
    assert isinstance(sample.clip, FrameFolder)
    return sample.clip.folder
