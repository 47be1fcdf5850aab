"""One evaluation per class: what it predicts, what it may see, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mer.bench._made_up import comparison_svm
from mer.errors import DataError
from mer.loso import EachClass, Loso
from mer.run.predictions import write_predictions
from mer.store.predictions import read_predictions
from mer.tuning import NoTuning
from mer.types import FeatureTable
from mer.types.combined import combined

CLASSES = ("a", "b", "c")
SCHEME = Loso(min_clips=2, mirror="none", balance="none", draws=100, interval="t")
EVERY = [tuple(k for k in range(3) if code >> k & 1) for code in range(1, 8)]


def planted(sets: list[tuple[int, ...]] = EVERY, subjects: int = 4) -> FeatureTable:
    """Return clips whose features have one number per class: large where the clip has it."""
    rng = np.random.default_rng(0)
    shown = sets * subjects
    labels = [combined(CLASSES[k] for k in held) for held in shown]
    classes = (*CLASSES, *sorted(set(labels) - set(CLASSES)))
    has = np.array([[k in held for k in range(3)] for held in shown])
    return FeatureTable(
        X=(2.0 * has + 0.1 * rng.normal(size=has.shape)).astype(np.float32),
        y=np.array([classes.index(label) for label in labels]),
        subject=np.array([f"s{i // len(sets)}" for i in range(len(shown))]),
        sample_id=np.array([f"c{i:03d}" for i in range(len(shown))]),
        dataset=np.full(len(shown), "db"),
        columns=("x", "y", "z"),
        classes=classes,
    )


def run(table: FeatureTable, **more: Any) -> Any:
    evaluate = EachClass(evaluation=SCHEME, classes=CLASSES)
    evaluate.check(table, seed=0)
    return evaluate(table, comparison_svm(), NoTuning(), **{"seed": 0, "key": "cell", "workers": 1, **more})


def test_every_combination_is_found_and_each_class_has_its_own_score(tmp_path: Any) -> None:
    table = planted()
    seen: list[str] = []
    result = run(table, progress=lambda fold: seen.append(fold.fold))
    assert len(seen) == EachClass(evaluation=SCHEME, classes=CLASSES).folds(table) == 12
    for fold in result.folds:
        np.testing.assert_array_equal(fold.y_pred, fold.y_true)
        held = np.array([[name in result.table.classes[y].split("+") for name in CLASSES] for y in fold.y_true])
        np.testing.assert_array_equal(fold.scores > 0, held)
        assert {name.split(".")[0] for name in fold.parameters} == set(CLASSES)
    write_predictions(tmp_path / "predictions.csv", result)
    kept = read_predictions(tmp_path / "predictions.csv")
    assert kept.classes == CLASSES and kept.scores.shape == (28, 3)
    labels = (*kept.classes, *kept.combinations)
    assert [labels[y] for y in kept.y_true] == [table.classes[y] for y in table.y]


def test_a_combination_that_no_training_clip_has_can_be_predicted() -> None:
    table = planted([held for held in EVERY if held != (1, 2)], subjects=6)
    X = table.X.copy()
    X[0], X[1] = (0.0, 2.0, 2.0), (0.0, 0.0, 0.0)  # as if it had b and c, or nothing: no clip has that
    result = run(replace(table, X=X))
    label = {i: result.table.classes[y] for f in result.folds for i, y in zip(f.sample_id, f.y_pred, strict=True)}
    assert (label["c000"], label["c001"]) == ("b+c", "none")
    assert result.table.classes == (*table.classes, "b+c", "none")


def test_labels_of_the_held_out_subject_have_no_say_in_its_predictions() -> None:
    table = planted()
    y = table.y.copy()
    y[:7] = y[:7][::-1]
    first, second = (run(data).folds[0] for data in (table, replace(table, y=y)))
    np.testing.assert_array_equal(first.scores, second.scores)


def test_a_class_that_one_subject_alone_has_is_named() -> None:
    table = planted([(0,), (1,), (0, 1)])
    y = table.y.copy()
    y[0] = 2
    with pytest.raises(DataError, match="class c: only subject s0 shows it"):
        EachClass(evaluation=SCHEME, classes=CLASSES).check(replace(table, y=y), seed=0)


def test_a_class_cannot_be_dropped() -> None:
    table = replace(planted([(0,), (1,)]), classes=("a", "b"))
    with pytest.raises(
        DataError, match=r"drop=\[c\]: clips have several classes here, so none can be dropped; leave it out with"
    ):
        EachClass(evaluation=SCHEME, classes=CLASSES).check(table, seed=0)
