"""Regions: exact to the pixel, mirrored on a mirrored face, named, and clear about what they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mer.config.catalogue import conf_dir, options
from mer.config.composition import build
from mer.errors import ConfigError, DataError
from mer.geometry.ibug68 import MIRROR
from mer.roi.names import area, partners
from mer.roi.polygons import Corners, eye_area
from mer.roi.raster import label_map, mask_stack
from mer.types import Landmarks, Regions

FACE_SCHEMES = [name for name in options("roi") if name not in ("grid", "whole", "patches4")]


def scheme(name: str, **changes: Any) -> Any:
    return build(OmegaConf.merge(OmegaConf.load(conf_dir() / "roi" / f"{name}.yaml"), changes))


def template(size: int = 256) -> np.ndarray:
    """Return the 68 points of an upright, exactly symmetrical face that fills most of a square image."""
    half = {
        0: (0.42, -0.28), 1: (0.41, -0.12), 2: (0.39, 0.03), 3: (0.36, 0.17), 4: (0.30, 0.30), 5: (0.22, 0.40),
        6: (0.14, 0.46), 7: (0.07, 0.49), 8: (0.0, 0.5), 17: (0.36, -0.37), 18: (0.29, -0.42), 19: (0.21, -0.43),
        20: (0.13, -0.41), 21: (0.06, -0.37), 27: (0.0, -0.27), 28: (0.0, -0.18), 29: (0.0, -0.09), 30: (0.0, 0.0),
        31: (0.09, 0.06), 32: (0.04, 0.075), 33: (0.0, 0.085), 36: (0.27, -0.27), 37: (0.22, -0.30), 38: (0.16, -0.30),
        39: (0.11, -0.26), 40: (0.16, -0.245), 41: (0.22, -0.245), 48: (0.17, 0.22), 49: (0.11, 0.18),
        50: (0.04, 0.16), 51: (0.0, 0.17), 57: (0.0, 0.31), 58: (0.05, 0.305), 59: (0.11, 0.28), 60: (0.14, 0.22),
        61: (0.05, 0.205), 62: (0.0, 0.21), 66: (0.0, 0.24), 67: (0.05, 0.235),
    }  # fmt: skip
    xy = np.zeros((68, 2))
    for point, (out, down) in half.items():
        xy[point], xy[MIRROR[point]] = (-out, down), (out, down)
    return xy * 0.8 * size + [(size - 1) / 2, 0.56 * size]


def mirror(landmarks: np.ndarray, width: int) -> np.ndarray:
    return np.stack([width - 1 - landmarks[list(MIRROR), 0], landmarks[list(MIRROR), 1]], axis=1)


@st.composite
def faces(draw: st.DrawFn) -> np.ndarray:
    """Draw a face that is rolled, moved, asymmetrical and sometimes at whole pixels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    roll = np.deg2rad(rng.uniform(-12, 12))
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    xy = (
        (template() - 127.5) @ turn * rng.uniform(0.8, 1.05) + 127.5 + rng.uniform(-8, 8, 2) + rng.normal(0, 1, (68, 2))
    )
    steps = draw(st.sampled_from([1, 64]))  # per pixel: mirrored points are then exact in float32, too
    return np.round(xy * steps) / steps


def membership(regions: Regions) -> np.ndarray:
    if regions.weights is not None:
        return regions.weights
    assert regions.labels is not None
    return (regions.labels == np.arange(len(regions))[:, None, None]).astype(np.float32)


def test_mirror_table_is_its_own_inverse():
    assert [MIRROR[MIRROR[i]] for i in range(68)] == list(range(68))
    assert sum(MIRROR[i] == i for i in range(68)) == 10  # chin, nose bridge (4), nose base, four points of the lips


def test_a_pixel_belongs_to_the_polygon_that_holds_its_centre():
    box = np.array([[[0.6, 1.4], [3.4, 1.4], [3.4, 3.2], [0.6, 3.2]]])
    expected = np.full((5, 5), -1)
    expected[2:4, 1:4] = 0
    np.testing.assert_array_equal(label_map(box, (5, 5)), expected)


def test_polygons_with_a_common_border_leave_no_gap_and_do_not_overlap():
    corner = np.array([[-0.1, -0.2], [8.9, -0.2], [8.9, 8.8], [-0.1, 8.8]])
    centre = np.array([4.3, 5.1])
    triangles = np.stack([[corner[i], corner[(i + 1) % 4], centre] for i in range(4)])
    masks = mask_stack(triangles, (12, 12))
    np.testing.assert_array_equal(masks.sum(axis=0)[:9, :9], 1)
    np.testing.assert_array_equal(masks.argmax(axis=0)[:9, :9], label_map(triangles, (12, 12))[:9, :9])


def test_a_centre_on_a_vertical_border_belongs_to_neither_side():
    boxes = np.array([[[x, -0.5], [x + 2, -0.5], [x + 2, 0.5], [x, 0.5]] for x in (0.5, 2.5, 5.0)])
    np.testing.assert_array_equal(label_map(boxes, (1, 8))[0], [-1, 0, 0, 1, 1, -1, 2, -1])


def test_raster_agrees_with_a_point_in_polygon_test_and_clips_at_the_border():
    points = np.random.default_rng(3).uniform(-6, 26, (1, 7, 2))
    inside = np.zeros((20, 20), dtype=bool)
    for y in range(20):
        for x in range(20):
            for a, b in zip(points[0], np.roll(points[0], -1, axis=0), strict=True):
                if (a[1] > y) != (b[1] > y) and x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]):
                    inside[y, x] ^= True
    np.testing.assert_array_equal(label_map(points, (20, 20)) == 0, inside)


@pytest.mark.parametrize("name", FACE_SCHEMES)
def test_every_scheme_of_the_face_needs_landmarks_and_says_what_to_do(name):
    with pytest.raises(DataError, match=f"roi={name} needs landmarks.*roi=grid"):
        scheme(name)(None, (64, 64))


def assert_mirrored(component: Any, face: np.ndarray) -> None:
    """Assert that a face and its mirror image have regions that are each other's mirror image."""
    regions = component(Landmarks(xy=face), (256, 256))
    flipped = component(Landmarks(xy=mirror(face, 256)), (256, 256))
    assert regions.names == flipped.names
    mirrored = membership(flipped)[list(partners(regions.names))][..., ::-1]
    np.testing.assert_allclose(membership(regions), mirrored, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        *((name, {"eye_mask": 0.1}) for name in FACE_SCHEMES),
        *((name, {}) for name in (*FACE_SCHEMES, "patches4")),
        ("whole", {"extent": "face"}),
        *(("grid", {"edges": edges, "columns": n}) for edges in ("hard", "bilinear", "gaussian") for n in (4, 5)),
    ],
)
@settings(max_examples=10, deadline=None)
@given(face=faces())
def test_a_mirrored_face_has_exactly_mirrored_regions(name, changes, face):
    assert_mirrored(scheme(name, **changes), face)


@pytest.mark.parametrize("name", [*FACE_SCHEMES, "patches4", "grid"])
def test_a_face_whose_middle_is_a_column_of_pixels_has_mirrored_regions(name):
    face = np.round(template() - [0.5, 0])
    assert (face[:, 0] - 127 == -(face[MIRROR, 0] - 127)).all()  # as exact as a template at whole pixels
    assert_mirrored(scheme(name, **({"edges": "hard", "columns": 4} if name == "grid" else {})), face)


def test_a_grid_counts_the_border_of_the_face_on_all_sides_and_shares_no_middle_column():
    face = np.round(template() - [0.5, 0])
    labels = scheme("grid", edges="hard", columns=4, brow_lift=0.0)(Landmarks(xy=face), (256, 256)).labels
    (left, top), (right, bottom) = face.min(axis=0).astype(int), face.max(axis=0).astype(int)
    assert labels[top, left] == 0 and labels[bottom, right] == 19
    assert labels[top, left - 1] == labels[bottom + 1, right] == labels[bottom, right + 1] == -1
    np.testing.assert_array_equal(labels[top, [126, 127, 128]], [1, -1, 2])


@pytest.mark.parametrize("name", [*FACE_SCHEMES, "patches4"])
def test_regions_move_and_grow_with_the_face(name):
    small = scheme(name)(Landmarks(xy=template(128)), (128, 128))
    large = scheme(name)(Landmarks(xy=template(512)), (512, 512))
    ratio = membership(large).sum(axis=(1, 2)) / membership(small).sum(axis=(1, 2))
    np.testing.assert_allclose(ratio, 16, rtol=0.25)
    moved = scheme(name)(Landmarks(xy=template(128) + np.array([5, 7])), (160, 160))
    np.testing.assert_array_equal(membership(moved)[:, 7:135, 5:133], membership(small))


def crosses_itself(polygon: np.ndarray) -> bool:
    """Return whether two edges that share no corner meet."""
    polygon = polygon[np.r_[True, np.any(np.diff(polygon, axis=0) != 0, axis=1)]]
    n = len(polygon)

    def side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
        return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    for i in range(n):
        for j in range(i + 2, n - (i == 0)):
            a, b, c, d = polygon[i], polygon[(i + 1) % n], polygon[j], polygon[(j + 1) % n]
            if side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
                return True
    return False


@pytest.mark.parametrize("name", [*FACE_SCHEMES, "whole"])
def test_polygons_have_an_area_do_not_cross_themselves_and_hardly_overlap(name):
    component, landmarks = scheme(name), Landmarks(xy=template())
    points = Corners(component.polygons()).on(landmarks)
    assert not any(crosses_itself(polygon) for polygon in points)
    masks = mask_stack(points, (256, 256))
    assert masks.sum(axis=(1, 2)).min() > 20
    assert (masks.sum(axis=0) > 1).sum() <= 0.01 * (masks.sum(axis=0) > 0).sum()


def test_mdmo36_has_the_published_number_order_and_names():
    regions = scheme("mdmo36")(Landmarks(xy=template()), (256, 256))
    assert len(regions) == len(set(regions.names)) == 36
    assert regions.names[0] == "brow_left_1" and regions.names[5] == "brow_right_1"
    assert regions.names[6] == "lid_left_1" and regions.names[35] == "chin_right_1"
    left = membership(regions)[[n.startswith("nose_left") for n in regions.names]][0]
    assert np.nonzero(left)[1].max() <= 127


@pytest.mark.parametrize(("name", "count"), [("facs26", 26), ("facs15", 15), ("muscle14", 14), ("brow_mouth3", 3)])
def test_schemes_have_the_number_of_regions_they_are_named_for(name, count):
    regions = scheme(name)(Landmarks(xy=template()), (256, 256))
    assert len(regions) == len(set(regions.names)) == count


def test_patches_of_muscle14_are_whole_where_they_overlap():
    face = template()
    face[[18, 19]] = face[20]  # brow points that a raised face brings together
    regions = scheme("muscle14")(Landmarks(xy=face), (256, 256))
    assert regions.weights is not None and regions.weights.sum(axis=0).max() == 3
    one, two, three = (regions.names.index(f"brow_left_{i}") for i in (1, 2, 3))
    assert area(regions)[one] == area(regions)[two] == area(regions)[three] > 50
    eyes = eye_area(Landmarks(xy=face), (256, 256), 0.1)
    masked = scheme("muscle14", eye_mask=0.1)(Landmarks(xy=face), (256, 256))
    np.testing.assert_array_equal(membership(masked), np.where(eyes, 0, membership(regions)))


def test_rows_are_y_and_columns_are_x():
    regions = scheme("facs26")(Landmarks(xy=template()), (256, 256))
    centre = {n: np.argwhere(m).mean(axis=0) for n, m in zip(regions.names, membership(regions), strict=True)}
    assert centre["glabella"][0] < centre["nose_left"][0] < centre["chin"][0]
    assert centre["outer_brow_left"][1] < centre["glabella"][1] < centre["outer_brow_right"][1]


def test_partners_swap_sides_and_midline_regions_are_their_own():
    names = ("brow_left_1", "brow_right_1", "chin")
    assert partners(names) == (1, 0, 2)
    assert partners(("row1_column1", "row1_column2", "row1_column3")) == (2, 1, 0)
    with pytest.raises(DataError, match="brow_left has no partner brow_right"):
        partners(("brow_left",))


def test_area_counts_pixels_or_sums_weights():
    hard = scheme("grid", rows=2, columns=1, edges="hard")(None, (5, 4))
    np.testing.assert_array_equal(area(hard), [8, 8])  # the row in the very middle lies in neither
    soft = scheme("grid", rows=2, columns=1, edges="bilinear")(None, (5, 4))
    np.testing.assert_allclose(area(soft), [10, 10], rtol=1e-6)


def test_patches_without_landmarks_are_half_the_published_28_pixels():
    regions = scheme("patches4")(None, (28, 28))
    masks = membership(regions)
    assert {(m.any(axis=1).sum(), m.any(axis=0).sum()) for m in masks} == {(14, 14)}
    np.testing.assert_array_equal(masks[[1, 0, 3, 2]], masks[..., ::-1])
    assert np.argwhere(masks[2])[-1][0] == 27  # the mouth's squares are moved inside


def test_patches_on_a_face_outside_the_image_are_refused():
    with pytest.raises(DataError, match="outside the image"):
        scheme("patches4")(Landmarks(xy=template() + 200), (256, 256))


def test_the_strip_above_the_brows_grows_with_its_setting_not_with_pixels():
    face = Landmarks(xy=template())
    low, high = (membership(scheme("mdmo36", brow_lift=lift)(face, (256, 256)))[0].sum() for lift in (0.1, 0.3))
    assert high / low == pytest.approx(3, rel=0.1)


def test_the_eye_mask_takes_the_eyes_out_and_nothing_else():
    face = Landmarks(xy=template())
    eyes = eye_area(face, (256, 256), 0.1)
    full, masked = (scheme("brow_mouth3", eye_mask=m)(face, (256, 256)).labels for m in (None, 0.1))
    centre = face.xy[36:42].mean(axis=0).round().astype(int)
    assert full[centre[1], centre[0]] == 0 and masked[centre[1], centre[0]] == -1
    np.testing.assert_array_equal(masked, np.where(eyes, -1, full))


def test_grid_divides_the_image_evenly_without_landmarks():
    labels = scheme("grid", rows=4, columns=7, edges="hard")(None, (28, 28)).labels
    np.testing.assert_array_equal(labels[:, 0], np.repeat(np.arange(4) * 7, 7))
    np.testing.assert_array_equal(labels[0], np.repeat(np.arange(7), 4))


def test_grid_over_the_face_leaves_the_background_out():
    face = template()
    labels = scheme("grid", edges="hard", extent="face", brow_lift=0.0)(Landmarks(xy=face), (256, 256)).labels
    rows, columns = np.nonzero(labels >= 0)
    low, high = face.min(axis=0), face.max(axis=0)
    assert (columns.min(), rows.min()) == tuple(np.ceil(low)) and (columns.max(), rows.max()) == tuple(np.floor(high))
    image = scheme("grid", edges="hard", extent="image")(Landmarks(xy=face), (256, 256)).labels
    assert (image >= 0).all()


@pytest.mark.parametrize("edges", ["bilinear", "gaussian"])
def test_soft_cells_share_every_pixel_out(edges):
    regions = scheme("grid", rows=3, columns=5, edges=edges, extent="image")(None, (30, 40))
    assert regions.weights is not None
    np.testing.assert_allclose(regions.weights.sum(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(regions.weights, regions.weights[:, ::-1, ::-1][::-1], atol=1e-6)


def test_bilinear_cells_are_half_and_half_on_the_border_between_two():
    weights = scheme("grid", rows=1, columns=2, edges="bilinear", extent="image")(None, (1, 5)).weights
    np.testing.assert_allclose(weights[0, 0], [1, 0.9, 0.5, 0.1, 0], atol=1e-6)


def test_whole_is_everything_or_the_face():
    assert (scheme("whole")(None, (9, 7)).labels == 0).all()
    face = scheme("whole", extent="face")(Landmarks(xy=template()), (256, 256)).labels
    assert face[0, 0] == -1 and face[140, 128] == 0
    with pytest.raises(DataError, match="needs landmarks"):
        scheme("whole", extent="face")(None, (9, 7))


def test_more_cells_than_pixels_are_refused():
    with pytest.raises(DataError, match=r"roi.rows=40 leaves cells without a pixel"):
        scheme("grid", rows=40)(None, (28, 28))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("grid", {"rows": 0}, "roi.rows=0: must be a whole number of at least 1"),
        ("grid", {"columns": 2.5}, "roi.columns=2.5: must be a whole number"),
        ("grid", {"edges": "soft"}, "roi.edges=soft: no such choice; roi.edges can be hard, bilinear, gaussian"),
        ("grid", {"sigma": 0}, "roi.sigma=0: must be a number, above 0"),
        ("mdmo36", {"brow_lift": "high"}, "roi.brow_lift=high: must be a number"),
        ("mdmo36", {"eye_mask": -1}, "roi.eye_mask=-1: must be a number, at least 0"),
        ("whole", {"extent": "head"}, "roi.extent=head: no such choice"),
    ],
)
def test_a_setting_that_cannot_hold_is_named(name, changes, message):
    with pytest.raises(ConfigError, match=message):
        scheme(name, **changes)


def test_a_face_outside_the_frame_is_refused():
    with pytest.raises(DataError, match="cover no pixel"):
        scheme("mdmo36")(Landmarks(xy=template() + 200), (256, 256))


def test_eyes_in_one_place_are_refused():
    with pytest.raises(DataError, match="px apart"):
        scheme("mdmo36")(Landmarks(xy=np.full((68, 2), 30.0)), (256, 256))


@pytest.mark.data
@pytest.mark.parametrize("name", FACE_SCHEMES)
def test_real_faces_have_every_region_unless_seen_from_the_side(name, data_root: Path):
    table = np.genfromtxt(data_root / "faces68" / "keypoints.csv", delimiter=",", skip_header=1, usecols=range(2, 138))
    component, tried = scheme(name), 0
    for xy in table[::60].reshape(-1, 68, 2):
        left, right = xy[30, 0] - xy[36, 0], xy[45, 0] - xy[30, 0]
        if min(left, right) > 0.4 * max(left, right):
            component(Landmarks(xy=(xy - xy.min(axis=0)) * 200 / np.ptp(xy) + 40), (280, 280))
            tried += 1
    assert tried > 30
