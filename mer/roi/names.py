"""Properties of regions besides their place: their partners and their sizes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import Regions

__all__ = ["area", "partners"]

_SIDES = {"left": "right", "right": "left"}


def partners(names: Sequence[str]) -> tuple[int, ...]:
    """Return for each region the index of its partner on the other side of the face; its own where it spans both.

    Parameters
    ----------
    names : sequence of str
        As the schemes give them: ``brow_left_1`` and ``brow_right_1``, or the cells of a grid, ``row2_column5``.

    Raises
    ------
    DataError
        If a partner is missing.
    """
    columns = [int(found[1]) for name in names if (found := re.search(r"_column(\d+)$", name))]
    return tuple(_index(names, _mirrored(name, max(columns, default=0)), name) for name in names)


def _mirrored(name: str, columns: int) -> str:
    cell = re.fullmatch(r"(row\d+_column)(\d+)", name)
    if cell:
        return f"{cell[1]}{columns + 1 - int(cell[2])}"
    return "_".join(_SIDES.get(word, word) for word in name.split("_"))


def _index(names: Sequence[str], partner: str, name: str) -> int:
    if partner not in names:
        raise DataError(f"region {name} has no partner {partner}; name regions in pairs, such as brow_left, brow_right")
    return names.index(partner)


def area(regions: Regions) -> NDArray[np.float64]:
    """Return the size of each region in pixels, shape (R,); of soft regions, the sum of their weights."""
    if regions.weights is not None:
        return regions.weights.sum(axis=(1, 2), dtype=np.float64)
    assert regions.labels is not None
    return np.bincount(regions.labels.ravel() + 1, minlength=len(regions) + 1)[1:].astype(np.float64)
