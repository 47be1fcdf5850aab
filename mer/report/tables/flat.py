"""The runs of a study as flat rows, for a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mer.report.stats.sections import Section

__all__ = ["flat_rows"]


def flat_rows(parts: Sequence[Section]) -> list[dict[str, Any]]:
    """Return one flat row per run: what a user reads into a notebook."""
    rows: list[dict[str, Any]] = []
    for section in parts:
        for cell in section.cells:
            for run in cell.runs:
                scores = {
                    f"{name}{end}": run.summary[name][kind]
                    for name in ("uf1", "uar", "accuracy", "weighted_f1")
                    for end, kind in (("", "value"), ("_low", "low"), ("_high", "high"))
                }
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


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
