"""The table at the end of a run and the figures: what they say, and that they are pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from rich.console import Console

from mer.metrics import summarise
from mer.report.figures import confusion
from mer.report.tables import run_scores as table
from mer.report.tables.score_text import decimals, interval_text, score_text
from mer.types import Metrics, Scored

BOUNDS: tuple[Literal["low", "high"], ...] = ("low", "high")
CLASSES = ("negative", "positive", "surprise")


def summary(classes: tuple[str, ...] = CLASSES) -> Metrics:
    rng = np.random.default_rng(0)
    truth = np.arange(120) % len(classes)
    truth[:30] = 0
    said = np.where(rng.random(120) < 0.6, truth, rng.integers(0, len(classes), 120))
    return summarise(truth, said, np.repeat([f"s{i}" for i in range(12)], 10), classes, draws=200, seed=0)


def printed(metrics: Metrics, left_out: int, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    table.render(metrics, title="study trial", left_out=left_out, console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_the_table_holds_every_score_of_the_metrics() -> None:
    metrics = summary()
    lines = printed(metrics, left_out=3)
    assert lines[0] == "study trial"
    assert lines[1] == "120 clips of 12 subjects; 3 left out (listed in excluded.csv)"
    rows = {line.split("  ")[0]: line.split() for line in lines}
    low, high = (f"{metrics['uf1'][bound]:.3f}" for bound in BOUNDS)
    majority = f"{metrics['majority']['uf1']:.3f}"
    assert rows["UF1"][:-1] == ["UF1", f"{metrics['uf1']['value']:.3f}", f"[{low},", f"{high}]", majority]
    assert rows["score"][-2:] == ["majority", "permuted"]
    assert "majority         the class with most clips, negative" in lines
    assert any(line.startswith("worst subject    s") for line in lines)
    for name in CLASSES:
        of_class = metrics["per_class"][name]
        expected = [name, str(of_class["support"]), f"{of_class['f1']['value']:.2f}"]
        assert rows[name][:3] == expected
        assert rows[name][5] == f"{of_class['recall']['value']:.2f}"


def test_the_table_fits_80_columns_and_is_plain() -> None:
    lines = printed(summary(("a" * 18, "[red]", "[/]")), left_out=0)
    assert max(map(len, lines)) <= 80
    assert all(line.isascii() and "\x1b" not in line for line in lines)
    assert any(line.startswith("[red] ") for line in lines)
    assert lines[1].endswith("; none left out")
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize(
    ("low", "high", "text", "interval"),
    [(0.56, 0.74, "0.648", "[0.560, 0.740]"), (0.5, 0.8, "0.65", "[0.50, 0.80]"), (np.nan, np.nan, "0.648", "")],
)
def test_digits_follow_the_interval(low: float, high: float, text: str, interval: str) -> None:
    score: Scored = {"value": 0.6482, "low": low, "high": high}
    assert score_text(score, decimals(score)) == text
    assert interval_text(score, decimals(score)) == interval
    assert score_text({**score, "value": np.nan}, 3) == "-"


@pytest.mark.parametrize("classes", [CLASSES, ("no", "yes"), tuple(f"a long class {i}" for i in range(7))])
def test_the_confusion_matrix_is_dark_where_a_row_has_its_mass(tmp_path: Path, classes: tuple[str, ...]) -> None:
    k = len(classes)
    metrics: Metrics = {**summary(classes), "confusion": (np.eye(k, dtype=int)[::-1] * 40).tolist()}
    confusion.draw(metrics, tmp_path / "confusion.png")
    picture = cv2.imread(str(tmp_path / "confusion.png"))
    assert picture is not None
    assert picture.shape[1] >= 600
    dark = np.all(np.abs(picture.astype(int) - (107, 48, 8)) < 4, axis=2)  # the darkest colour of "Blues", BGR
    rows, columns = np.nonzero(dark)
    assert np.corrcoef(rows, columns)[0, 1] < -0.5  # the other diagonal
    assert dark.sum() > k * (0.5 * 200) ** 2  # cells of at least half an inch at 200 dpi
