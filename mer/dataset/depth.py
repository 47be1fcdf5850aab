"""Bit depth of frames in 16-bit files: one for a whole data set, so that brightness is the same in every frame.

Cameras of 10 or 12 bit are stored in 16-bit files, mostly with the upper bits zero. All frames are read as 8 bit,
because more does not help the default backbone, and OpenCV's DIS and Farnebäck take no more: mean endpoint errors of
microflow on four warped faces of 256 × 256 pixels, with sensor noise of 0.5, 1 and 2 grey levels (of 256), are 0.0141,
0.0141 and 0.0172 px with 8 bit, 0.0143, 0.0140 and 0.0174 px with 10 bit, 0.0143, 0.0140 and 0.0173 px with 12 bit.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mer.dataset.images import decode, needed_depth
from mer.dataset.media import FrameFolder
from mer.errors import DataError
from mer.types import Clip, Manifest, Recordings
from mer.validation import require_choice

__all__ = ["recordings_with_depth", "require_depth", "with_depth"]

_LOOKED_AT = 32  # onset frames, evenly spaced over the clips
_EVERY = 100  # frame of a long video that may be looked at
_BITS_PER_SAMPLE, _MAX_SAMPLE_VALUE = 258, 281  # tags of TIFF 6.0


def require_depth(depth: int | None) -> None:
    """Raise `ConfigError` unless `depth` is None or a number of bits."""
    if depth is not None:
        require_choice("dataset.depth", depth, range(8, 17))


def with_depth(manifest: Manifest, depth: int | None) -> Manifest:
    """Return the manifest with the bit depth of its frames.

    Parameters
    ----------
    manifest : Manifest
    depth : int or None
        Significant bits of the pixels in 16-bit files. If None and the first frame is a 16-bit file: the depth that it
        names (sBIT of PNG; BitsPerSample, MaxSampleValue of TIFF), else what the largest value of up to 32 frames
        needs; the manifest then has a remark.
    """
    files = [sample.clip.path(sample.onset) for sample in manifest.samples if isinstance(sample.clip, FrameFolder)]
    found, notes = _of_files(files, depth, manifest.notes)
    if found is None:
        return manifest
    samples = tuple(replace(sample, clip=_at(sample.clip, found)) for sample in manifest.samples)
    return replace(manifest, samples=samples, notes=notes)


def recordings_with_depth(recordings: Recordings, depth: int | None) -> Recordings:
    """Return long videos with the bit depth of their frames, as `with_depth` does for clips."""
    folders = [one.clip for one in recordings.recordings if isinstance(one.clip, FrameFolder)]
    files = [file for folder in folders for file in list(folder.frames.values())[::_EVERY]]
    found, notes = _of_files(files, depth, recordings.notes)
    if found is None:
        return recordings
    videos = tuple(replace(one, clip=_at(one.clip, found)) for one in recordings.recordings)
    return replace(recordings, recordings=videos, notes=notes)


def _of_files(
    files: Sequence[Path], depth: int | None, notes: Mapping[str, Any]
) -> tuple[int | None, Mapping[str, Any]]:
    """Return the depth that is given or found, None where the first file has 8 bits; and the notes with it."""
    if depth is not None:
        return depth, {**notes, "depth": depth}
    if _largest(files[:1]) is None:
        return None, notes
    chosen = files[:: math.ceil(len(files) / _LOOKED_AT)]
    largest = _largest(chosen) or 0
    depth = _depth(_named_depth(files[0]), largest)
    remark = (
        f"frames are 16-bit files with values up to {largest} (of {len(chosen)} frames), read as {depth} bit; "
        "if the camera has another depth, give dataset.depth=BITS"
    )
    return depth, {**notes, "remarks": [*notes.get("remarks", ()), remark], "depth": depth}


def _at(clip: Clip, depth: int) -> Clip:
    return replace(clip, depth=depth) if isinstance(clip, FrameFolder) else clip


def _largest(files: Sequence[Path]) -> int | None:
    """Return the largest pixel of 16-bit files; None if there is none. What cannot be read is reported elsewhere."""
    found = None
    for file in files:
        try:
            pixels = decode(file, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
        except DataError:
            continue
        if pixels.dtype == np.uint16:
            found = max(found or 0, int(pixels.max()))
    return found


def _depth(named: int | None, largest: int) -> int:
    """Return the depth that a file names if the values fit it, as they do unless the writer has scaled them up."""
    if named is not None:
        return named if largest < 1 << named else 16
    return needed_depth(largest)


def _named_depth(file: Path) -> int | None:
    """Return the significant bits, as OpenCV decodes them, that a PNG or TIFF names."""
    data = file.read_bytes()
    at = data.find(b"sBIT", 0, data.find(b"IDAT"))
    if data.startswith(b"\x89PNG") and at > 0:
        (length,) = struct.unpack(">I", data[at - 4 : at])
        return max(data[at + 4 : at + 4 + length])
    if not data.startswith((b"II", b"MM")):
        return None
    tags = ImageFileDirectory_v2(data[:8])  # the tags alone: Pillow opens no image of 10 or 14 bit
    stream = BytesIO(data)
    stream.seek(tags.next)
    tags.load(stream)
    bits = int(max(np.atleast_1d(tags.get(_BITS_PER_SAMPLE, 16))))
    values = int(max(np.atleast_1d(tags.get(_MAX_SAMPLE_VALUE, 65535))))
    if bits < 16:  # packed pixels, which OpenCV scales up to 16 bit
        return 16
    return values.bit_length() if 255 <= values < 65535 else None
