"""What can be looked at: a video, a folder of frames, a pair of images, the rows of a table, or a folder of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mer.dataset.images import IMAGE_SUFFIXES, image_files, read_frame
from mer.dataset.media import list_frames
from mer.dataset.video import frames_of, video_index
from mer.errors import DataError
from mer.types import Clip, FlowField, Image, Interval, Landmarks, Sample

__all__ = ["Held", "InMemory", "Moment", "Pictures", "Source", "Video", "found", "moments", "pair"]

VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp", ".ts")


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """Frames in memory; implements `mer.types.Clip`."""

    images: Mapping[int, Image]

    def read(self, index: int) -> Image:
        """Return a frame."""
        return self.images[index]

    def landmarks(self, index: int) -> Landmarks | None:
        """Return None: nothing is stored."""
        return None

    def flow(self) -> FlowField | None:
        """Return None: the flow has to be computed."""
        return None

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return nothing: what is computed is not kept."""
        return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """One interval whose frames can be read: the row of a table, or a pair of images.

    Attributes
    ----------
    name : str
    interval : Interval
    fps : float
        0 where unknown.
    clip : Clip
    """

    name: str
    interval: Interval
    fps: float
    clip: Clip


@dataclass(frozen=True, kw_only=True, eq=False)
class Video:
    """A video file.

    Attributes
    ----------
    file : Path
    """

    file: Path

    @property
    def name(self) -> str:
        """File name."""
        return self.file.name

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know of the file."""
        return video_index(self.file).remarks

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds of each frame."""
        return video_index(self.file).times

    def frames(self) -> Iterator[Image]:
        """Yield every frame."""
        return frames_of(self.file)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """A folder of frames, in the order of the numbers in their names.

    Attributes
    ----------
    folder : Path
    fps : float
        Frames per second, above 0.
    """

    folder: Path
    fps: float
    remarks: tuple[str, ...] = field(default=(), init=False)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds of each frame."""
        return np.arange(len(self._files)) / self.fps

    def frames(self) -> Iterator[Image]:
        """Yield every frame."""
        return (read_frame(file) for file in self._files)

    @property
    def _files(self) -> list[Path]:
        return [file for _, file in sorted(list_frames(self.folder, None).items())]


@dataclass(frozen=True, kw_only=True, eq=False)
class InMemory:
    """Frames that a program holds.

    Attributes
    ----------
    images : sequence of ndarray
    fps : float
        Frames per second, above 0.
    """

    images: Sequence[Image]
    fps: float
    name: str = "frames"
    remarks: tuple[str, ...] = ()

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds of each frame."""
        return np.arange(len(self.images)) / self.fps

    def frames(self) -> Iterator[Image]:
        """Yield every frame."""
        return iter(self.images)


Source = Video | Pictures | InMemory


def pair(onset: Path, apex: Path) -> Moment:
    """Return two images as onset and apex.

    Raises
    ------
    DataError
        If one cannot be read, or they differ in size.
    """
    first, second = read_frame(onset), read_frame(apex)
    if first.shape[:2] != second.shape[:2]:
        raise DataError(
            f"{apex}: {second.shape[1]}×{second.shape[0]} pixels, and {onset.name} has {first.shape[1]}×"
            f"{first.shape[0]}; onset and apex must be frames of one camera"
        )
    both = {0: first, 1: second}
    return Moment(
        name=f"{onset.stem}-{apex.stem}",
        interval=Interval(onset=0, apex=1, offset=1, kind="micro"),
        fps=0.0,
        clip=Held(images=both),
    )


def moments(samples: Sequence[Sample]) -> list[Moment]:
    """Return the clips of a table."""
    return [
        Moment(
            name=sample.id,
            interval=Interval(onset=sample.onset, apex=sample.apex, offset=sample.offset, kind="micro"),
            fps=sample.fps,
            clip=sample.clip,
        )
        for sample in samples
    ]


def found(path: Path, fps: float | None) -> list[Source | Moment | Path]:
    """Return what lies at a path: a source, or all of those in a folder; a table (CSV) stays a path.

    Raises
    ------
    DataError
        If there is nothing that can be looked at.
    """
    if path.is_file():
        if path.suffix.lower() in IMAGE_SUFFIXES:
            raise DataError(f"{path}: one image shows no motion; give two, the onset and the apex")
        return [path if path.suffix.lower() == ".csv" else Video(file=path)]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; correct the path")
    images = sorted(image_files(path))
    if len(images) == 2:
        return [pair(*images)]
    if images:
        if fps is None:
            raise DataError(f"{path}: a folder of frames has no clock; give the frames per second, such as fps=100")
        return [Pictures(folder=path, fps=fps)]
    parts = [one for one in sorted(path.iterdir()) if one.is_dir() or one.suffix.lower() in (*VIDEOS, ".csv")]
    if not parts:
        raise DataError(f"{path}: no video, frames or table in this folder; correct the path")
    return [source for part in parts for source in found(part, fps)]
