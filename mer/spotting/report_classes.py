"""The table of what runs of ``task=spot_recognise`` recognised, by class."""

from __future__ import annotations

from collections.abc import Mapping

from mer.report.render.document import Column, Item, Row, Table, word
from mer.report.tables.items import digits_for, number
from mer.spotting.report_tables import Scored

__all__ = ["classes_table"]


def classes_table(at: int, one: Scored) -> Table:
    """Return what each run recognised, by class; best run first."""
    rows = [
        Row(
            name=f"{one.part.name(cell)}, {name}",
            items=(word(one.part.name(cell)), word(name), *_of_class(scores, one.digits)),
        )
        for cell in (one.part.cells[k] for k in one.ranking)
        for name, scores in cell.classes.items()
    ]
    heads = [Column(head=head, numeric=False) for head in ("run", "class")]
    return Table(
        key=f"{at}-classes",
        caption="Micro-expressions that were found and recognised, by class.",
        columns=(*heads, *(Column(head=head) for head in ("true", "hits", "F1 of the hits", "STRS"))),
        rows=tuple(rows),
        notes=(
            "STRS of a class: F1 of spotting micro-expressions times F1 of the class among the hits; 0 without a hit.",
        ),
    )


def _of_class(scores: Mapping[str, float], chosen: int | None) -> list[Item]:
    digits = digits_for([], chosen)
    return [*(word(int(scores[name])) for name in ("true", "hits")),
            *(number(scores[name], digits) for name in ("f1", "strs"))]  # fmt: skip
