"""What the allocator does with the memory of arrays that are no longer needed."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory", "return_freed_memory"]

# By default glibc returns freed arrays to the system at once and requests them again: 1,900 page faults per pair of
# `microflow`, a tenth of its time. These two parameters of mallopt make it keep them. Arrays above 4 MB, which only the
# search for a face in a large frame needs, are still returned: the gaps that they would leave are filled by smaller
# ones, so that a long video needs ever more memory.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = (-3, 4 << 20), (-1, 512 << 20)


def keep_freed_memory() -> None:
    """Have freed memory kept for the next array of this process; without effect where the C library is not glibc."""
    library = _glibc()
    if library is not None:
        for option in (_MMAP_THRESHOLD, _TRIM_THRESHOLD):
            library.mallopt(*option)


def return_freed_memory() -> None:
    """Return to the system what is kept; without effect where the C library is not glibc.

    What is kept grows with time, since new arrays do not fill all the gaps that others have left.
    """
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None  # musl has none
