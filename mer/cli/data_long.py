"""`mer data check` on long videos: what each one holds, and which annotations cannot be used."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from mer.errors import counted
from mer.types import KINDS, Recording

__all__ = ["check_long"]

_SHOWN = 40  # videos that are printed


def check_long(dataset: Any) -> int:
    """Print the videos of a data set and what is left out; return 1 if an annotation is faulty."""
    found = dataset.recordings()
    table = Table("video", "subject", "minutes", "frames/s", *KINDS, "overlap")
    for recording in found.recordings[:_SHOWN]:
        table.add_row(recording.id, recording.subject, *_numbers(recording))
    Console().print(table)
    if len(found.recordings) > _SHOWN:
        print(f"and {len(found.recordings) - _SHOWN} more")
    for remark in found.notes.get("remarks", ()):
        print(f"mer: {remark}", file=sys.stderr)
    for left in found.excluded:
        print(f"{'problem' if left.fault else 'left out'}: {left.sample_id}: {left.reason}")
    faults = sum(left.fault for left in found.excluded)
    minutes = sum(recording.minutes for recording in found.recordings)
    people = len({recording.subject for recording in found.recordings})
    videos = f"{counted(len(found.recordings), 'video')} of {counted(people, 'subject')}, {minutes:.1f} min"
    print(f"{videos}; {counted(faults, 'problem')}, {len(found.excluded) - faults} left out")
    return 1 if faults else 0


def _numbers(recording: Recording) -> list[str]:
    kinds = [str(sum(event.kind == kind for event in recording.events)) for kind in KINDS]
    return [f"{recording.minutes:.2f}", f"{recording.fps:.4g}", *kinds, str(recording.overlapping or "")]
