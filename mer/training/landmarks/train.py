"""`mer train landmarks`: both networks of `cnn68`, from photographs with points and generated faces, to one file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from mer.landmarks.cnn68 import Cnn68
from mer.landmarks.weights import Weights, save
from mer.store.atomic import write_atomically
from mer.training.keypoints import read_keypoints
from mer.training.landmarks.accuracy import accuracy
from mer.training.landmarks.crops import Sources
from mer.training.landmarks.faces import Faces, read_faces, rendered_faces
from mer.training.landmarks.hard_negatives import hard_negatives
from mer.training.landmarks.mean_shape import mean_shape
from mer.training.landmarks.train_faces import FaceTraining
from mer.training.landmarks.train_points import PointTraining
from mer.training.loop import Log
from mer.types import Dataset
from mer.validation import require_device, require_integer, require_present

__all__ = ["LandmarkTraining"]


@dataclass(frozen=True, kw_only=True)
class LandmarkTraining:
    """The whole training; the same settings give the same weights on one machine, also after an interruption.

    Attributes
    ----------
    folder : str
        Folder with ``images/`` and ``keypoints.csv``, see `mer.training.keypoints`.
    held_out_stride : int
        Of the sorted subjects the first and every n-th after it are never trained on; ≥ 2.
    seed : int
    threads : int
        Of torch.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    synthetic : Dataset
        Generated faces that are mixed in.
    detector : FaceTraining
    false_pictures : int
        Pictures without a face in which the fitted detector is made to look for one, ≥ 0.
    points : PointTraining
    finder : mapping
        Settings of `Cnn68` with which the finished networks are scored.
    """

    folder: str
    held_out_stride: int
    seed: int
    threads: int
    device: str
    synthetic: Dataset
    detector: FaceTraining
    false_pictures: int
    points: PointTraining
    finder: Mapping[str, Any]

    def __post_init__(self) -> None:
        require_integer("train.held_out_stride", self.held_out_stride, low=2)
        require_integer("train.seed", self.seed, low=0)
        require_integer("train.threads", self.threads, low=1)
        require_integer("train.false_pictures", self.false_pictures, low=0)
        require_device("train.device", self.device)
        require_present("train.device", self.device)

    @property
    def steps(self) -> int:
        """Steps of both networks together."""
        return self.points.steps + self.detector.schedule.steps

    def __call__(self, output: Path, log: Log) -> Mapping[str, float]:
        """Train, write ``cnn68.npz`` into `output` and return the scores on subjects not trained on.

        Parameters
        ----------
        output : Path
            Existing folder; also takes the checkpoints from which an interrupted training resumes.
        log : callable
            Called with named figures and the number of the step, now and then.
        """
        torch.set_num_threads(self.threads)
        cv2.setNumThreads(1)
        parts = read_keypoints(self.folder).split(self.held_out_stride)
        photographs, held_out = (read_faces(part) for part in parts)
        sources = Sources(photographs=photographs, rendered=self._rendered(output), mean=mean_shape(photographs.xy))
        networks = self._fitted(sources, output, log)
        shape = {"points": self._shape(self.points), "faces": self._shape(self.detector)}
        save(output / "cnn68.npz", Weights(**networks, mean=sources.mean, side=self.points.side), shape)
        return accuracy(Cnn68(**{**self.finder, "weights": str(output / "cnn68.npz")}), held_out)

    def _fitted(self, sources: Sources, output: Path, log: Log) -> dict[str, Any]:
        """Return the networks ``faces`` and ``points``, fitted one after the other."""
        common: dict[str, Any] = {"seed": self.seed, "device": self.device, "folder": output}
        faces = self.detector(sources, log=_prefixed("detector", log, 0), **common)
        negatives = hard_negatives(
            faces,
            sources.photographs,
            self.points.side,
            pictures=self.false_pictures,
            rng=np.random.default_rng(self.seed),
            device=self.device,
        )
        done = self.detector.schedule.steps
        return {"faces": faces, "points": self.points(sources, negatives, log=_prefixed("points", log, done), **common)}

    def _rendered(self, output: Path) -> Faces:
        """Return the generated faces, kept in `output` since they take minutes to draw."""
        file = output / "rendered.npz"
        if not file.is_file():
            faces = rendered_faces(self.synthetic)
            buffer = io.BytesIO()
            np.savez(buffer, images=np.stack(faces.images), xy=faces.xy, subject=faces.subject)
            write_atomically(file, buffer.getvalue())
        with np.load(file, allow_pickle=False) as kept:
            return Faces(images=list(kept["images"]), xy=kept["xy"], subject=kept["subject"])

    def _shape(self, part: PointTraining | FaceTraining) -> dict[str, Any]:
        names = ("widths", "blocks", "decoder", "window", "hidden")
        return {name: getattr(part, name) for name in names if hasattr(part, name)}


def _prefixed(name: str, log: Log, before: int) -> Log:
    return lambda figures, step: log({f"{name}_{key}": value for key, value in figures.items()}, before + step)
