"""Alignment: known matrices come back, images and landmarks move alike, bad landmarks are refused."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mer.config.composition import component
from mer.errors import ConfigError, DataError
from mer.geometry.similarity import fit_similarity
from mer.types import FramePair, Landmarks


def face(scale=100.0, x=320.0, y=200.0, degrees=0.0):
    """68 points whose eye and mouth corners are those of a real face; the rest on a ring round them."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    xy = np.stack([1.1 * np.cos(angle), 0.7 + np.sin(angle)], axis=1)
    xy[[36, 39, 42, 45, 48, 54]] = [[-0.69, 0], [-0.31, 0], [0.31, 0], [0.69, 0], [-0.4, 1.05], [0.4, 1.05]]
    return Landmarks(xy=turned(xy, scale, degrees) + np.array([x, y]), score=0.75)


def turned(xy, scale, degrees):
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return xy @ np.array([[c, s], [-s, c]])


def smooth_image(height=480, width=640):
    """A closed form whose value at any place is known; wavelengths far above a pixel."""
    y, x = np.mgrid[:height, :width].astype(float)
    return value(x, y)


def value(x, y):
    return 128 + 60 * np.sin(x / 17) * np.cos(y / 23) + 40 * np.cos((x + 2 * y) / 31)


def pair_of(image):
    grey = np.rint(image).astype(np.uint8)
    return FramePair(onset=grey, apex=255 - grey)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 20), st.floats(-180, 180), st.floats(-500, 500), st.floats(-500, 500))
def test_known_similarity_comes_back(scale, degrees, dx, dy):
    source = np.random.default_rng(0).uniform(-50, 50, (6, 2))
    target = turned(source, scale, degrees) + np.array([dx, dy])
    matrix = fit_similarity(source, target)
    np.testing.assert_allclose(source @ matrix[:, :2].T + matrix[:, 2], target, atol=1e-8)


def test_least_squares_beats_every_neighbour_and_never_reflects():
    rng = np.random.default_rng(1)
    source = rng.normal(size=(6, 2))
    target = source * [1, -1] + rng.normal(size=(6, 2)) * 0.1
    matrix = fit_similarity(source, target)
    assert np.linalg.det(matrix[:, :2]) > 0

    def cost(m):
        return ((source @ m[:, :2].T + m[:, 2] - target) ** 2).sum()

    a, b = matrix[0, 0], matrix[1, 0]
    for da, db, dx, dy in rng.normal(size=(50, 4)) * 0.01:
        other = np.array([[a + da, -b - db, matrix[0, 2] + dx], [b + db, a + da, matrix[1, 2] + dy]])
        assert cost(other) > cost(matrix)


def test_corners_come_to_lie_on_the_template():
    align = component("align", "similarity")
    aligned = align(pair_of(smooth_image()), face(scale=80, degrees=12))
    target = np.array(align.template) * 256 - 0.5
    offset = aligned.landmarks.xy[[36, 39, 42, 45, 48, 54]] - target
    assert np.abs(offset).max() < 3
    np.testing.assert_allclose(offset.mean(axis=0), 0, atol=1e-3)
    assert aligned.onset.shape == aligned.apex.shape == (256, 256)
    assert aligned.landmarks.score == 0.75


@pytest.mark.parametrize("option", ["similarity", "crop"])
@pytest.mark.parametrize("scale", [90.0, 60.0])
def test_pixels_move_by_the_matrix(option, scale):
    align = component("align", option, antialias=0.0)
    aligned = align(pair_of(smooth_image()), face(scale=scale, degrees=9))
    y, x = np.mgrid[:256, :256].astype(float)
    matrix = aligned.matrix
    source = (np.stack([x, y], axis=-1) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    expected = value(source[..., 0], source[..., 1])
    inside = ((source > 3) & (source < [636, 476])).all(axis=-1)
    error = (aligned.onset - expected)[inside]
    assert np.abs(error).max() < 1.6  # grey levels: rounding before and after the sampling
    slope = np.stack([part[inside] for part in np.gradient(expected)], axis=1)
    shift = np.linalg.lstsq(slope, error, rcond=None)[0]
    assert np.abs(shift).max() < 0.03  # px, see the note on the cubic kernel; half a pixel amiss would be ten times it
    assert np.abs(aligned.apex.astype(float) - (255 - aligned.onset))[inside].max() <= 1


@pytest.mark.parametrize("option", ["similarity", "crop", "none"])
def test_all_frames_of_a_sequence_move_by_the_onsets_matrix(option):
    images = [np.roll(np.rint(smooth_image()).astype(np.uint8), k, axis=1) for k in range(5)]
    align = component("align", option)
    sequence = FramePair(onset=images[0], between=(images[1], images[2]), apex=images[3], after=(images[4],))
    found = align(sequence, face(degrees=7))
    assert len(found.between) == 2 and len(found.after) == 1
    for frame, image in zip(found.frames[1:], images[1:], strict=True):
        alone = align(FramePair(onset=images[0], apex=image), face(degrees=7))
        np.testing.assert_array_equal(frame, alone.apex)
        np.testing.assert_array_equal(found.matrix, alone.matrix)
    assert not found.between[0].flags.writeable


@pytest.mark.parametrize("option", ["similarity", "crop"])
def test_landmarks_move_with_the_matrix(option):
    landmarks = face(degrees=-20)
    aligned = component("align", option)(pair_of(smooth_image()), landmarks)
    matrix = aligned.matrix
    expected = landmarks.xy.astype(float) @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(aligned.landmarks.xy, expected, atol=1e-3)


def test_a_turned_and_scaled_copy_gives_the_same_aligned_face():
    align = component("align", "similarity")
    straight = align(pair_of(smooth_image()), face(scale=100))
    y, x = np.mgrid[:480, :640].astype(float)
    # The same scene seen by a camera that is rolled by 15°, nearer by 1.3 and shifted.
    back = turned(np.stack([x, y], axis=-1) - [300, 180], 1 / 1.3, -15) + np.array([320, 200])
    rolled = align(pair_of(value(back[..., 0], back[..., 1])), face(scale=130, x=300, y=180, degrees=15))
    np.testing.assert_allclose(rolled.landmarks.xy, straight.landmarks.xy, atol=1e-3)
    difference = np.abs(rolled.onset.astype(int) - straight.onset)[:200]
    assert np.percentile(difference, 99) <= 2


def test_crop_is_upright_and_holds_the_face_with_its_margin():
    aligned = component("align", "crop", margin=0.25)(pair_of(smooth_image()), face(degrees=25))
    assert aligned.matrix[0, 1] == aligned.matrix[1, 0] == 0
    xy = aligned.landmarks.xy
    extent = np.ptp(xy, axis=0).max()
    np.testing.assert_allclose(extent, 256 / 1.5, rtol=1e-5)
    np.testing.assert_allclose((xy.min(axis=0) + xy.max(axis=0)) / 2, 127.5, atol=1e-3)


def test_none_changes_nothing():
    pair, landmarks = pair_of(smooth_image()), face()
    aligned = component("align", "none")(pair, landmarks)
    np.testing.assert_array_equal(aligned.onset, pair.onset)
    np.testing.assert_array_equal(aligned.apex, pair.apex)
    np.testing.assert_array_equal(aligned.matrix, np.eye(2, 3))
    assert aligned.landmarks is landmarks


def test_outside_the_frame_its_border_is_continued():
    image = np.full((200, 200), 90.0)
    aligned = component("align", "similarity")(pair_of(image), face(scale=100, x=100, y=60))
    assert (aligned.onset == 90).all()


def test_reduction_does_not_alias():
    y, x = np.mgrid[:1600, :1600]
    fine = np.where((x + y) % 2, 255.0, 0.0)  # at a quarter of the size nothing of it can be shown
    landmarks = face(scale=400, x=800, y=600)
    blurred = component("align", "similarity")(pair_of(fine), landmarks)
    raw = component("align", "similarity", antialias=0.0)(pair_of(fine), landmarks)
    assert blurred.onset.std() < 2 < 20 < raw.onset.std()


def test_same_result_from_several_threads():
    align, pair = component("align", "similarity"), pair_of(smooth_image())
    faces = [face(degrees=d) for d in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda f: align(pair, f).onset, faces))
    for image, landmarks in zip(together, faces, strict=True):
        np.testing.assert_array_equal(image, align(pair, landmarks).onset)


@pytest.mark.parametrize("option", ["similarity", "crop"])
def test_landmarks_in_one_point_are_refused(option):
    point = Landmarks(xy=np.full((68, 2), 50.0))
    with pytest.raises(DataError, match="in one point"):
        component("align", option)(pair_of(smooth_image()), point)


@pytest.mark.parametrize("option", ["similarity", "crop"])
def test_landmarks_of_another_resolution_are_refused(option):
    with pytest.raises(DataError, match=r"outside the 640 × 480 frame"):
        component("align", option)(pair_of(smooth_image()), face(x=1500, y=900))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("size", 8),
        ("size", 256.5),
        ("antialias", -1.0),
        ("points", [36, 36, 42, 45, 48, 54]),
        ("points", [36, 39, 42, 45, 48, 68]),
        ("template", [[0.5, 0.5]]),
        ("template", [[0.5, 0.5]] * 6),
    ],
)
def test_wrong_settings_are_refused_by_name(field, wrong):
    with pytest.raises(ConfigError, match=f"align.{field}"):
        component("align", "similarity", **{field: wrong})


def test_negative_margin_is_refused():
    with pytest.raises(ConfigError, match=r"align.margin"):
        component("align", "crop", margin=-0.1)
