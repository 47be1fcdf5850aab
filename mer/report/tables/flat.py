"""The runs of a study as flat rows, for a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from mer.metrics import HEADLINE
from mer.report.stats.sections import Section

__all__ = ["flat_rows"]

_ENDS: tuple[tuple[str, Literal["value", "low", "high"]], ...] = (("", "value"), ("_low", "low"), ("_high", "high"))


def flat_rows(parts: Sequence[Section]) -> list[dict[str, object]]:
    """Return one flat row per run: what a user reads into a notebook."""
    rows: list[dict[str, object]] = []
    for section in parts:
        for cell in section.cells:
            for run in cell.runs:
                scores = {f"{name}{end}": run.summary[name][kind] for name in HEADLINE for end, kind in _ENDS}
                rows.append(
                    {
                        "part": section.number,
                        **cell.levels,
                        "seed": run.params.get("seed", ""),
                        **scores,
                        "run": run.run_id,
                    }
                )
    return [{key: _finite(value) for key, value in row.items()} for row in rows]


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
