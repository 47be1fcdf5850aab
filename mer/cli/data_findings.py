"""Findings of `mer data check`, on the terminal and as tables."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mer.align.warp import check_landmarks
from mer.config.compose import build
from mer.dataset.check import LEVELS, Finding
from mer.errors import DataError
from mer.landmarks.stored import Stored
from mer.types import Manifest

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from mer.types import Clip

__all__ = ["landmark_findings", "show_findings", "write_annotations", "write_findings"]

_SHOWN = 40  # findings printed on the terminal; the CSV has all


def landmark_findings(cfg: DictConfig, manifest: Manifest) -> list[Finding]:
    """Report stored landmarks that are missing, unreadable or outside the face's frame, if the settings need them."""
    if not manifest.samples or not isinstance(build(cfg.landmarks), Stored):
        return []
    lacking, found = [], []
    for sample in manifest.samples:
        try:
            points = sample.clip.landmarks(sample.onset)
            if points is None:
                lacking.append(sample.id)
            else:
                check_landmarks(points.xy, sample.clip.read(sample.onset).shape)
        except DataError as error:
            found.append(Finding.of("blocks", sample.id, str(error)))
    text = (
        f"landmarks=stored: {len(lacking)} of {len(manifest.samples)} clips have no stored landmarks for their "
        "onset; choose another option of landmarks, or store them"
    )
    return [*found, Finding.of("blocks", lacking[0], text)] if lacking else found


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write all findings as CSV."""
    rows = [(f.level, f.clip, f.what, f.next_step) for f in findings]
    _write_csv(path, ("level", "clip", "what", "next_step"), rows)


def write_annotations(path: Path, manifest: Manifest) -> None:
    """Write the annotations of the usable clips as one table, the same for all databases."""
    header = (
        "sample_id",
        "dataset",
        "subject",
        "clip",
        "onset",
        "apex",
        "offset",
        "fps",
        "label",
        "action_units",
        "path",
    )
    rows = [
        (
            *(s.id, s.dataset, s.subject, getattr(s.clip, "name", s.id), s.onset, s.apex, s.offset, s.fps, s.label),
            *(_units(s.clip), getattr(s.clip, "folder", getattr(s.clip, "file", ""))),
        )
        for s in manifest.samples
    ]
    _write_csv(path, header, rows)


def _units(clip: Clip) -> str:
    units = getattr(clip, "action_units", "")
    return units if isinstance(units, str) else "+".join(units)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def show_findings(name: str, manifest: Manifest, findings: Sequence[Finding], folder: Path) -> None:
    """Print the number of usable clips, the findings and the paths of the tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    subjects = {sample.subject for sample in manifest.samples}
    labels = Counter(sample.label for sample in manifest.samples)
    print(f"{name}: {len(manifest.samples)} usable clips of {len(subjects)} subjects")
    print("classes   " + (", ".join(f"{label} {labels[label]}" for label in manifest.classes) or "none"))
    levels = Counter(finding.level for finding in findings)
    print("findings  " + (", ".join(f"{levels[level]} {level}" for level in LEVELS if levels[level]) or "none"))
    table = Table(show_lines=True)
    for heading in ("", "clip", "what", "next step"):
        table.add_column(heading, overflow="fold")  # do not truncate paths
    shown = sorted((f for f in findings if f.level != "left out"), key=lambda f: LEVELS.index(f.level))
    for finding in shown[:_SHOWN]:
        table.add_row(finding.level, finding.clip, finding.what, finding.next_step)
    if shown:
        console.print(table, markup=False)
    if len(shown) > _SHOWN:
        print(f"and {len(shown) - _SHOWN} more in the file below")
    print(f"written   {folder / 'findings.csv'}, {folder / 'annotations.csv'}")
    if levels["blocks"]:
        print("a run would stop: follow the next steps, or leave out the faulty clips with bad_clips=exclude")
