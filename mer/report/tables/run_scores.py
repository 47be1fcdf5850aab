"""The table at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mer.errors import counted
from mer.report.tables.score_text import NAMES, decimals, interval_text, score_text
from mer.types import Metrics

__all__ = ["render"]


def render(metrics: Metrics, *, title: str, left_out: int, console: Console) -> None:
    """Print the scores of a run: pooled ones next to those of the majority class, then class by class.

    Parameters
    ----------
    metrics : mapping
        The content of metrics.json.
    title : str
        Such as the name of the study.
    left_out : int
        Clips in excluded.csv.
    console : rich.console.Console
        Aligned text within 80 columns for class names up to 18 letters; a terminal gets bold heads.
    """
    console.print(Text(title, style="bold"))
    console.print(Text(_counts(metrics, left_out)))
    for table in (_pooled(metrics), _classes(metrics)):
        console.print()
        console.print(table)
    console.print()
    console.print(Text("\n".join(_lines(metrics))), soft_wrap=True)
    if caution := metrics["interval"].get("caution"):
        console.print(Text(f"note: {caution}"))


def _counts(metrics: Metrics, left_out: int) -> str:
    rest = f"{left_out} left out (listed in excluded.csv)" if left_out else "none left out"
    return f"{counted(metrics['n'], 'clip')} of {counted(metrics['subjects'], 'subject')}; {rest}"


def _lines(metrics: Metrics) -> list[str]:
    """Return the sentences below the tables: what chance gives, the worst subject, how good probabilities are."""
    lines = [f"majority         the class with most clips, {metrics['majority']['class']}"]
    if p := metrics["label_permutation"].get("p"):
        lines.append(f"permuted         mean with labels permuted within subjects; p of UF1 {p:.4f}")
    if worst := metrics.get("worst_subject"):
        clips = counted(worst["clips"], "clip")
        lines.append(f"worst subject    {worst['subject']}: accuracy {worst['accuracy']:.2f} of {clips}")
    if fit := metrics.get("calibration"):
        lines.append(f"probabilities    Brier score {fit['brier']:.3f}, expected calibration error {fit['ece']:.3f}")
    return lines


def _pooled(metrics: Metrics) -> Table:
    level = f"{100 * metrics['interval']['level']:.0f} % interval"
    permuted = metrics["label_permutation"].get("chance")
    table = _empty("score", "value", level, "majority", *(["permuted"] if permuted else []))
    digits = decimals(*(metrics[key] for key, _ in NAMES))
    for key, name in NAMES:
        chance = [f"{metrics['majority'][key]:.{digits}f}"]
        chance += [f"{permuted[key]:.{digits}f}"] if isinstance(permuted, Mapping) else []
        _row(table, name, score_text(metrics[key], digits), interval_text(metrics[key], digits), *chance)
    return table


def _classes(metrics: Metrics) -> Table:
    table = _empty("class", "clips", "F1", "interval", "recall", "interval")
    digits = decimals(*(of_class[kind] for of_class in metrics["per_class"].values() for kind in ("f1", "recall")))
    for name, of_class in metrics["per_class"].items():
        scores = (of_class["f1"], of_class["recall"])
        texts = (text for score in scores for text in (score_text(score, digits), interval_text(score, digits)))
        _row(table, name, str(of_class["support"]), *texts)
    return table


def _empty(*columns: str) -> Table:
    # Text, not str: a class called "[red]" is a name and no markup.
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        table.add_column(Text(column), justify="right" if i else "left", no_wrap=True)
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(cell) for cell in cells))
