"""`mer predict INPUT ...`: when something moved, what moved, and what a model makes of it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import Command, Parser, make_output
from mer.config.arguments import overrides, truth
from mer.errors import ConfigError, DataError, MerError, reason
from mer.progress import progress
from mer.validation import user_path

if TYPE_CHECKING:
    from mer.model.api import Looked, Model
    from mer.model.inputs import Moment, Source
    from mer.model.predict import Evidence
    from mer.model.result import Prediction

__all__ = ["COMMAND"]

_GROUPS = ("spotter", "trust", "landmarks", "align", "flow", "motion", "roi")
_DESCRIPTION = """\
Looks at a video, a folder of frames (fps=), two images (onset and apex), a table as of dataset=csv, or a folder of
these: finds intervals in which the face moved, or takes interval=, and says what moved. With model= it also names a
class, with calibrated probabilities and the regions that speak for it, or "cannot say" with the reason."""
_EXAMPLES = """\
  mer predict me.mp4                                     what moved and when; needs no model
  mer predict me.mp4 model=mine render=true              a class, an annotated video and a picture per interval
  mer predict me.mp4 model=demo interval=3.2-3.6         seconds; 80-90 would be frames
  mer predict onset.png apex.png model=mine@2 output=pair"""


def _fill(parser: Parser) -> None:
    parser.setting("model", "NAME, NAME@VERSION, the folder of a model, or demo", metavar="NAME")
    parser.setting("interval", "look at this interval only: 3.2-3.6 in seconds, 80-90 in frames", metavar="A-B")
    parser.setting("fps", "frames per second of a folder of frames", metavar="N")
    parser.setting("output", "output folder; one of its own in MER_HOME/predictions by default", metavar="DIR")
    parser.setting("render", "true: also an annotated video and a picture per interval", metavar="true|false")
    parser.home()
    parser.overrides(_GROUPS)


def _run(asked: Namespace) -> int:
    """Look at every input, write the files, and print what was found; one bad input does not stop the others."""
    words = [word for word in asked.overrides if "=" not in word or user_path("input", word).exists()]
    if not words:
        raise ConfigError("mer predict: missing input; write mer predict VIDEO, or another input")
    asked.overrides = [word for word in asked.overrides if word not in words]
    render = truth("render", asked.render)
    fps = _rate(asked.fps)
    sources = _sources(words, fps)
    model = _model(asked)
    output = _output(asked)
    done: list[Prediction] = []
    failed = 0
    try:
        for source in sources:
            try:
                for looked in model.look(source, interval=asked.interval, progress=progress):
                    done += _one(looked, output, render=render)
            except MerError as error:
                failed += 1
                print(f"mer: {error}", file=sys.stderr)
    finally:
        if done or failed < len(sources):
            _write(output, done)
    if done or failed < len(sources):
        print(f"predictions {output / 'predictions.jsonl'}")
    return 1 if failed else 0


def _one(looked: Looked, output: Path, *, render: bool) -> list[Prediction]:
    """Print what is said of one source, and draw it if requested."""
    for remark in looked.source.remarks if looked.source else ():
        print(f"mer: {remark}", file=sys.stderr)
    if looked.follow is not None and looked.times is not None:
        for doubt in looked.follow.doubts(looked.times):
            print(f"mer: {looked.name}: {doubt}", file=sys.stderr)
    found: list[Prediction] = []
    with _rendering(looked, output, render=render) as show:
        for evidence in looked.evidence:
            found.append(evidence.prediction)
            _say(evidence.prediction)
            show(evidence)
    if not found:
        print(f"{looked.name}: no expression was found; the interval of a known one can be given, interval=A-B")
    return found


@contextmanager
def _rendering(looked: Looked, output: Path, *, render: bool) -> Iterator[Callable[[Evidence], None]]:
    if not render:
        yield lambda evidence: None
        return
    from mer.model.render.rendering import rendering

    make_output(output)
    with rendering(looked, output, progress) as show:
        yield show


def _say(one: Prediction) -> None:
    when = f"frames {one.interval.onset}-{one.interval.offset}"
    if one.start is not None and one.end is not None:
        when = f"{one.start:.2f}-{one.end:.2f} s ({when})"
    print(f"{one.input}: {when}, {one.interval.kind}: {one.sentence}")
    if one.action_units:
        print(f"  candidates {', '.join(one.action_units)}")
    if one.model:
        ranked = sorted(one.probabilities.items(), key=lambda item: -item[1])[:3]
        shares = ", ".join(f"{name} {share:.0%}" for name, share in ranked)
        print(f"  {one.outcome}" + (f" ({shares})" if shares else ""))
    for flag in one.flags:
        print(f"  {flag.name}: {flag.sentence}")


def _sources(words: Sequence[str], fps: float | None) -> list[Source | Moment | Path]:
    from mer.dataset.images import IMAGE_SUFFIXES
    from mer.model.inputs import found, pair

    paths = [user_path("input", word) for word in words]
    images = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
    if len(images) == 2 and len(paths) == 2:
        return [pair(*images)]
    return [source for path in paths for source in found(path, fps)]


def _model(asked: Namespace) -> Model:
    from mer.model.api import Model
    from mer.model.shelf import DEMO, every, load_named

    home = Path(asked.home)
    if asked.model == DEMO and not any(name == DEMO for name, _, _ in every(home)):
        from mer.cli.fit import fit_model

        print("model=demo is fitted on the embedded data set now, once; this takes a few minutes", file=sys.stderr)
        fit_model(DEMO, [f"home={home}"])
    return Model.of(load_named(home, asked.model) if asked.model else None, overrides(asked))


def _output(asked: Namespace) -> Path:
    if asked.output:
        return user_path("output", asked.output)
    return Path(asked.home) / "predictions" / f"{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S-%f}"


def _write(output: Path, predictions: Sequence[Prediction]) -> None:
    from mer.model.output import write_predictions

    make_output(output)
    try:
        write_predictions(output, predictions)
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({reason(error)}); choose another output=") from error


def _rate(text: str) -> float | None:
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1e5:
        raise ConfigError(f"fps={text}: must be a number of frames per second, above 0")
    return rate


COMMAND = Command(
    help="say what moved in a video of your own, and when; with a model, which expression it was",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    fill=_fill,
    run=_run,
)
