"""Thresholds from the training subjects alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mer.config.composition import build, compose
from mer.dataset.synthetic.long import SyntheticLong
from mer.spotting.fit import Followed, fitted, leave_one_subject_out, spotted
from mer.spotting.motion import MotionCurve
from mer.spotting.peaks import Peaks
from mer.spotting.score import counts
from mer.types import Interval, Recording

HEIGHTS = (0.1, 0.5, 2.0)


def spotter() -> Peaks:
    found: Peaks = build(compose([], root="spot").spotter)
    return replace(found, strongest=1)


def video(subject: str, true: float, false: float) -> Followed:
    """Return a video with a true micro-expression of one height, and something of another height that is none."""
    place = np.zeros((300, 2, 2), dtype=np.float32)
    for onset, height in ((60, true), (200, false)):
        place[onset : onset + 13, 0, 0] = height * np.sin(np.pi * np.arange(13) / 12) ** 2
    dataset = build(compose(["dataset=synthetic_long", "dataset.look.subjects=1"]).dataset)
    assert isinstance(dataset, SyntheticLong)
    recording = Recording(
        id=f"{subject}_1",
        dataset="made",
        subject=subject,
        first=0,
        last=299,
        fps=30.0,
        events=(Interval(onset=62, offset=70, apex=66, kind="micro"),),
        clip=dataset.recordings().recordings[0].clip,
    )
    return recording, MotionCurve(displacement=place, regions=("chin", "nose"), fps=30.0)


def test_the_height_that_parts_true_from_false_is_chosen() -> None:
    videos = [video(name, 1.0, 0.3) for name in "ab"]
    found = fitted(spotter(), videos, HEIGHTS)
    assert found.micro_height == 0.5
    assert counts(spotted(found, videos))["micro"].f1 == 1.0
    assert counts(spotted(replace(found, micro_height=0.1), videos))["micro"].precision == 0.5


def test_a_subject_has_no_say_in_its_own_threshold() -> None:
    """The truth of ``c`` is weak: thresholds of the others miss it, and its own would not."""
    videos = [video("a", 1.0, 0.3), video("b", 1.0, 0.3), video("c", 0.3, 0.0)]
    found = {one.subject: one.found for one in leave_one_subject_out(spotter(), videos, HEIGHTS)}
    assert found["c"] == () and len(found["a"]) >= 1
    assert len(spotted(fitted(spotter(), videos[2:], HEIGHTS), videos[2:])[0].found) == 1


def test_found_intervals_count_frames_as_their_recording_does() -> None:
    recording, curve = video("a", 1.0, 0.3)
    event = replace(recording.events[0], onset=162, apex=166, offset=170)
    later = replace(recording, first=100, last=399, events=(event,))
    (plain,), (shifted,) = (spotted(replace(spotter(), micro_height=0.5), [(one, curve)]) for one in (recording, later))
    assert [i.onset - 100 for i in shifted.found] == [i.onset for i in plain.found]
    assert [(i.apex or 0) - 100 for i in shifted.found] == [i.apex for i in plain.found]
    assert counts([shifted])["micro"].hits == 1
