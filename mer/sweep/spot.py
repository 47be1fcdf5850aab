"""The cells of ``task=spot`` and ``task=spot_recognise``: expressions in long videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from mer.config.catalogue import option, options
from mer.config.composition import own_folder
from mer.errors import ConfigError
from mer.spotting import costs
from mer.spotting.score import TOGETHER
from mer.types import KINDS

if TYPE_CHECKING:
    from mer.pipeline.memory import Memory
    from mer.spotting.settings import Prepared, Spotting
    from mer.spotting.study import Outcome
    from mer.sweep.ledger import Line

__all__ = ["Spot", "SpotCell"]

_F1 = tuple(f"f1_{kind}" for kind in (*KINDS, TOGETHER))


@dataclass(frozen=True, kw_only=True)
class SpotCell:
    """A cell, see `mer.sweep.task.ReadyCell`.

    Attributes
    ----------
    run : Spotting
    prepared : Prepared
    """

    run: Spotting
    prepared: Prepared

    @property
    def key(self) -> str:
        """Hash of all that determines its result."""
        return self.prepared.key

    def forget(self) -> None:
        """Remove nothing: the result is all that is kept of an evaluation."""

    def execute(self, folder: Path, *, figures: bool, wait: bool) -> Outcome:
        """Compute the result, keep it and show it in the folder."""
        from mer.spotting.study import execute

        return execute(self.run, folder, self.prepared, figures=figures, wait=wait)

    def scores(self) -> dict[str, float | None]:
        """Return F1 of each kind and together, and STRS of spot_recognise."""
        content: Mapping[str, Any] = self.run.results.metrics(self.key)
        kinds = content["sets"][self.run.dataset.name]
        found = {f"f1_{kind}": scores["f1"]["value"] for kind, scores in kinds.items()}
        return found if self.run.recognition is None else found | {"strs": content["recognition"]["strs"]}

    def work(self, coming: set[str]) -> Counter[str]:
        """Count the videos, and their frames, whose motion is not in the cache, and add their keys to `coming`."""
        new = {key: r for key, r in costs.unmeasured(self.run, self.prepared).items() if key not in coming}
        coming.update(new)
        return Counter(videos=len(new), frames=sum(recording.frames for recording in new.values()))

    def seconds(self, work: Counter[str]) -> float | None:
        """Estimate the time from earlier runs."""
        return costs.expected(self.run, self.prepared, videos=work["videos"], frames=work["frames"])


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Both tasks, see `mer.sweep.task.Task`.

    Attributes
    ----------
    recognises : bool
        Whether what was found is also recognised.
    """

    recognises: bool
    work: tuple[str, ...] = ("videos",)

    @property
    def name(self) -> str:
        """What ``task=`` is."""
        return "spot_recognise" if self.recognises else "spot"

    @property
    def root(self) -> str:
        """Root file of `conf/`."""
        return f"{self.name}_run"

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores of a cell."""
        return (*_F1, "strs") if self.recognises else _F1

    def refuse(self, words: Sequence[str]) -> None:
        """Refuse a data set of clips before it is composed: it may need groups that this task does not have."""
        folder = own_folder(words)
        for name in (word.partition("=")[2] for word in words if word.startswith("dataset=")):
            if name in options("dataset", folder) and _has_clips(option("dataset", name, folder).target):
                raise ConfigError(
                    f"dataset={name}: task={self.name} needs long videos; choose a data set of them, such as "
                    "dataset=synthetic_long"
                )

    def ready(
        self, cfg: DictConfig, choices: Mapping[str, str], words: Sequence[str], memory: Memory | None = None
    ) -> SpotCell:
        """Build what a composed configuration describes and read its annotations; there is nothing to share."""
        from mer.spotting.assemble import spotting
        from mer.spotting.prepare import prepare

        run = spotting(cfg, choices, words)
        return SpotCell(run=run, prepared=prepare(run))

    def compare(self, folder: Path, lines: Sequence[Line]) -> None:
        """Print the cells with their differences to the first, and write differences.csv."""
        from mer.spotting.sweep_table import compare_cells

        cells = {line.name: folder / str(line.number) for line in lines if line.state != "failed"}
        compare_cells(cells, folder / "differences.csv")


def _has_clips(target: str) -> bool:
    """Return whether a class of data sets has no long videos; one that cannot be imported is refused when built."""
    module, _, name = target.rpartition(".")
    try:
        return not hasattr(getattr(import_module(module), name), "recordings")
    except (ImportError, AttributeError, ValueError):
        return False
