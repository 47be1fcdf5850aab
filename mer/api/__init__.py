"""The Python interface, `mer.run`, `mer.sweep` and `mer.report`: what the commands of the same name do.

Each imports what it needs when it is called, so that importing `mer` is fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mer.config.arguments import quoted
from mer.errors import ConfigError

if TYPE_CHECKING:
    from mer.run.experiment import Outcome
    from mer.sweep.ledger import Line

__all__ = ["report", "run", "sweep"]


def run(overrides: Sequence[str] = ()) -> Outcome:
    """Run one experiment, as ``mer run`` does.

    Parameters
    ----------
    overrides : sequence of str
        The words of the command line, such as ``["flow=tvl1", "descriptor.bins=12"]``; none for the default experiment.

    Returns
    -------
    Outcome
        Its folder, its scores (the content of metrics.json), warnings and what was computed.

    Raises
    ------
    ConfigError
        For a setting that does not exist or is not valid, before any work is done.
    MerError
        For other bad input.

    Examples
    --------
    >>> import mer
    >>> small = ["dataset.subjects=6", "dataset.clips=6", "flow=farneback", "tuning=none", "tracking=off"]
    >>> outcome = mer.run(small)
    >>> outcome.metrics["n"], outcome.left_out
    (36, 0)
    >>> sorted(path.name for path in outcome.folder.glob("*.csv"))
    ['excluded.csv', 'folds.csv', 'predictions.csv', 'regions.csv']
    """
    from mer.run.experiment import Outcome
    from mer.sweep.single import run_single

    task, words = _words(overrides)
    if task != "recognise":
        raise ConfigError(
            f"task={task}: mer.run recognises only; use mer.sweep, also for one cell, or mer run task={task}"
        )
    outcome, _ = run_single(words)
    assert isinstance(outcome, Outcome)
    return outcome


def sweep(overrides: Sequence[str] = ()) -> tuple[Line, ...]:
    """Run the cells of a sweep, as ``mer run -m`` does, and print their scores.

    Parameters
    ----------
    overrides : sequence of str
        The words of the command line, also ``task=spot``; comma-separated values span a grid. The same words resume an
        interrupted sweep.

    Returns
    -------
    tuple of Line
        One per cell, in order, with its scores. A cell that failed has the state ``failed`` and its error.

    Raises
    ------
    ConfigError
        For an invalid setting of any cell, before any work is done.

    Examples
    --------
    >>> import mer
    >>> small = ["dataset.subjects=6", "dataset.clips=6", "flow=farneback", "tuning=none", "tracking=off"]
    >>> cells = mer.sweep([*small, "descriptor.bins=4,8"])  # doctest: +ELLIPSIS
    [1/2] descriptor.bins=4  UF1 ...
    >>> [(cell.name, cell.state) for cell in cells]
    [('descriptor.bins=4', 'done'), ('descriptor.bins=8', 'done')]
    """
    from mer.sweep.engine import sweep_cells

    task, words = _words(overrides)
    return tuple(sweep_cells(words, task))


def report(
    study: str,
    output: str | Path | None = None,
    *,
    baseline: str = "",
    home: str | Path | None = None,
    uri: str = "",
) -> Path:
    """Write the report of a study from its MLflow runs, as ``mer report`` does.

    Parameters
    ----------
    study : str
        Name of the study.
    output : str or Path, optional
        Folder of the report; ``reports/STUDY`` by default.
    baseline : str
        Levels of the cell to test the others against, such as ``flow=dis,roi=grid``; the cell that was run first by
        default. Choose it before you see the results.
    home : str or Path, optional
        Folder of the store; MER_HOME (./mer_home) by default.
    uri : str
        An MLflow server instead.

    Returns
    -------
    Path
        The folder, with report.html, report.md, LaTeX tables, results.csv, cells.csv, report.json and figures/.

    Raises
    ------
    ConfigError
        If `baseline` names no cell, or several.
    MerError
        If the study has no finished run, or the store cannot be read.

    Examples
    --------
    >>> import mer
    >>> small = ["dataset.subjects=6", "dataset.clips=6", "flow=farneback", "tuning=none", "study=small"]
    >>> outcome = mer.run(small)
    >>> (mer.report("small") / "report.html").exists()
    True
    """
    from mer.api.reports import report_folder, write_report

    folder = report_folder(study, output)
    write_report(study, folder, baseline=baseline, home=home, uri=uri)
    return folder


def _words(overrides: Sequence[str]) -> tuple[str, list[str]]:
    """Return the task, and the other words with their paths in quotes.

    Raises
    ------
    ConfigError
        If one string is given in place of a list of words.
    """
    if isinstance(overrides, str):
        raise ConfigError(f"overrides={overrides!r}: must be a list of words; write [{overrides!r}]")
    from mer.sweep.task import split_task

    task, words = split_task(overrides)
    return task, [quoted(word) for word in words]
