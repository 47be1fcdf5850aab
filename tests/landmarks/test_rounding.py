"""What two processors compute alike: grids at the borders of stages; crops and alignment that do not amplify."""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mer
from mer.geometry.similarity import on_grid
from mer.landmarks.base import STEP, ImageLandmarks
from mer.landmarks.cnn68 import Cnn68
from mer.landmarks.crop import cut
from mer.landmarks.detect import Square
from mer.types import FramePair, Image, Landmarks

CLIPS = {"subjects": 4, "clips": 2, "size": 128}


@pytest.fixture(scope="module")
def pairs() -> list[FramePair]:
    sampler = mer.component("frames", "onset_apex")
    return [sampler(sample) for sample in mer.component("dataset", "synthetic", **CLIPS).load().samples]


@pytest.fixture(scope="module")
def cnn68() -> Any:
    return mer.component("landmarks", "cnn68")


# Grids


def on_64ths(face: Landmarks) -> bool:
    return bool((face.xy * 64 == np.rint(face.xy * 64)).all())


def test_the_networks_points_lie_on_64ths_of_a_pixel(cnn68: Any, pairs: list[FramePair]) -> None:
    image = pairs[0].onset
    (face, *_) = cnn68.faces(image)
    followed = cnn68.follow(pairs[0].apex, face)
    (refined,) = cnn68.refined(image, [face.xy])
    assert followed is not None
    assert on_64ths(face) and on_64ths(followed) and on_64ths(refined)
    assert not on_64ths(Landmarks(xy=face.xy * np.float32(1.001)))


class Given(ImageLandmarks):
    """Finds what it is told."""

    def __init__(self, *found: Landmarks) -> None:
        self._found = list(found)

    def _faces(self, image: Image) -> list[Landmarks]:
        return self._found

    def _follow(self, image: Image, last: Landmarks) -> Landmarks | None:
        return self._found[-1] if self._found else None


def test_every_finders_points_are_rounded_by_less_than_half_a_step_and_its_scores_are_not() -> None:
    rng = np.random.default_rng(0)
    shapes = [Landmarks(xy=rng.uniform(0, 400, (68, 2)).astype(np.float32), score=0.123456) for _ in range(3)]
    image = np.zeros((9, 9), np.uint8)
    found = [*Given(*shapes).faces(image), Given(shapes[2]).follow(image, shapes[0])]
    for face, shape in zip(found, [*shapes, shapes[2]], strict=True):
        assert face is not None and on_64ths(face) and face.score == shape.score
        assert 0 < np.abs(face.xy - shape.xy).max() <= STEP / 2
    assert Given().follow(image, shapes[0]) is None


def test_stored_points_are_handed_on_as_they_are(pairs: list[FramePair]) -> None:
    stored = mer.component("landmarks", "stored").of_pair(pairs[0])
    assert not on_64ths(stored) and stored is pairs[0].onset_landmarks


def test_a_matrix_on_a_grid_is_near_and_stays_where_it_is() -> None:
    matrix = np.array([[1.23456, -0.5, 30.1], [0.5, 1.23456, -7.77]])
    found = on_grid(matrix, linear=1 / 1024, shift=1 / 16)
    np.testing.assert_array_equal(found[:, :2] * 1024, np.rint(matrix[:, :2] * 1024))
    np.testing.assert_array_equal(found[:, 2] * 16, np.rint(matrix[:, 2] * 16))
    np.testing.assert_array_equal(on_grid(found, linear=1 / 1024, shift=1 / 16), found)


@pytest.mark.parametrize("side", [17.3, 63.9, 64.1, 411.0])
def test_a_steady_square_lies_within_a_32nd_of_its_side(side: float) -> None:
    square = Square(x=100.37, y=51.91, side=side, roll=0.217, score=0.9)
    steady = square.steady()
    assert max(abs(steady.x - square.x), abs(steady.y - square.y), abs(steady.side - side)) <= side / 64
    assert abs(steady.roll - square.roll) <= 1 / 64 and steady.score == square.score
    nudged = Square(x=100.37 + 1e-4, y=51.91 - 1e-4, side=side * (1 + 1e-6), roll=0.217 + 1e-6, score=0.9)
    assert nudged.steady() == steady


# Crops


def exact(image: Any, matrix: Any, side: int, block: int) -> Any:
    """Return the crop by the definition: means over blocks, then bilinear, border repeated; in float64."""
    height, width = (-(-n // block) * block for n in image.shape)
    padded = np.pad(image.astype(float), [(0, height - image.shape[0]), (0, width - image.shape[1])], mode="edge")
    small = padded.reshape(height // block, block, width // block, block).mean(axis=(1, 3))
    y, x = np.mgrid[:side, :side].astype(float)
    places = [matrix[k, 0] * x + matrix[k, 1] * y + matrix[k, 2] for k in (0, 1)]
    x, y = (np.clip((p + 0.5) / block - 0.5, 0, n - 1) for p, n in zip(places, small.shape[::-1], strict=True))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, below = np.minimum(left + 1, small.shape[1] - 1), np.minimum(top + 1, small.shape[0] - 1)
    upper = small[top, left] * (1 - x + left) + small[top, right] * (x - left)
    lower = small[below, left] * (1 - x + left) + small[below, right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


@pytest.mark.parametrize(("scale", "block"), [(0.4, 1), (1.0, 1), (1.55, 1), (1.7, 2), (3.1, 2), (5.0, 4), (9.0, 8)])
@pytest.mark.parametrize("at", [(130.3, 90.7), (-40.2, -21.9), (600.1, 440.4), (-900.0, 800.0)])
def test_a_crop_in_float_is_exact(scale: float, block: int, at: tuple[float, float]) -> None:
    image = np.random.default_rng(3).integers(0, 256, (483, 645), dtype=np.uint8)
    a, b = scale * math.cos(0.2), scale * math.sin(0.2)
    matrix = np.array([[a, -b, at[0]], [b, a, at[1]]])
    got = cut(image, matrix, 64, np.float32)
    assert got.dtype == np.float32 and got.shape == (64, 64)
    np.testing.assert_allclose(got, exact(image, matrix, 64, block), atol=1e-4)


def test_a_crop_in_whole_levels_is_that_in_float_but_for_rounding() -> None:
    image = np.random.default_rng(4).integers(0, 256, (200, 240), dtype=np.uint8)
    for scale in (0.7, 1.3, 2.4):
        matrix = np.array([[scale, 0.1, 11.3], [-0.1, scale, 17.9]])
        whole = cut(image, matrix, 64)
        assert whole.dtype == np.uint8
        assert np.abs(whole - cut(image, matrix, 64, np.float32)).max() < 1.2  # rounded twice where it was halved


def test_a_frame_of_one_pixel_gives_a_crop() -> None:
    assert (cut(np.full((1, 1), 7, np.uint8), np.array([[1.0, 0, 0], [0, 1, 0]]), 16, np.float32) == 7).all()


# Noise in the last digits


def test_noise_of_a_hundred_thousandth_of_a_pixel_changes_no_aligned_image(
    cnn68: Any, pairs: list[FramePair], monkeypatch: pytest.MonkeyPatch
) -> None:
    align = mer.component("align", "similarity")
    clean, run = [align(pair, cnn68.of_pair(pair)) for pair in pairs], Cnn68._run
    rng = np.random.default_rng(5)

    def noisy(self: Cnn68, crops: Any) -> Any:
        xy, scores = run(self, crops)
        return xy + rng.normal(0, 1e-5, xy.shape), scores

    monkeypatch.setattr(Cnn68, "_run", noisy)
    alike = [
        np.array_equal(align(pair, cnn68.of_pair(pair)).onset, wanted.onset)
        for pair, wanted in zip(pairs, clean, strict=True)
        for _ in range(15)
    ]
    assert np.mean(alike) >= 0.99


def test_an_exact_half_does_not_hang_on_the_last_digit_of_the_matrix() -> None:
    checks = np.indices((200, 200)).sum(axis=0) % 2
    image = (100 + checks).astype(np.uint8)  # every second sample between two pixels is an exact half
    align = mer.component("align", "crop", size=128, margin=0.0)
    xy = np.random.default_rng(6).uniform(40, 160, (68, 2)).astype(np.float32)
    xy[:2] = [[36, 36], [164, 164]]  # scale 1
    plain = align(FramePair(onset=image, apex=image), Landmarks(xy=xy))
    assert (plain.matrix * 2.0**26 == np.rint(plain.matrix * 2.0**26)).all()
    xy[0] = np.nextafter(xy[0], np.float32(0))  # by 4e-6 px
    again = align(FramePair(onset=image, apex=image), Landmarks(xy=xy))
    assert (plain.onset == again.onset).mean() > 0.999


# Two processors in one


CHILD = f"""
import sys, numpy as np, mer
find, align = mer.component("landmarks", "cnn68"), mer.component("align", "similarity")
flow = mer.component("flow", "microflow")
sampler, dataset = mer.component("frames", "onset_apex"), mer.component("dataset", "synthetic", **{CLIPS})
pairs = [sampler(sample) for sample in dataset.load().samples]
faces = [find.of_pair(pair) for pair in pairs]
aligned = [align(pair, face) for pair, face in zip(pairs, faces)]
np.savez(sys.argv[1], points=[face.xy for face in faces], images=[(a.onset, a.apex) for a in aligned],
         flow=[flow(a.onset, a.apex).uv for a in aligned[:2]])
"""
PLAIN = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"}


@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="only x86 lets a process hide instructions from torch"
)
def test_old_and_new_instructions_give_the_same_points_and_aligned_images(tmp_path: Path) -> None:
    found = []
    for name, more in (("new", {}), ("old", PLAIN)):
        environment = {k: v for k, v in os.environ.items() if k not in PLAIN} | more
        file = tmp_path / f"{name}.npz"
        subprocess.run([sys.executable, "-c", CHILD, str(file)], env=environment, check=True, timeout=600)
        with np.load(file) as arrays:
            found.append({key: arrays[key] for key in arrays.files})
    new, old = found
    assert np.abs(new["points"] - old["points"]).max() <= STEP
    assert (new["points"] == old["points"]).mean() > 0.995
    alike = [np.array_equal(a, b) for a, b in zip(new["images"], old["images"], strict=True)]
    assert sum(alike) >= len(alike) - 1, alike  # one point on the border of its step may move one clip
    same = np.array(alike[:2])
    assert np.abs(new["flow"] - old["flow"])[same].max(initial=0) < 1e-3
