"""Stage 1 for spotting: seeded long videos with expressions of both kinds and all that disturbs, with exact truth."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar

import numpy as np

from mer.dataset.long_videos import LongVideos
from mer.dataset.synthetic.camera import expose
from mer.dataset.synthetic.canvas import Canvas
from mer.dataset.synthetic.clip import pose_of, sample_face, sway_of
from mer.dataset.synthetic.face import coefficients
from mer.dataset.synthetic.identity import Identity, draw_identity
from mer.dataset.synthetic.long_scene import Scene, draw_scene
from mer.dataset.synthetic.long_settings import LongSettings
from mer.dataset.synthetic.motion import Motion
from mer.dataset.synthetic.noise import FRAME, LONG, stream
from mer.errors import DataError
from mer.types import Image, Interval, Landmarks, Recording, Recordings

__all__ = ["LongClip", "SyntheticLong"]

_OF_ALL = ("look", "videos")  # not of one video


@dataclass(frozen=True, kw_only=True)
class SyntheticLong(LongVideos, LongSettings):
    """The data set ``synthetic_long``; ``conf/dataset/synthetic_long.yaml`` explains each field and its unit.

    Notes
    -----
    Faces, action units, noise and compression are those of ``dataset=synthetic``, set under ``look``. Every disturbance
    has random numbers of its own: one that is switched off leaves all else as it is, to the last bit of the motion. Not
    modelled: moving eyeballs, turning of the head in depth, occlusion.
    """

    name: ClassVar[str] = "synthetic_long"
    clips: ClassVar[str] = "synthetic"

    def recordings(self) -> Recordings:
        """Lay out all videos; renders nothing."""
        some = [self._recording(s, v) for s in range(1, self.look.subjects + 1) for v in range(1, self.videos + 1)]
        return Recordings(recordings=tuple(some), notes={"seed": self.look.seed})

    def _recording(self, subject: int, video: int) -> Recording:
        clip = LongClip(self, subject, video)
        return Recording(
            id=f"sub{subject:02d}_{video:02d}",
            dataset=self.name,
            subject=f"{self.name}/sub{subject:02d}",
            first=0,
            last=self.frames - 1,
            fps=self.look.fps,
            events=tuple(
                Interval(onset=e.onset, apex=e.apex, offset=e.offset, kind=e.kind, label=e.label)
                for e in clip.scene.expressions
            ),
            clip=clip,
        )


@dataclass(frozen=True, eq=False)
class LongClip:
    """A long video of the generator; implements `mer.types.Clip` and knows its truth."""

    settings: SyntheticLong
    subject: int
    video: int

    @cached_property
    def identity(self) -> Identity:
        """The face."""
        return draw_identity(self.settings.look.seed, self.subject)

    @cached_property
    def scene(self) -> Scene:
        """What happens."""
        return draw_scene(self.settings, self.subject, self.video, self.identity.points)

    def read(self, index: int) -> Image:
        """Render a frame, grey (H, W) or BGR (H, W, 3)."""
        look = self.settings.look
        side = np.arange(look.size, dtype=np.float64)
        x, y = np.meshgrid(side, side)
        at = self._motion(index).inverse(x, y)
        planes = sample_face(
            coefficients(look.seed, self.subject, look.size, look.colour), Canvas.of_size(look.size), at
        )
        rng = stream(look.seed, FRAME, LONG, self.subject, self.video, index)
        return expose(look, planes * self.scene.brightness(index), rng)

    def landmarks(self, index: int) -> Landmarks:
        """Return the exact 68 points of a frame."""
        x, y = self.identity.points.T[:, None]
        return Landmarks(xy=np.stack(self._motion(index).forward(x, y), axis=-1)[0].astype(np.float32))

    def flow(self) -> None:
        """Return None: the flow is to be computed from the frames."""

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of all that these frames depend on."""
        own = {
            f.name: getattr(self.settings, f.name) for f in fields(self.settings) if f.name not in ("look", "videos")
        }
        facts = (sorted(self.settings.look.of_clip().items()), sorted(own.items()), self.subject, self.video, *indices)
        return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()

    def _motion(self, index: int) -> Motion:
        if not 0 <= index < self.settings.frames:
            raise DataError(
                f"synthetic_long sub{self.subject:02d} video {self.video:02d}: frame {index} does not exist; "
                f"the frames are 0 to {self.settings.frames - 1}"
            )
        size = self.settings.look.size
        return Motion(pose_of(np.zeros(4), size), sway_of(self.scene.head(index), size), self.scene.skin(index))
