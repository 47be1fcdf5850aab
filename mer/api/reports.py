"""The report of a study, whether its runs recognised clips or spotted expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mer.store.program import default_home
from mer.validation import user_path

if TYPE_CHECKING:
    from mer.report.render.document import Document
    from mer.report.study import Files, LeftOut

__all__ = ["report_folder", "write_report"]


def report_folder(study: str, output: str | Path | None = None) -> Path:
    """Return the folder of a report, ``reports/STUDY`` unless `output` is given."""
    return user_path("output", output or Path("reports") / re.sub(r"[^\w. -]", "_", study))


def write_report(
    study: str,
    folder: Path,
    *,
    baseline: str = "",
    home: str | Path | None = None,
    uri: str = "",
    digits: int | None = None,
    words: Mapping[str, str] | None = None,
) -> tuple[Document, Sequence[LeftOut]]:
    """Read a study from MLflow, write its report and return it, with the runs that were left out.

    Parameters
    ----------
    study : str
    folder : Path
    baseline : str
        Levels that name one cell, such as ``flow=dis,roi=grid``; empty for the cell that was run first.
    home : str or Path, optional
        Folder of the store; MER_HOME (./mer_home) by default.
    uri : str
        An MLflow server instead.
    digits : int, optional
        Decimals in the table for the paper.
    words : mapping of str to str, optional
        Name in mer → word for it in that table.

    Raises
    ------
    MerError
        If the store or the study cannot be read, or `baseline` names no cell.
    """
    from mer.report.build import report
    from mer.report.common_clips import with_imported
    from mer.report.stats.sections import protocol_of
    from mer.report.study import files_of_study, load_study, task_of
    from mer.spotting.cells import FILES
    from mer.tracking import reading

    place = str(user_path("home", home or default_home()))
    with reading(home=place, uri=uri) as client:
        if task_of(client, study) != "recognise":
            runs, left_out = files_of_study(client, study, FILES)
            make = partial(_spotting, study, runs, left_out)
        else:
            found = with_imported(load_study(client, study), protocol_of)
            left_out, make = list(found.left_out), partial(report, found)
    return make(folder, baseline=baseline, digits=digits, words=words or {}), left_out


def _spotting(study: str, runs: list[Files], left_out: list[LeftOut], folder: Path, **chosen: Any) -> Document:
    from mer.spotting.cells import read_cells
    from mer.spotting.report import report_spotting

    cells, faulty = read_cells(runs)
    return report_spotting(study, cells, [*left_out, *faulty], folder, **chosen)
