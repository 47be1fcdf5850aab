"""Labels that stand for several classes at once, such as ``positive+surprise``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["JOIN", "NO_CLASS", "combined", "members"]

JOIN = "+"
NO_CLASS = "none"  # the label of a clip without any class: a prediction can be so


def combined(classes: Iterable[str]) -> str:
    """Return the label of a clip with these classes."""
    return JOIN.join(classes) or NO_CLASS


def members(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.bool_]:
    """Return which class each label stands for, shape (labels, classes)."""
    return np.array([[name in label.split(JOIN) for name in classes] for label in labels], dtype=np.bool_)
