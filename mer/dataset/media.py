"""Clips on disk: a folder of frames, or a video file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mer.dataset.images import image_files, read_frame
from mer.dataset.points import StoredPoints
from mer.dataset.video import frame_times, video_frame
from mer.errors import ConfigError, DataError
from mer.types import Image, Landmarks

__all__ = ["FrameFolder", "VideoFile", "list_frames", "require_pattern"]


def require_pattern(pattern: str | None) -> None:
    """Raise `ConfigError` unless `pattern`, see `list_frames`, is None or a regular expression with a group."""
    if pattern is None:
        return
    try:
        groups = re.compile(str(pattern)).groups
    except re.error as error:
        raise ConfigError(f"dataset.pattern={pattern}: not a regular expression ({error})") from error
    if not groups:
        raise ConfigError(f"dataset.pattern={pattern}: put brackets around the frame number, as in img(\\d+)\\.jpg")


def list_frames(folder: Path, pattern: str | None) -> dict[int, Path]:
    """Return the frames of a folder by their number.

    Parameters
    ----------
    folder : Path
    pattern : str or None
        Regular expression of the whole file name, whose first group is the number; None takes the last digits of the
        name: 46 for ``reg_img46.jpg``.

    Returns
    -------
    dict of int to Path
        In the order of the numbers; images without a number are left out.

    Raises
    ------
    DataError
        If the folder is missing, holds no numbered image, or two images have one number.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; check the path")
    frames: dict[int, Path] = {}
    for path in image_files(folder):
        match = re.fullmatch(pattern, path.name) if pattern else re.search(r"(\d+)\D*$", path.stem)
        if not match:
            continue
        number = int(match.group(1))
        if number in frames:
            raise DataError(
                f"{folder}: {frames[number].name} and {path.name} are both frame {number}; remove one or tell them "
                "apart with dataset.pattern"
            )
        frames[number] = path
    if not frames:
        kind = f"whose name fits dataset.pattern={pattern}" if pattern else "with a number in its name"
        raise DataError(f"{folder}: no image {kind}; check the path and the pattern")
    return dict(sorted(frames.items()))


@dataclass(frozen=True, kw_only=True)
class FrameFolder:
    """A folder of numbered images.

    Attributes
    ----------
    folder : Path
    frames : mapping of int to Path
        Of `list_frames`.
    points : StoredPoints or None
    depth : int or None
        Significant bits of 16-bit files, see `mer.dataset.depth`; None refuses those with values above 255.
    """

    folder: Path
    frames: Mapping[int, Path] = field(repr=False)
    points: StoredPoints | None = None
    depth: int | None = None

    def path(self, index: int) -> Path:
        """Return the file of a frame.

        Raises
        ------
        DataError
            If there is no such frame.
        """
        if index not in self.frames:
            raise DataError(
                f"frame {index} is not in {self.folder}, which holds {len(self.frames)} frames from "
                f"{min(self.frames)} to {max(self.frames)}; correct the frame number or copy the frame"
            )
        return self.frames[index]

    def read(self, index: int) -> Image:
        """Return frame `index`, uint8, grey (H, W) or BGR (H, W, 3)."""
        return read_frame(self.path(index), self.depth or 8)

    def landmarks(self, index: int) -> Landmarks | None:
        """Return the stored landmarks of a frame, if any."""
        return self.points(index) if self.points else None

    def flow(self) -> None:
        """Return None: the flow has to be computed."""

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of these frames' files, landmarks and depth."""
        parts = [f"{index}:{_file_hash(self.path(index))}:{_points_hash(self.points, index)}" for index in indices]
        return _digest(*parts, *([] if self.depth is None else [f"depth {self.depth}"]))


@dataclass(frozen=True, kw_only=True)
class VideoFile:
    """A video.

    Attributes
    ----------
    file : Path
    first : int
        Number of the first frame.
    points : StoredPoints or None
    """

    file: Path
    first: int
    points: StoredPoints | None = None

    def read(self, index: int) -> Image:
        """Return frame `index` as BGR (H, W, 3), turned upright where the file says how the camera was held.

        Raises
        ------
        DataError
            If the file is shorter, or as `mer.dataset.video.video_index` does.
        """
        if index < self.first:
            raise DataError(f"frame {index} is before the first frame of {self.file}, which has number {self.first}")
        frame = video_frame(self.file, index - self.first)
        if frame is None:
            last = self.first + len(frame_times(self.file)) - 1
            raise DataError(
                f"frame {index} is not in {self.file}, whose last frame is {last} (counted from {self.first}); correct "
                "the frame number or copy the video again"
            )
        return frame

    def landmarks(self, index: int) -> Landmarks | None:
        """Return the stored landmarks of a frame, if any."""
        return self.points(index) if self.points else None

    def flow(self) -> None:
        """Return None: the flow has to be computed."""

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of the whole file, of the frames' places in it and of their landmarks."""
        parts = [f"{index - self.first}:{_points_hash(self.points, index)}" for index in indices]
        return _digest(_file_hash(self.file), *parts)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def _points_hash(points: StoredPoints | None, index: int) -> str:
    landmarks = points(index) if points else None
    return hashlib.blake2b(landmarks.xy.tobytes(), digest_size=16).hexdigest() if landmarks else "none"
