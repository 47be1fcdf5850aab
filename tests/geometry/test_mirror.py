from __future__ import annotations

import numpy as np
import pytest

import mer
from mer.geometry.ibug68 import MIRROR
from mer.geometry.mirror import mirrored_flow, mirrored_landmarks
from mer.types import FlowField, Landmarks


@pytest.fixture
def face() -> Landmarks:
    sample = mer.component("dataset", "synthetic", subjects=1, clips=1).load().samples[0]
    found = sample.clip.landmarks(sample.onset)
    assert found is not None
    return found


def test_every_point_has_one_partner_whose_partner_it_is() -> None:
    assert sorted(MIRROR) == list(range(68))
    assert [MIRROR[partner] for partner in MIRROR] == list(range(68))


def test_partners_lie_across_the_middle_of_the_face(face: Landmarks) -> None:
    middle = face.xy[27:31, 0].mean()
    span = np.ptp(face.xy[:, 0])
    for point, partner in enumerate(MIRROR):
        assert abs((face.xy[point, 0] + face.xy[partner, 0]) / 2 - middle) < 0.08 * span, (point, partner)
        assert abs(face.xy[point, 1] - face.xy[partner, 1]) < 0.08 * span, (point, partner)


def test_twice_is_as_before(face: Landmarks) -> None:
    twice = mirrored_landmarks(mirrored_landmarks(face, 256), 256)
    np.testing.assert_allclose(twice.xy, face.xy, atol=1e-4)
    field = FlowField(uv=np.random.default_rng(0).normal(size=(5, 7, 2)).astype(np.float32))
    np.testing.assert_array_equal(mirrored_flow(mirrored_flow(field)).uv, field.uv)


def test_motion_to_the_right_on_the_left_becomes_motion_to_the_left_on_the_right() -> None:
    uv = np.zeros((4, 6, 2), dtype=np.float32)
    uv[1, 0] = (2.0, 0.5)
    mirrored = mirrored_flow(FlowField(uv=uv)).uv
    np.testing.assert_array_equal(mirrored[1, 5], (-2.0, 0.5))
    assert np.count_nonzero(mirrored) == 2


@pytest.mark.parametrize("roi", ["mdmo36", "brow_mouth3"])
def test_a_mirrored_clip_gives_each_region_its_partners_histogram(face: Landmarks, roi: str) -> None:
    """Moving only the left brow must fill, mirrored, the right brow's columns with the mirrored directions."""
    uv = np.zeros((256, 256, 2), dtype=np.float32)
    x, y = face.xy[19]
    uv[int(y) - 12 : int(y) + 12, int(x) - 15 : int(x) + 15] = (1.0, -1.0)
    scheme, hoof = mer.component("roi", roi), mer.component("descriptor", "hoof", bins=8, vector_norm="none")
    mirrored_face = mirrored_landmarks(face, 256)
    here = scheme(face, (256, 256))
    there = scheme(mirrored_face, (256, 256))
    row = hoof(FlowField(uv=uv), here).reshape(len(here), -1)
    image = hoof(mirrored_flow(FlowField(uv=uv)), there).reshape(len(there), -1)
    names = list(here.names)
    swapped = [names.index(_other_side(name)) for name in names]
    turned = [(4 - b) % 8 for b in range(8)]
    assert row.max() > 0
    np.testing.assert_allclose(image[swapped][:, turned], row, rtol=0.01, atol=0.01 * row.max())


def _other_side(name: str) -> str:
    return name.replace("left", "#").replace("right", "left").replace("#", "right")
