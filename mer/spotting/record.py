"""What MLflow gets of a run of ``task=spot``."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from mer.run.record import source_of
from mer.spotting.prepare import plain
from mer.spotting.settings import Prepared, Spotting
from mer.store.keys import digest
from mer.tracking import Record

__all__ = ["numbers", "record_of"]


def record_of(run: Spotting, prepared: Prepared, store: str, began: int, error: str = "", **more: Any) -> Record:
    """Return what MLflow gets of a run; of one that failed, its error."""
    data = digest([[r.id, *map(plain, r.events)] for r in prepared.recordings.recordings])
    shown = [run.choices[group] for group in ("flow", "roi", "spotter")]
    return Record(
        store=store,
        study=run.study,
        name=" ".join([*shown, *(f"{name.split('.')[-1]}={value}" for name, value in run.settings.items())]),
        began=began,
        ended=int(time.time() * 1000),
        params={
            **run.choices,
            **run.settings,
            **({} if run.recognition is None else {"seed": str(run.recognition.seed)}),
        },
        tags={
            "task": "spot" if run.recognition is None else "spot_recognise",
            "cell": prepared.key,
            "result": prepared.key,
            "command": run.command,
            "dataset": run.dataset.name,
            **({"error": error} if error else {}),
        },
        data={"name": run.dataset.name, "digest": data, "source": source_of(run.dataset)},
        status="FAILED" if error else "FINISHED",
        **more,
    )


def numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores as MLflow's metrics: ``f1_micro``, ``recall_macro``, ``strs_disgust`` …; none if undefined."""
    found: dict[str, Any] = {}
    recognition = scores.get("recognition", {})
    found |= {name: recognition[name] for name in ("strs", "uf1") if name in recognition}
    for name, of_class in recognition.get("by_class", {}).items():
        found |= {f"strs_{name}": of_class["strs"], f"f1_hits_{name}": of_class["f1"]}
    for kind, values in scores.items():
        if kind == "recognition":
            continue
        for name, value in values.items():
            if name == "f1":
                found |= {
                    f"f1_{kind}": value["value"],
                    f"f1_{kind}_low": value["low"],
                    f"f1_{kind}_high": value["high"],
                }
            else:
                found[f"{name}_{kind}"] = value
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}
