"""The files of a run of ``task=spot``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import mer
from mer.dataset.media import FrameFolder
from mer.spotting.motion import MotionCurve
from mer.spotting.run_files import draw_videos
from mer.spotting.score import SpottedVideo
from mer.types import Recording


def test_videos_of_one_name_in_two_folders_have_a_picture_each(tmp_path: Path) -> None:
    ids = ("a/b.mp4", "a_b.mp4", "A_B.mp4", "a_b.mp4_2")
    frames = dict.fromkeys(range(90), tmp_path)
    steps = np.random.default_rng(0).normal(size=(90, 2, 2))
    place = np.cumsum(steps, axis=0, dtype=np.float32)
    curve = MotionCurve(displacement=place, regions=("brow", "mouth"), fps=30)
    videos = [
        (
            Recording(
                id=name, dataset="d", subject="d/1", first=0, last=89, fps=30.0, events=(),
                clip=FrameFolder(folder=tmp_path, frames=frames),
            ),
            curve,
        )
        for name in ids
    ]  # fmt: skip
    found = [SpottedVideo(video=name, subject="d/1", true=(), found=()) for name in ids]
    draw_videos(tmp_path / "figures", mer.component("spotter", "peaks"), videos, found)
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert names == ["A_B.mp4_3.png", "a_b.mp4.png", "a_b.mp4_2.png", "a_b.mp4_2_2.png"]
