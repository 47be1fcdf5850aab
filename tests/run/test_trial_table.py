"""trials.csv, what it says about the settings, and its picture."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mer.metrics import importance
from mer.report.figures import search
from mer.run.trial_table import trial_table
from mer.types import FoldResult


def fold(name: str, trials: tuple[dict[str, Any], ...], **parameters: Any) -> FoldResult:
    best = max((trial["inner_score"] for trial in trials), default=float("nan"))
    return FoldResult(
        fold=name,
        sample_id=("a",),
        y_true=np.array([0]),
        y_pred=np.array([0]),
        scores=np.zeros((1, 2)),
        parameters=parameters,
        inner_score=best,
        seconds=0.1,
        trials=trials,
    )


def trial(score: float, chosen: int = 0, **settings: Any) -> dict[str, Any]:
    return {**settings, "inner_score": score, "folds": 5, "chosen": chosen}


FIRST = (trial(0.5, kernel="rbf", C=1.0, gamma=0.1), trial(0.7, 1, kernel="linear", C=10.0))
SECOND = (trial(0.6, 1, kernel="linear", C=1 / 3), trial(0.6, kernel="linear", C=2.0))
FOLDS = (fold("s1", FIRST, kernel="linear", C=10.0), fold("s2", SECOND, kernel="linear", C=1 / 3))


def test_every_trial_is_a_row_and_the_chosen_one_is_marked():
    rows = list(csv.DictReader(io.StringIO(trial_table(FOLDS))))
    assert [(row["subject"], row["trial"], row["chosen"]) for row in rows] == [
        ("s1", "1", "0"),
        ("s1", "2", "1"),
        ("s2", "1", "1"),
        ("s2", "2", "0"),
    ]
    assert rows[0]["gamma"] == "0.1" and rows[1]["gamma"] == "" and float(rows[2]["C"]) == 1 / 3
    assert list(rows[0]) == ["subject", "trial", "kernel", "C", "gamma", "inner_score", "folds", "chosen"]


def test_one_search_for_all_folds_is_told_once_and_none_at_all_is_no_table():
    trials = FOLDS[0].trials
    once = (fold("s1", trials, kernel="linear", C=10.0), fold("s2", trials, kernel="linear", C=10.0))
    assert [row["subject"] for row in csv.DictReader(io.StringIO(trial_table(once)))] == ["all", "all"]
    assert trial_table((fold("s1", ()), fold("s2", ()))) == ""


def test_a_setting_that_decides_alone_explains_everything_and_noise_nothing():
    rng = np.random.default_rng(0)
    n = 600
    settings = {
        "C": rng.uniform(-3, 3, n).tolist(),
        "noise": rng.uniform(size=n).tolist(),
        "kind": rng.choice(["a", "b"], n).tolist(),
        "fixed": [1.0] * n,
    }
    of_c = np.digitize(settings["C"], [-1.0, 1.0]).astype(float)
    searches = np.arange(n) % 4
    shares = importance(settings, of_c + 10.0 * searches, searches)
    assert next(iter(shares)) == "C" and shares["C"] > 0.85
    assert max(shares["noise"], shares["kind"]) < 0.05 and shares["fixed"] == 0
    half = importance(settings, of_c + 2 * of_c.std() * (np.array(settings["kind"]) == "b"), searches * 0)
    assert half["C"] == pytest.approx(0.5, abs=0.08) and half["kind"] == pytest.approx(0.5, abs=0.08)


def test_scores_that_never_vary_and_settings_that_few_trials_have_explain_nothing():
    search_of = np.zeros(4, dtype=np.intp)
    assert importance({"C": [1.0, 2.0, 3.0, 4.0]}, np.ones(4), search_of) == {"C": 0.0}
    assert importance({"gamma": [None, None, None, 2.0]}, np.arange(4.0), search_of) == {"gamma": 0.0}


def test_the_picture_is_drawn_from_the_table_alone_and_repeats(tmp_path: Path):
    text = trial_table(FOLDS)
    found = search.read(text)
    assert found.folds == ("s1", "s2") and found.settings["gamma"] == [0.1, None, None, None]
    assert list(found.settings) == ["kernel", "C", "gamma"]
    assert found.settings["kernel"][0] == "rbf" and found.chosen.tolist() == [False, True, True, False]
    for name in ("one.png", "two.png"):
        search.draw(text, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
