"""What every store and every record of `mer.tracking` is given: one signature, whoever writes the run in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

__all__ = ["Opening", "Results"]


class Opening(TypedDict):
    """Keywords of a store's ``run``, which opens a run of a study; values that can be pickled.

    Attributes
    ----------
    study : str
        MLflow experiment; made where it does not exist.
    name : str
        Shown in the table of runs; need not be unique.
    params : mapping of str to str
        What was chosen; written at once, so that a run that crashes shows what it was. Long values are cut.
    tags : mapping of str to str
        Identity and protocol.
    data : mapping of str to str, optional
        ``name``, ``digest`` (at most 36 characters count) and ``source`` of the data set, shown as the run's input.
    """

    study: str
    name: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    data: NotRequired[Mapping[str, str]]


class Results(TypedDict):
    """Keywords of a record's ``finish``, which writes all results in one go; values that can be pickled.

    Attributes
    ----------
    metrics : mapping of str to float
        One number each. NaN and infinity are not logged; their names stand in the tag ``undefined``.
    series : mapping of str to sequence of float
        One number a step, such as ``fold_accuracy``; step i is row i of folds.csv. NaN leaves a gap.
    folder : Path
        The run's folder; all its files become artifacts. The figures are put at the root too, where the compare
        page of MLflow finds them.
    tables : mapping of str to str, optional
        Further files at the root, such as ``per_subject.csv``, by their name.
    """

    metrics: Mapping[str, float]
    series: Mapping[str, Sequence[float]]
    folder: Path
    tables: NotRequired[Mapping[str, str]]
