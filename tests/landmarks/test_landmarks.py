"""Network 1, from the shape of 68 points to a face in a frame: geometry, weights, what it finds and refuses."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import mer
from mer.errors import ConfigError, DataError, FaceNotFoundError
from mer.geometry.ibug68 import MIRROR, eye_distance
from mer.geometry.similarity import fit_similarity, inverse, transformed
from mer.landmarks.clip import ClipLandmarks, OneEuro
from mer.landmarks.cnn68 import BUNDLED
from mer.landmarks.crop import cut
from mer.landmarks.detect import Square, candidates
from mer.landmarks.mediapipe import _fetch
from mer.landmarks.weights import load, save
from mer.training.images import faceless_picture
from mer.training.keypoints import read_keypoints
from mer.training.landmarks.accuracy import accuracy
from mer.training.landmarks.augment import Augmentation
from mer.training.landmarks.faces import Faces, read_faces, rendered_faces
from mer.training.landmarks.mean_shape import EXTENT, mean_shape, normalised
from mer.training.landmarks.scenes import Scenes
from mer.training.landmarks.train_faces import targets
from mer.types import FramePair, Landmarks

STILL = Augmentation(
    wide=0.5,
    wide_jitter=[0.03, 0.05, 8],
    near_jitter=[0.01, 0.02, 2],
    mirror=0.5,
    bend=1.0,
    bend_strength=0.05,
    hide=0,
    blur=0,
    squeeze=0,
    gamma=0,
    gain=0,
    bias=0,
    noise=0,
    blur_sigma=1,
    jpeg=[90, 90],
)


@pytest.fixture(scope="module")
def drawn() -> Faces:
    """Onset and apex of three generated people that no network was trained on."""
    return rendered_faces(mer.component("dataset", "synthetic", subjects=3, clips=1, seed=0))


@pytest.fixture(scope="module")
def cnn68() -> Any:
    return mer.component("landmarks", "cnn68")


def on_canvas(face: Any, at: tuple[int, int], height: int, size: tuple[int, int] = (360, 640)) -> Any:
    """Lay a picture, brought to a height, into a grey frame (H, W) with its top-left corner at (x, y)."""
    frame = np.full(size, 120, np.uint8)
    small = cv2.resize(face, (height, height), interpolation=cv2.INTER_AREA)
    x, y = at
    part = frame[max(y, 0) : y + height, max(x, 0) : x + height]
    part[:] = small[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]]
    return frame


# Shapes and crops


def test_the_mirror_image_of_a_mirror_image_is_the_shape_itself() -> None:
    assert (MIRROR[MIRROR] == np.arange(68)).all()
    assert [MIRROR[i] for i in (0, 8, 17, 30, 36, 48, 60)] == [16, 8, 26, 30, 45, 54, 64]


def test_the_mean_of_moved_copies_of_a_symmetric_shape_is_that_shape() -> None:
    rng = np.random.default_rng(0)
    half = rng.uniform(0, 1, (68, 2))
    shape = normalised((half + half[MIRROR] * (-1, 1)) / 2)
    copies = []
    for angle, zoom in ((0.2, 3.0), (-0.1, 0.5), (0.0, 10.0)):
        turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        copies.append(shape @ turn.T + rng.uniform(-50, 50, 2))
    mean = mean_shape(np.stack(copies))
    np.testing.assert_allclose(mean, shape, atol=0.01)
    np.testing.assert_allclose(mean[MIRROR] * (-1, 1) + (1, 0), mean, atol=1e-9)
    assert np.ptp(mean, axis=0).max() == pytest.approx(EXTENT)


def test_a_similarity_and_its_inverse_undo_each_other() -> None:
    rng = np.random.default_rng(1)
    source = rng.uniform(0, 100, (68, 2))
    matrix = np.array([[0.3, -1.2, 5.0], [1.2, 0.3, -7.0]])
    fitted = fit_similarity(source, transformed(matrix, source))
    np.testing.assert_allclose(fitted, matrix, atol=1e-9)
    np.testing.assert_allclose(transformed(inverse(matrix), transformed(matrix, source)), source, atol=1e-9)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5, 2.5, 5.0, 9.0])
def test_a_crop_shows_a_ramp_where_the_matrix_says(scale: float) -> None:
    rows, columns = np.mgrid[:480, :640]
    ramp = ((rows + columns) / 5).astype(np.uint8)
    matrix = np.array([[scale, 0, 60.25], [0, scale, 31.75]])
    side = min(int(400 / scale), 112)
    y, x = np.mgrid[:side, :side]
    wanted = (scale * (x + y) + 60.25 + 31.75) / 5
    got = cut(ramp, matrix, side).astype(float)
    assert np.abs(got - wanted).mean() < 0.6
    assert abs((got - wanted).mean() + 0.4) < 0.2  # the ramp itself was rounded down, by 0.4 in the mean


def test_a_crop_beside_the_frame_repeats_its_border() -> None:
    frame = np.full((40, 40), 77, np.uint8)
    assert (cut(frame, np.array([[3.0, 0, -300], [0, 3.0, 500]]), 112) == 77).all()


# Training crops and scenes


def test_points_follow_their_face_through_every_augmentation() -> None:
    rng = np.random.default_rng(2)
    mean = normalised(_oval())
    xy = mean * 100 + 40
    for _ in range(20):
        for point in (8, 30, 36):
            image = np.zeros((180, 180), np.float32)
            rows, columns = np.mgrid[:180, :180]
            image += 250 * np.exp(-((columns - xy[point, 0]) ** 2 + (rows - xy[point, 1]) ** 2) / 18)
            state = rng.bit_generator.state
            crop, points = STILL.face(rng, image.astype(np.uint8), xy, mean, 112)
            mass = crop.astype(float) ** 2
            centre = np.array([(mass * grid).sum() for grid in np.mgrid[:112, :112][::-1]]) / mass.sum()
            nearest = np.linalg.norm(points - centre, axis=1)
            assert min(nearest[point], nearest[MIRROR[point]]) < 0.5
            rng.bit_generator.state = state
            again, _ = STILL.face(rng, image.astype(np.uint8), xy, mean, 112)
            assert (crop == again).all()


def _oval() -> Any:
    """Return 68 points in mirror pairs, all different."""
    rng = np.random.default_rng(3)
    shape = rng.uniform(0, 1, (68, 2))
    shape = (shape + shape[MIRROR] * (-1, 1) + (1, 0)) / 2
    return shape * (1, 1.1)


def test_a_scene_holds_its_faces_where_it_says(drawn: Faces) -> None:
    mean = mean_shape(drawn.xy)
    scenes = Scenes(side=160, faces=[0, 0.5, 0.5], size=[40, 90], roll=20, decoys=0)
    rng = np.random.default_rng(4)
    finder = mer.component("landmarks", "cnn68", threshold=0.3)
    hits = total = 0
    for _ in range(12):
        scene, placed = scenes.draw(rng, (drawn, drawn), (1, 0), mean, STILL)
        assert scene.shape == (160, 160) and scene.dtype == np.uint8 and placed.shape[1] == 4
        found = finder.faces(scene)
        for x, y, size, _ in placed:
            total += 1
            hits += any(np.linalg.norm(face.xy.mean(axis=0) - (x, y)) < 0.2 * size for face in found)
    assert total >= 12 and hits / total > 0.6


def test_the_detectors_targets_say_cell_place_size_and_roll() -> None:
    out = targets(np.array([[43.5, 27.5, 64.0, 0.3]]), 96)
    assert out.shape == (7, 12, 12)
    assert out[0, 3, 5] == 1 and (out[0] == 1).sum() == 1
    np.testing.assert_allclose(out[2:, 3, 5], [0, 0, np.log(8), np.sin(0.3), np.cos(0.3)], atol=1e-6)
    assert targets(np.zeros((0, 4)), 96).sum() == 0


def test_procedural_pictures_fill_their_frame() -> None:
    rng = np.random.default_rng(5)
    assert all(faceless_picture(rng, 30, 50).shape == (30, 50) for _ in range(20))


# The detector's grid


class _Grid:
    """Stands for the detector: the same grid for every image."""

    def __init__(self, cell: tuple[int, int], numbers: list[float]) -> None:
        self._cell, self._numbers = cell, numbers

    def __call__(self, images: Any) -> Any:
        import torch

        grid = torch.zeros(1, 6, images.shape[2] // 8, images.shape[3] // 8)
        grid[:, 0] = -9
        grid[0, :, self._cell[0], self._cell[1]] = torch.tensor(self._numbers)
        return grid


def test_a_square_is_read_off_the_grid_in_pixels_of_the_frame() -> None:
    network: Any = _Grid((3, 7), [2.0, 0.25, -0.5, float(np.log(5)), 0.0, 1.0])
    frame = np.zeros((360, 640), np.uint8)
    (square,) = candidates(network, frame, 320, 0.2, "cpu")
    assert square.score == pytest.approx(1 / (1 + np.exp(-2.0)))
    # Cell 7 spans 56 to 63 of the frame at half its size; its centre lies at 59.5, that is 119.5 of the frame.
    assert (square.x, square.y) == (
        pytest.approx((59.5 + 2 + 0.5) * 2 - 0.5),
        pytest.approx((27.5 - 4 + 0.5) * 2 - 0.5),
    )
    assert square.side == pytest.approx(80) and square.roll == 0
    assert candidates(network, frame, 320, 0.95, "cpu") == []


def test_the_crop_of_a_square_has_its_middle_size_and_roll() -> None:
    matrix = Square(x=50, y=20, side=224, roll=np.pi / 2, score=1).matrix(112)
    np.testing.assert_allclose(transformed(matrix, np.array([55.5, 55.5])), [50, 20])
    np.testing.assert_allclose(matrix[:, :2], [[0, -2], [2, 0]], atol=1e-12)


# Weights


def test_a_window_shows_what_lies_about_its_point() -> None:
    import torch

    from mer.landmarks.network import sampled

    maps = torch.arange(56 * 56.0).view(1, 1, 56, 56)
    places = torch.tensor([[[[3.0, 2.0], [3.5, 2.0], [3.0, 2.25], [-4.0, 0.0]]]])
    np.testing.assert_allclose(sampled(maps, places)[0, 0, :, 0], [115, 115.5, 129, 0], rtol=1e-5)


def test_weights_survive_the_disk_and_folding_changes_nothing(tmp_path: Path) -> None:
    import torch

    from mer.landmarks.network import FaceNetwork, PointNetwork
    from mer.landmarks.weights import Weights

    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "points": {"widths": [4, 8, 8, 8], "blocks": [1, 0, 1], "decoder": 8, "window": 3, "hidden": 2},
        "faces": {"widths": [4, 4, 8, 8, 8], "decoder": 8},
    }
    points, faces = PointNetwork(**shape["points"]), FaceNetwork(**shape["faces"])
    torch.nn.init.normal_(points.windows.second.weight, std=0.1)  # zero at first
    images = torch.rand(2, 1, 64, 64) * 255
    with torch.no_grad():
        for network in (points, faces):
            network.train()
            network(images)  # moves the running means away from where they start
            network.eval()
        wanted = points(images)[0], faces(images)
    mean = np.linspace(0, 1, 136).reshape(68, 2)
    save(tmp_path / "w.npz", Weights(faces=faces, points=points, mean=mean, side=64), shape)
    back = load(tmp_path / "w.npz", "cpu")
    with torch.no_grad():
        torch.testing.assert_close(back.points.locate(images)[0], wanted[0], atol=0.05, rtol=0)
        torch.testing.assert_close(back.faces(images), wanted[1], atol=0.02, rtol=0.02)
    assert back.side == 64
    np.testing.assert_array_equal(back.mean, mean)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", None])
def test_a_file_that_holds_no_weights_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "w.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"w\.npz: not the weights of cnn68 .*mer train landmarks"):
        load(file, "cpu")


def test_the_bundled_weights_are_small_and_come_with_their_card() -> None:
    assert BUNDLED.stat().st_size < 4e6
    assert "mer train landmarks" in BUNDLED.with_suffix(".md").read_text(encoding="utf-8")


# What it finds


def test_it_finds_generated_faces_it_was_not_trained_on(cnn68: Any, drawn: Faces) -> None:
    got = accuracy(cnn68, drawn)
    assert got["not_found"] == 0 and got["nme_mean"] < 0.03


@pytest.mark.data
def test_it_finds_people_it_was_not_trained_on(cnn68: Any, data_root: Path) -> None:
    held_out = read_keypoints(str(data_root / "faces68")).split(6)[1]
    some = held_out.chosen(np.arange(len(held_out)) % 12 == 0)
    got = accuracy(cnn68, read_faces(some))
    assert got["not_found"] == 0 and got["nme_median"] < 0.045 and got["failures"] < 0.05


def turned(image: Any, degrees: float, points: Any) -> tuple[Any, Any]:
    """Return a picture turned clockwise on a grey ground of its own size and a half, and its points."""
    height, width = image.shape
    side = round(1.5 * max(height, width))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    matrix[:, 2] += ((side - width) / 2, (side - height) / 2)
    frame = cv2.warpAffine(image, matrix, (side, side), borderValue=float(np.median(image)))
    return frame, transformed(matrix, points)


@pytest.mark.data
def test_faces_far_from_upright_are_refused_and_no_false_ones_are_seen_in_them(cnn68: Any, data_root: Path) -> None:
    held_out = read_faces(read_keypoints(str(data_root / "faces68")).split(6)[1].at_most(1))
    pairs = list(zip(held_out.images, held_out.xy, strict=True))[:12]
    for degrees in (-30, 0, 30):
        errors = [np.linalg.norm(cnn68(f).xy - xy, axis=1).mean() / eye_distance(xy) for f, xy in _all(pairs, degrees)]
        assert np.median(errors) < 0.05
    said = []
    for degrees in (-165, -135, -90, 90, 135, 180):
        for frame, _ in _all(pairs, degrees):
            with pytest.raises(FaceNotFoundError) as refused:
                cnn68(frame)
            said += [(degrees, int(text))] if (text := _degrees_of(refused.value)) else []
    assert len(said) > 60
    assert np.median([abs((told - true + 180) % 360 - 180) for true, told in said]) < 10


def _all(pairs: Any, degrees: float) -> Any:
    return (turned(image, degrees, xy) for image, xy in pairs)


def _degrees_of(error: FaceNotFoundError) -> str | None:
    found = re.search(r"turned by about (-?\d+)° and too far from upright .*; turn the frames, or give", str(error))
    return found and found.group(1)


def test_a_generated_face_upside_down_is_refused_with_its_roll(cnn68: Any, drawn: Faces) -> None:
    frame, _ = turned(drawn.images[0], 170, drawn.xy[0])
    with pytest.raises(FaceNotFoundError, match=r"turned by about (1[67]\d|-1[78]\d)° and too far from upright"):
        cnn68(frame)


def test_the_same_frame_gives_the_same_points_alone_and_in_a_pair(cnn68: Any, drawn: Faces) -> None:
    image = drawn.images[0]
    first, again = cnn68(image), cnn68(image.copy())
    np.testing.assert_array_equal(first.xy, again.xy)
    np.testing.assert_array_equal(cnn68.of_pair(FramePair(onset=image, apex=drawn.images[1])).xy, first.xy)
    colour = np.repeat(image[..., None], 3, axis=2)
    np.testing.assert_allclose(cnn68(colour).xy, first.xy, atol=0.5)


@pytest.mark.parametrize("height", [48, 90, 200, 340])
def test_it_finds_small_and_large_faces_in_a_frame(cnn68: Any, drawn: Faces, height: int) -> None:
    frame = on_canvas(drawn.images[0], (10, 5), height)
    scale = height / 256
    wanted = (drawn.xy[0] + 0.5) * scale - 0.5 + (10, 5)
    off = np.linalg.norm(cnn68(frame).xy - wanted, axis=1).mean() / eye_distance(wanted)
    assert off < 0.06


def test_a_shifted_frame_gives_shifted_points(cnn68: Any, drawn: Faces) -> None:
    frame = on_canvas(drawn.images[0], (100, 40), 256)
    moved = on_canvas(drawn.images[0], (107, 44), 256)
    off = cnn68(moved).xy - cnn68(frame).xy - (7, 4)
    assert np.median(np.abs(off)) < 0.3


def test_of_several_faces_the_largest_or_the_likeliest_comes_first(cnn68: Any, drawn: Faces) -> None:
    frame = on_canvas(drawn.images[0], (20, 60), 120)
    frame[40:290, 330:580] = cv2.resize(drawn.images[2], (250, 250), interpolation=cv2.INTER_AREA)
    found = cnn68.faces(frame)
    assert len(found) == 2
    assert found[0].xy[:, 0].mean() > 320 > found[1].xy[:, 0].mean()
    scores = [face.score for face in replace(cnn68, choose="likeliest").faces(frame)]
    assert scores == sorted(scores, reverse=True)


def test_a_face_cut_by_the_border_scores_lower(cnn68: Any, drawn: Faces) -> None:
    cut_off = replace(cnn68, threshold=0.05).faces(on_canvas(drawn.images[0], (-75, 40), 256))
    whole = cnn68(on_canvas(drawn.images[0], (40, 40), 256))
    assert not cut_off or cut_off[0].score < whole.score - 0.05


@pytest.mark.parametrize(
    "frame",
    [
        np.full((120, 160), 128, np.uint8),
        np.random.default_rng(0).integers(0, 256, (120, 160), dtype=np.uint8),
        np.zeros((1, 1), np.uint8),
        np.tile(np.arange(0, 240, 4, dtype=np.uint8), (90, 4)),
    ],
    ids=["grey", "noise", "one pixel", "stripes"],
)
def test_no_face_is_said_in_a_sentence(cnn68: Any, frame: Any) -> None:
    with pytest.raises(FaceNotFoundError, match=r"no face was found in a frame of \d+×\d+ pixels; look at the frame"):
        cnn68(frame)


def test_it_follows_a_face_and_says_when_it_is_lost(cnn68: Any, drawn: Faces) -> None:
    frame, moved = (on_canvas(drawn.images[0], (x, 40), 256) for x in (100, 108))
    last = cnn68(frame)
    np.testing.assert_allclose(cnn68.follow(moved, last).xy, last.xy + np.array([8, 0]), atol=1.5)
    assert cnn68.follow(np.full((360, 640), 90, np.uint8), last) is None


def test_a_face_that_is_followed_is_looked_at_once_and_one_that_is_known_in_every_view(
    cnn68: Any, drawn: Faces
) -> None:
    frame = on_canvas(drawn.images[0], (100, 40), 256)
    last = cnn68(frame)
    once, every = (cnn68.refined(frame, [last.xy], views=views)[0].xy for views in ((1.0,), cnn68.views))
    np.testing.assert_array_equal(cnn68.follow(frame, last).xy, once)
    np.testing.assert_array_equal(cnn68.refined(frame, [last.xy])[0].xy, every)
    assert not np.array_equal(once, every)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("searches", [], "landmarks.searches is empty"),
        ("searches", [8], "landmarks.searches=8: must be a whole number of at least 32"),
        ("threshold", 1.5, "landmarks.threshold=1.5: must be a number"),
        ("choose", "first", "landmarks.choose=first: no such choice"),
        ("passes", 0, "landmarks.passes=0"),
    ],
)
def test_a_wrong_setting_is_refused_at_once(field: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mer.component("landmarks", "cnn68", **{field: value})


def test_a_device_that_is_not_there_is_named(drawn: Faces) -> None:
    with pytest.raises(ConfigError, match=r"landmarks.device=cuda:99: torch finds no such device; choose cpu"):
        mer.component("landmarks", "cnn68", device="cuda:99")(drawn.images[0])


# Backends of other people


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("yunet", r"landmarks=yunet needs landmarks.model=FILE, YuNet's ONNX file, from https://"),
        ("mediapipe", r"landmarks=mediapipe needs landmarks.model=FILE, face_landmarker.task, see https://"),
    ],
)
def test_what_a_backend_needs_is_said(option: str, message: str, drawn: Faces) -> None:
    with pytest.raises(ConfigError, match=message):
        mer.component("landmarks", option)(drawn.images[0])


def test_a_model_file_that_is_none_is_named(tmp_path: Path, drawn: Faces) -> None:
    with pytest.raises(DataError, match=r"yunet\.onnx: no such file"):
        mer.component("landmarks", "yunet", model=str(tmp_path / "yunet.onnx"))(drawn.images[0])
    (tmp_path / "yunet.onnx").write_bytes(b"not a network")
    with pytest.raises(DataError, match=r"yunet\.onnx: OpenCV cannot read it as YuNet"):
        mer.component("landmarks", "yunet", model=str(tmp_path / "yunet.onnx"))(drawn.images[0])


def test_five_points_of_yunet_lead_to_the_face(drawn: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    finder = mer.component("landmarks", "yunet")
    xy = drawn.xy[0]
    five = [xy[36:42].mean(axis=0), xy[42:48].mean(axis=0), xy[30], xy[48], xy[54]]
    row = np.concatenate([[0, 0, 256, 256], np.ravel(five), [0.99]]).astype(np.float32)
    monkeypatch.setattr(type(finder), "_detect", lambda self, image: row[None])
    (face,) = finder.faces(drawn.images[0])
    assert np.linalg.norm(face.xy - xy, axis=1).mean() / eye_distance(xy) < 0.04


# Over time


class _Finder:
    """Finds a face that moves by (1, 0) a frame and trembles; loses it in frames that are black."""

    def __init__(self) -> None:
        self.searched = 0

    def _at(self, image: Any) -> Landmarks | None:
        if not image.any():
            return None
        base = _oval() * 100
        return Landmarks(xy=(base + np.array([float(image[0, 0]), 0])).astype(np.float32))

    def faces(self, image: Any) -> list[Landmarks]:
        self.searched += 1
        found = self._at(image)
        return [] if found is None else [Landmarks(xy=found.xy + 500), found]

    def follow(self, image: Any, last: Landmarks) -> Landmarks | None:
        return self._at(image)

    def __call__(self, image: Any) -> Landmarks:
        found = self._at(image)
        if found is None:
            raise FaceNotFoundError("no face was found")
        self.searched += 1
        return found


FRAMES = [np.full((4, 4), value, np.uint8) for value in (10, 11, 12, 13)]


@pytest.mark.parametrize(("mode", "searches", "way"), [("follow", 1, 3), ("each", 4, 3), ("carried", 1, 0)])
def test_a_clip_is_searched_followed_or_carried(mode: Any, searches: int, way: float) -> None:
    finder: Any = _Finder()
    found = ClipLandmarks(finder=finder, mode=mode, smooth=None)(FRAMES, 90)
    assert len(found) == 4 and finder.searched == searches
    np.testing.assert_allclose(found[3].xy - found[0].xy, np.tile([way, 0], (68, 1)), atol=1e-4)


def test_a_lost_face_is_named_by_its_frame() -> None:
    clip = ClipLandmarks(finder=_Finder(), mode="follow", smooth=None)  # type: ignore[arg-type]
    with pytest.raises(FaceNotFoundError, match=r"frame 2: no face was found"):
        clip([FRAMES[0], FRAMES[1], np.zeros((4, 4), np.uint8)], 90)


def test_the_filter_calms_a_still_face_and_keeps_up_with_a_moving_one() -> None:
    smooth = OneEuro(cutoff=3, slope=20, speed_cutoff=1)
    rng = np.random.default_rng(6)
    still = np.tile(_oval() * 100, (200, 1, 1)) + rng.normal(0, 0.2, (200, 68, 2))
    calm = smooth(still.astype(np.float32), 90)
    assert calm[50:].std(axis=0).mean() < 0.5 * still[50:].std(axis=0).mean()
    moving = np.tile(_oval() * 100, (200, 1, 1)) + np.arange(200)[:, None, None] * 2.0
    lag = moving[-1] - smooth(moving.astype(np.float32), 90)[-1]
    assert np.abs(lag).max() < 2.0
    constant = np.tile(_oval().astype(np.float32), (5, 1, 1))
    np.testing.assert_array_equal(smooth(constant, 90), constant)


def test_the_filter_knows_how_long_the_face_was_away() -> None:
    half = OneEuro(cutoff=60 / (2 * np.pi), slope=0, speed_cutoff=1)  # takes half of a new value after 1/60 s
    points = (_oval() * 100).astype(np.float32)
    seen = {number: Landmarks(xy=points + move, score=1.0) for number, move in {0: 0, 1: 8, 4: 20}.items()}
    clip = ClipLandmarks(finder=_Finder(), mode="follow", smooth=half)  # type: ignore[arg-type]
    found = clip.smoothed(seen, 60)
    assert list(found) == [0, 1, 4]
    for number, moved in {0: 0.0, 1: 4.0, 4: 4 + 0.75 * 16}.items():  # three steps: 3 / (3 + 1) of the new value
        np.testing.assert_allclose(found[number].xy - points, moved, atol=1e-4)


def test_the_speed_too_is_that_of_the_time_passed() -> None:
    smooth = OneEuro(cutoff=3, slope=20, speed_cutoff=1)
    rng = np.random.default_rng(7)
    faces = [Landmarks(xy=(_oval() * 100 + rng.normal(0, 3)).astype(np.float32), score=1.0) for _ in range(6)]
    clip = ClipLandmarks(finder=_Finder(), mode="follow", smooth=smooth)  # type: ignore[arg-type]
    slow = clip.smoothed(dict(enumerate(faces)), 10)
    sparse = clip.smoothed({6 * number: face for number, face in enumerate(faces)}, 60)
    for number, face in slow.items():
        np.testing.assert_allclose(sparse[6 * number].xy, face.xy, rtol=1e-6)


def test_a_model_is_fetched_whole_or_not_at_all(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "models" / "face_landmarker.task"
    source.write_bytes(b"model")
    wanted = hashlib.sha256(b"model").hexdigest()
    with pytest.raises(DataError, match="has the SHA-256"):
        _fetch(source.as_uri(), "0" * 64, target)
    with pytest.raises(DataError, match=r"no-address: cannot be fetched .*; fetch it by hand"):
        _fetch("no-address", wanted, target)
    assert not target.exists()
    _fetch(source.as_uri(), wanted, target)
    assert target.read_bytes() == b"model"
    assert [file.name for file in target.parent.iterdir()] == [target.name]
