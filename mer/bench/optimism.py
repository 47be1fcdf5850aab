"""`mer bench optimism`: what it adds to a score to choose the settings, or the cell, by the test subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mer.bench._made_up import comparison_svm, made_up_table, numbers, search_settings
from mer.loso import Loso
from mer.metrics import score
from mer.tuning import GlobalTuning, NestedTuning, NoTuning
from mer.types import FeatureTable, LosoResult

__all__ = ["run"]

CELLS = {"power": (1.0, 0.5), "keep": (1.0, 0.5, 0.25), "class_weight": ("none", "balanced")}  # each tuned separately
WEAK = 0.12  # distance of the classes at which an SVM is right about half the time
HELP = {"clips": 160, "features": 100, "subjects": 16, "classes": 3, "trials": 30, "repeats": 3, "workers": 2}


def run(arguments: Sequence[str]) -> None:
    """Print the table; `arguments` such as ``repeats=10 subjects=26`` change the problem.

    Raises
    ------
    ConfigError
        For an argument that does not exist.
    """
    asked = numbers(arguments, HELP)
    print(f"Mean UF1 under LOSO over {asked['repeats']} made-up data sets of {asked}\n")
    print(
        "| data | fixed settings | nested | global: by the outer score | best of 12 nested cells by its outer score |"
    )
    print("|---|---|---|---|---|")
    for name, distance in (("weak signal", WEAK), ("no signal at all", 0.0)):
        scores = [_one(asked, distance, seed) for seed in range(asked["repeats"])]
        mean = np.mean(scores, axis=0)
        over = [f"{mean[0]:.3f}", f"{mean[1]:.3f}", *(f"{value:.3f} ({value - mean[1]:+.3f})" for value in mean[2:])]
        print(f"| {name} | {' | '.join(over)} |", flush=True)
    print(
        f"\nIn brackets: against nested. Chance is {1 / asked['classes']:.3f}. Only the first two columns are honest."
    )


def _one(asked: dict[str, int], distance: float, seed: int) -> list[float]:
    table = made_up_table(
        asked["clips"], asked["features"], asked["subjects"], asked["classes"], distance, seed, habits=WEAK
    )
    shared = {**search_settings("tpe", asked["trials"]), "prune": "none"}
    nested = NestedTuning(**shared, inner="groups", inner_folds=5)
    cells = [_cell(number) for number in range(12)]
    return [
        _uf1(table, asked, seed, NoTuning(), {}),
        _uf1(table, asked, seed, nested, {}),
        _uf1(table, asked, seed, GlobalTuning(**shared), {}),
        max(_uf1(table, asked, seed, nested, cell) for cell in cells),
    ]


def _cell(number: int) -> dict[str, Any]:
    cell = {}
    for name, values in CELLS.items():
        number, at = divmod(number, len(values))
        cell[name] = values[at]
    return cell


def _uf1(table: FeatureTable, asked: dict[str, int], seed: int, tuning: Any, cell: dict[str, Any]) -> float:
    evaluate = Loso(min_clips=1, mirror="none", balance="none", draws=1, interval="percentile")
    result: LosoResult = evaluate(
        table, comparison_svm(**cell), tuning, seed=seed, key="optimism", workers=asked["workers"]
    )
    true, pred = (np.concatenate([getattr(fold, side) for fold in result.folds]) for side in ("y_true", "y_pred"))
    return score(true, pred, len(table.classes), "uf1")
