"""`mer data`: check, show or export a data set."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import Command, Group, Parser
from mer.config.arguments import overrides
from mer.config.catalogue import options
from mer.errors import ConfigError, counted
from mer.store.program import typed
from mer.validation import require_choice, user_path

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from mer.dataset.synthetic.long import SyntheticLong
    from mer.types import Dataset, Manifest

__all__ = ["COMMAND"]


def _check(asked: Namespace) -> int:
    from mer.cli.data_findings import landmark_findings, show_findings, write_annotations, write_findings
    from mer.config.composition import build
    from mer.dataset.check import check_manifest, check_samples
    from mer.progress import progress
    from mer.run.assemble import cores

    cfg = _composed(asked)
    if hasattr(whole := build(cfg.dataset), "recordings"):
        from mer.cli.data_long import check_long

        return check_long(whole)
    dataset, manifest = _load(cfg)
    findings = check_manifest(manifest)
    frames = build(cfg.frames) if dataset.entry == "frames" else None
    with progress("clips", len(manifest.samples)) as advance:
        findings += check_samples(
            manifest.samples,
            frames.indices if frames is not None else lambda sample: (),
            workers=cfg.workers or cores(),
            advance=advance,
        )
    findings += landmark_findings(cfg, manifest) if dataset.entry == "frames" else []
    findings = list(dict.fromkeys(findings))  # clips of one video share its remarks
    folder = user_path("output", asked.output or Path(cfg.home) / "check" / dataset.name)
    write_findings(folder / "findings.csv", findings)
    write_annotations(folder / "annotations.csv", manifest)
    show_findings(dataset.name, manifest, findings, folder)
    for stage in ("frames", "landmarks", "align", "flow"):
        if dataset.entry == "frames" and "_target_" not in cfg[stage]:
            known = ", ".join(option for option in options(stage) if option not in ("none", "precomputed"))
            print(f"mer: a run of these clips needs {stage}=, which is switched off; choose {known}", file=sys.stderr)
    return 1 if any(finding.level == "blocks" for finding in findings) else 0


def _show(asked: Namespace) -> int:
    from mer.cli.data_show import draw_sheets, of_subject
    from mer.config.composition import build

    cfg = _composed(asked)
    dataset, manifest = _load(cfg)
    if dataset.entry != "frames":
        raise ConfigError(f"dataset={dataset.name} contains ready-made flow and no faces, so there is nothing to show")
    folder = user_path("output", asked.output or Path(cfg.home) / "show" / dataset.name)
    finder = build(cfg.landmarks) if "_target_" in cfg.landmarks else None
    draw_sheets(of_subject(manifest, asked.subject), build(cfg.frames), finder, folder)
    return 0


def _export(asked: Namespace) -> int:
    from mer.config.composition import build
    from mer.dataset.export import FORMS, LONG_LAYOUTS, export
    from mer.dataset.synthetic import Synthetic
    from mer.dataset.synthetic.long import SyntheticLong
    from mer.progress import progress
    from mer.run.assemble import cores

    cfg = _composed(asked)
    missing = [name for name in ("layout", "output") if not getattr(asked, name)]
    if missing:
        raise ConfigError(f"mer data export needs {missing[0]}=...; see mer data export --help")
    output = user_path("output", asked.output)
    require_choice("layout", asked.layout, (*FORMS, *LONG_LAYOUTS, *_FLOW_LAYOUTS))
    if asked.layout in _FLOW_LAYOUTS:
        from mer.cli.data_flow import export_flow_of

        return export_flow_of(asked, output)
    dataset = build(cfg.dataset)
    if isinstance(dataset, SyntheticLong):
        return _export_long(asked, dataset, output)
    if not isinstance(dataset, Synthetic):
        raise ConfigError(
            f"dataset={dataset.name}: only the synthetic data sets can be exported; remove dataset=, or take "
            "layout=flow_images"
        )
    if asked.layout in LONG_LAYOUTS:
        raise ConfigError(f"layout={asked.layout} is of long videos; add dataset=synthetic_long")
    with progress("clips", dataset.subjects * dataset.clips) as advance:
        clips = export(
            dataset,
            asked.layout,
            output,
            variant=asked.variant,
            suffix=asked.format,
            workers=cfg.workers or cores(),
            advance=advance,
        )
    if asked.format == "jpg":
        print("mer: jpg is lossy, so results differ slightly from those of the synthetic set", file=sys.stderr)
    print(f"{counted(clips, 'clip')} of {counted(dataset.subjects, 'subject')} in {output}")
    reader = {"mmew_subjects": "mmew", "casme3_c": "casme3 dataset.part=C dataset.apex=middle"}
    name = reader.get(asked.layout, asked.layout)
    print(f"try       {typed('data', 'check', f'dataset={name}', f'dataset.root={output}')}{_variant(asked)}")
    return 0


def _export_long(asked: Namespace, dataset: SyntheticLong, output: Path) -> int:
    from mer.dataset.export import FORMATS, export_long
    from mer.progress import progress

    require_choice("format", asked.format, FORMATS)
    require_choice("variant", asked.variant, ("raw",))
    frames = sum(recording.frames for recording in dataset.recordings().recordings)
    with progress("frames", frames) as advance:
        written = export_long(dataset, asked.layout, output, suffix=asked.format, advance=advance)
    people = counted(dataset.look.subjects, "subject")
    print(f"{counted(len(written.recordings), 'video')} of {people} in {output}")
    words = (f"dataset={asked.layout}", f"dataset.root={output}", f"dataset.fps={dataset.look.fps:g}")
    print(f"try       {typed('run', 'task=spot', *words)}")
    return 0


def _variant(asked: Namespace) -> str:
    return "" if asked.variant == "raw" else f" dataset.frames={asked.variant}"


def _composed(asked: Namespace) -> DictConfig:
    from mer.config.composition import compose

    return compose(overrides(asked))


def _load(cfg: DictConfig) -> tuple[Dataset, Manifest]:
    from mer.config.composition import build
    from mer.pipeline import without_classes

    dataset = build(cfg.dataset)
    manifest = build(cfg.protocol)(dataset.load(), dataset)
    drop = [str(name) for name in cfg.drop]
    if manifest.faults:  # a class may be missing because its clips are faulty: then the faults are what to show
        drop = [name for name in drop if name in manifest.classes]
    return dataset, without_classes(manifest, drop)


_FLOW_LAYOUTS = ("flow_images", "htnet")
_GROUPS = ("dataset", "frames", "landmarks", "protocol")


def _fill_check(parser: Parser) -> None:
    parser.setting("output", "output folder of the two tables; MER_HOME/check/NAME by default", metavar="DIR")
    parser.overrides(_GROUPS)


def _fill_show(parser: Parser) -> None:
    parser.setting("output", "output folder of the pictures; MER_HOME/show/NAME by default", metavar="DIR")
    parser.setting("subject", "only this subject", metavar="NAME")
    parser.overrides(_GROUPS)


def _fill_export(parser: Parser) -> None:
    layouts = "mmew mmew_subjects casme casme2 samm smic casme_sq casme3 casme3_c fourdme dfme; of long videos, with "
    layouts += "dataset=synthetic_long: samm_lv casme_sq_long casme3_long"
    layouts += "; of the flow of any data set: flow_images htnet"
    parser.setting("layout", f"database whose file layout is written: {layouts}", metavar="NAME")
    parser.setting("output", "output folder", metavar="DIR")
    text = (
        "png bmp tif (lossless) or jpg (lossy, as in most databases); of flow: png, or flo and npy, which lose nothing"
    )
    parser.setting("format", text, default="png", metavar="NAME")
    text = "raw or cropped: which of the database's two frame folders is written"
    parser.setting("variant", text, default="raw", metavar="NAME")
    parser.setting("size", "height and width of flow images, px; 28 by default", default="28", metavar="NUMBER")
    parser.overrides(("dataset", "protocol", "frames", "landmarks", "align", "flow"))


COMMAND = Group(
    help="check, show or export a data set",
    actions={
        "check": Command(
            help="list all problems in annotations and frames",
            description="Reads annotations and frames and lists all problems, each with the file and the "
            "next step. Writes\nfindings.csv and annotations.csv. Exit status 1 if any of them would stop a run.",
            examples="  mer data check dataset=mmew dataset.root=/data/MMEW protocol=mmew_4\n"
            "  mer data check dataset=samm_lv dataset.root=/data/SAMM_LV\n",
            fill=_fill_check,
            run=_check,
        ),
        "show": Command(
            help="draw one contact sheet per subject",
            description="Draws one contact sheet per subject: onset, apex, their difference ×8, label, cropped to the "
            "face that\nlandmarks= finds (landmarks=none: whole frames). An earlier sheet is kept; the new one gets a "
            "number.",
            examples="  mer data show dataset=mmew dataset.root=/data/MMEW subject=S03\n",
            fill=_fill_show,
            run=_show,
        ),
        "export": Command(
            help="write the embedded synthetic data set in the file layout of a database, or the flow of any data set",
            description="Writes the embedded synthetic data set in the layout of a database, with its table; or the "
            "flow of any\ndata set as images of u, v and optical strain, in the layouts that STSTNet (flow_images) and "
            "HTNet (htnet) read.",
            examples="  mer data export layout=casme2 dataset.subjects=4 output=try/casme2\n"
            "  mer run dataset=casme2 dataset.root=try/casme2\n"
            "  mer data export layout=htnet dataset=mmew dataset.root=/data/MMEW flow=tvl1 output=flow28\n"
            "  mer data export layout=samm_lv dataset=synthetic_long dataset.look.subjects=2 output=try/samm_lv\n",
            fill=_fill_export,
            run=_export,
        ),
    },
)
