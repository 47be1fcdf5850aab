"""Seeded feature tables for the tests of stage 8."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.types import FeatureTable


def table(
    X: NDArray[Any],
    y: NDArray[Any],
    subject: list[str],
    *,
    classes: tuple[str, ...] = ("happiness", "disgust", "surprise"),
) -> FeatureTable:
    n = len(y)
    return FeatureTable(
        X=X,
        y=y,
        subject=np.array(subject),
        sample_id=np.array([f"clip{i:03d}" for i in range(n)]),
        dataset=np.array([name.split("/")[0] for name in subject]),
        columns=tuple(f"f{j}" for j in range(X.shape[1])),
        classes=classes,
    )


def blobs(
    *, subjects: int = 6, clips: int = 6, features: int = 8, distance: float = 2.0, seed: int = 0
) -> FeatureTable:
    """Clips of three classes around three centres; every subject shows each class in turn."""
    rng = np.random.default_rng(seed)
    y = np.tile(np.arange(clips) % 3, subjects)
    centres = rng.normal(size=(3, features)) * distance / np.sqrt(features)
    X = centres[y] + rng.normal(size=(len(y), features))
    return table(X.astype(np.float32), y, [f"db/s{s:02d}" for s in range(subjects) for _ in range(clips)])


def permuted(original: FeatureTable, order: NDArray[Any]) -> FeatureTable:
    rows = {name: getattr(original, name)[order] for name in ("X", "y", "subject", "sample_id", "dataset")}
    return FeatureTable(**rows, columns=original.columns, classes=original.classes)
