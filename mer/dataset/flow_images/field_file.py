"""Flow fields in files that lose nothing: Middlebury's ``.flo``, and ``.npy``."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mer.dataset.images import image_files
from mer.errors import DataError, reason, unreadable
from mer.types import Float32, FlowField, Image

__all__ = ["FIELD_SUFFIXES", "FlowFieldClip", "field_bytes", "flow_files", "read_field"]

FIELD_SUFFIXES = (".flo", ".npy")
_MAGIC = b"PIEH"  # 202021.25 as float32
_HEAD = 12  # bytes: the magic number, width, height
_UNKNOWN = 1e9  # larger values mean "unknown" in the format


def flow_files(folder: Path) -> list[Path]:
    """Return the images and the files of flow fields that lie directly in a folder, sorted by name."""
    images = image_files(folder)  # says so where the folder cannot be listed
    fields = [path for path in folder.iterdir() if path.suffix.lower() in FIELD_SUFFIXES and path.is_file()]
    return sorted([*images, *(path for path in fields if not path.name.startswith("."))])


def read_field(path: Path) -> Float32:
    """Read a flow field.

    Returns
    -------
    ndarray of float32, shape (H, W, 2)
        Pixels, [..., 0] to the right, [..., 1] downwards.

    Raises
    ------
    DataError
        If the file is missing, cut short or of another format, or holds values that are unknown or not finite.

    References
    ----------
    Baker, Scharstein, Lewis, Roth, Black, Szeliski: A database and evaluation methodology for optical flow. IJCV 92,
    2011. doi:10.1007/s11263-010-0390-2
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: the flow field cannot be read ({reason(error)}); check dataset.root") from error
    uv = _of_flo(path, data) if path.suffix.lower() == ".flo" else _of_npy(path, data)
    if not np.isfinite(uv).all() or np.abs(uv).max() >= _UNKNOWN:
        raise DataError(f"{path}: some values are unknown or not finite; fill them, or leave the clip out")
    return uv


def field_bytes(uv: Float32, suffix: str) -> bytes:
    """Return the content of a file of a flow field.

    Parameters
    ----------
    uv : ndarray of float32, shape (H, W, 2)
    suffix : {".flo", ".npy"}
    """
    exact = np.ascontiguousarray(uv, dtype="<f4")
    if suffix == ".flo":
        height, width = uv.shape[:2]
        return _MAGIC + np.array([width, height], dtype="<i4").tobytes() + exact.tobytes()
    file = io.BytesIO()
    np.save(file, exact, allow_pickle=False)
    return file.getvalue()


def _of_flo(path: Path, data: bytes) -> Float32:
    if not data.startswith(_MAGIC) or len(data) < _HEAD:
        raise DataError(f"{path}: not a .flo file, which begins with {_MAGIC.decode()}; copy it again")
    width, height = (int(n) for n in np.frombuffer(data[4:_HEAD], dtype="<i4"))
    if min(width, height) < 2 or len(data) != _HEAD + 8 * width * height:
        raise DataError(f"{path}: {len(data)} bytes do not hold a field of {width}×{height} pixels; copy it again")
    return np.frombuffer(data[_HEAD:], dtype="<f4").reshape(height, width, 2).astype(np.float32)


def _of_npy(path: Path, data: bytes) -> Float32:
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: not a .npy file ({unreadable(error)}); copy it again") from error
    fits = isinstance(array, np.ndarray) and array.ndim == 3 and array.shape[2] == 2 and min(array.shape[:2]) >= 2
    if not fits or array.dtype.kind != "f":
        raise DataError(
            f"{path}: not a flow field of floats (H, W, 2) but {getattr(array, 'dtype', type(array))} of shape "
            f"{getattr(array, 'shape', ())}; save u and v in the last axis"
        )
    return array.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class FlowFieldClip:
    """One file of a flow field, in pixels; nothing is lost in it, so nothing is estimated."""

    path: Path

    def read(self, index: int) -> Image:
        """Raise: there are no frames."""
        raise DataError(f"{self.path}: a flow field has no frame {index}; keep flow=precomputed")

    def landmarks(self, index: int) -> None:
        """Return None: there are no landmarks."""

    def flow(self) -> FlowField:
        """Return the flow."""
        return FlowField(uv=read_field(self.path))

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of the field."""
        return hashlib.blake2b(read_field(self.path).tobytes(), digest_size=16).hexdigest()
