"""`mer data export layout=flow_images|htnet`: the flow of a data set as files."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mer.config.arguments import overrides
from mer.errors import ConfigError, counted
from mer.validation import require_choice

if TYPE_CHECKING:
    from mer.types import Manifest

__all__ = ["export_flow_of"]

_MANY = 3  # reasons that are printed


def export_flow_of(asked: Namespace, output: Path) -> int:
    """Estimate and write the flow of every clip, and print what reads it."""
    from mer.config.composition import compose, without_hydra
    from mer.dataset.export.flow_layouts import FLOW_FORMATS
    from mer.progress import progress
    from mer.run.assemble import experiment
    from mer.run.flow_export import FlowFormat, export_flow

    require_choice("format", asked.format, FLOW_FORMATS)
    if not asked.size.isdigit() or int(asked.size) < 2:
        raise ConfigError(f"size={asked.size}: must be a number of pixels, 2 or more")
    cfg, choices = without_hydra(compose(overrides(asked), with_hydra=True))
    built = experiment(cfg, choices)
    manifest = built.pipeline.manifest(bad_clips=built.bad_clips, drop=built.drop)
    with progress("clips", len(manifest.samples)) as advance:
        files, left_out = export_flow(
            built.pipeline,
            manifest,
            output,
            FlowFormat(layout=asked.layout, suffix=f".{asked.format}", size=int(asked.size)),
            workers=built.workers,
            advance=advance,
        )
    for left in left_out[:_MANY]:
        print(f"mer: left out: {left.sample_id}: {left.reason}", file=sys.stderr)
    rest = f"; {len(left_out)} left out" if left_out else ""
    subjects = counted(len({file.subject for file in files}), "subject")
    print(f"{counted(len(files), 'clip')} of {subjects} in {output}{rest}")
    print(f"classes   {', '.join(f'{k} {name}' for k, name in enumerate(manifest.classes))}")
    print(f"try       mer run dataset=flow_images dataset.root={output}{_settings(manifest, asked.layout)}")
    return 0


def _settings(manifest: Manifest, layout: str) -> str:
    """Return what the reader has to be told: the names of the classes, and how the subjects of a database are named."""
    found = f" 'dataset.classes=[{','.join(manifest.classes)}]'"
    databases = list(dict.fromkeys(sample.dataset for sample in manifest.samples))
    known = ("casme2", "smic", "samm")
    if layout == "htnet" and len(databases) == 1 and databases[0] not in known:
        found += f" '~dataset.databases' '+dataset.databases={{{databases[0]}: .+}}'"
    return found
