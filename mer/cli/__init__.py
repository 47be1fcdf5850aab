"""The command `mer`: one subcommand per file of this package, imported when it is called."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mer import __version__
from mer.errors import MerError, notes, reason
from mer.run.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    from mer.cli.command import Command, Group

__all__ = ["COMMANDS", "load", "main"]

# Each is a file of this package with a constant COMMAND, of its own name or of that in _FILES.
COMMANDS = {
    "run": "run an experiment; with -m a sweep over options, one MLflow run per cell",
    "options": "list what can be chosen: groups, their options, and the settings of an option",
    "data": "check, show or export a data set",
    "train": "train one of the two networks",
    "landmarks": "find the face and its 68 points in every frame of a video",
    "fit": "fit a model on all subjects, with its LOSO score and calibrated probabilities",
    "models": "list the fitted models, show the card of one, or compare several",
    "predict": "say what moved in a video of your own, and when; with a model, which expression it was",
    "app": "open a page on this machine that looks at videos of your own",
    "spot": "find micro- and macro-expressions in a long video",
    "bench": "benchmark a part of mer against alternatives and print the table",
    "runs": "list the runs of a study with their scores",
    "report": "write the tables and figures of a study for a paper",
    "compare": "compare two runs, with the clips on which they differ",
    "score": "score what other programs found, from their logs",
    "import": "import predictions of others, clip by clip, as a run",
    "export": "write what a run found in the format of others",
    "ui": "open the MLflow UI for the runs on this machine",
    "sync": "record runs in MLflow that are missing there",
    "cache": "list, verify or trim the stage cache",
    "doctor": "check the store, the cache and the versions, and say how to fix problems",
    "completion": "print the script that completes commands and options in bash, zsh or fish",
}
_FILES = {"import": "import_log"}  # a word of Python cannot name a module

_HELP = """usage: mer COMMAND [options] [group=option ...] [group.setting=value ...]

Recognises facial micro-expressions from optical flow: experiments that can be re-run, compared and trusted.

commands
{commands}

options
  -h, --help          this page; mer COMMAND --help shows the options of a command
  --version           the version

examples
  mer options                                           what can be chosen, and what it means
  mer run                                               the default experiment on the embedded synthetic data set
  mer run flow=tvl1 roi=grid descriptor.bins=12         other choices, other numbers
  mer run -m flow=farneback,dis roi=grid,mdmo36         a sweep of four cells
  mer ui                                                compare the runs in the MLflow UI
  mer report default                                    tables, figures and tests of the study for a paper
"""

# Silences OpenCV's decoders: `mer` reports a broken file itself, with the file's name.
_QUIET = {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"}
# Clips and folds already run in parallel; torch threads inside each would only wait for a core. Training sets its own
# number.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}

# New objects before a garbage collection; with Python's default of 700, a tenth of each large import is spent on it.
_OBJECTS = 20_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(_OBJECTS)
    for name, value in (_QUIET | _ONE_THREAD).items():
        os.environ.setdefault(name, value)
    keep_freed_memory()
    _print_anything()
    try:
        return _dispatch(arguments)
    except MerError as error:
        return _say(str(error), error.exit_status, error)
    except KeyboardInterrupt as error:
        return _say("interrupted; finished work is kept, rerun the same command to resume", 130, error)
    except SystemExit as error:  # a signal: its sender knows the reason
        _say_notes(error)
        raise
    except BrokenPipeError:
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{reason(error)}; check the path, its permissions and the free disk space", 1, error)
    except Exception as error:
        if os.environ.get("MER_DEBUG"):
            raise
        kind = type(error).__name__
        return _say(f"internal error in mer, {kind}: {error}; please report it, with the MER_DEBUG=1 output", 1, error)


def load(name: str) -> Command | Group:
    """Import a command of `COMMANDS`; this imports no heavy library."""
    found: Command | Group = importlib.import_module(f"mer.cli.{_FILES.get(name, name)}").COMMAND
    return found


def _print_anything() -> None:
    """Print a character that the console cannot encode as its code: a finished run must not fail for a label."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _dispatch(arguments: list[str]) -> int:
    from mer.cli.command import choose, two_columns

    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_HELP.format(commands=two_columns(COMMANDS)), end="")
        return 0
    if arguments[0] == "--version":
        print(f"mer {__version__}")
        return 0
    name = choose(arguments[0], COMMANDS, f"mer {arguments[0]}: no such command", "mer --help")
    return load(name)(f"mer {name}", arguments[1:])


def _say(sentence: str, status: int, error: BaseException) -> int:
    print(f"mer: {sentence}", file=sys.stderr)
    _say_notes(error)
    return status


def _say_notes(error: BaseException) -> None:
    for note in notes(error):
        print(f"mer: {note}", file=sys.stderr)
