"""Numbers as a report writes them: with the digits that their interval supports."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mer.report.render.document import Item
from mer.report.tables.score_text import decimals, interval_text, score_text
from mer.types import Limits, Numbers, Scored

__all__ = ["NOTHING", "digits_for", "number", "p_value", "scored_item", "signed"]

NOTHING = Item(text="–")
_SMALLEST_P = 0.001


def digits_for(intervals: ArrayLike, chosen: int | None = None) -> int:
    """Return how many decimals a column takes: those `chosen`, or those its widest interval supports, 3 without any."""
    if chosen is not None:
        return chosen
    known: list[Limits] = [
        {"low": low, "high": high} for low, high in np.reshape(intervals, (-1, 2)).tolist() if math.isfinite(low)
    ]
    return decimals(*known) if known else 3


def scored_item(value: float, interval: Sequence[float] | Numbers, digits: int, mark: str = "") -> Item:
    """Return a score with its interval; `interval` (low, high) may be NaN."""
    low, high = (float(end) for end in interval)
    of: Scored = {"value": float(value), "low": low, "high": high}
    if not math.isfinite(value):
        return NOTHING
    known = math.isfinite(low) and math.isfinite(high)
    return Item(
        text=score_text(of, digits),
        interval=interval_text(of, digits),
        value=float(value),
        low=low if known else None,
        high=high if known else None,
        mark=mark,
    )


def signed(value: float, interval: Sequence[float] | Numbers, digits: int) -> Item:
    """Return a difference with its interval; a positive one has its plus."""
    if not math.isfinite(value):
        return NOTHING
    low, high = (float(end) for end in interval)
    known = math.isfinite(low) and math.isfinite(high)
    ends = f"[{_plus(low, digits)}, {_plus(high, digits)}]" if known else ""
    return Item(
        text=_plus(float(value), digits),
        interval=ends,
        value=float(value),
        low=low if known else None,
        high=high if known else None,
    )


def p_value(p: float) -> Item:
    """Return a p-value with three decimals, as all of its column; a dash where the test does not apply."""
    if not math.isfinite(p):
        return NOTHING
    if p < _SMALLEST_P:
        return Item(text=f"<{_SMALLEST_P}", value=float(p))
    return Item(text=f"{p:.3f}", value=float(p))


def number(value: float, decimals: int) -> Item:
    """Return a number with so many decimals."""
    return Item(text=f"{value:.{decimals}f}", value=float(value)) if math.isfinite(value) else NOTHING


def _plus(value: float, digits: int) -> str:
    text = f"{value:+.{digits}f}"
    return text if text.strip("+-0.") else text[1:]  # what rounds to nothing has no sign
