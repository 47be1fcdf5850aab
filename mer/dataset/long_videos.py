"""What the data sets of long videos share."""

from __future__ import annotations

from typing import NoReturn

from mer.errors import ConfigError

__all__ = ["refuse_clips"]


def refuse_clips(dataset: str, clips: str) -> NoReturn:
    """Refuse to give clips.

    Parameters
    ----------
    dataset : str
        Name of the data set of long videos.
    clips : str
        Option of ``dataset`` that holds clips of the same kind.

    Raises
    ------
    ConfigError
    """
    raise ConfigError(
        f"dataset={dataset}: it holds long videos, and this command works on clips; use mer run task=spot, or "
        f"dataset={clips} for clips"
    )
