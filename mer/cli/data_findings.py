"""Findings of `mer data check`, on the terminal and as tables."""

from __future__ import annotations

import csv
import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mer.align.warp import check_landmarks
from mer.config.composition import build
from mer.dataset.check import LEVELS, Finding
from mer.dataset.image_header import image_size
from mer.dataset.media import FrameFolder
from mer.errors import DataError, counted, first_of
from mer.landmarks.stored import Stored
from mer.types import Manifest

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from mer.types import Clip, Sample

__all__ = ["group_findings", "landmark_findings", "show_findings", "write_annotations", "write_findings"]

_SHOWN = 40  # kinds of findings printed on the terminal; the CSV has all
_NAMED = 3  # clips named of each kind
_NARROWEST = 60  # characters


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
                check_landmarks(points.xy, _shape(sample))
        except DataError as error:
            found.append(Finding.of("blocks", sample.id, str(error)))
    text = (
        f"landmarks=stored: {len(lacking)} of {len(manifest.samples)} clips have no stored landmarks for their "
        "onset; choose another option of landmarks, or store them"
    )
    return [*found, Finding.of("blocks", lacking[0], text)] if lacking else found


def _shape(sample: Sample) -> tuple[int, ...]:
    """Return the shape of the onset frame; of a file in a folder by its header, as its pixels were decoded before."""
    if isinstance(sample.clip, FrameFolder):
        return image_size(sample.clip.path(sample.onset))[::-1]
    return sample.clip.read(sample.onset).shape


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
    """Print the number of usable clips, the findings, equal ones together, and the paths of the tables."""
    subjects = {sample.subject for sample in manifest.samples}
    labels = Counter(sample.label for sample in manifest.samples)
    clips = counted(len(manifest.samples), "usable clip")
    print(f"{name}: {clips} of {counted(len(subjects), 'subject')}")
    print("classes   " + (", ".join(f"{label} {labels[label]}" for label in manifest.classes) or "none"))
    levels = Counter(finding.level for finding in findings)
    print("findings  " + (", ".join(f"{levels[level]} {level}" for level in LEVELS if levels[level]) or "none"))
    groups = group_findings(f for f in findings if f.level != "left out")
    for group in groups[:_SHOWN]:
        _show_group(group)
    if len(groups) > _SHOWN:
        print(f"and {len(groups) - _SHOWN} more kinds in the file below")
    print(f"written   {folder / 'findings.csv'}, {folder / 'annotations.csv'}")
    if levels["blocks"]:
        # A class of one subject, or a data set without frames, is not mended by leaving out clips.
        of_clips = all(finding.clip for finding in findings if finding.level == "blocks")
        step = ", or leave out the faulty clips with bad_clips=exclude" if of_clips else ""
        print(f"a run would stop: follow the next steps{step}")


def group_findings(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return findings that differ only in names with digits, paths and numbers together, in the order of levels."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.level, _kind(finding)), []).append(finding)
    return sorted(groups.values(), key=lambda group: LEVELS.index(group[0].level))


def _kind(finding: Finding) -> str:
    text = f"{finding.what}; {finding.next_step}"
    if finding.clip:
        text = re.sub(rf"(?<!\w){re.escape(finding.clip)}(?!\w)", "*", text)
    return re.sub(r"\*(?:\W*\*)+", "*", re.sub(r"\S*[\d/\\]\S*", "*", text))


def _show_group(group: Sequence[Finding]) -> None:
    first, clips = group[0], list(dict.fromkeys(finding.clip for finding in group if finding.clip))
    listed = first_of(clips, _NAMED)
    if len(group) > 1:
        many = f"{len(clips)} clips ({listed})" if clips else f"{len(group)} findings"
        text = f"{many}; the first: {first.what}"
    else:
        text = f"{listed}: {first.what}" if clips and clips[0] not in first.what else first.what
    _print_wrapped(f"{first.level:<10}", text)
    if first.next_step:
        _print_wrapped(f"{'':<10}→ ", first.next_step)


def _print_wrapped(start: str, text: str) -> None:
    width = max(shutil.get_terminal_size().columns, _NARROWEST)
    indent = " " * len(start)
    # A path that is broken in two cannot be copied.
    print(
        textwrap.fill(
            text, width, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
    )
