"""Landmark finders on faces they were not trained on: error, jitter, true motion, detection, speed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

from mer.bench import _landmark_measures as measures
from mer.bench._throughput import batches_of, landmark_rows, show
from mer.config.arguments import take_settings
from mer.config.catalogue import options
from mer.config.composition import component
from mer.dataset.video import frames_of
from mer.errors import ConfigError, MerError
from mer.training.keypoints import read_keypoints
from mer.training.landmarks.faces import Faces, read_faces, rendered_faces

__all__ = ["run"]

_SETTINGS = {"faces": "", "video": "", "output": "", "finders": "", "jitter": "40"} | {
    "device": "",
    "batches": "1,16,64,256",
}
_NO_FINDER = ("none", "stored")
_SYNTHETIC = {"subjects": 24, "clips": 1, "seed": 0, "noise": 2.5}


def run(arguments: Sequence[str]) -> None:
    """Print the table of every finder that is there, and write it to ``output=`` as landmarks.csv.

    ``faces=FOLDER`` (images/ and keypoints.csv) brings real faces, of which every 6th subject is looked at, as training
    leaves it out; ``video=FILE`` a video of one face; without them generated faces alone. ``finders=cnn68,yunet``.

    ``device=cuda`` (or ``cpu``) prints instead how many crops per second cnn68's points network computes there, for
    each number of crops in ``batches=``.
    """
    given = take_settings(arguments, _SETTINGS)
    if given["device"]:
        show(landmark_rows(given["device"], batches_of(given["batches"])), given["device"], "crops")
        return
    if not given["jitter"].isdigit() or int(given["jitter"]) < 1:
        raise ConfigError(f"jitter={given['jitter']}: must be a number of faces, 1 or more")
    names = given["finders"].split(",") if given["finders"] else _finders()
    real = read_faces(read_keypoints(given["faces"]).split(6)[1]) if given["faces"] else None
    drawn = rendered_faces(component("dataset", "synthetic", **_SYNTHETIC))
    columns = {name: _column(name, real, drawn, given["video"], int(given["jitter"])) for name in names}
    _show(columns)
    if given["output"]:
        _write(Path(given["output"]) / "landmarks.csv", columns)


def _finders() -> list[str]:
    return [name for name in options("landmarks") if name not in _NO_FINDER]


def _column(name: str, real: Faces | None, drawn: Faces, video: str, faces: int) -> dict[str, str]:
    """Return the figures of one finder by measure, or why there are none."""
    cv2.setNumThreads(1)
    try:
        finder = component("landmarks", name)
        finder.faces(drawn.images[0])
    except MerError as error:
        return {"not measured": str(error)}
    rows: dict[str, str] = {}
    for source, group in (("real", real), ("generated", drawn)):
        if group is not None:
            rows |= measures.error_rows(finder, group, source)
            rows |= measures.jitter_rows(finder, group, source, faces)
            rows |= measures.motion_rows(finder, group, source, faces)
    rows |= measures.nothing_rows(finder, real)
    if video:
        rows |= measures.video_rows(finder, list(frames_of(Path(video))))
    return rows | measures.speed_rows(finder, drawn)


def _show(columns: dict[str, dict[str, str]]) -> None:
    table = Table(title="landmarks, one thread", title_justify="left")
    table.add_column("measure")
    for name in columns:
        table.add_column(name, justify="right")
    for row in dict.fromkeys(row for column in columns.values() for row in column):
        table.add_row(row, *(column.get(row, "") for column in columns.values()))
    Console(width=None if Console().is_terminal else 160).print(table)


def _write(path: Path, columns: dict[str, dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["finder", "measure", "figure"])
        out.writerows([name, row, figure] for name, column in columns.items() for row, figure in column.items())
