"""The command `mer`: one verb a file of this package, imported when it is called."""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence

from mer import __version__
from mer.conf_files import groups
from mer.errors import ConfigError, MerError, notes, reason

__all__ = ["main"]

VERBS = {
    "run": "run an experiment; with -m a sweep over options, one MLflow run a cell",
    "data": "check, show or export a data set",
    "train": "train one of the two networks",
    "landmarks": "find the face and its 68 points in every frame of a video",
    "bench": "measure a part against its peers and print the table",
    "report": "make tables and figures of a study for the paper",
    "compare": "compare two runs, with the clips on which they differ",
    "predict": "run a fitted model on a video of your own",
    "ui": "open the MLflow UI on the runs kept here",
    "sync": "record in MLflow what it has not been told yet",
    "cache": "list, verify or trim the stage cache",
    "doctor": "say what is wrong with the store, the cache or the versions",
}

_USAGE = """usage: mer VERB [options] [group=option ...] [group.setting=value ...]

Recognises facial micro-expressions from optical flow: experiments that can be re-run, compared and trusted.

verbs
{verbs}

options
  -h, --help          this page; mer VERB --help shows a verb's own, with every group and its options
  --version           the version

examples
  mer run                                               the default experiment on the embedded synthetic data set
  mer run flow=tvl1 roi=grid descriptor.bins=12         other choices, other numbers
  mer run -m flow=farneback,dis roi=grid,mdmo36         a sweep of four cells
  mer ui                                                compare the runs in the MLflow UI
  mer report default                                    tables, figures and tests of the study, for the paper
"""

# What OpenCV's decoders say of a broken file, `mer` says in a sentence with the file's name.
_QUIET = {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"}
# Clips and folds run side by side already; threads of torch inside each spin while they wait for a core. Training sets
# its own number.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}
# glibc hands freed arrays back to the system at once and asks for them again: 1,900 page faults a pair of `microflow`,
# a tenth of its time. Told so, it keeps them: mallopt's names for what a block and what the heap's end may have.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = (-3, 32 << 20), (-1, 512 << 20)

# New objects before Python looks for garbage; at its own 700, a tenth of the time of every large import goes there.
_OBJECTS = 20_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(_OBJECTS)
    for name, value in (_QUIET | _ONE_THREAD).items():
        os.environ.setdefault(name, value)
    _keep_freed_memory()
    try:
        return _dispatch(arguments)
    except MerError as error:
        return _say(str(error), error.exit_status, error)
    except KeyboardInterrupt as error:
        return _say("interrupted; what was finished is kept, and the same command goes on from there", 130, error)
    except SystemExit as error:  # a signal, whose sender knows what it was
        _say_notes(error)
        raise
    except BrokenPipeError:
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{reason(error)}; check the path, its rights and the space on its disk", 1, error)
    except Exception as error:
        if os.environ.get("MER_DEBUG"):
            raise
        kind = type(error).__name__
        return _say(f"a fault of mer itself, {kind}: {error}; please report it with what MER_DEBUG=1 shows", 1, error)


def _keep_freed_memory() -> None:
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # musl has none
        for option in (_MMAP_THRESHOLD, _TRIM_THRESHOLD):
            library.mallopt(*option)


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_USAGE.format(verbs=_two_columns(VERBS)), end="")
        return 0
    verb, rest = arguments[0], arguments[1:]
    if verb == "--version":
        print(f"mer {__version__}")
        return 0
    if verb not in VERBS:
        raise ConfigError(f"mer {verb}: no such verb; there are {', '.join(VERBS)} (mer --help)")
    if importlib.util.find_spec(f"mer.cli.{verb}") is None:
        raise ConfigError(f"mer {verb}: not there yet in version {__version__}; it will {VERBS[verb]}")
    module = importlib.import_module(f"mer.cli.{verb}")
    if any(argument in ("-h", "--help") for argument in rest):
        print(f"{module.USAGE}\n{_groups_page()}", end="")
        return 0
    status: int = module.main(rest)
    return status


def _groups_page() -> str:
    table = {group: ", ".join(options) for group, options in groups().items() if options}
    return f"groups and their options (group=option)\n{_two_columns(table)}\n"


def _two_columns(table: dict[str, str]) -> str:
    return "\n".join(f"  {name:<18}  {text}" for name, text in table.items())


def _say(sentence: str, status: int, error: BaseException) -> int:
    print(f"mer: {sentence}", file=sys.stderr)
    _say_notes(error)
    return status


def _say_notes(error: BaseException) -> None:
    for note in notes(error):
        print(f"mer: {note}", file=sys.stderr)
