"""What a sweep left in its folder."""

from __future__ import annotations

import csv
from pathlib import Path

__all__ = ["cell_states", "cell_table"]


def cell_table(folder: Path, name: str = "cells.csv") -> list[dict[str, str]]:
    """Return the rows of a table of a sweep."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cell_states(folder: Path) -> list[str]:
    """Return the state of each cell."""
    return [row["state"] for row in cell_table(folder)]
