"""Scores that were published beside a log, set against those that the log itself gives."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError
from mer.metrics import confusion_matrix, measures
from mer.types import Predictions

__all__ = ["differences", "read_published", "recounted"]

_SCORES = ("uf1", "uar", "accuracy")


def read_published(text: str) -> dict[str, str]:
    """Return the published scores, as they are written, by their names: ``uf1``, ``uar_casme2``.

    Parameters
    ----------
    text : str
        Such as ``uf1:.7353,uar:.7605,uar_casme2:.8686``.

    Raises
    ------
    ConfigError
        If a part is no score with a number.
    """
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition(":")
        if name.partition("_")[0] not in _SCORES or not re.fullmatch(r"(0|1)?\.\d+|[01]", value):
            raise ConfigError(
                f"published={part}: must be a score, a colon and a number from 0 to 1, such as uf1:.7353 or "
                f"uar_casme2:.8190; the scores are {', '.join(_SCORES)}"
            )
        found[name] = value
    return found


def recounted(table: Predictions) -> dict[str, float]:
    """Return UF1, UAR, accuracy and mean precision of all clips, and of each database: ``uar``, ``uar_casme2``."""
    groups = {"": np.ones(len(table.y_true), dtype=bool)}
    groups |= {f"_{name}": table.dataset == name for name in dict.fromkeys(table.dataset.tolist())}
    found: dict[str, float] = {}
    for end, chosen in groups.items():
        confusion = confusion_matrix(table.y_true[chosen], table.y_pred[chosen], len(table.classes))
        values = measures(confusion)
        found |= {f"{name}{end}": float(values[name]) for name in _SCORES}
        found[f"precision{end}"] = _mean_precision(confusion)
    return found


def _mean_precision(confusion: NDArray[np.int64]) -> float:
    """Return the mean over the classes that occur of the share of a class's predictions that are right; 0 for none."""
    right, predicted = np.diag(confusion), confusion.sum(axis=0)
    shares = np.divide(right, predicted, out=np.zeros(len(right)), where=predicted > 0)
    return float(shares[confusion.sum(axis=1) > 0].mean())


def differences(published: Mapping[str, str], counts: Mapping[str, float]) -> list[str]:
    """Return one sentence per published score that the log does not give at the digits that were published.

    Raises
    ------
    ConfigError
        If a database is not in the log.
    """
    found = []
    for name, text in published.items():
        if name not in counts:
            known = ", ".join(key for key in counts if not key.startswith("precision"))
            raise ConfigError(f"published={name}:{text}: the log has no such score; it has {known}")
        digits = len(text.partition(".")[2])
        if _same(text, counts[name], digits):
            continue
        sentence = f"{name}: published {text}, recounted {_shown(counts[name], digits)}"
        precision = f"precision{name.removeprefix('uar')}"
        if name.startswith("uar") and _same(text, counts[precision], digits):
            sentence += "; the published number is the mean precision"
        found.append(sentence)
    return found


def _same(text: str, value: float, digits: int) -> bool:
    return abs(float(text) - value) <= 0.5 * 10.0**-digits + 1e-9


def _shown(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".removeprefix("0")
