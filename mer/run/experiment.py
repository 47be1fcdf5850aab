"""Everything that a run needs, and its stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mer.loso import EachClass, Evaluation, Tuning
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
    """What is known about a run once its annotations are read.

    Attributes
    ----------
    manifest : Manifest
    clip_list : str
        Hash of the list of evaluated clips.
    key : str
        Hash of the settings and the clip list: identifies the cell of a study and seeds its folds.
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
        The chosen option of every group of `STAGES` that the run uses.
    settings : mapping
        Every stage's fields as in the configuration.
    identity : mapping
        What determines the result: every stage's fields according to their roles (see `mer.store.roles`) and the seed.
    config : str
        The whole resolved configuration as YAML.
    command : str
        The command line that repeats this run.
    cache_limit : int or None
        Bytes that the cache may have after the run; None sets no limit.
    """

    pipeline: Pipeline
    svm: Learner
    tuning: Tuning
    evaluation: Evaluation | EachClass
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
        """MER_HOME: folder of everything that is kept between runs."""
        return self.pipeline.cache.root.parent

    @property
    def results(self) -> Results:
        """Folder of finished cells."""
        return Results(root=self.home / "results")

    def timed(self, step: str) -> object:
        """Return the component that determines the cost of a step of `STEPS`."""
        if step == "evaluation":
            return self.folds_cost
        name = STEPS[step]
        return self.pipeline.dataset if name == "dataset" else getattr(self.pipeline.stages, name)

    @property
    def learner_key(self) -> str:
        """Hash of the estimator that is fitted in a fold."""
        return digest([self.identity.get(stage) for stage in ("codes", "svm", "classifier", "tuning")])

    def folds(self, prepared: Prepared) -> Path:
        """Return the store of the finished folds of a cell."""
        return self.pipeline.cache.root / "folds" / prepared.key

    @property
    def folds_cost(self) -> object:
        """What determines the cost of a fold, for `times`: the search and the codes that are learned."""
        codes = getattr(self.svm, "codes", None)
        return self.tuning if codes is None else digest(component_key(codes), component_key(self.tuning))

    @property
    def times(self) -> Times:
        """Record of what each stage costs."""
        return Times(root=self.home / "times")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a run.

    Attributes
    ----------
    folder : Path
    metrics : mapping
        The content of metrics.json.
    left_out : int
        Clips listed in excluded.csv.
    warnings : tuple of str
    computed : mapping of str to int
        Number of results that were computed, by stage; the others came from the cache.
    see : str
        Command or address that shows the run in MLflow, from any folder; empty if it is not recorded.
    run_id : str
        MLflow's id of the run; empty if it is not recorded yet.
    seconds : float
    """

    folder: Path
    metrics: Metrics
    left_out: int
    warnings: tuple[str, ...]
    computed: Mapping[str, int]
    see: str
    run_id: str
    seconds: float
