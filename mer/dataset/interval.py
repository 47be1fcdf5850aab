"""Onset, apex and offset of a clip, and the kind of an expression, in every notation."""

from __future__ import annotations

import re

from mer.errors import DataError
from mer.types import Kind

__all__ = ["is_coded", "kind_named", "require_order"]

_UNCODED = {"", "/", "-", "?", "-1", "-1.0", "na", "n/a", "nan", "nil", "none", "null"}
_SHORT: dict[str, Kind] = {"me": "micro", "mie": "micro", "mae": "macro"}


def is_coded(text: str) -> bool:
    """Return False for what tables write where an annotator coded no frame, such as ``/``, ``-1`` or ``N/A``."""
    return text.casefold() not in _UNCODED


def kind_named(text: str) -> Kind | None:
    """Return the kind that a cell such as ``Micro - 1/2``, ``macro-expression`` or ``MaE`` names; None if not one."""
    named = set(re.findall("micro|macro", text.casefold()))
    if not named:
        return _SHORT.get(text.casefold())
    if len(named) > 1:
        return None
    return "micro" if "micro" in named else "macro"


def require_order(onset: int, apex: int, offset: int, *, where: str = "") -> None:
    """Refuse frames that are not in the order onset ≤ apex ≤ offset.

    Parameters
    ----------
    onset, apex, offset : int
        Frame numbers.
    where : str
        Stands before the sentence, such as ``row 3 of clips.csv: ``.

    Raises
    ------
    DataError
        Names the first two that are the wrong way round.
    """
    frames = {"onset": onset, "apex": apex, "offset": offset}
    for early, late in (("onset", "offset"), ("onset", "apex"), ("apex", "offset")):
        if frames[early] > frames[late]:
            raise DataError(
                f"{where}{early} {frames[early]} is after {late} {frames[late]}; correct one of them, or leave the "
                "clip out"
            )
