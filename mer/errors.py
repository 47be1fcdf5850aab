"""What can go wrong, one class a kind; every message names the offender, the value and the next step."""

import re
import shutil

__all__ = [
    "CacheError",
    "ConfigError",
    "DataError",
    "FaceNotFoundError",
    "LeakError",
    "MerError",
    "TrackingError",
    "notes",
    "reason",
]


class MerError(Exception):
    """Anything that `mer` itself reports: shown as one sentence, never as a traceback.

    Attributes
    ----------
    exit_status : int
        What the command returns to the shell: 1 for a failed run, 2 for wrong usage.
    """

    exit_status = 1


class ConfigError(MerError):
    """A setting that does not exist or cannot hold; found before any work."""

    exit_status = 2


class DataError(MerError):
    """A file, an annotation or an image that is missing, unreadable or contradicts itself."""


class FaceNotFoundError(DataError):
    """A frame in which no face was found; the clip is left out and listed in excluded.csv."""


class LeakError(MerError):
    """A test subject reached the training side of a fold."""


class CacheError(MerError):
    """The cache on disk cannot be written (full, read-only) or is not ours."""


class TrackingError(MerError):
    """The MLflow store cannot be opened or written."""


def notes(error: BaseException) -> tuple[str, ...]:
    """Return what was added to an error after it was raised, such as that its run could not be closed."""
    return tuple(getattr(error, "__notes__", ()))


def reason(error: OSError) -> str:
    """Return what the system said, without numbers and paths; of a folder that was copied, of its first file."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        _, _, said = error.args[0][0]  # one a file that failed: source, target, text
        return re.sub(r"^\[Errno \d+\] |: '.*", "", str(said))
    return str(error.strerror or error)
