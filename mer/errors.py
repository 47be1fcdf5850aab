"""Errors, one class per kind; every message names the offender, the value and the next step."""

import re
import shutil
from collections.abc import Sequence

__all__ = [
    "CacheError",
    "ConfigError",
    "DataError",
    "FaceNotFoundError",
    "LeakError",
    "MerError",
    "TrackingError",
    "counted",
    "first_of",
    "notes",
    "reason",
    "unreadable",
]


class MerError(Exception):
    """Base class of the errors that `mer` reports as one sentence, without a traceback.

    Attributes
    ----------
    exit_status : int
        Exit status of the command: 1 for a failed run, 2 for wrong usage.
    """

    exit_status = 1


class ConfigError(MerError):
    """A setting that does not exist or is not valid; found before any work is done."""

    exit_status = 2


class DataError(MerError):
    """A file, an annotation or an image that is missing, unreadable or contradicts itself."""


class FaceNotFoundError(DataError):
    """A frame in which no face was found; the clip is left out and listed in excluded.csv."""


class LeakError(MerError):
    """A test subject is in the training set of a fold."""


class CacheError(MerError):
    """The cache on disk cannot be written (full, read-only) or belongs to another program."""


class TrackingError(MerError):
    """The MLflow store cannot be opened or written."""


def notes(error: BaseException) -> tuple[str, ...]:
    """Return the notes added to an error after it was raised, such as that its run could not be closed."""
    return tuple(getattr(error, "__notes__", ()))


def reason(error: OSError) -> str:
    """Return the system's error message without numbers and paths; for a copied folder, that of its first file."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        _, _, said = error.args[0][0]  # one tuple per failed file: source, target, text
        return re.sub(r"^\[Errno \d+\] |: '.*", "", str(said))
    return str(error.strerror or error)


def unreadable(error: Exception) -> str:
    """Return why NumPy cannot read a file, without its advice to load what may run code."""
    if isinstance(error, OSError) and error.strerror:
        return reason(error)
    return "it holds no plain arrays" if "pickle" in str(error) else str(error)


def counted(number: int, one: str, several: str = "") -> str:
    """Return ``1 video`` or ``3 videos``; `several` is the plural where it is not `one` with an s."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def first_of(names: Sequence[object], most: int) -> str:
    """Return the first names as text, with an ellipsis where there are more."""
    return ", ".join(map(str, names[:most])) + (", ..." if len(names) > most else "")
