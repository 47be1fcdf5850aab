"""Studies whose truth is known: predictions made up clip by clip, then kept by the code that keeps real ones."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer import metrics
from mer.pipeline import Features
from mer.report.figures import confusion
from mer.run import predictions
from mer.run import record as run_record
from mer.store.predictions import read_predictions
from mer.tracking import sync
from mer.types import FeatureTable, FoldResult, LosoResult
from tests.support.runs import keep_result, record

CLASSES = ("negative", "positive", "surprise")


@dataclass(frozen=True, kw_only=True)
class Clips:
    """Who shows what, and how hard each subject is."""

    y: NDArray[np.int64]
    subject: NDArray[np.str_]
    difficulty: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.y)


def clips(rng: np.random.Generator, *, subjects: int = 26, each: tuple[int, int] = (2, 21), classes: int = 3) -> Clips:
    """Draw subjects with unequal numbers of clips and differing difficulty, as real sets have them."""
    counts = rng.integers(each[0], each[1] + 1, subjects)
    index = np.repeat(np.arange(subjects), counts)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, len(index) - classes)])
    return Clips(
        y=rng.permutation(y),
        subject=np.array([f"s{i:02d}" for i in index]),
        difficulty=rng.normal(0, 1, subjects)[index],
    )


def predict(rng: np.random.Generator, of: Clips, *, skill: float, suits: float, classes: int = 3) -> NDArray[np.int64]:
    """Predict every clip: right with a chance that depends on skill, subject, and how the method suits the subject.

    Parameters
    ----------
    skill : float
        Log-odds of being right on a subject of mean difficulty.
    suits : float
        Standard deviation, in log-odds, of how much better or worse the method is on a subject than its skill says.
    """
    names, index = np.unique(of.subject, return_inverse=True)
    odds = skill + of.difficulty + suits * rng.normal(size=len(names))[index]
    right = rng.random(len(of)) < 1 / (1 + np.exp(-odds))
    wrong = (of.y + rng.integers(1, classes, len(of))) % classes
    return np.where(right, of.y, wrong)


def result(of: Clips, y_pred: NDArray[Any], classes: Sequence[str] = CLASSES) -> LosoResult:
    """Return the made-up predictions as an evaluation gives them, one fold per subject."""
    ids = np.array([f"clip{i:04d}" for i in range(len(of))])
    table = FeatureTable(
        X=np.zeros((len(of), 1), dtype=np.float32),
        y=of.y,
        subject=of.subject,
        sample_id=ids,
        dataset=np.full(len(of), "planted"),
        columns=("none",),
        classes=tuple(classes),
    )
    folds = []
    for name in np.unique(of.subject):
        test = of.subject == name
        folds.append(
            FoldResult(
                fold=str(name),
                sample_id=tuple(ids[test].tolist()),
                y_true=of.y[test],
                y_pred=y_pred[test],
                scores=np.eye(len(classes))[y_pred[test]],
                parameters={"C": 1.0},
                inner_score=0.5,
                seconds=0.01,
            )
        )
    return LosoResult(folds=tuple(folds), table=table)


def card(of: Clips, *, classes: Sequence[str] = CLASSES, **more: Any) -> dict[str, Any]:
    """Return a protocol card with the fields that a run writes."""
    return {
        "cell": "",
        "dataset": "planted",
        "protocol": {"name": "none"},
        "clips": len(of),
        "subjects": len(set(of.subject.tolist())),
        "classes": {name: int((of.y == k).sum()) for k, name in enumerate(classes)},
        "clip_list_hash": "0" * 32,
        "dropped": [{"sample_id": "clip_x", "reason": "no face was found"}],
        "apex": "annotated",
        "evaluation": "loso",
        "tuning": "none",
        "optimistic": False,
        "seeds": {"root": 0},
        "warnings": [],
        "command": "mer run study=planted",
        "commit": "0" * 40,
        "versions": {"mer": "0", "python": "3"},
    } | more


def keep(
    home: Path,
    folder: Path,
    params: Mapping[str, str],
    of: Clips,
    y_pred: NDArray[Any],
    *,
    study: str = "planted",
    classes: Sequence[str] = CLASSES,
    draws: int = 200,
    figure: bool = False,
    name: str = "",
    config: str = "study: planted\n",
    **more: Any,
) -> None:
    """Write a run's folder with its predictions and keep it in MLflow."""
    kept = result(of, y_pred, classes)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    predictions.write_predictions(folder / "predictions.csv", kept)
    predictions.write_folds(folder / "folds.csv", kept.folds)
    summary = metrics.from_predictions(read_predictions(folder / "predictions.csv"), draws=draws, seed=0)
    (folder / "metrics.json").write_text(json.dumps(summary), encoding="utf-8")
    command = " ".join(["mer run", f"study={study}", *(f"{key}={value}" for key, value in params.items())])
    written = card(of, classes=classes, **({"command": command} | more))
    (folder / "protocol.json").write_text(json.dumps(written), encoding="utf-8")
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    if figure:
        confusion.draw(summary, folder / "figures" / "confusion.png")
    everywhere = {"evaluation": "loso", "seed": "0"}
    given = everywhere | dict(params)
    tags = {"cell": json.dumps([given, config, written["clip_list_hash"]])}
    features = Features(
        table=kept.table,
        mirrored=None,
        regions=(),
        motion=np.empty((len(of), 0, 5)),
        pictures=np.empty((len(of), 4)),
        excluded=(),
        computed={"flow": [0.5], "descriptor": [0.1]},
    )
    told = record(
        study,
        name=name or " ".join(params.values()),
        params=given,
        tags=tags,
        began=int(time.time() * 1000),
        ended=int(time.time() * 1000),
        metrics=run_record.numbers(summary, features),
        series=run_record.series(kept),
    )
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    keep_result(home, told.id, told, files)
    report = sync(home)
    assert not report.problems, report.problems
