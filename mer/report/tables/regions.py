"""The table of how each region moves for each class, as a report shows it."""

from __future__ import annotations

import math

from mer.report.figures.regions import RegionMotion
from mer.report.render.document import Column, Item, Row, Table

__all__ = ["regions_table"]


def regions_table(motion: RegionMotion, *, key: str, caption: str) -> Table:
    """Return one row per region: mean magnitude and direction for every class."""
    rows = []
    for r, name in enumerate(motion.regions):
        cells = [_item(motion, r, k) for k in range(len(motion.classes))]
        rows.append(Row(name=name, items=(Item(text=name), *cells)))
    return Table(
        key=key,
        caption=caption,
        columns=(Column(head="region", numeric=False), *(Column(head=name) for name in motion.classes)),
        rows=tuple(rows),
        notes=(
            f"Mean magnitude ({motion.unit}) over the clips of the class, then the direction of the summed vectors as "
            "seen in the image: 0° to the right, +90° down, −90° up. Coherence and strain are in regions.csv.",
        ),
        folded=True,
    )


def _item(motion: RegionMotion, row: int, column: int) -> Item:
    value, direction = float(motion.magnitude[row, column]), float(motion.direction[row, column])
    turned = f"{round(direction):+d}°".replace("+0°", "0°").replace("-", "−") if math.isfinite(direction) else ""
    return Item(text=f"{value:.{motion.decimals}f}", interval=turned, value=value)
