"""A run that fails is recorded, too, so that a report can list it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from mer.tracking.clean import first_line
from mer.tracking.record import FAILED, Record
from mer.tracking.teller import settle, tell_later

__all__ = ["telling_failures"]


@contextlib.contextmanager
def telling_failures(home: Path, record: Callable[[str], Record] | None, *, wait: bool) -> Iterator[None]:
    """Record in MLflow that a run failed; one that was interrupted is not recorded.

    Parameters
    ----------
    home : Path
        MER_HOME.
    record : callable or None
        Returns the record of the run, with its error; None for a run that MLflow does not keep.
    wait : bool
        Wait until it is recorded; if that fails, the error has a note.
    """
    try:
        yield
    except Exception as error:
        if record is not None:
            with contextlib.suppress(OSError):  # a full disk must not hide why the run failed
                tell_later(home, record(first_line(error)).write(home / "results" / FAILED))
                if wait and (untold := settle(home)):
                    error.add_note(untold)
        raise
