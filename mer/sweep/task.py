"""What runs and sweeps need of a task of `mer run`: recognise, spot, or spot_recognise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from omegaconf import DictConfig

from mer.config.catalogue import task_of_study
from mer.config.composition import own_folder
from mer.errors import ConfigError
from mer.store.results import Results
from mer.tracking import Off, Server, Sqlite, is_recorded

if TYPE_CHECKING:
    from mer.pipeline.memory import Memory
    from mer.sweep.ledger import Line

__all__ = ["Outcome", "ReadyCell", "Run", "Task", "find_task", "is_kept", "own_words", "split_task"]

TASKS = ("recognise", "spot", "spot_recognise")


class Run(Protocol):
    """Everything that a run needs; what all tasks have of it."""

    @property
    def study(self) -> str:
        """Name of the study."""

    @property
    def home(self) -> Path:
        """MER_HOME."""

    @property
    def results(self) -> Results:
        """Folder of finished cells."""

    @property
    def tracking(self) -> Sqlite | Server | Off:
        """Where MLflow keeps the run."""

    @property
    def choices(self) -> Mapping[str, str]:
        """The chosen option of every group that the run uses."""


class Outcome(Protocol):
    """What a run gave; what all tasks have of it."""

    @property
    def folder(self) -> Path:
        """Folder of the run."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences."""

    @property
    def see(self) -> str:
        """Command or address that shows the run in MLflow; empty if it is not recorded."""

    @property
    def run_id(self) -> str:
        """MLflow's id of the run; empty if it is not recorded yet."""


class ReadyCell(Protocol):
    """A cell whose settings are checked and whose annotations are read; nothing is measured yet."""

    @property
    def run(self) -> Run:
        """Its settings."""

    @property
    def key(self) -> str:
        """Hash of all that determines its result."""

    def forget(self) -> None:
        """Remove what is kept of its evaluation besides the result."""

    def execute(self, folder: Path, *, figures: bool, wait: bool) -> Outcome:
        """Compute the result, keep it and show it in the folder.

        Parameters
        ----------
        folder : Path
        figures : bool
            Draw all figures of a single run.
        wait : bool
            Wait until MLflow has the run; otherwise, the caller does, with `mer.tracking.settle`.
        """

    def scores(self) -> dict[str, float | None]:
        """Return the scores of its result, by the names of `Task.scores`; None where one is not defined."""

    def work(self, coming: set[str]) -> Counter[str]:
        """Count what is not in the cache, by the names of `Task.work` among others, and add its keys to `coming`."""

    def seconds(self, work: Counter[str]) -> float | None:
        """Return the expected time of this work; None if nothing like it has been timed on this machine."""


class Task(Protocol):
    """A task of `mer run`."""

    @property
    def root(self) -> str:
        """Root file of `conf/`."""

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores of a cell, as columns of cells.csv have them."""

    @property
    def work(self) -> tuple[str, ...]:
        """What a plan counts."""

    def refuse(self, words: Sequence[str]) -> None:
        """Refuse words that do not fit the task, before they are composed."""

    def ready(
        self, cfg: DictConfig, choices: Mapping[str, str], words: Sequence[str], memory: Memory | None = None
    ) -> ReadyCell:
        """Build what a composed configuration describes and read its annotations.

        Parameters
        ----------
        cfg : DictConfig
            Without the node ``hydra``.
        choices : mapping of str to str
            The chosen option of every group.
        words : sequence of str
            Of `own_words`.
        memory : Memory, optional
            What the cells of this process share.
        """

    def compare(self, folder: Path, lines: Sequence[Line]) -> None:
        """Print, and write into the folder of a sweep, what is to be said of its finished cells side by side."""


def split_task(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the task that words of a command choose, by themselves or with a study, and the other words.

    Raises
    ------
    ConfigError
        If a word and a study choose different tasks.
    """
    given = ",".join(word.partition("=")[2] for word in words if word.startswith("task="))
    others = [word for word in words if not word.startswith("task=")]
    for study in (word.partition("=")[2] for word in others if word.startswith("+experiment=")):
        of_study = task_of_study(study, own_folder(words))
        if of_study and given not in ("", of_study):
            raise ConfigError(
                f"task={given}: +experiment={study} is a study of task={of_study}; leave task={given} out"
            )
        given = given or of_study
    return given or "recognise", others


def find_task(name: str) -> Task:
    """Return a task by its name.

    Raises
    ------
    ConfigError
        For a name that does not exist.
    """
    if name not in TASKS:
        raise ConfigError(f"task={name}: choose one of {', '.join(TASKS)}")
    if name == "recognise":
        from mer.sweep.recognise import Recognise

        return Recognise()
    from mer.sweep.spot import Spot

    return Spot(recognises=name == "spot_recognise")


def is_kept(cell: ReadyCell) -> bool:
    """Return whether a cell's result is kept and is recorded in MLflow for this study, or will be."""
    folder, store = cell.run.results.folder(cell.key), cell.run.tracking.address(cell.run.home)
    return folder is not None and (store is None or is_recorded(folder, store, cell.run.study))


def own_words(words: Sequence[str]) -> list[str]:
    """Return the words that say what a run is, without those of a sweep and of Hydra."""
    return [word for word in words if not word.lstrip("+~").startswith(("sweep.", "hydra"))]
