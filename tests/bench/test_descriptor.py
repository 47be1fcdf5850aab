"""The benchmarks of regions and descriptors run, agree with the loops they compare with, and refuse bad input."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mer.bench import descriptor, regions
from mer.errors import ConfigError
from tests.roi.test_roi import template


def test_the_benchmark_prints_every_peer_and_streams_in_bounded_memory(capsys):
    descriptor.run(["size=64", "fields=3", "repeats=1"])
    printed = capsys.readouterr().out
    assert all(peer in printed for peer in ("hard bins", "loop over masks and bins", "loop over masks and pixels"))
    assert descriptor.measure(size=64, fields=20, repeats=1).peak_mib < 8


def test_every_scheme_is_drawn_on_a_given_face(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "face.png"), np.full((256, 256), 128, np.uint8))
    np.save(tmp_path / "points.npy", template()[None])
    regions.run([f"image={tmp_path / 'face.png'}", f"landmarks={tmp_path / 'points.npy'}", f"output={tmp_path}"])
    picture = cv2.imread(str(tmp_path / "regions.png"))
    assert picture is not None and picture.shape[0] > 1000


@pytest.mark.parametrize("words", [["size=big"], ["size=8"], ["sise=256"], ["repeats=0"]])
def test_bad_words_of_the_descriptor_benchmark_are_refused(words):
    with pytest.raises(ConfigError):
        descriptor.run(words)


def test_an_image_without_landmarks_is_refused():
    with pytest.raises(ConfigError, match="go together"):
        regions.run(["image=face.png"])
