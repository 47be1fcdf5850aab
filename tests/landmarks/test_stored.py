"""Stored landmarks are handed on untouched, and their absence says what to do."""

from __future__ import annotations

import numpy as np
import pytest

import mer
from mer.errors import DataError
from mer.landmarks.stored import Stored
from mer.types import FramePair, Landmarks

IMAGE = np.zeros((4, 6), dtype=np.uint8)


def test_the_landmarks_of_the_onset_are_handed_on() -> None:
    onset, apex = (Landmarks(xy=np.full((68, 2), value, np.float32)) for value in (1, 2))
    pair = FramePair(onset=IMAGE, apex=IMAGE, onset_landmarks=onset, apex_landmarks=apex)
    assert Stored().of_pair(pair) is onset


def test_a_pair_without_landmarks_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"landmarks=stored, but no landmarks are stored .* column landmarks"):
        Stored().of_pair(FramePair(onset=IMAGE, apex=IMAGE))


def test_an_image_alone_has_no_stored_landmarks() -> None:
    with pytest.raises(DataError, match="landmarks=stored cannot find a face in an image"):
        Stored()(IMAGE)


def test_the_option_builds_it() -> None:
    assert mer.component("landmarks", "stored") == Stored()
