"""The picture of a clip: colours and roses point where the motion goes, and every kind of input makes a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from mer.report.figures import clip
from mer.report.figures.flow_colour import colours, full_scale, hues
from mer.report.figures.region_shapes import centres, covered, draw_outlines, draw_roses
from mer.types import FlowField, Landmarks, Regions

QUARTERS = Regions(
    names=("a", "b", "c", "d"), labels=(np.arange(64).reshape(8, 8) // 32 * 2 + np.arange(8) // 4).astype(np.int16)
)
EIGHTHS = np.arange(8) * np.pi / 4


def test_hues_turn_as_in_the_benchmark() -> None:
    assert hues(np.array([0.0, np.pi / 2])) == pytest.approx(np.array([[1, 0, 0], [1, 55 / 60, 0]]))
    assert hues(np.array([np.pi])) == pytest.approx(np.array([[0, 1 - 2.5 / 11, 1]]))  # left is a light blue
    assert hues(np.array([-np.pi / 2])) == pytest.approx(hues(np.array([3 * np.pi / 2])))


def test_rest_is_white_and_strong_motion_full_colour() -> None:
    uv = np.array([[[0, 0], [1, 0], [2, 0], [4, 0]]], dtype=np.float32)
    expected = [[1, 1, 1], [1, 0.5, 0.5], [1, 0, 0], [1, 0, 0]]
    assert colours(uv, 2.0)[0] == pytest.approx(np.array(expected))


@pytest.mark.parametrize(("magnitude", "scale"), [(1.234, 1.3), (0.0601, 0.061), (2.0, 2.0), (0.0, 1.0), (123.4, 130)])
def test_the_scale_has_two_digits(magnitude: float, scale: float) -> None:
    assert full_scale(np.full((4, 4, 2), [magnitude, 0], dtype=np.float64)) == pytest.approx(scale)


def axes_of(size: int = 8) -> Any:
    axes = Figure().add_subplot()
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    return axes


def test_outlines_run_between_the_pixels() -> None:
    axes = axes_of()
    draw_outlines(axes, QUARTERS, colour="k", width=1)
    (drawn,) = (c for c in axes.collections if isinstance(c, LineCollection))
    segments = {tuple(map(tuple, segment)) for segment in np.asarray(drawn.get_segments())}
    assert len(segments) == 4 * 8 + 2 * 8  # the border, and the cross
    assert ((2.5, 3.5), (3.5, 3.5)) in segments
    assert ((3.5, -0.5), (3.5, 0.5)) in segments


def test_centres_and_areas() -> None:
    points, area = centres(QUARTERS)
    assert points.tolist() == [[1.5, 1.5], [5.5, 1.5], [1.5, 5.5], [5.5, 5.5]]
    assert area.tolist() == [16] * 4
    weights = np.zeros((1, 8, 8), dtype=np.float32)
    weights[0, 2, 5], weights[0, 4, 5] = 0.75, 0.25
    soft = Regions(names=("a",), weights=weights)
    assert centres(soft)[0].tolist() == [[5, 2.5]]
    assert covered(soft).sum() == 2
    assert covered(QUARTERS).all()


def test_petals_point_where_the_motion_goes() -> None:
    roses = np.zeros((4, 8))
    roses[0, 2], roses[3, 4] = 1.0, 0.5  # down in the first region, left in the last
    axes = axes_of()
    draw_roses(axes, QUARTERS, roses, EIGHTHS)
    (drawn,) = (c for c in axes.collections if isinstance(c, PolyCollection))
    petals = np.array([np.asarray(path.vertices)[:10] for path in drawn.get_paths()]).reshape(4, 8, 10, 2)
    down, left = petals[0, 2].max(axis=0) - (1.5, 1.5), petals[3, 4].min(axis=0) - (5.5, 5.5)
    assert down[1] == pytest.approx(2.0)  # the room: a quarter of the picture
    assert left[0] == pytest.approx(-1.0)  # half the share, half the length
    assert abs(petals[0, 2].mean(axis=0)[0] - 1.5) < 1e-9
    rest = np.delete(petals.reshape(32, 10, 2), [2, 28], axis=0)
    assert np.ptp(rest, axis=1).max() == 0
    assert axes.transData.transform((0, 2))[1] < axes.transData.transform((0, 1))[1]  # and y is drawn downwards


def face(size: int) -> Landmarks:
    turn = np.linspace(0, 2 * np.pi, 68)
    return Landmarks(xy=(size / 2 + size / 3 * np.stack([np.cos(turn), np.sin(turn)], axis=1)).astype(np.float32))


def soft(size: int) -> Regions:
    left = np.tile(np.linspace(1, 0, size, dtype=np.float32), (size, 1))
    return Regions(names=("left", "right", "all"), weights=np.stack([left, 1 - left, np.ones_like(left)]))


@pytest.mark.parametrize("regions", [QUARTERS, soft(8)], ids=["hard", "soft"])
@pytest.mark.parametrize("frames", [True, False], ids=["frames", "ready-made"])
@pytest.mark.parametrize("with_roses", [True, False], ids=["roses", "plain"])
def test_every_kind_of_clip_makes_a_picture(tmp_path: Path, regions: Regions, frames: bool, with_roses: bool) -> None:
    onset = np.full((8, 8), 100, dtype=np.uint8)
    flow = FlowField(uv=np.full((8, 8, 2), [0.5, 0], dtype=np.float32))
    clip.draw(
        tmp_path / "clip.png",
        title="s_1 $ · happiness",
        onset=onset if frames else None,
        apex=onset + np.uint8(3) if frames else None,
        landmarks=face(8) if frames else None,
        flow=flow,
        regions=regions,
        roses=np.ones((len(regions), 8)) if with_roses else None,
        angles=EIGHTHS if with_roses else None,
        unit="px" if frames else "units of the release",
    )
    picture = cv2.imread(str(tmp_path / "clip.png"))
    assert picture is not None
    columns, rows = 3 if frames or with_roses else 2, 2 if frames else 1
    assert picture.shape[1] > columns * 2.3 * 180
    assert picture.shape[0] > rows * 2.3 * 180
    red = np.all(picture == (0, 0, 255), axis=2)  # all moves to the right at full colour
    assert red.sum() > 0.7 * (2.3 * 180) ** 2


@pytest.mark.parametrize(
    ("value", "text"), [(1160, "1,160"), (23.456, "23.5"), (0.0123, "0.0123"), (0.0, "0"), (0.000012, "0.000012")]
)
def test_the_longest_petal_is_no_power_of_ten(value: float, text: str) -> None:
    assert clip._plain(value) == text


@pytest.mark.filterwarnings("error")
def test_a_clip_without_any_motion_is_white(tmp_path: Path) -> None:
    still = FlowField(uv=np.zeros((8, 8, 2), dtype=np.float32))
    none = np.zeros((4, 8))
    parts: dict[str, Any] = {"onset": None, "apex": None, "landmarks": None, "flow": still, "regions": QUARTERS}
    clip.draw(tmp_path / "clip.png", title="still", roses=none, angles=EIGHTHS, unit="px", **parts)
    picture = cv2.imread(str(tmp_path / "clip.png"))
    assert picture is not None
    assert (picture == 255).mean() > 0.9
