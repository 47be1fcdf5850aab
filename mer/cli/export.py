"""`mer export`: write what a run found in the format of others."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import Command, Group, Parser
from mer.errors import ConfigError, counted
from mer.store.program import typed
from mer.validation import require_choice, user_path

if TYPE_CHECKING:
    from mer.spotting.megc_log import LogSet
    from mer.spotting.score import SpottedVideo

__all__ = ["COMMAND"]

_LINES = {"samm_lv": "1", "casme_sq": "2"}  # the lines that begin the data sets of a log


def _fill(parser: Parser) -> None:
    parser.add_argument("RUN", help="the run id shown in the MLflow UI, or its first characters")
    parser.setting("format", "megc, the log of the Micro-Expression Grand Challenge", default="megc", metavar="NAME")
    parser.setting("output", "the file to write; RUN_megc.txt by default", metavar="FILE")
    text = "data set that the log names: samm_lv or casme_sq; by default that of the run"
    parser.setting("set", text, metavar="NAME")
    parser.home("the store on this machine; MER_HOME (./mer_home) by default")
    parser.setting("uri", "an MLflow server instead", metavar="http://...")


def _run(asked: Namespace) -> int:
    """Write the true and found intervals of a run as a log."""
    require_choice("format", asked.format, ("megc",))
    path = user_path("output", asked.output or Path(f"{asked.RUN}_megc.txt"))

    from mer.report.study import files_of_run
    from mer.spotting.cells import FILES, read_cell
    from mer.spotting.megc_log import SETS, write_log
    from mer.tracking import reading

    with reading(home=asked.home, uri=asked.uri) as client:
        cell = read_cell(files_of_run(client, asked.RUN, FILES))
    name = asked.set or cell.dataset.removesuffix("_long")
    if name not in _LINES:
        raise ConfigError(
            f"{f'set={name}' if asked.set else f'a run on {cell.dataset}'}: a MEGC log holds samm_lv (200 frames per "
            "second) or casme_sq (30); say with set= which one these videos stand for"
        )
    write_log(path, {_LINES[name]: cell.videos}, cell.iou)
    intervals = sum(len(video.found) for video in cell.videos)
    print(f"{counted(intervals, 'found interval')} of {counted(len(cell.videos), 'video')} in {path}")
    (of_log,) = (one for one in SETS if one.line == _LINES[name])
    print(f"try       {typed('score', 'spotting', str(path), 'matching=one_to_one', *_micro(of_log, cell.videos))}")
    return 0


def _micro(of_log: LogSet, videos: Sequence[SpottedVideo]) -> list[str]:
    """Return the word by which the kinds of the run are told apart in its log, if one is needed."""
    from mer.spotting.megc_log import MICRO_SECONDS, of_other_kind, separating

    rates = sorted({video.fps for video in videos})
    if rates != [of_log.fps]:
        text = f"the videos have {' and '.join(f'{rate:.4g}' for rate in rates)} frames per second, and a log of "
        print(f"mer: {text}{of_log.name} is read with {of_log.fps:g}, which decides on the kinds", file=sys.stderr)
    scaled = MICRO_SECONDS * rates[0] / of_log.fps
    limit = min((scaled, separating(videos, of_log)), key=lambda one: len(of_other_kind(videos, of_log, one)))
    strange = of_other_kind(videos, of_log, limit)
    if strange:
        text = "will not count as the kind that the run gave them, since a log names no kinds; the first:"
        ends = f"{strange[0].onset} to {strange[0].offset}, {strange[0].kind}"
        print(f"mer: {counted(len(strange), 'interval')} {text} {ends}", file=sys.stderr)
    return [] if limit == MICRO_SECONDS else [f"micro={limit:.4g}"]


def _fill_predictions(parser: Parser) -> None:
    parser.add_argument("RUN", help="the run id shown in the MLflow UI, or its first characters")
    text = "megc, the log of the MEGC2019 networks, or csv, a table; by default megc, or what was imported"
    parser.setting("format", text, metavar="NAME")
    parser.setting("output", "the file to write; RUN_predictions.txt or .csv by default", metavar="FILE")
    parser.home("the store on this machine; MER_HOME (./mer_home) by default")
    parser.setting("uri", "an MLflow server instead", metavar="http://...")


def _run_predictions(asked: Namespace) -> int:
    """Write the predictions of a run, one line per clip."""
    from mer.report.study import load_run, texts_of
    from mer.run.logs.keep import FILE, log_of
    from mer.run.logs.own import log_of_own
    from mer.run.logs.write import write_log
    from mer.tracking import reading

    with reading(home=asked.home, uri=asked.uri) as client:
        run = load_run(client, asked.RUN)
        imported = texts_of(client, run.run_id, FILE) if "imported" in run.card else ""
    log = log_of(imported, run.predictions) if imported else log_of_own(run.predictions)
    kind = asked.format or log.format
    require_choice("format", kind, sorted({"megc", "csv", log.format}))
    end = "csv" if kind == "csv" else "txt"
    path = user_path("output", asked.output or Path(f"{asked.RUN}_predictions.{end}"))
    write_log(path, log, kind)
    print(f"{counted(len(log.rows), 'prediction')} in {path}")
    print(f"classes   {', '.join(f'{k} {name}' for k, name in enumerate(log.classes))}")
    return 0


def _fill_onnx(parser: Parser) -> None:
    parser.add_argument("NETWORK", help="cnn68 (two files: faces, points) or microflow")
    parser.setting("output", "output folder; onnx by default", default="onnx", metavar="DIR")
    parser.setting("weights", "a file of mer train; the bundled weights by default", metavar="FILE")


def _run_onnx(asked: Namespace) -> int:
    """Write the files of a network and print how they compare with torch."""
    require_choice("NETWORK", asked.NETWORK, ("cnn68", "microflow"))
    folder = user_path("output", asked.output)
    weights = user_path("weights", asked.weights) if asked.weights else None

    from mer.onnx.export import export_net
    from mer.onnx.networks import cnn68_nets, microflow_nets

    nets = cnn68_nets(weights) if asked.NETWORK == "cnn68" else microflow_nets(weights)
    print(f"{'file':<24}{'difference':>12}{'onnxruntime':>14}{'torch':>10}")
    for net in nets:
        found = export_net(net, folder)
        times = f"{1000 * found.seconds_onnx:>11.1f} ms{1000 * found.seconds_torch:>7.1f} ms"
        print(f"{found.path.name:<24}{found.difference:>12.1e}{times}")
    print(f"files in {folder}; difference: largest of any output, px; times: one call on one thread")
    return 0


COMMAND = Group(
    help="write what a run found in the format of others",
    actions={
        "intervals": Command(
            help="write the intervals of a run of task=spot as a MEGC log",
            description="Writes a line per true or found interval: VIDEO ONSET OFFSET FOUND_ONSET FOUND_OFFSET "
            "TP|FP|FN, with - where\nthere is none. A log names no kinds and no videos without intervals.",
            examples="  mer export intervals 3f9a1c2b output=log.txt\n",
            fill=_fill,
            run=_run,
        ),
        "predictions": Command(
            help="write the predictions of a run as a log that others read",
            description="Writes a line DATABASE SUBJECT for every subject and a line CLIP TRUTH PREDICTION for each of "
            "its clips, classes as\nnumbers from 0; or a table. A log that was imported is written to the byte as it "
            "was.",
            examples="  mer export predictions 3f9a1c2b output=log.txt\n",
            fill=_fill_predictions,
            run=_run_predictions,
        ),
        "onnx": Command(
            help="write a network as an ONNX file",
            description="Writes a network as ONNX, for programs without torch, and checks that onnxruntime gives the "
            "same to 1e-4 px.\nFree sizes: frames of cnn68_faces (multiples of 32), number and size of the "
            "frames of microflow (multiples of 16).\nNeeds the extra onnx.",
            examples="  mer export onnx cnn68 output=onnx\n  mer export onnx microflow\n",
            fill=_fill_onnx,
            run=_run_onnx,
        ),
    },
)
