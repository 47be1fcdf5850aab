"""Descriptors beside HOOF: MDMO, region statistics, raw flow, several together, sequences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

import mer
from mer.config.catalogue import conf_dir, options
from mer.config.composition import build
from mer.descriptor.concat import Concat
from mer.descriptor.temporal import Temporal, sparse
from mer.errors import ConfigError, DataError
from mer.roi.names import partners
from mer.types import FlowField, Landmarks, Regions
from tests.descriptor.test_hoof import hard_regions, membership, random_flow, slow_strain, soft_regions, whole
from tests.roi.test_roi import mirror, template


def descriptor(option: str, **changes: Any) -> Any:
    made: Any = OmegaConf.merge(OmegaConf.load(conf_dir() / "descriptor" / f"{option}.yaml"), changes)
    made.pop("defaults", None)  # what the option chooses in other groups
    return build(made)


def at_angles(*degrees: float, length: float = 1.0) -> FlowField:
    angles = np.deg2rad(degrees)
    uv = np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None] * length
    return FlowField(uv=uv.astype(np.float32))


def smooth_flow(size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size] * (2 * np.pi / size) + 0.123  # off the lattice: no direction on a border of bins
    return np.stack([np.sin(2 * x + y) + 0.3, np.cos(x - 3 * y)], axis=-1).astype(np.float32)


# --- MDMO ---


def slow_mdmo(uv: np.ndarray, regions: Regions, d: Any) -> np.ndarray:
    magnitudes, angles = [], []
    for r in range(len(regions)):
        bins: dict[int, list[tuple[float, float, float]]] = {}
        for p in np.ndindex(regions.shape):
            rho = math.hypot(*uv[p].astype(float))
            if membership(regions, r, p) > 0 and rho > 0:
                theta = math.atan2(float(uv[p][1]), float(uv[p][0]))
                b = math.floor(theta / (2 * math.pi) * d.bins - d.phase + 0.5) % d.bins
                bins.setdefault(b, []).append((membership(regions, r, p), rho, theta))
        fullest = max(sorted(bins), key=lambda b: sum(m for m, _, _ in bins[b]))
        count = sum(m for m, _, _ in bins[fullest])
        magnitudes.append(sum(m * rho for m, rho, _ in bins[fullest]) / count)
        sin, cos = (sum(m * f(theta) for m, _, theta in bins[fullest]) for f in (math.sin, math.cos))
        angles.append(math.atan2(sin, cos))
    relative = [d.beta * m / max(magnitudes) for m in magnitudes]
    if d.angle == "radians":
        return np.array(relative + [(1 - d.beta) * a for a in angles])
    return np.array(relative + [(1 - d.beta) * f(a) for f in (math.cos, math.sin) for a in angles])


@pytest.mark.parametrize("kind", [hard_regions, soft_regions])
@pytest.mark.parametrize("changes", [{}, {"phase": 0.5, "bins": 6}, {"angle": "cos_sin", "beta": 0.3}], ids=str)
def test_mdmo_agrees_with_plain_loops(changes, kind):
    rng = np.random.default_rng(21)
    for _ in range(3):
        uv, regions, d = random_flow(rng), kind(rng, 12, 10), descriptor("mdmo", **changes)
        row = d(FlowField(uv=uv), regions)
        assert len(row) == len(d.columns(regions))
        np.testing.assert_allclose(row, slow_mdmo(uv, regions, d), atol=2e-5)


def test_the_mean_of_359_and_1_degrees_is_0():
    row = descriptor("mdmo", beta=0.5)(at_angles(359, 1), whole(1, 2))
    np.testing.assert_allclose(row, [0.5, 0], atol=1e-6)


def test_the_mean_of_179_and_minus_179_degrees_is_180():
    row = descriptor("mdmo", beta=0.0)(at_angles(179, -179), whole(1, 2))
    assert abs(row[1]) == pytest.approx(math.pi, abs=1e-6)


def test_only_the_fullest_direction_counts():
    row = descriptor("mdmo", beta=0.5, angle="cos_sin")(at_angles(90, 95, 85, 0, 180), whole(1, 5))
    np.testing.assert_allclose(row, [0.5, 0, 0.5], atol=1e-6)


def test_mdmo_is_relative_to_the_region_that_moves_most():
    uv = np.zeros((1, 4, 2), np.float32)
    uv[0, :2], uv[0, 2:] = (2, 0), (0, 1)
    regions = Regions(names=("a", "b"), labels=np.array([[0, 0, 1, 1]], np.int16))
    np.testing.assert_allclose(descriptor("mdmo", beta=0.8)(FlowField(uv=uv), regions), [0.8, 0.4, 0, 0.1 * math.pi])


def test_mdmo_averages_a_sequence_as_vectors():
    flows = np.concatenate([at_angles(170).uv[None], at_angles(-170).uv[None]])
    row = descriptor("mdmo", beta=0.5, angle="cos_sin").sequence(flows, whole(1, 1))
    np.testing.assert_allclose(row, [0.5, -0.5, 0], atol=1e-6)


# --- region statistics ---


@pytest.mark.parametrize("kind", [hard_regions, soft_regions])
def test_statistics_agree_with_plain_loops(kind):
    rng = np.random.default_rng(5)
    uv, regions, d = random_flow(rng), kind(rng, 12, 10), descriptor("statistics")
    strain = slow_strain(uv.astype(float))
    expected = []
    for r in range(len(regions)):
        weight = np.array([[membership(regions, r, (y, x)) for x in range(10)] for y in range(12)])
        u, v = (weight * uv[..., 0]).sum() / weight.sum(), (weight * uv[..., 1]).sum() / weight.sum()
        speed = (weight * np.hypot(uv[..., 0], uv[..., 1])).sum() / weight.sum()
        expected.append([u, v, speed, math.hypot(u, v) / speed, (weight * strain).sum() / weight.sum()])
    np.testing.assert_allclose(d(FlowField(uv=uv), regions), np.array(expected).T.ravel(), rtol=1e-4, atol=1e-6)
    assert d.columns(regions)[:2] == ("r0:u", "r1:u")


def test_coherence_is_one_for_a_shift_and_zero_where_directions_cancel():
    d = descriptor("statistics", quantities=["coherence"])
    shift = FlowField(uv=np.full((4, 4, 2), 0.5, np.float32))
    opposed = FlowField(uv=np.tile(np.float32([[1, 0], [-1, 0]]), (4, 2, 1)))
    assert d(shift, whole(4, 4))[0] == pytest.approx(1) and d(opposed, whole(4, 4))[0] == pytest.approx(0)


def test_strain_of_a_rigid_rotation_is_zero_and_of_shear_known():
    y, x = np.mgrid[:8, :8].astype(np.float32)
    d = descriptor("strain", norm="none")
    assert d(FlowField(uv=np.stack([-0.02 * y, 0.02 * x], -1)), whole(8, 8))[0] == pytest.approx(0, abs=1e-6)
    assert d(FlowField(uv=np.stack([0.02 * y, 0 * x], -1)), whole(8, 8))[0] == pytest.approx(
        0.02 / math.sqrt(2), rel=1e-5
    )


# --- raw flow ---


def test_rawflow_averages_over_cells_and_keeps_the_sign():
    uv = np.zeros((4, 6, 2), np.float32)
    uv[:2, :3], uv[2:, 3:] = (-1, 2), (0.5, 0)
    d = descriptor("rawflow", size=2, channels=["v", "u"])
    np.testing.assert_allclose(d(FlowField(uv=uv), whole(4, 6)), [2, 0, 0, 0, -1, 0, 0, 0.5], atol=1e-6)
    assert d.columns(whole(4, 6))[:3] == ("row1_column1:v", "row1_column2:v", "row2_column1:v")


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 15), seed=st.integers(0, 2**32))
def test_rawflow_keeps_the_mean_whatever_the_size(size, seed):
    uv = random_flow(np.random.default_rng(seed))
    row = descriptor("rawflow", size=size, channels=["u", "v"])(FlowField(uv=uv), whole(12, 10))
    np.testing.assert_allclose(row.reshape(2, -1).mean(axis=1), uv.mean(axis=(0, 1)), atol=1e-5)


# --- several descriptors, sequences, all options ---


def test_concat_puts_parts_side_by_side_each_of_unit_length():
    d, regions = mer.component("descriptor", "concat"), hard_regions(np.random.default_rng(1), 12, 10)
    row = d(FlowField(uv=random_flow(np.random.default_rng(2))), regions)
    columns = d.columns(regions)
    assert len(row) == len(columns) == 4 * 8 + 4
    assert columns[0] == "hoof:r0:+000deg" and columns[-1] == "strain:r3:strain"
    np.testing.assert_allclose([np.linalg.norm(row[:32]), np.linalg.norm(row[32:])], 1, rtol=1e-5)


def test_concat_over_a_sequence_takes_each_parts_own_mean():
    """Motion to the lower left, then to the upper left, points left on the mean; its angles' mean would point right."""
    flows = np.tile(np.float32([-1, 0.9]), (2, 12, 10, 1))
    flows[1, ..., 1] = -0.9
    parts = {"hoof": descriptor("hoof"), "mdmo": descriptor("mdmo", angle="radians", beta=0.5)}
    row = Concat(parts=parts, norm="none").sequence(flows, whole(12, 10))
    expected = [part.sequence(flows, whole(12, 10)) for part in parts.values()]
    np.testing.assert_array_equal(row, np.concatenate(expected))
    assert abs(np.cos(row[-1] / 0.5) + 1) < 1e-5


def test_temporal_pools_within_each_segment():
    rng = np.random.default_rng(3)
    flows, regions, one = np.stack([random_flow(rng) for _ in range(5)]), hard_regions(rng, 12, 10), descriptor("hoof")
    rows = one.batch(flows, [regions])
    mean = Temporal(descriptor=one, pooling="mean", segments=2, sparsity=0.0)
    np.testing.assert_allclose(
        mean.sequence(flows, regions), np.r_[rows[:3].mean(axis=0), rows[3:].mean(axis=0)], rtol=1e-5
    )
    assert mean.columns(regions)[32] == "part2:r0:+000deg"
    largest = Temporal(descriptor=one, pooling="max", segments=1, sparsity=0.0)
    np.testing.assert_array_equal(largest.sequence(flows, regions), rows.max(axis=0))
    assert largest.columns(regions) == one.columns(regions)
    with pytest.raises(DataError, match="5 fields cannot be cut into 6 segments"):
        Temporal(descriptor=one, pooling="max", segments=6, sparsity=0.0).sequence(flows, regions)


def test_sparse_pooling_keeps_what_stands_out_of_the_mean():
    rows = np.array([[4.0, 1.0, 0.2, 0.0], [2.0, 1.0, 0.0, -2.4]], np.float32)  # mean 3, 1, 0.1, -1.2
    np.testing.assert_allclose(sparse(rows, 0.1), [2.7, 0.7, 0.0, -0.9], rtol=1e-6)
    np.testing.assert_allclose(sparse(rows, 0.0), rows.mean(axis=0))
    assert not sparse(np.zeros((3, 4), np.float32), 0.5).any()


def test_sparse_pooling_is_the_best_sparse_code():
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(6, 5)).astype(np.float32)
    least = 0.3 * np.abs(rows.mean(axis=0)).max()

    def cost(z: np.ndarray) -> float:
        return float(0.5 * ((rows - z) ** 2).sum(axis=1).mean() + least * np.abs(z).sum())

    found = sparse(rows, 0.3).astype(np.float64)
    assert all(cost(found) <= cost(found + step) + 1e-7 for step in rng.normal(scale=0.05, size=(300, 5)))


def test_temporal_is_an_option_that_takes_a_pair_for_a_sequence_of_one():
    rng = np.random.default_rng(6)
    flows, regions = np.stack([random_flow(rng) for _ in range(4)]), hard_regions(rng, 12, 10)
    one, over_time = mer.component("descriptor", "hoof"), mer.component("descriptor", "temporal")
    np.testing.assert_array_equal(over_time(FlowField(uv=flows[0]), regions), one(FlowField(uv=flows[0]), regions))
    pooled = mer.component("descriptor", "temporal", pooling="sparse", segments=2).sequence(flows, regions)
    np.testing.assert_array_equal(over_time.sequence(flows, regions), one.sequence(flows, regions))
    assert over_time.roses is not None
    np.testing.assert_array_equal(
        over_time.roses(FlowField(uv=flows[0]), regions)[0], one.roses(FlowField(uv=flows[0]), regions)[0]
    )
    assert Temporal(descriptor=descriptor("strain"), pooling="max", segments=1, sparsity=0).roses is None
    assert len(pooled) == 2 * 32 and 0 < np.count_nonzero(pooled) < 64
    with pytest.raises(ConfigError, match=r"angles of Mdmo; use pooling=mean"):
        Temporal(descriptor=descriptor("mdmo"), pooling="sparse", segments=1, sparsity=0.1)
    with pytest.raises(ConfigError, match=r"descriptor\.sparsity=1: nothing would be left"):
        mer.component("descriptor", "temporal", sparsity=1)


OVER_TIME = ("temporal", "per_frame", "sparse_mdmo")  # of a sequence as a whole


@pytest.mark.parametrize("option", [option for option in options("descriptor") if option not in OVER_TIME])
def test_every_option_gives_finite_named_rows_and_zeros_for_no_motion(option):
    d, rng = mer.component("descriptor", option), np.random.default_rng(4)
    flows = np.stack([random_flow(rng) for _ in range(3)])
    for regions in (hard_regions(rng, 12, 10), soft_regions(rng, 12, 10)):
        rows = d.batch(flows, [regions])
        assert rows.dtype == np.float32 and rows.shape == (3, len(d.columns(regions))) and np.isfinite(rows).all()
        assert len(set(d.columns(regions))) == rows.shape[1]
        single = np.stack([d(FlowField(uv=uv), regions) for uv in flows])
        np.testing.assert_allclose(rows, single, rtol=1e-5, atol=1e-6)
        assert not d(FlowField(uv=np.zeros((12, 10, 2), np.float32)), regions).any()


@pytest.mark.parametrize("option", ["hoof", "biwoof", "fhoof", "improved_hoof"])
def test_a_mirrored_face_with_mirrored_flow_has_mirrored_features(option):
    uv = smooth_flow(256)
    face, scheme = template(), mer.component("roi", "mdmo36")
    regions, flipped = scheme(Landmarks(xy=face), (256, 256)), scheme(Landmarks(xy=mirror(face, 256)), (256, 256))
    d = mer.component("descriptor", option)
    row = d(FlowField(uv=uv), regions).reshape(36, d.bins)
    mirrored = d(FlowField(uv=uv[:, ::-1] * np.float32([-1, 1])), flipped).reshape(36, d.bins)
    turned = (round(d.bins / 2 - 2 * d.phase) - np.arange(d.bins)) % d.bins
    np.testing.assert_allclose(mirrored[list(partners(regions.names))][:, turned], row, atol=2e-3)


def test_a_shift_of_the_head_that_is_removed_changes_nothing():
    uv, regions = smooth_flow(64), whole(64, 64)
    removal, d = mer.component("motion", "median"), descriptor("hoof")
    still, moved = (d(removal(FlowField(uv=uv + np.float32(shift)), None), regions) for shift in ((0, 0), (1.5, -0.75)))
    np.testing.assert_allclose(moved, still, atol=1e-4)


@pytest.mark.parametrize(
    ("option", "changes", "message"),
    [
        ("mdmo", {"beta": 1.5}, "descriptor.beta=1.5: must be a number, at least 0 and at most 1"),
        ("mdmo", {"angle": "degrees"}, "descriptor.angle=degrees: no such choice"),
        ("statistics", {"quantities": ["speed"]}, "descriptor.quantities=speed: no such choice"),
        ("statistics", {"quantities": ["u", "u"]}, "give each of u, v, magnitude, coherence, strain once"),
        ("rawflow", {"channels": []}, "give each of u, v, strain once"),
        ("rawflow", {"size": 0}, "descriptor.size=0"),
    ],
)
def test_a_setting_that_cannot_hold_is_named(option, changes, message):
    with pytest.raises(ConfigError, match=message):
        descriptor(option, **changes)
