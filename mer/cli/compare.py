"""`mer compare RUN_A RUN_B`: compare two runs, with tests and drawings of the clips on which they differ."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import Command, Parser
from mer.errors import ConfigError, MerError
from mer.validation import user_path

if TYPE_CHECKING:
    from mer.pipeline import Pipeline
    from mer.report.study import Run
    from mer.types import Sample

__all__ = ["COMMAND"]


def _fill(parser: Parser) -> None:
    for name in ("RUN_A", "RUN_B"):
        parser.add_argument(name, help="the run id shown in the MLflow UI, or its first characters")
    parser.setting("output", "output folder; reports/RUN_A_RUN_B by default", metavar="DIR")
    parser.setting("clips", "maximum number of clips to draw (4); 0 for none", default="4", metavar="NUMBER")
    parser.home("the store on this machine; MER_HOME (./mer_home) by default")
    parser.setting("uri", "an MLflow server instead", metavar="http://...")


def _run(asked: Namespace) -> int:
    """Read the two runs, write the comparison and print a summary."""
    a, b = asked.RUN_A, asked.RUN_B
    if not asked.clips.isdigit():
        raise ConfigError(f"clips={asked.clips}: must be a number, 0 or more")
    folder = user_path("output", asked.output or Path("reports") / f"{a[:8]}_{b[:8]}")

    from mer.report.compare import summary, versus
    from mer.report.study import load_run
    from mer.tracking import reading

    with reading(home=asked.home, uri=asked.uri) as client:
        first, second = load_run(client, a), load_run(client, b)
    document = versus(first, second, folder, draw=_Drawing(asked.home), clips=int(asked.clips))
    for name, text in summary(document):
        print(f"{name:<24}{text}")
    print(f"open {folder / 'report.html'}")
    return 0


class _Drawing:
    """Draws clips with the pipeline that a run's config.yaml describes, built once per run."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._ready: dict[str, tuple[Pipeline, dict[str, Sample]]] = {}

    def __call__(self, run: Run, sample_id: str, path: Path) -> str:
        from mer.run.folder import draw_clip, predicted

        try:
            pipeline, samples = self._pipeline(run)
            if sample_id not in samples:
                return f"the data set no longer contains {sample_id}"
            told = run.predictions
            at = told.sample_id.tolist().index(sample_id)
            said = predicted(told.classes, int(told.y_pred[at]), told.scores[at])
            draw_clip(path, pipeline, samples[sample_id], said)
        except MerError as error:
            return str(error)
        except (KeyError, AttributeError) as error:  # includes OmegaConf's errors
            commit = run.card.get("commit") or "the commit in its tags"
            return f"run {run.run_id} has settings that this version of mer does not have ({error}); use {commit}"
        return ""

    def _pipeline(self, run: Run) -> tuple[Pipeline, dict[str, Sample]]:
        from omegaconf import DictConfig, OmegaConf

        from mer.run.assemble import experiment

        if run.run_id not in self._ready:
            settings = OmegaConf.create(run.config)
            assert isinstance(settings, DictConfig)
            settings.home = self._home
            built = experiment(settings, run.params)
            manifest = built.pipeline.manifest(bad_clips="exclude", drop=built.drop)
            self._ready[run.run_id] = (built.pipeline, {sample.id: sample for sample in manifest.samples})
        return self._ready[run.run_id]


COMMAND = Command(
    help="compare two runs, with the clips on which they differ",
    description="Compares two finished runs on the same clips: settings that differ, scores, tests over subjects, "
    "confusion\nmatrices, and drawings of the clips to which they assign different classes. Writes "
    "the same files\nas mer report.",
    examples="  mer compare 2065f2e1 1d576421\n",
    fill=_fill,
    run=_run,
)
