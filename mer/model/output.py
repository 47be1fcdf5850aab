"""Predictions as files: JSON Lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from mer.model.result import Prediction
from mer.store.atomic import write_atomically

__all__ = ["COLUMNS", "SCHEMA", "write_predictions"]

SCHEMA = Path(__file__).with_name("prediction.schema.json")
COLUMNS = (
    *("input", "onset", "apex", "offset", "onset_s", "apex_s", "offset_s", "kind", "strength", "motion"),
    *("action_units", "outcome", "likeliest", "probability", "flags", "model"),
)


def write_predictions(folder: Path, predictions: Sequence[Prediction]) -> None:
    """Write ``predictions.jsonl``, all of each prediction, and ``predictions.csv``, one line of it."""
    lines = "".join(f"{json.dumps(one.as_json(), ensure_ascii=False)}\n" for one in predictions)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS)
    table.writeheader()
    table.writerows(map(_row, predictions))
    write_atomically(folder / "predictions.jsonl", lines.encode())
    write_atomically(folder / "predictions.csv", text.getvalue().encode())


def _row(one: Prediction) -> dict[str, object]:
    known = {name: value for name, value in one.as_json().items() if name in COLUMNS}
    return {
        **known,
        "action_units": " ".join(one.action_units),
        "outcome": one.outcome,
        "likeliest": one.likeliest,
        "probability": one.probabilities.get(one.likeliest, ""),
        "flags": " ".join(flag.name for flag in one.flags),
        "model": one.model,
    }
