"""Files that are complete or absent: written under a temporary name, then renamed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Write a file under a temporary name in the same folder, then rename it over `path`.

    Parameters
    ----------
    path : Path
    data : bytes
    flush : bool
        Wait until the disk has it, so that the file is whole even after a power cut.
    """
    # A name of its own, not one made from `path`: any name that fits the file system can be written.
    unfinished = path.with_name(f".{uuid.uuid4().hex}")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
