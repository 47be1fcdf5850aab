"""Peak memory of this process over a period of time."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

__all__ = ["peak_memory_mb", "reset_peak_memory"]

_SELF = Path("/proc/self")


def reset_peak_memory() -> None:
    """Reset the peak if the system can (Linux); elsewhere it counts from the start of the process."""
    with contextlib.suppress(OSError):
        (_SELF / "clear_refs").write_text("5", encoding="ascii")


def peak_memory_mb() -> float:
    """Return the peak of the resident memory since the last reset, in MiB."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", (_SELF / "status").read_text(encoding="ascii"))
        if found:
            return int(found.group(1)) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
