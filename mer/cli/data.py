"""`mer data`: check, show or export a data set."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mer.cli.arguments import take_config_dir
from mer.config import build, compose
from mer.errors import ConfigError, DataError

if TYPE_CHECKING:
    from mer.types import Manifest, Sample

__all__ = ["USAGE", "main"]

USAGE = """usage: mer data check  dataset=NAME [dataset.root=DIR] [protocol=NAME] [output=DIR] [group.setting=value ...]
       mer data show   dataset=NAME [dataset.root=DIR] [subject=NAME] [output=DIR] [group.setting=value ...]
       mer data export layout=NAME output=DIR [format=png] [variant=raw] [dataset.subjects=N ...]

check   reads annotations and frames, names everything that does not fit, with the file and the next step; exit status 1
        if anything would stop a run. Writes findings.csv and annotations.csv into output (MER_HOME/check/NAME).
show    draws one contact sheet a subject: onset, apex, their difference ×8, label (MER_HOME/show/NAME).
export  writes the embedded synthetic data set as the files of a database, annotation table included.
        layout   mmew mmew_subjects casme casme2 samm smic casme_sq casme3 casme3_c fourdme
        format   png bmp tif (every grey level kept) jpg (as databases have it, with losses)
        variant  raw cropped: in which of the database's two places the frames lie

examples
  mer data check dataset=mmew dataset.root=/data/MMEW protocol=mmew_4
  mer data export layout=casme2 dataset.subjects=4 output=try/casme2
  mer run dataset=casme2 dataset.root=try/casme2
"""


def main(arguments: Sequence[str]) -> int:
    """Dispatch to the task that the first word names."""
    tasks = {"check": _check, "show": _show, "export": _export}
    if not arguments or arguments[0] not in tasks:
        given = arguments[0] if arguments else "nothing"
        raise ConfigError(f"mer data {given}: no such task; there are {', '.join(tasks)} (mer data --help)")
    return tasks[arguments[0]](take_config_dir(arguments[1:]))


def _check(words: Sequence[str]) -> int:
    from mer.cli.data_findings import landmark_findings, show_findings, write_annotations, write_findings
    from mer.dataset.check import check_manifest, check_samples
    from mer.progress import progress

    own, cfg = _split(words, {"output": ""})
    dataset, manifest = _load(cfg)
    findings = check_manifest(manifest)
    frames = build(cfg.frames) if dataset.entry == "frames" else None
    with progress("clips", len(manifest.samples)) as advance:
        findings += check_samples(
            manifest.samples,
            frames.indices if frames is not None else lambda sample: (),
            workers=cfg.workers or os.cpu_count() or 1,
            advance=advance,
        )
    findings += landmark_findings(cfg, manifest) if dataset.entry == "frames" else []
    folder = Path(own["output"] or Path(cfg.home) / "check" / dataset.name)
    write_findings(folder / "findings.csv", findings)
    write_annotations(folder / "annotations.csv", manifest)
    show_findings(dataset.name, manifest, findings, folder)
    return 1 if any(finding.level == "blocks" for finding in findings) else 0


def _show(words: Sequence[str]) -> int:
    from mer.report import contact_sheet

    own, cfg = _split(words, {"output": "", "subject": ""})
    dataset, manifest = _load(cfg)
    if dataset.entry != "frames":
        raise ConfigError(f"dataset={dataset.name} holds ready-made flow and no faces: there is nothing to show")
    chosen = _of_subject(manifest, own["subject"])
    folder = Path(own["output"] or Path(cfg.home) / "show" / dataset.name)
    folder.mkdir(parents=True, exist_ok=True)
    frames = build(cfg.frames)
    for subject in sorted({sample.subject for sample in chosen}):
        path = folder / f"{subject.replace('/', '_')}.png"
        samples = [sample for sample in chosen if sample.subject == subject]
        contact_sheet.draw(subject, [(_heading(frames, sample), _pair(frames, sample)) for sample in samples], path)
        print(path, flush=True)
    return 0


def _export(words: Sequence[str]) -> int:
    from mer.dataset.export import export
    from mer.dataset.synthetic import Synthetic
    from mer.progress import progress

    own, cfg = _split(words, {"layout": "", "output": "", "format": "png", "variant": "raw"})
    missing = [name for name in ("layout", "output") if not own[name]]
    if missing:
        raise ConfigError(f"mer data export needs {missing[0]}=...; see mer data --help")
    dataset = build(cfg.dataset)
    if not isinstance(dataset, Synthetic):
        raise ConfigError(f"dataset={dataset.name}: only the synthetic data set can be exported; leave dataset= away")
    output = Path(own["output"]).expanduser()
    with progress("clips", dataset.subjects * dataset.clips) as advance:
        clips = export(
            dataset,
            own["layout"],
            output,
            variant=own["variant"],
            suffix=own["format"],
            workers=cfg.workers or os.cpu_count() or 1,
            advance=advance,
        )
    if own["format"] == "jpg":
        print("mer: jpg loses grey levels, so results differ a little from those of the synthetic set", file=sys.stderr)
    print(f"{clips} clips of {dataset.subjects} subjects in {output}")
    reader = {"mmew_subjects": "mmew", "casme3_c": "casme3 dataset.part=C dataset.apex=middle"}
    name = reader.get(own["layout"], own["layout"])
    print(f"try       mer data check dataset={name} dataset.root={output}{_variant(own)}")
    return 0


def _variant(own: dict[str, str]) -> str:
    return "" if own["variant"] == "raw" else f" dataset.frames={own['variant']}"


def _split(words: Sequence[str], defaults: dict[str, str]) -> tuple[dict[str, str], Any]:
    """Return the task's own words, and the settings that the others compose."""
    own, overrides = dict(defaults), []
    for word in words:
        name, equals, value = word.partition("=")
        if name in defaults and equals:
            own[name] = value
        elif not equals:
            raise ConfigError(f"{word}: not understood; write name=value (mer data --help)")
        else:
            overrides.append(word)
    return own, compose(overrides)


def _load(cfg: Any) -> tuple[Any, Manifest]:
    from mer.pipeline import without_classes

    dataset = build(cfg.dataset)
    manifest = build(cfg.protocol)(dataset.load(), dataset)
    return dataset, without_classes(manifest, [str(name) for name in cfg.drop])


def _of_subject(manifest: Manifest, wanted: str) -> list[Sample]:
    chosen = [s for s in manifest.samples if not wanted or wanted in (s.subject, s.subject.split("/")[-1])]
    if not chosen:
        known = ", ".join(sorted({s.subject.split("/")[-1] for s in manifest.samples})) or "none with usable clips"
        raise ConfigError(f"subject={wanted}: no such subject; there are {known}")
    return chosen


def _heading(frames: Any, sample: Sample) -> str:
    first, *others = frames.indices(sample)
    numbers = f"{first} → {others[0]}" if len(others) == 1 else f"from {first}"
    return f"{sample.id}  {sample.label}  {numbers}"


def _pair(frames: Any, sample: Sample) -> Any:
    """Return the two frames of a clip, or the sentence that says why there are none."""
    try:
        return frames(sample)
    except DataError as error:
        return str(error)
