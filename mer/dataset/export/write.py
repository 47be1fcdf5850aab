"""Writes a synthetic data set as the files of a database, whole or not at all."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mer.dataset.export.forms import FORMS
from mer.dataset.export.part import Form, Part, Sheets
from mer.dataset.synthetic import Synthetic, SyntheticClip
from mer.errors import ConfigError, DataError
from mer.types import Image
from mer.validation import require_choice

__all__ = ["FORMATS", "Placed", "export", "place", "write_frame", "write_whole", "write_workbook"]

FORMATS = ("png", "bmp", "tif", "jpg")
_JPEG_QUALITY = 95
_KEY = ("sample_id", "folder", "onset", "apex", "offset", "label")


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A clip and where it goes.

    Attributes
    ----------
    sample_id : str
        Of the synthetic data set.
    clip : SyntheticClip
    part : Part
    folder : str
        Relative to the root.
    frames : range
        Which frames of the clip are written.
    first : int
        Number that the first of them gets.
    """

    sample_id: str
    clip: SyntheticClip
    part: Part
    folder: str
    frames: range
    first: int


def place(dataset: Synthetic, form: Form, *, cropped: bool) -> list[Placed]:
    """Give every clip of the data set its folder and its frame numbers."""
    placed: list[Placed] = []
    following: dict[str, int] = {}
    for sample in dataset.load().samples:
        clip = sample.clip
        assert isinstance(clip, SyntheticClip)
        if sample.label not in form.labels:
            continue
        frames = range(sample.onset, sample.offset + 1) if form.cut else range(clip.frames)
        folder = form.folder(_part(clip, sample.label, form.labels[sample.label], 0))
        first = following.setdefault(folder, form.first)
        following[folder] = first + len(frames)
        part = _part(clip, sample.label, form.labels[sample.label], first - frames.start)
        if cropped:
            raw, other = form.cropped or ("", "")
            folder = other + folder.removeprefix(raw)
        placed.append(Placed(sample_id=sample.id, clip=clip, part=part, folder=folder, frames=frames, first=first))
    return placed


def export(
    dataset: Synthetic,
    layout: str,
    output: Path,
    *,
    variant: str,
    suffix: str,
    workers: int,
    advance: Callable[[], None],
) -> int:
    """Write the data set.

    Parameters
    ----------
    dataset : Synthetic
    layout : str
        One of `FORMS`.
    output : Path
        A folder that does not exist yet, or is empty.
    variant : {"raw", "cropped"}
        Which of the database's two places the frames go to; their content is the same.
    suffix : {"png", "bmp", "tif", "jpg"}
        Format of the frames; all but jpg keep every grey level.
    workers : int
    advance : callable
        Called after every clip.

    Returns
    -------
    int
        Number of clips written.

    Raises
    ------
    ConfigError
        For a layout or format that does not exist.
    DataError
        If the folder is not empty.
    """
    require_choice("layout", layout, tuple(FORMS))
    require_choice("format", suffix, FORMATS)
    require_choice("variant", variant, ("raw", "cropped"))
    form = FORMS[layout]
    placed = place(dataset, form, cropped=variant == "cropped")
    if not placed:
        raise ConfigError(f"layout={layout}: the database has none of the classes {', '.join(dataset.frequencies)}")
    with write_whole(output) as staging:
        _write(staging, placed, form, suffix, workers, advance)
    return len(placed)


@contextmanager
def write_whole(output: Path) -> Iterator[Path]:
    """Give a folder to write to, which becomes `output` at the end; after an error nothing remains.

    Raises
    ------
    DataError
        If `output` exists and is not an empty folder.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise DataError(f"{output} exists and is not empty; give a new folder with output=DIR")
    staging = output.with_name(f"{output.name}.part")
    if staging.exists():
        shutil.rmtree(staging)
    try:
        yield staging
        if output.exists():
            output.rmdir()
        staging.rename(output)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(
    root: Path, placed: Sequence[Placed], form: Form, suffix: str, workers: int, advance: Callable[[], None]
) -> None:
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_write_frames, root, item, form, suffix) for item in placed]
        try:
            for future in futures:
                future.result()
                advance()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    _write_landmarks(root, placed)
    for name, sheets in form.tables([item.part for item in placed]).items():
        write_workbook(root / name, sheets)
    _write_key(root / "mer_export.csv", placed)


def _write_frames(root: Path, item: Placed, form: Form, suffix: str) -> None:
    folder = root / item.folder
    folder.mkdir(parents=True, exist_ok=True)
    for number, index in enumerate(item.frames, start=item.first):
        write_frame(folder / f"{form.frame(item.part, number)}.{suffix}", item.clip.read(index))


def write_frame(path: Path, image: Image) -> None:
    """Write a frame in the format that the name ends with."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix == ".jpg" else []
    done, data = cv2.imencode(path.suffix, image, options)
    assert done
    path.write_bytes(data.tobytes())


def _write_landmarks(root: Path, placed: Sequence[Placed]) -> None:
    """Store the exact points, one array a folder of frames, which the reader finds for ``landmarks=stored``."""
    points: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]] = {}
    for item in placed:
        clip = item.clip
        points.setdefault(item.folder, []).extend(clip.landmarks(index).xy for index in item.frames)
    for folder, rows in points.items():
        path = root / "mer_landmarks" / folder
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path.with_name(f"{path.name}.npy"), np.stack(rows))


def write_workbook(path: Path, sheets: Sheets) -> None:
    """Write sheets of cells as an ``.xlsx`` file."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def _write_key(path: Path, placed: Sequence[Placed]) -> None:
    """Write which clip of the synthetic data set went where."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_KEY)
        for item in placed:
            part = item.part
            writer.writerow([item.sample_id, item.folder, part.onset, part.apex, part.offset, part.label])


def _part(clip: SyntheticClip, emotion: str, label: str, shift: int) -> Part:
    timing = clip.timing
    return Part(
        subject=clip.subject,
        number=clip.number,
        emotion=emotion,
        label=label,
        action_units="+".join(dict.fromkeys(_unit(name) for name in clip.action_units)),
        onset=shift + timing.onset,
        apex=shift + timing.apex,
        offset=shift + timing.offset,
    )


def _unit(name: str) -> str:
    """Return ``L12`` for AU12L, as coders write it; both sides follow each other."""
    number = name.removeprefix("AU").rstrip("LR")
    return f"{name[-1]}{number}" if name[-1] in "LR" else number
