"""What was recognised of the micro-expressions that were found: scores, and the table ``recognition.csv``."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mer.store.atomic import write_atomically

__all__ = ["Recognised", "write_recognised"]

_COLUMNS = ("video", "onset", "apex", "offset", "true_onset", "true_offset", "label", "predicted")


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """The hits among micro-expressions, with the class that was recognised.

    Attributes
    ----------
    rows : tuple of tuple
        Video, onset, apex and offset of the found interval, onset and offset of the true one, true class, predicted
        class; the latter is empty where no face was found.
    f1 : dict of str to float
        Of each class that occurs among the hits.
    uf1 : float
        Their mean; NaN where no hit was recognised.
    spotting : float
        F1 of spotting micro-expressions.
    true : mapping of str to int
        Number of annotated micro-expressions of each class.
    left_out : tuple of str
        Clips that a stage could not use, each with the reason; they are neither learnt from nor recognised.
    """

    rows: tuple[tuple[str, int, int, int, int, int, str, str], ...]
    f1: dict[str, float]
    uf1: float
    spotting: float
    true: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def strs(self) -> float:
        """Spot-then-recognise score: F1 of spotting times UF1 of the hits; 0 where none was recognised."""
        return 0.0 if np.isnan(self.uf1) else self.spotting * self.uf1

    @property
    def by_class(self) -> dict[str, dict[str, float | None]]:
        """Return for each annotated class how many there are, how many were found, F1 of the hits, and its STRS.

        F1 is None, and STRS 0, for a class of which none was found. STRS of the whole is the mean over the others.
        """
        hits = Counter(row[-2] for row in self.rows)
        return {
            name: {
                "true": count,
                "hits": hits[name],
                "f1": (f1 := self.f1.get(name)),
                "strs": self.spotting * (f1 or 0),
            }
            for name, count in sorted(self.true.items())
        }


def write_recognised(folder: Path, recognised: Recognised) -> dict[str, object]:
    """Write ``recognition.csv``; return what metrics.json holds of it, None for what is not defined."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    table.writerows(recognised.rows)
    write_atomically(folder / "recognition.csv", text.getvalue().encode())
    return {
        "hits": len(recognised.rows),
        "uf1": _known(recognised.uf1),
        "f1_by_class": recognised.f1,
        "by_class": recognised.by_class,
        "f1_spotting": _known(recognised.spotting),
        "strs": recognised.strs,
    }


def _known(score: float) -> float | None:
    return None if np.isnan(score) else score
