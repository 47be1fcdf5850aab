"""``regions.csv``: the motion of each region for each class, over all clips of a data set."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from mer.dataset.still import NOISE_FLOOR
from mer.types import FeatureTable, Numbers

__all__ = ["COLUMNS", "region_rows", "region_text"]

COLUMNS = (
    "region", "class", "clips", "magnitude", "direction_deg", "agreement", "coherence", "strain", "unit",
)  # fmt: skip
_NO_DIRECTION = 1e-6  # a mean vector below this fraction of the largest magnitude is floating-point noise


def region_rows(table: FeatureTable, regions: Sequence[str], motion: Numbers, *, unit: str) -> list[dict[str, object]]:
    """Return the mean motion of every region over the clips of every class.

    Parameters
    ----------
    table : FeatureTable
        Gives the class of each of the N clips.
    regions : sequence of str
        R names.
    motion : ndarray, shape (N, R, 5)
        `REGION_QUANTITIES` of every region of every clip, after removal of the head's motion.
    unit : str
        Of u, v and magnitude.

    Returns
    -------
    list of dict
        One per region and class, with the keys `COLUMNS`. ``direction_deg`` is the direction of the summed vectors, in
        (−180, 180]: 0 to the right of the image, 90 down, −90 up; NaN if the vectors cancel. ``agreement`` is the
        length of the summed vectors over the summed magnitudes: 1 where all pixels of all clips move one way, 0 where
        they cancel, so that a direction means little. Direction, agreement and coherence are NaN if the mean magnitude
        is below `NOISE_FLOOR`. Every clip counts alike, but for the coherence, where those below it do not count.
    """
    motion = np.asarray(motion, dtype=np.float64)
    floor = _NO_DIRECTION * float(motion[..., 2].max(initial=0.0))
    rows: list[dict[str, object]] = []
    for r, region in enumerate(regions):
        for k, name in enumerate(table.classes):
            clips = motion[table.y == k, r]
            if not len(clips):
                continue
            u, v, magnitude, _, strain = clips.mean(axis=0).tolist()
            direction = agreement = coherence = math.nan
            if magnitude >= NOISE_FLOOR:
                length = math.hypot(u, v)
                moves = length > floor
                direction = math.degrees(math.atan2(v, u)) if moves else math.nan
                agreement = min(1.0, length / magnitude) if moves else 0.0
                coherence = float(clips[clips[:, 2] >= NOISE_FLOOR, 3].mean())
            values = (region, name, len(clips), magnitude, direction, agreement, coherence, strain, unit)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def region_text(rows: Sequence[dict[str, object]]) -> str:
    """Return the rows as CSV, numbers to six digits; what is undefined is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_text(row[column]) for column in COLUMNS] for row in rows)
    return text.getvalue()


def _text(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.6g}" if math.isfinite(value) else ""
