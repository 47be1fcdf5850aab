"""`mer compare RUN_A RUN_B`: two runs, their tests, and the clips on which they differ, drawn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mer.cli.arguments import take_settings
from mer.errors import ConfigError, MerError

if TYPE_CHECKING:
    from mer.report.study import Run

__all__ = ["USAGE", "main"]

USAGE = """usage: mer compare RUN_A RUN_B [output=DIR] [clips=4] [home=DIR | uri=http://...]

Compares two finished runs on the same clips: settings that differ, scores, tests over subjects, confusion matrices, and
the clips that they take for different classes, drawn as the runs see them. RUN is the id that the MLflow UI shows, or a
beginning of it. Writes the same files as mer report.

settings
  output=DIR          where it goes; reports/RUN_A_RUN_B by default
  clips=4             how many clips to draw at most; 0 for none
  home=DIR            the store on this machine; MER_HOME (./mer_home) by default
  uri=http://...      an MLflow server instead
"""


def main(arguments: Sequence[str]) -> int:
    """Read the two runs, write the comparison, say in short what it holds."""
    if len(arguments) < 2 or "=" in arguments[0] or "=" in arguments[1]:
        raise ConfigError("mer compare: which runs? mer compare RUN_A RUN_B, with the ids that mer ui shows")
    a, b, *rest = arguments
    home = os.environ.get("MER_HOME", "mer_home")
    given = take_settings(rest, {"output": "", "clips": "4", "home": home, "uri": ""})
    if not given["clips"].isdigit():
        raise ConfigError(f"clips={given['clips']}: must be a number, 0 or more")
    folder = Path(given["output"] or Path("reports") / f"{a[:8]}_{b[:8]}").expanduser()

    from mer.report.study import load_run
    from mer.report.versus import versus
    from mer.tracking import reading

    with reading(home=given["home"], uri=given["uri"]) as client:
        first, second = load_run(client, a), load_run(client, b)
    document = versus(first, second, folder, draw=_Drawing(given["home"]), clips=int(given["clips"]))
    tally = next(table for table in document.tables if table.key == "1-tally")
    for row in tally.rows:
        print(f"{row.items[0].shown:<24}{row.items[1].shown}")
    print(f"open {folder / 'report.html'}")
    return 0


class _Drawing:
    """Draws clips with the pipeline that a run's config.yaml describes, made once for each run."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._ready: dict[str, tuple[Any, dict[str, Any]]] = {}

    def __call__(self, run: Run, sample_id: str, path: Path) -> str:
        from mer.run_folder import draw_clip

        try:
            pipeline, samples = self._pipeline(run)
            if sample_id not in samples:
                return f"the data set at its place does not hold {sample_id} any more"
            draw_clip(path, pipeline, samples[sample_id])
        except MerError as error:
            return str(error)
        except (KeyError, AttributeError) as error:  # OmegaConf's own errors are such
            commit = run.card.get("commit") or "the commit that its tags name"
            return f"run {run.run_id} has other settings than this version of mer ({error}); do it with {commit}"
        return ""

    def _pipeline(self, run: Run) -> tuple[Any, dict[str, Any]]:
        from omegaconf import OmegaConf

        from mer.config import experiment

        if run.run_id not in self._ready:
            settings = OmegaConf.create(run.config)
            settings.home = self._home
            built = experiment(settings, run.params)  # type: ignore[arg-type]
            manifest = built.pipeline.manifest(bad_clips="exclude", drop=built.drop)
            self._ready[run.run_id] = (built.pipeline, {sample.id: sample for sample in manifest.samples})
        return self._ready[run.run_id]
