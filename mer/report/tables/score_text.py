"""How a score is written: with as many digits as its interval supports."""

from __future__ import annotations

import math

from mer.types import Limits, Score, Scored

__all__ = ["NAMES", "decimals", "interval_text", "score_text"]

NAMES: tuple[tuple[Score, str], ...] = (
    ("uf1", "UF1"),
    ("uar", "UAR"),
    ("accuracy", "accuracy"),
    ("weighted_f1", "weighted F1"),
)


def decimals(*scores: Limits) -> int:
    """Return 3, or 2 where an interval is wider than ±0.1: its half-width then has two significant digits."""
    widest = max((score["high"] - score["low"]) / 2 for score in scores)
    return 2 if widest >= 0.1 else 3


def score_text(score: Scored, digits: int) -> str:
    """Return the value alone, such as ``0.612``; ``-`` where it is undefined."""
    return f"{score['value']:.{digits}f}" if math.isfinite(score["value"]) else "-"


def interval_text(score: Limits, digits: int) -> str:
    """Return the interval, such as ``[0.541, 0.683]``; empty where there is none."""
    if not (math.isfinite(score["low"]) and math.isfinite(score["high"])):
        return ""
    return f"[{score['low']:.{digits}f}, {score['high']:.{digits}f}]"
