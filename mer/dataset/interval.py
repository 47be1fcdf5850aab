"""Onset, apex and offset of a clip, in every notation."""

from __future__ import annotations

from mer.errors import DataError

__all__ = ["require_order"]


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
