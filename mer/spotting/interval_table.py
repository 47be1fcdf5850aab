"""The intervals that were found, as ``intervals.csv`` and ``intervals.jsonl``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mer.store.atomic import write_atomically
from mer.types import Interval, Numbers

__all__ = ["COLUMNS", "write_intervals"]

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
