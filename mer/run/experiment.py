"""Everything that a run needs, and the stages that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mer.loso import Evaluation, Tuning
from mer.pipeline import Pipeline
from mer.store.costs import STEPS, Times
from mer.store.keys import component_key, digest
from mer.store.results import Results
from mer.svm import Learner
from mer.tracking import Off, Server, Sqlite
from mer.types import Manifest, Metrics

__all__ = ["FLOW_STAGES", "STAGES", "Experiment", "Outcome", "Prepared"]

STAGES = (
    "dataset",
    "frames",
    "landmarks",
    "align",
    "flow",
    "sequence",
    "motion",
    "roi",
    "descriptor",
    "codes",
    "svm",
    "classifier",
    "tuning",
    "evaluation",
)
FLOW_STAGES = ("frames", "landmarks", "align", "flow", "sequence")


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """What is known of a run once its annotations are read.

    Attributes
    ----------
    manifest : Manifest
    clip_list : str
        Hash of which clips count.
    key : str
        Hash of the settings and the clip list: names the cell of a study, seeds its folds.
    result : str
        Hash of all that determines the result: the cell, the bytes of the clips, the code and the libraries. Where it
        is equal, the result is.
    """

    manifest: Manifest
    clip_list: str
    key: str
    result: str


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything that a run needs.

    Attributes
    ----------
    pipeline : Pipeline
    svm, tuning, evaluation, tracking
        The components of the groups of those names.
    study : str
    seed, workers : int
    bad_clips : {"stop", "exclude"}
    drop : tuple of str
        Classes to leave out.
    choices : mapping of str to str
        The option chosen of every group of `STAGES` that has a part in the run.
    settings : mapping
        Every stage's fields as the configuration has them.
    identity : mapping
        What determines the result: every stage's fields according to their roles (see `mer.store.roles`) and the seed.
    config : str
        The whole resolved configuration as YAML.
    command : str
        The command line that gives this run again.
    cache_limit : int or None
        Bytes that the cache may have after the run; None sets no limit.
    """

    pipeline: Pipeline
    svm: Learner
    tuning: Tuning
    evaluation: Evaluation
    tracking: Sqlite | Server | Off
    study: str
    seed: int
    workers: int
    bad_clips: str
    drop: tuple[str, ...]
    choices: Mapping[str, str]
    settings: Mapping[str, object]
    identity: Mapping[str, object]
    config: str
    command: str
    cache_limit: int | None = None

    @property
    def home(self) -> Path:
        """MER_HOME: everything that is kept between runs."""
        return self.pipeline.cache.root.parent

    @property
    def results(self) -> Results:
        """Where finished cells are kept."""
        return Results(root=self.home / "results")

    def timed(self, step: str) -> object:
        """Return the component that decides on the cost of a step of `STEPS`."""
        if step == "evaluation":
            return self.folds_cost
        name = STEPS[step]
        return self.pipeline.dataset if name == "dataset" else getattr(self.pipeline.stages, name)

    def folds(self, prepared: Prepared) -> Path:
        """Return where the finished folds of a cell are kept."""
        return self.pipeline.cache.root / "folds" / prepared.key

    @property
    def folds_cost(self) -> object:
        """What decides on the cost of a fold, for `times`: the search, and the codes that are learnt beside it."""
        codes = getattr(self.svm, "codes", None)
        return self.tuning if codes is None else digest(component_key(codes), component_key(self.tuning))

    @property
    def times(self) -> Times:
        """Where it is kept what each stage costs."""
        return Times(root=self.home / "times")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run gave.

    Attributes
    ----------
    folder : Path
    metrics : mapping
        The content of metrics.json.
    left_out : int
        Clips listed in excluded.csv.
    warnings : tuple of str
    computed : mapping of str to int
        Results that had to be computed, by stage; what is missing came from the cache.
    see : str
        What to type or open to see the run in MLflow, from any folder; empty where it is not recorded.
    seconds : float
    """

    folder: Path
    metrics: Metrics
    left_out: int
    warnings: tuple[str, ...]
    computed: Mapping[str, int]
    see: str
    seconds: float
