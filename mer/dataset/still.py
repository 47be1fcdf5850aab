"""Clips without motion to measure: equal frames, a frame of one grey level, another brightness, a constant flow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mer.errors import first_of
from mer.types import REGION_QUANTITIES, Float32, Image, Numbers

__all__ = ["NOISE_FLOOR", "NO_PICTURES", "is_constant", "pair_numbers", "pair_remark", "still_clips"]

NOISE_FLOOR = 1e-3  # px: less is noise of the flow network, or of rounding to 8 bits in flow images
NO_PICTURES = np.full(4, np.nan, dtype=np.float32)
_SAME = 2 / 255  # of the full scale; a video codec changes a frozen picture by so little
_FLAT = 2 / 255
_FLASH = 0.1
_NAMED = 3


def pair_numbers(onset: Image, apex: Image) -> NDArray[np.float32]:
    """Measure what shows that no motion can be seen between two frames, as shares of the full scale.

    Returns
    -------
    ndarray of float32, shape (4,)
        Largest change of a pixel, change of the mean, standard deviation of the onset, and of the apex.
    """
    a, b = (_grey(frame) for frame in (onset, apex))
    return np.array([np.abs(b - a).max(), b.mean() - a.mean(), a.std(), b.std()], dtype=np.float32)


def _grey(frame: Image) -> Float32:
    full = np.iinfo(frame.dtype).max if frame.dtype.kind == "u" else 255
    return (frame if frame.ndim == 2 else frame.mean(axis=2)).astype(np.float32) / np.float32(full)


def pair_remark(numbers: Numbers) -> str:
    """Return what is wrong with a pair of frames of these `pair_numbers`, with the next step; empty if nothing is."""
    change, brightness, *contrasts = numbers.tolist()
    for name, contrast in zip(("onset", "apex"), contrasts, strict=True):
        if contrast < _FLAT:
            return f"the {name} frame is a single shade of grey and shows no face; copy it again, or choose another"
    if change <= _SAME:
        return (
            "onset and apex frame show the same picture: there is no motion; correct the apex or copy the frame again"
        )
    if abs(brightness) > _FLASH:
        how = f"{abs(brightness):.0%} of the full scale {'brighter' if brightness > 0 else 'darker'}"
        return f"the apex frame is {how} than the onset frame, which flow takes for motion; choose another apex"
    return ""


def is_constant(uv: Float32) -> bool:
    """Return whether a flow field, shape (H, W, 2), is the same everywhere, so that it shows no motion of a face."""
    return bool(np.ptp(uv, axis=(0, 1)).max() < NOISE_FLOOR)


def still_clips(ids: Sequence[str], pictures: Numbers, motion: Numbers) -> list[str]:
    """Return one warning per kind of fault, with the clips that have it.

    Parameters
    ----------
    ids : sequence of str
        N sample ids.
    pictures : ndarray, shape (N, 4)
        Of `pair_numbers`; NaN for ready-made flow.
    motion : ndarray, shape (N, R, 5)
        `REGION_QUANTITIES` of every region.
    """
    u, v, strain = (motion[..., REGION_QUANTITIES.index(name)] for name in ("u", "v", "strain"))
    varies = np.max([np.ptp(u, axis=1), np.ptp(v, axis=1), strain.max(axis=1)], axis=0) >= NOISE_FLOOR
    found: dict[str, list[str]] = {}
    for name, numbers, moves in zip(ids, pictures, varies, strict=True):
        remark = pair_remark(numbers)
        if not remark and not moves:
            remark = f"no region moves by {NOISE_FLOOR} px or more against the others; check the clip"
        if remark:
            found.setdefault(remark, []).append(name)
    return [f"{_listed(names)}: {remark}" for remark, names in found.items()]


def _listed(names: Sequence[str]) -> str:
    first = first_of(names, _NAMED)
    return f"clip {first}" if len(names) == 1 else f"{len(names)} clips ({first})"
