"""Flow as files: in the two layouts that networks of the field read, whole or not at all."""

from __future__ import annotations

import csv
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.dataset.flow_images.field_file import FIELD_SUFFIXES, field_bytes
from mer.dataset.names import plain_name
from mer.errors import DataError
from mer.geometry.strain import optical_strain
from mer.types import Float32, Sample
from mer.types.clip_names import clip_key

__all__ = ["FLOW_FORMATS", "FLOW_LAYOUTS", "FlowFile", "flow_data", "flow_image", "write_flow"]

FLOW_LAYOUTS = ("flow_images", "htnet")
FLOW_FORMATS = ("png", *(suffix[1:] for suffix in FIELD_SUFFIXES))
_TABLE = "combined_3_class2_for_optical_flow.csv"
_COLUMNS = ("dataset", "sub", "filename_o", "label", "apex", "imagename", "sub_filename")


@dataclass(frozen=True, kw_only=True)
class FlowFile:
    """One clip and the content of its file.

    Attributes
    ----------
    database, subject, clip : str
        Without blanks; the clip without the database in front.
    label : int
        Number of the class.
    suffix : str
        Such as ``.png``.
    data : bytes
    """

    database: str
    subject: str
    clip: str
    label: int
    suffix: str
    data: bytes

    @property
    def name(self) -> str:
        """Name of the file."""
        own = self.clip if self.clip.startswith(f"{self.subject}_") else f"{self.subject}_{self.clip}"
        return f"{own}{self.suffix}"

    @classmethod
    def of(cls, sample: Sample, label: int, suffix: str, data: bytes) -> FlowFile:
        """Return the file of a sample."""
        subject = sample.subject.rpartition("/")[2]
        clip = _plain_spelling(sample.id.removeprefix(f"{sample.dataset}_").removeprefix(f"{sample.dataset}/"))
        return cls(
            database=sample.dataset, subject=_plain_spelling(subject), clip=clip, label=label, suffix=suffix, data=data
        )


def _plain_spelling(name: str) -> str:
    """Return a name without blanks and slashes, which a file name and a column of the table cannot have."""
    return "_".join(name.replace("/", " ").split())


def flow_image(uv: Float32, size: int) -> bytes:
    """Return the PNG of a flow field: red, green and blue are u, v and optical strain.

    Parameters
    ----------
    uv : ndarray of float32, shape (H, W, 2)
        Pixels.
    size : int
        Height and width of the image, px; the channels are averaged over areas.

    Returns
    -------
    bytes
        Each channel scaled to 0–255 by its own minimum and maximum, as in the release of STSTNet; a constant channel
        is 0. Strain is that of the field before it is shrunk, see `mer.geometry.strain`.
    """
    channels = np.dstack([uv, optical_strain(uv)])
    if channels.shape[:2] != (size, size):
        way = cv2.INTER_AREA if min(channels.shape[:2]) > size else cv2.INTER_LINEAR
        channels = np.asarray(cv2.resize(channels, (size, size), interpolation=way), dtype=np.float32)
    done, data = cv2.imencode(".png", np.dstack([_in_bytes(channels[..., k]) for k in (2, 1, 0)]))
    assert done
    return data.tobytes()


def _in_bytes(channel: Float32) -> NDArray[np.uint8]:
    low, high = float(channel.min()), float(channel.max())
    scaled = (channel - low) * (255 / (high - low)) if high > low else np.zeros_like(channel)
    return np.asarray(np.rint(scaled), dtype=np.uint8)


def flow_data(uv: Float32, suffix: str, size: int) -> bytes:
    """Return the content of a file: a picture of the flow, or the field itself."""
    return flow_image(uv, size) if suffix == ".png" else field_bytes(uv, suffix)


def write_flow(root: Path, layout: str, files: Sequence[FlowFile]) -> None:
    """Write all files of a layout into a folder.

    Parameters
    ----------
    root : Path
        Created if needed.
    layout : {"flow_images", "htnet"}
        flow_images: the folder ``u_v_os`` and a table. htnet: ``SUBJECT/u_test/LABEL`` with the clips of the subject,
        ``SUBJECT/u_train/LABEL`` with those of all others, as hard links where the file system has them.
    files : sequence of FlowFile

    Raises
    ------
    DataError
        If two clips would have one name, or two subjects of different databases.
    """
    _require_different(files)
    root.mkdir(parents=True, exist_ok=True)
    if layout == "flow_images":
        _write_flat(root, files)
    else:
        _write_folders(root, files)


def _require_different(files: Iterable[FlowFile]) -> None:
    clips: dict[str, FlowFile] = {}
    owners: dict[str, str] = {}
    for file in files:
        other = clips.setdefault(plain_name(file.name), file)
        if other is not file:
            raise DataError(f"clips {other.clip} and {file.clip} would both be {file.name}; rename one")
        database = owners.setdefault(clip_key(file.database, file.subject, "")[1], file.database)
        if database != file.database:
            raise DataError(
                f"subject {file.subject} is in {database} and in {file.database}, and the layout cannot tell them "
                "apart; export one database at a time"
            )


def _write_flat(root: Path, files: Iterable[FlowFile]) -> None:
    (root / "u_v_os").mkdir()
    with (root / _TABLE).open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for file in files:
            (root / "u_v_os" / file.name).write_bytes(file.data)
            writer.writerow([file.database, file.subject, file.clip, file.label, "", file.name, ""])


def _write_folders(root: Path, files: Sequence[FlowFile]) -> None:
    by_subject: dict[str, list[FlowFile]] = defaultdict(list)
    for file in files:
        by_subject[file.subject].append(file)
    for subject, own in by_subject.items():
        for file in own:
            _put(root / subject / "u_test" / str(file.label) / file.name, file.data)
    for subject in by_subject:
        for other, clips in by_subject.items():
            for file in clips if other != subject else ():
                source = root / other / "u_test" / str(file.label) / file.name
                _link(source, root / subject / "u_train" / str(file.label) / file.name)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
