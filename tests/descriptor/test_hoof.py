"""HOOF: known answers, invariances, and an independent slow reference in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mer.config.catalogue import conf_dir
from mer.config.composition import build
from mer.descriptor.directions import linear_votes
from mer.errors import ConfigError, DataError
from mer.types import FlowField, Regions

PLAIN = {"region_weight": "none", "region_norm": "none", "vector_norm": "none", "binning": "hard"}


PRESETS = ("hoof", "biwoof", "fhofo", "fhoof", "improved_hoof")


def hoof(preset: str = "hoof", /, **changes: Any) -> Any:
    return build(OmegaConf.merge(OmegaConf.load(conf_dir() / "descriptor" / f"{preset}.yaml"), changes))


def whole(height: int = 6, width: int = 5) -> Regions:
    return Regions(names=("all",), labels=np.zeros((height, width), np.int16))


def hard_regions(rng: np.random.Generator, height: int, width: int, count: int = 4) -> Regions:
    labels = rng.integers(-1, count, (height, width))
    labels[0, :count] = np.arange(count)
    return Regions(names=tuple(f"r{i}" for i in range(count)), labels=labels.astype(np.int16))


def soft_regions(rng: np.random.Generator, height: int, width: int, count: int = 4) -> Regions:
    weights = rng.uniform(0, 1, (count, height, width)) * (rng.uniform(size=(count, height, width)) < 0.6)
    return Regions(names=tuple(f"r{i}" for i in range(count)), weights=weights.astype(np.float32))


def random_flow(rng: np.random.Generator, height: int = 12, width: int = 10) -> np.ndarray:
    uv = rng.normal(0, 1, (height, width, 2)).astype(np.float32)
    uv[rng.uniform(size=(height, width)) < 0.1] = 0
    return uv


def turned(uv: np.ndarray, degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (uv @ np.array([[c, s], [-s, c]])).astype(np.float32)


def constant(angle: float, length: float = 1.0) -> FlowField:
    vector = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))]) * length
    return FlowField(uv=np.broadcast_to(np.round(vector, 12), (6, 5, 2)))


# --- the slow reference: one pixel after the other, in float64, from the formulas alone ---


def slow_strain(uv: np.ndarray) -> np.ndarray:
    height, width = uv.shape[:2]
    strain = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            below, above = min(y + 1, height - 1), max(y - 1, 0)
            right, left = min(x + 1, width - 1), max(x - 1, 0)
            u_x, v_x = (uv[y, right] - uv[y, left]) / (right - left)
            u_y, v_y = (uv[below, x] - uv[above, x]) / (below - above)
            strain[y, x] = math.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)
    return strain


def slow_shares(angle: float, h: Any) -> dict[int, float]:
    """Return which bins a direction (radians) counts for, and how much."""
    width = 2 * math.pi / h.bins
    x = angle / width - h.phase
    if h.binning == "hard":
        return {math.floor(x + 0.5) % h.bins: 1.0}
    if h.binning == "linear":
        i = math.floor(x)
        return {i % h.bins: 1 - (x - i), (i + 1) % h.bins: x - i}
    fine = 2 * math.pi / h.fine_bins
    offset = h.phase * width
    read = math.floor((angle - offset) / fine + 0.5) * fine + offset
    shares = {}
    for b in range(h.bins):
        away = abs((read - (b + h.phase) * width + math.pi) % (2 * math.pi) - math.pi) / width
        shares[b] = math.exp(-(away**2) / (2 * h.sigma**2))
    total = sum(shares.values())
    return {b: share / total for b, share in shares.items()}


def slow_gate(rho: dict[tuple[int, int], float], member: dict[tuple[int, int], float], h: Any) -> set[tuple[int, int]]:
    if h.gate == "none":
        return set(rho)
    if h.gate == "absolute":
        return {p for p in rho if rho[p] >= np.float32(h.gate_px)}
    area, above, kept = sum(member.values()), 0.0, []
    for p in sorted(member, key=lambda p: -rho[p]):
        if above < h.gate_share * area - 1e-9:
            kept.append(p)
        above += member[p]
    return {p for p in member if rho[p] >= rho[kept[-1]]}


def slow_norm(values: list[float], norm: str) -> list[float]:
    size = {"none": 1.0, "l1": sum(values), "sqrt": sum(values), "l2": math.sqrt(sum(v * v for v in values))}[norm]
    scaled = [v / size if size > 0 else 0.0 for v in values]
    return [math.sqrt(max(v, 0.0)) for v in scaled] if norm == "sqrt" else scaled


def slow_weight(rho: float, strain: float, kind: str) -> float:
    if rho == 0:
        return 0.0
    return {"magnitude": rho, "log1p": math.log1p(rho), "count": 1.0, "strain": strain}[kind]


def membership(regions: Regions, r: int, p: tuple[int, ...]) -> float:
    if regions.weights is not None:
        return float(regions.weights[r][p])
    assert regions.labels is not None
    return float(regions.labels[p] == r)


def slow_row(uv: np.ndarray, regions: Regions, h: Any) -> np.ndarray:
    uv = uv.astype(np.float64)
    strain = slow_strain(uv)
    histograms, means, strains = [], [], []
    for r in range(len(regions)):
        member = {}
        for p in np.ndindex(regions.shape):
            m = membership(regions, r, p)
            if m > 0:
                member[p] = m
        rho = {p: math.hypot(*uv[p]) for p in member}
        kept = slow_gate(rho, member, h)
        histogram = [0.0] * h.bins
        for p in kept:
            for b, share in slow_shares(math.atan2(uv[p][1], uv[p][0]), h).items():
                histogram[b] += share * member[p] * slow_weight(rho[p], strain[p], h.weight)
        if h.symmetric:
            histogram = slow_fold(histogram, h)
        area = sum(member.values())
        histograms.append([x / area for x in histogram] if h.region_weight == "area" else histogram)
        means.append(sum(m * rho[p] for p, m in member.items()) / area)
        strains.append(sum(m * strain[p] for p, m in member.items()) / (area if h.region_weight[:4] == "mean" else 1))
    row: list[float] = []
    for histogram, mean, total in zip(histograms, means, strains, strict=True):
        quiet = mean < h.region_gate * max(means)
        normed = slow_norm([0.0] * len(histogram) if quiet else histogram, h.region_norm)
        row += [x * float(total) for x in normed] if "strain" in h.region_weight else normed
    return np.array(slow_norm(row, h.vector_norm))


def slow_fold(histogram: list[float], h: Any) -> list[float]:
    folded: dict[float, float] = {}
    for b, value in enumerate(histogram):
        angle = math.radians((b + h.phase) * 360 / h.bins)
        key = round(math.degrees(math.atan2(math.sin(angle), abs(math.cos(angle)))), 6)
        folded[key] = folded.get(key, 0.0) + value
    order = []
    for b in range(h.bins):
        centre = 180 - (180 - (b + h.phase) * 360 / h.bins) % 360
        if abs(centre) <= 90 + 1e-9:
            order.append(round(centre, 6))
    return [folded[key] for key in order]


SETTINGS = [
    {},
    {"bins": 12, "phase": 0.5, "binning": "hard"},
    {"bins": 5, "phase": 0.3, "binning": "linear", "weight": "count"},
    {"binning": "gaussian", "sigma": 0.7, "phase": 0.25},
    {"binning": "gaussian", "bins": 18, "fine_bins": 50, "sigma": 3.6, "weight": "count", "region_norm": "l1"},
    {"gate": "absolute", "gate_px": 0.8, "weight": "log1p", "vector_norm": "l2"},
    {"gate": "top", "gate_share": 0.4, "region_norm": "sqrt"},
    {"symmetric": True, "weight": "strain", "vector_norm": "none"},
    {"symmetric": True, "phase": 0.5, "binning": "hard", "region_norm": "l2"},
    {"region_gate": 0.98, "vector_norm": "l1"},
    {"binning": "hard", "phase": 0.5, "region_norm": "l1", "region_weight": "strain", "vector_norm": "l2"},
    {"binning": "hard", "region_norm": "l1", "region_weight": "mean_strain", "vector_norm": "none"},
]


@pytest.mark.parametrize("kind", [hard_regions, soft_regions])
@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_agrees_with_plain_loops_in_float64(changes, kind):
    rng = np.random.default_rng(7)
    for _ in range(3):
        uv, regions, h = random_flow(rng), kind(rng, 12, 10), hoof(**changes)
        expected = slow_row(uv, regions, h)
        row = h(FlowField(uv=uv), regions)
        assert row.dtype == np.float32 and len(row) == len(h.columns(regions)) == len(expected)
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("kind", [hard_regions, soft_regions])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_agrees_with_plain_loops_in_float64(preset, kind):
    rng = np.random.default_rng(8)
    for _ in range(3):
        uv, regions, h = random_flow(rng), kind(rng, 12, 10), hoof(preset)
        expected = slow_row(uv, regions, h)
        np.testing.assert_allclose(h(FlowField(uv=uv), regions), expected, rtol=1e-5, atol=1e-5 * expected.max())


# --- known answers ---


def test_biwoof_is_unit_length_and_weighs_regions_by_strain():
    uv = np.zeros((6, 12, 2), np.float32)
    uv[:, :6, 0] = 1.0 + 0.1 * np.arange(6)  # stretched by a tenth of a pixel per pixel
    uv[:, 6:, 0] = 1.7
    regions = Regions(names=("a", "b"), labels=np.repeat([0, 1], 6)[None].repeat(6, 0).astype(np.int16))
    row = hoof("biwoof")(FlowField(uv=uv), regions).reshape(2, 8)
    strain = slow_strain(uv.astype(float))
    assert np.linalg.norm(row) == pytest.approx(1, rel=1e-6)
    assert row[0].sum() / row[1].sum() == pytest.approx(strain[:, :6].sum() / strain[:, 6:].sum(), rel=1e-5)


def test_fhofo_is_blind_to_magnitude_and_fhoof_is_not():
    uv = random_flow(np.random.default_rng(9))
    regions = hard_regions(np.random.default_rng(9), 12, 10)
    longer = uv * np.random.default_rng(1).uniform(0.5, 2, (12, 10, 1)).astype(np.float32)
    same, other = ([hoof(p)(FlowField(uv=f), regions) for f in (uv, longer)] for p in ("fhofo", "fhoof"))
    np.testing.assert_allclose(*same, atol=1e-6)
    assert np.abs(other[0] - other[1]).max() > 1e-3


def test_improved_hoof_drops_quiet_regions_and_slow_pixels():
    uv = np.zeros((1, 30, 2), np.float32)
    uv[0, :10], uv[0, 10:20], uv[0, 20:23] = (2, 0), (0.1, 0), (0, 1)
    uv[0, 23:] = (-0.3, 0)
    regions = Regions(names=("a", "b", "c"), labels=np.repeat([0, 1, 2], 10)[None].astype(np.int16))
    row = hoof("improved_hoof", gate_share=0.3)(FlowField(uv=uv), regions).reshape(3, 8)
    assert row[0].argmax() == 0 and row[1].max() == 0 and row[2].argmax() == 2
    np.testing.assert_allclose(row[2][[1, 3]], row[2][[3, 1]], rtol=1e-5)  # nothing of the slow ones to the left


@pytest.mark.parametrize("binning", ["hard", "linear", "gaussian"])
@pytest.mark.parametrize("b", range(8))
def test_constant_flow_is_all_in_the_bin_of_its_direction(b, binning):
    row = hoof(**{**PLAIN, "binning": binning, "sigma": 0.05})(constant(45.0 * b, 0.5), whole())
    np.testing.assert_allclose(row, 0.5 * 30 * np.eye(8)[b], atol=1e-5)


@pytest.mark.parametrize("phase", [0.0, 0.5])
@pytest.mark.parametrize("bins", [4, 8, 12, 7])
@pytest.mark.parametrize("vector", [(1, 0), (-1, 0.0), (-1, -0.0), (0, 1), (0, -1), (-0.0, 1), (1, -0.0)])
def test_directions_on_a_border_land_in_exactly_one_bin(vector, bins, phase):
    flow = FlowField(uv=np.broadcast_to(np.array(vector, np.float32), (6, 5, 2)))
    row = hoof(**{**PLAIN, "bins": bins, "phase": phase})(flow, whole())
    assert np.count_nonzero(row) == 1 and row.sum() == pytest.approx(30, rel=1e-6)


@pytest.mark.parametrize("bins, phase", [(8, 0.0), (8, 0.5), (7, 0.3), (360, 0.0)])
def test_the_table_of_directions_agrees_with_the_arctangent_at_every_length(bins, phase):
    rng = np.random.default_rng(3)
    angle, length = rng.uniform(-np.pi, np.pi, 200_000), 10.0 ** rng.uniform(-25, 25, 200_000)
    u, v = (length * np.cos(angle)).astype(np.float32), (length * np.sin(angle)).astype(np.float32)
    slots, share = linear_votes(u, v, bins, phase)
    exact = np.arctan2(v.astype(np.float64), u.astype(np.float64)) * bins / (2 * np.pi) - phase
    away = (slots + share.astype(np.float64) - exact + bins / 2) % bins - bins / 2
    rounding = np.spacing(np.float32(2 * bins)) * 2 * np.pi / bins
    assert np.abs(away).max() * 2 * np.pi / bins < 1.1e-6 + rounding
    assert slots.min() >= 0 and slots.max() < 3 * bins


@pytest.mark.parametrize("x, y", [(1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (0, 1), (-1, 0), (0, -1)])
@pytest.mark.parametrize("length", [1e-20, 0.3, 0.7, 1e10])
def test_axes_and_diagonals_are_exact(x, y, length):
    size = np.array([length], np.float32)
    slots, share = linear_votes(size * np.float32(x), size * np.float32(y), 8, 0.0)
    assert share[0] == 0 and slots[0] % 8 == round(math.degrees(math.atan2(y, x)) / 45) % 8


def test_a_kept_list_of_pixels_is_not_taken_for_other_regions():
    rng = np.random.default_rng(5)
    field = FlowField(uv=rng.normal(size=(9, 8, 2)).astype(np.float32))
    sets = [hard_regions(rng, 9, 8) for _ in range(4)]
    first = [hoof()(field, regions) for regions in sets]
    np.testing.assert_array_equal(first, [hoof()(field, regions) for regions in sets])
    np.testing.assert_array_equal(first, hoof().batch(np.repeat(field.uv[None], 4, 0), sets))
    assert len(np.unique(first, axis=0)) == 4


def test_a_direction_half_way_between_two_bins_is_shared_by_half():
    row = hoof(**{**PLAIN, "binning": "linear"})(constant(22.5), whole())
    np.testing.assert_allclose(row, [15, 15, 0, 0, 0, 0, 0, 0], atol=1e-4)


def test_folding_does_not_tell_left_from_right():
    h = hoof(**{**PLAIN, "symmetric": True})
    assert [c.split(":")[1] for c in h.columns(whole())] == ["+000deg", "+045deg", "+090deg", "-090deg", "-045deg"]
    np.testing.assert_array_equal(h(constant(135), whole()), h(constant(45), whole()))
    assert h(constant(-90), whole()).sum() == pytest.approx(30, rel=1e-6)


def test_zero_flow_gives_zeros_whatever_the_setting():
    rng = np.random.default_rng(0)
    for changes in SETTINGS:
        for regions in (hard_regions(rng, 6, 5), soft_regions(rng, 6, 5)):
            row = hoof(**changes)(FlowField(uv=np.zeros((6, 5, 2), np.float32)), regions)
            assert np.array_equal(row, np.zeros_like(row))


def test_rigid_rotation_has_no_strain_weight():
    y, x = np.mgrid[:9, :9].astype(np.float32) - 4
    row = hoof(weight="strain", vector_norm="none")(FlowField(uv=np.stack([-0.01 * y, 0.01 * x], -1)), whole(9, 9))
    np.testing.assert_allclose(row, 0, atol=1e-7)


def test_the_gate_by_share_keeps_that_many_pixels_of_each_region():
    uv = np.zeros((1, 20, 2), np.float32)
    uv[0, :, 0] = np.arange(1, 21)
    labels = np.repeat([0, 1], 10)[None].astype(np.int16)
    for regions in (Regions(names=("a", "b"), labels=labels),):
        row = hoof(**{**PLAIN, "weight": "count", "gate": "top", "gate_share": 0.7, "bins": 2})(
            FlowField(uv=uv), regions
        )
        np.testing.assert_array_equal(row, [7, 0, 7, 0])


def test_a_quiet_region_is_zeroed_and_a_loud_one_is_not():
    uv = np.ones((1, 20, 2), np.float32)
    uv[0, 10:] *= 0.2
    regions = Regions(names=("a", "b"), labels=np.repeat([0, 1], 10)[None].astype(np.int16))
    for gate, alive in ((0.19, 2), (0.21, 1)):
        assert np.count_nonzero(hoof(region_gate=gate)(FlowField(uv=uv), regions)) == alive


def test_names_say_region_and_direction():
    assert hoof(bins=4).columns(whole()) == ("all:+000deg", "all:+090deg", "all:+180deg", "all:-090deg")
    assert hoof(bins=16).columns(whole())[1] == "all:+022.5deg"


# --- invariances ---

flows = st.integers(0, 2**32).map(lambda seed: random_flow(np.random.default_rng(seed)))


@settings(max_examples=25, deadline=None)
@given(uv=flows, bins=st.sampled_from([4, 8, 12]), binning=st.sampled_from(["hard", "linear", "gaussian"]))
def test_a_turn_by_one_bin_moves_the_histogram_by_one(uv, bins, binning):
    h, regions = hoof(bins=bins, binning=binning, fine_bins=bins * 5), hard_regions(np.random.default_rng(1), 12, 10)
    row = h(FlowField(uv=uv), regions).reshape(-1, bins)
    after = h(FlowField(uv=turned(uv, 360 / bins)), regions).reshape(-1, bins)
    np.testing.assert_allclose(after, np.roll(row, 1, axis=1), atol=2e-3 if binning == "linear" else 0.02)


@settings(max_examples=25, deadline=None)
@given(uv=flows, weight=st.sampled_from(["magnitude", "log1p", "count", "strain"]), kind=st.booleans())
def test_the_bins_of_a_region_sum_to_its_weights(uv, weight, kind):
    rng = np.random.default_rng(2)
    regions = soft_regions(rng, 12, 10) if kind else hard_regions(rng, 12, 10)
    sums = [
        hoof(**{**PLAIN, "weight": weight, "binning": binning, "bins": bins})(FlowField(uv=uv), regions)
        .reshape(4, bins).sum(axis=1)
        for bins, binning in ((4, "hard"), (8, "linear"), (9, "gaussian"))
    ]  # fmt: skip
    np.testing.assert_allclose(sums[0], sums[1], rtol=1e-4)
    np.testing.assert_allclose(sums[0], sums[2], rtol=1e-4)


@settings(max_examples=25, deadline=None)
@given(uv=flows, scale=st.floats(0.1, 10), norm=st.sampled_from(["none", "l1", "l2", "sqrt"]), where=st.booleans())
def test_scale_of_the_flow_is_kept_without_a_norm_and_lost_with_one(uv, scale, norm, where):
    h = hoof(**{**PLAIN, "region_norm" if where else "vector_norm": norm})
    regions = hard_regions(np.random.default_rng(3), 12, 10)
    row, scaled = h(FlowField(uv=uv), regions), h(FlowField(uv=uv * np.float32(scale)), regions)
    np.testing.assert_allclose(scaled, row * (scale if norm == "none" else 1), rtol=2e-4, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(uv=flows, phase=st.sampled_from([0.0, 0.5]))
def test_a_mirrored_flow_has_a_mirrored_histogram(uv, phase):
    h, regions = hoof(phase=phase), hard_regions(np.random.default_rng(4), 12, 10)
    assert regions.labels is not None
    flipped = Regions(names=regions.names, labels=regions.labels[:, ::-1])
    row = h(FlowField(uv=uv), regions).reshape(4, 8)
    mirrored = h(FlowField(uv=uv[:, ::-1] * np.float32([-1, 1])), flipped).reshape(4, 8)
    np.testing.assert_allclose(mirrored[:, (round(4 - 2 * phase) - np.arange(8)) % 8], row, atol=2e-3)


@settings(max_examples=15, deadline=None)
@given(uv=flows, dy=st.integers(0, 5), dx=st.integers(0, 5))
def test_moving_flow_and_regions_together_changes_nothing(uv, dy, dx):
    h, regions = hoof(), hard_regions(np.random.default_rng(5), 12, 10)
    pad = ((dy, 5 - dy), (dx, 5 - dx))
    moved = Regions(names=regions.names, labels=np.pad(regions.labels, pad, constant_values=-1))
    row = h(FlowField(uv=np.pad(uv, (*pad, (0, 0)), mode="reflect")), moved)
    np.testing.assert_allclose(row, h(FlowField(uv=uv), regions), atol=1e-6)


# --- many at once, and bad input ---


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_a_batch_gives_the_same_rows_as_one_by_one(changes):
    rng = np.random.default_rng(11)
    flows = np.stack([random_flow(rng) for _ in range(5)])
    for kind in (hard_regions, soft_regions):
        regions, h = [kind(rng, 12, 10) for _ in range(5)], hoof(**changes)
        single = [h(FlowField(uv=uv), r) for uv, r in zip(flows, regions, strict=True)]
        np.testing.assert_allclose(h.batch(flows, regions), single, rtol=1e-6, atol=1e-7)
        shared = [h(FlowField(uv=uv), regions[0]) for uv in flows]
        np.testing.assert_allclose(h.batch(flows, regions[:1]), shared, rtol=1e-6, atol=1e-7)


def test_flow_and_regions_of_different_size_are_refused():
    with pytest.raises(DataError, match=r"flow of \(6, 5\) and regions of \(7, 5\)"):
        hoof()(constant(0), whole(7, 5))
    with pytest.raises(DataError, match="3 flow fields need 3 sets of regions or one for all, got 2"):
        hoof().batch(np.zeros((3, 6, 5, 2), np.float32), [whole(), whole()])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bins": 1}, "descriptor.bins=1: must be a whole number of at least 2"),
        ({"bins": True}, "descriptor.bins=True"),
        (
            {"binning": "fuzzy"},
            "descriptor.binning=fuzzy: no such choice; descriptor.binning can be hard, linear, gaussian",
        ),
        ({"gate_share": 0}, "descriptor.gate_share=0: must be a number, above 0 and at most 1"),
        ({"vector_norm": "l3"}, "descriptor.vector_norm=l3"),
        ({"weight": "speed"}, "descriptor.weight=speed"),
        ({"bins": 7, "symmetric": True}, "descriptor.symmetric with bins=7"),
        ({"sigma": float("nan")}, "descriptor.sigma=nan"),
        ({"binning": "gaussian", "fine_bins": 4}, "descriptor.fine_bins=4"),
    ],
)
def test_a_setting_that_cannot_hold_is_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        hoof(**changes)
