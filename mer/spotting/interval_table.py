"""The intervals that were found, as ``intervals.csv`` and ``intervals.jsonl``, and the true ones, as ``truth.csv``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mer.spotting.score import SpottedVideo
from mer.store.atomic import write_atomically
from mer.types import Interval, Numbers, Recording

__all__ = ["COLUMNS", "read_videos", "write_intervals", "write_truth"]

TRUTH_COLUMNS = ("video", "subject", "first", "last", "fps", "onset", "apex", "offset", "kind", "label")
COLUMNS = ("video", "onset", "apex", "offset", "seconds", "duration", "kind", "strength", "regions")


def write_intervals(
    folder: Path,
    found: Mapping[str, Sequence[Interval]],
    times: Mapping[str, Numbers],
    first: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Write both files.

    Parameters
    ----------
    folder : Path
        Is there.
    found : mapping of str to sequence of Interval
        By video.
    times : mapping of str to ndarray, shape (T,)
        Seconds of each frame, by video.
    first : mapping of str to int
        Number of the first frame of a video; 0 where it is not named.
    """
    rows = [(_row(video, i, times[video], first.get(video, 0)), i) for video, some in found.items() for i in some]
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS)
    table.writeheader()
    table.writerows({**row, "regions": " ".join(interval.regions)} for row, interval in rows)
    write_atomically(folder / "intervals.csv", text.getvalue().encode())
    write_atomically(folder / "intervals.jsonl", "".join(f"{json.dumps(row)}\n" for row, _ in rows).encode())


def write_truth(folder: Path, recordings: Sequence[Recording]) -> None:
    """Write one row per true interval; a video without one has one row, in which onset, apex and offset are empty."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(TRUTH_COLUMNS)
    for r in recordings:
        rows: list[tuple[object, ...]] = [(i.onset, i.apex, i.offset, i.kind, i.label) for i in r.events]
        table.writerows([r.id, r.subject, r.first, r.last, r.fps, *row] for row in rows or [(None,) * 5])
    write_atomically(folder / "truth.csv", text.getvalue().encode())


def read_videos(truth: str, intervals: str) -> tuple[SpottedVideo, ...]:
    """Return what a run found, next to what is true, from the content of its ``truth.csv`` and ``intervals.csv``.

    Raises
    ------
    ValueError
        If a text is another table.
    """
    true, found = _grouped(truth, TRUTH_COLUMNS), _grouped(intervals, COLUMNS)
    return tuple(
        SpottedVideo(
            video=video,
            subject=rows[0]["subject"],
            true=tuple(_interval(row) for row in rows if row["onset"]),
            found=tuple(_interval(row) for row in found.get(video, ())),
            minutes=(int(rows[0]["last"]) - int(rows[0]["first"]) + 1) / float(rows[0]["fps"]) / 60,
            fps=float(rows[0]["fps"]),
        )
        for video, rows in true.items()
    )


def _grouped(text: str, columns: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    by_video: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), start=2):
        if set(row) != set(columns) or None in row.values():
            raise ValueError(f"row {number} has not the columns {', '.join(columns)}")
        by_video.setdefault(row["video"], []).append(row)
    return by_video


def _interval(row: Mapping[str, str]) -> Interval:
    return Interval(
        onset=int(row["onset"]),
        apex=int(row["apex"]) if row["apex"] else None,
        offset=int(row["offset"]),
        kind="micro" if row["kind"] == "micro" else "macro",
        label=row.get("label", ""),
        strength=float(row.get("strength", "nan")),
        regions=tuple(row.get("regions", "").split()),
    )


def _row(video: str, interval: Interval, times: Numbers, first: int) -> dict[str, object]:
    start, end = float(times[interval.onset - first]), float(times[interval.offset - first])
    return {
        "video": video,
        "onset": interval.onset,
        "apex": interval.apex,
        "offset": interval.offset,
        "seconds": start,
        "duration": end - start,
        "kind": interval.kind,
        "strength": interval.strength,
        "regions": list(interval.regions),
    }
