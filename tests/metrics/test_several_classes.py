"""Clips with several classes: scores that can be worked out by hand, and the file that keeps the predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mer.errors import DataError
from mer.metrics import confusion_matrix, from_predictions, measures, summarise
from mer.store.predictions import read_predictions
from mer.types.combined import combined, members

CLASSES = ("a", "b", "c")
COMBINATIONS = ("a+b", "a+c", "b+c", "none")
LABELS = (*CLASSES, *COMBINATIONS)
# a: found in both of its clips; b: never found; c: found once, missed once, once where it is not
TRUE = ("a+b", "a", "c", "b+c")
PREDICTED = ("a", "a+c", "c", "none")
FILE = "sample_id,dataset,subject,y_true,y_pred,score_a,score_b,score_c\n" + "".join(
    f"clip{i},db,{'s1' if i < 2 else 's2'},{true},{predicted},1.0,-1.0,-2.0\n"
    for i, (true, predicted) in enumerate(zip(TRUE, PREDICTED, strict=True))
)


def numbers(labels: tuple[str, ...]) -> list[int]:
    return [LABELS.index(label) for label in labels]


def test_a_label_stands_for_its_classes() -> None:
    assert [combined("ab"), combined("c"), combined("")] == ["a+b", "c", "none"]
    np.testing.assert_array_equal(members(("b", "a+c", "none"), CLASSES), [[0, 1, 0], [1, 0, 1], [0, 0, 0]])


def test_uf1_is_the_mean_over_classes_that_a_clip_has_or_has_not() -> None:
    got = summarise(numbers(TRUE), numbers(PREDICTED), ["s1", "s1", "s2", "s2"], CLASSES, draws=100, seed=0,
                    combinations=COMBINATIONS)  # fmt: skip
    each = [(got["per_class"][name]["f1"]["value"], got["per_class"][name]["recall"]["value"]) for name in CLASSES]
    assert each == [(1.0, 1.0), (0.0, 0.0), (0.5, 0.5)]
    assert [got["per_class"][name]["support"] for name in CLASSES] == [2, 2, 2]
    assert (got["uf1"]["value"], got["uar"]["value"], got["weighted_f1"]["value"]) == (0.5, 0.5, 0.5)
    assert got["accuracy"]["value"] == 0.25  # of the third clip alone, all classes are right
    assert got["uf1"]["low"] < 0.5 < got["uf1"]["high"]
    assert (got["n"], got["classes"], got["labels"]) == (4, list(CLASSES), list(LABELS))
    # everyone in class a: F1 of a is 2 · 2 / (2 + 4), of the others 0
    assert got["majority"]["class"] == "a" and got["majority"]["uf1"] == pytest.approx(4 / 6 / 3)


def test_labels_of_one_class_score_as_ever() -> None:
    rng = np.random.default_rng(0)
    confusion = confusion_matrix(rng.integers(0, 3, 50), rng.integers(0, 3, 50), 3)
    plain, several = measures(confusion), measures(confusion, members(CLASSES, CLASSES))
    for name, value in plain.items():
        np.testing.assert_array_equal(several[name], value, err_msg=name)


def test_a_class_that_no_clip_has_is_named() -> None:
    with pytest.raises(DataError, match=r"class c has no clip"):
        summarise([0, 3], [0, 1], ["s1", "s2"], CLASSES, draws=10, seed=0, combinations=("a+b",))


@pytest.mark.parametrize("method", ["t", "percentile", "bca"])
def test_scores_follow_from_the_file(tmp_path: Path, method: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(FILE, encoding="utf-8")
    table = read_predictions(path)
    assert (table.classes, table.combinations) == (CLASSES, ("a+b", "a+c", "b+c", "none"))
    got = from_predictions(table, draws=50, method=method)
    assert got["uf1"]["value"] == 0.5 and got["per_dataset"]["db"]["accuracy"] == 0.25
    assert "calibration" not in got


def test_a_combination_with_an_unknown_class_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(FILE.replace("b+c", "b+d"), encoding="utf-8")
    with pytest.raises(DataError, match=r"class b\+d has no column score_b\+d; the file names"):
        read_predictions(path)
