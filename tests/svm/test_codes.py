"""Sparse codes over a learnt dictionary: known answers, a slow reference, and that no test clip has a part in them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mer
from mer.bench._made_up import comparison_svm as svm
from mer.config.composition import compose_cell
from mer.descriptor.per_frame import at_positions
from mer.errors import ConfigError, DataError
from mer.geometry.mirror import mirrored_flow
from mer.run.assemble import experiment
from mer.svm import Coded, FittedCodes, SparseCodes, TrainingSet
from mer.tuning import NoTuning, inner_folds
from mer.types import FeatureTable, FlowField, Regions
from tests.descriptor.test_hoof import whole
from tests.loso.test_loso import by_content, loso, outcome, renamed, run
from tests.support.tables import blobs, permuted
from tests.tuning.test_tuning import everywhere, nested

SETTINGS: dict[str, Any] = {
    "atoms": 4,
    "penalty": 0.1,
    "smoothness": 0.1,
    "pooling": "mean",
    "epochs": 2,
    "batch": 64,
    "tolerance": 1e-10,
    "iterations": 10_000,
    "seed": 0,
}
FRAMES, SIZE = 4, 6


def codes(**changes: Any) -> SparseCodes:
    return SparseCodes(**{**SETTINGS, **changes})


def names(frames: int = FRAMES, size: int = SIZE) -> tuple[str, ...]:
    return tuple(f"frame{t + 1}:region{d}:magnitude" for t in range(frames) for d in range(size))


def clips(seed: int = 0, count: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, FRAMES * SIZE))


def coded(learner: Any = None, **changes: Any) -> Coded:
    return Coded(codes=codes(**changes), learner=learner or svm())


def moving(**changes: Any) -> FeatureTable:
    """Clips of `blobs`, each a motion that grows over four frames."""
    data = blobs(features=SIZE, **{"distance": 1.0, **changes})
    grown = np.linspace(0.4, 1.0, FRAMES)[None, :, None] * data.X[:, None]
    noise = 0.3 * np.random.default_rng(9).normal(size=grown.shape)
    return dataclasses.replace(data, X=(grown + noise).reshape(len(data), -1).astype(np.float32), columns=names())


def orthonormal(count: int, size: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(3).normal(size=(size, count)))[0].T


def test_frames_made_of_known_atoms_give_these_atoms_and_codes_up_to_sign_and_order() -> None:
    rng, atoms = np.random.default_rng(1), orthonormal(4, SIZE)
    amount = rng.uniform(1, 2, (80, FRAMES, 1)) * rng.choice([-1, 1], (80, FRAMES, 1))
    truth = amount * np.eye(4)[rng.integers(0, 4, (80, FRAMES))]  # one atom a frame
    X = (truth @ atoms).reshape(80, -1)
    fitted = codes(smoothness=0.0, penalty=0.01, epochs=40)(X, names())
    alike = fitted.dictionary @ atoms.T
    assert sorted(np.abs(alike).argmax(axis=1)) == [0, 1, 2, 3]
    np.testing.assert_allclose(np.abs(alike).max(axis=1), 1, atol=1e-3)
    found = fitted.codes(X) @ np.sign(alike * (np.abs(alike) > 0.5)) * fitted.scale
    np.testing.assert_allclose(found, truth, atol=0.05)


def test_codes_over_orthonormal_atoms_are_shrunk_projections() -> None:
    fitted = FittedCodes(settings=codes(smoothness=0.0), frames=FRAMES, scale=2.0, dictionary=orthonormal(4, SIZE))
    X = clips()
    projected = X.reshape(-1, FRAMES, SIZE) / 2 @ fitted.dictionary.T
    np.testing.assert_allclose(fitted.codes(X), np.sign(projected) * np.maximum(np.abs(projected) - 0.1, 0), atol=1e-6)


def slow_codes(frames: np.ndarray, dictionary: np.ndarray, penalty: float, smoothness: float) -> np.ndarray:
    """Coordinate descent on the codes (T, atoms) of one clip, one entry after another, from 0."""
    count, atoms = len(frames), len(dictionary)
    code = np.zeros((count, atoms))
    for _ in range(20_000):
        before = code.copy()
        for t in range(count):
            near = [s for s in (t - 1, t + 1) if 0 <= s < count]
            for k in range(atoms):
                left = frames[t].copy()
                for other in range(atoms):
                    if other != k:
                        left -= code[t, other] * dictionary[other]
                pull = dictionary[k] @ left + smoothness * sum(code[s, k] for s in near)
                weight = dictionary[k] @ dictionary[k] + smoothness * len(near)
                code[t, k] = np.sign(pull) * max(abs(pull) - penalty, 0) / weight
        if np.abs(code - before).max() < 1e-10:
            return code
    raise AssertionError("the slow reference did not settle")


@pytest.mark.parametrize("smoothness", [0.0, 0.1, 2.0])
@pytest.mark.parametrize("atoms", [3, 9])
def test_codes_agree_with_plain_loops(atoms: int, smoothness: float) -> None:
    X = clips(count=4)
    fitted = codes(atoms=atoms, smoothness=smoothness, penalty=0.3, tolerance=1e-12)(X, names())
    frames = X.reshape(4, FRAMES, SIZE) / fitted.scale
    slow = np.stack([slow_codes(clip, fitted.dictionary, 0.3, smoothness) for clip in frames])
    np.testing.assert_allclose(fitted.codes(X), slow, atol=1e-5)
    assert (slow == 0).any() and (slow != 0).any()


def test_smoothness_ties_the_codes_of_neighbouring_frames() -> None:
    X = clips()
    rough = [np.abs(np.diff(codes(smoothness=value)(X, names()).codes(X), axis=1)).mean() for value in (0, 1, 20)]
    assert rough[0] > 2 * rough[1] > 8 * rough[2]


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_positive_and_negative_parts_are_pooled_apart(pooling: str) -> None:
    fitted = FittedCodes(
        settings=codes(smoothness=0.0, penalty=1e-6, pooling=pooling), frames=2, scale=1.0, dictionary=np.eye(2)
    )
    row = np.array([[3.0, 0.0, -1.0, 4.0]])  # frames (3, 0) and (−1, 4)
    expected = {"mean": [1.5, 0.5, 2.0, 0.0], "max": [3.0, 1.0, 4.0, 0.0]}[pooling]
    np.testing.assert_allclose(fitted(row)[0], np.array(expected), atol=1e-5)
    assert fitted.columns == ("atom1:plus", "atom1:minus", "atom2:plus", "atom2:minus")


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), unit=st.sampled_from([2.0**-8, 4.0, 2.0**12]))
def test_neither_the_order_of_the_clips_nor_their_unit_nor_a_copy_changes_a_digit(seed: int, unit: float) -> None:
    X = clips(seed)
    order = np.random.default_rng(seed).permutation(len(X))
    first = codes()(X, names())
    for other in (X[order], np.concatenate([X, X[:7]])):
        np.testing.assert_array_equal(codes()(other, names()).dictionary, first.dictionary)
    scaled = codes()(unit * X, names())
    np.testing.assert_array_equal(scaled.dictionary, first.dictionary)
    np.testing.assert_array_equal(scaled(unit * X), first(X))


def test_the_seed_decides_and_nothing_else() -> None:
    X = clips()
    one, two, three = (codes(seed=seed)(X, names()).dictionary for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - three).max() > 1e-6


def test_clips_without_motion_have_no_codes() -> None:
    X = clips()
    still = np.zeros((2, X.shape[1]))
    assert not codes()(X, names())(still).any()
    assert not codes(atoms=1)(still, names())(still).any()


def test_a_planted_test_subject_has_no_part_in_the_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clips become a hundred times as large and of another pattern: a dictionary that saw them would show it."""
    seen: list[bytes] = []
    learn = SparseCodes.__call__

    def spy(self: SparseCodes, X: np.ndarray, columns: Any) -> FittedCodes:
        fitted = learn(self, X, columns)
        seen.append(fitted.dictionary.tobytes() + str(fitted.scale).encode())
        return fitted

    monkeypatch.setattr(SparseCodes, "__call__", spy)
    data, changed = moving(), np.array(moving().X)
    rows = data.subject == "db/s02"
    changed[rows] = 100 * changed[rows][:, ::-1]
    planted = dataclasses.replace(data, X=changed)
    found = []
    for one in (data, planted):
        seen.clear()
        result = run(one, coded(), nested())
        found.append((result.folds, list(seen)))
    (before, clean), (after, dirty) = found
    each = 4  # dictionaries a fold: three inner ones, then the outer one
    assert len(clean) == len(dirty) == 6 * each
    own = slice(2 * each, 3 * each)
    assert clean[own] == dirty[own] and before[2].trials == after[2].trials
    assert before[2].parameters == after[2].parameters and before[2].inner_score == after[2].inner_score
    # the plant is no dud: where the subject trains, the outer dictionary is another one
    assert all(clean[k * each + 3] != dirty[k * each + 3] for k in (0, 1, 3, 4, 5))


def test_an_inner_fold_never_learns_from_the_clips_that_it_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    data = moving()
    seen: list[np.ndarray] = []
    learn = SparseCodes.__call__

    def spy(self: SparseCodes, X: np.ndarray, columns: Any) -> FittedCodes:
        seen.append(X)
        return learn(self, X, columns)

    monkeypatch.setattr(SparseCodes, "__call__", spy)
    whose = {row.astype(np.float64).tobytes(): name for row, name in zip(data.X, data.subject.tolist(), strict=True)}
    run(data, coded(), nested())
    people = [{whose[row.tobytes()] for row in X} for X in seen]
    for fold in range(6):
        *inner, outer = people[4 * fold : 4 * fold + 4]
        assert outer == set(data.subject) - {f"db/s{fold:02d}"}
        assert all(some < outer for some in inner)
        assert set.union(*(outer - some for some in inner)) == outer  # everyone was left out once


@pytest.mark.parametrize("oversample", [None, 0])
@pytest.mark.parametrize("average", [False, True])
def test_inner_folds_predict_as_plain_fits_do(average: bool, oversample: int | None) -> None:
    data = moving()
    side = TrainingSet(
        X=data.X,
        y=data.y,
        subject=data.subject,
        columns=data.columns,
        classes=3,
        mirrored=data.X[:, ::-1],
        average=average,
        oversample=oversample,
    )
    splits = inner_folds(side.y, side.subject, 3)
    learner = coded(svm(C=2.0))
    found = learner.inner(side, splits).scores(learner)
    for split in splits:
        train, test = side.training(split.train), side.scored(split.test)
        plain = learner(side.rows[train], side.labels(train), 3, side.columns).scores(side.rows[test])
        np.testing.assert_allclose(found[split.test], side.merged(plain), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("tuning", ["none", "nested", "global"])
@pytest.mark.parametrize("mirror", ["none", "both"])
def test_neither_ids_nor_names_nor_the_order_of_rows_change_a_digit(tuning: str, mirror: str) -> None:
    data = moving()
    other = permuted(renamed(data), np.random.default_rng(4).permutation(len(data)))
    search = {"none": NoTuning(), "nested": nested(), "global": everywhere()}[tuning]
    found = []
    for one in (data, other):
        images = {"mirrored": dataclasses.replace(one, X=one.X[:, ::-1])} if mirror == "both" else {}
        found.append(by_content(one, run(one, coded(), search, loso(mirror=mirror), **images)))
    assert found[0] == found[1]


def test_an_ensemble_has_codes_too() -> None:
    fold = run(moving(), coded(), nested(members=2)).folds[0]
    assert fold.parameters["members"] == 2 and np.isfinite(fold.scores).all()


def test_any_number_of_workers_gives_the_same_result() -> None:
    assert outcome(run(moving(), coded(), nested())) == outcome(run(moving(), coded(), nested(), workers=2))


def test_other_classifiers_stand_behind_the_codes_too() -> None:
    lda = mer.component("classifier", "lda")
    result = run(moving(distance=4.0), coded(lda), nested())
    assert set(result.folds[0].parameters) == {"shrinkage"}
    right = np.concatenate([fold.y_true == fold.y_pred for fold in result.folds])
    assert right.mean() > 0.6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"atoms": 0}, "codes.atoms=0: must be a whole number of at least 1"),
        ({"penalty": 0}, "codes.penalty=0: must be a number, above 0"),
        ({"smoothness": -1}, "codes.smoothness=-1: must be a number, at least 0"),
        ({"pooling": "sum"}, "codes.pooling=sum: no such choice; codes.pooling can be mean, max"),
        ({"tolerance": 0.0}, "codes.tolerance=0.0: must be a number, above 0"),
        ({"seed": -1}, "codes.seed=-1: must be a whole number of at least 0"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        codes(**changes)


def test_more_atoms_than_frames_and_rows_without_frames_are_refused() -> None:
    with pytest.raises(DataError, match=r"codes.atoms=9: the 2 training rows hold 8 different frames.*codes.atoms=8"):
        codes(atoms=9)(clips(count=2), names())
    with pytest.raises(
        DataError, match=r"a column is called brow:\+045deg; take descriptor=sparse_mdmo, or codes=none"
    ):
        codes()(clips(), tuple(f"brow:+{d:03d}deg" for d in range(45, 45 + FRAMES * SIZE)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["frames=onset_apex"], "frames=onset_apex gives only onset and apex; use frames=sequence"),
        (["dataset=flow_images"], "dataset=flow_images has one ready-made flow field .* use descriptor=mdmo"),
        (
            ["descriptor=mdmo", "codes=sparse"],
            "codes=sparse learns .* descriptor=mdmo does not describe .*them separately.*sparse_mdmo",
        ),
        (["descriptor.positions=1"], "descriptor.positions=1: must be a whole number of at least 2"),
        (["descriptor.descriptor=3"], "descriptor.descriptor is no descriptor of a field"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_to_set(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        experiment(*compose_cell(["descriptor=sparse_mdmo", *words]))


def test_one_word_makes_the_whole_experiment() -> None:
    made = experiment(*compose_cell(["descriptor=sparse_mdmo", "seed=3"]))
    assert isinstance(made.svm, Coded) and made.svm.codes.seed == 3 and made.svm.learner.parameters["kernel"] == "rbf"
    assert made.pipeline.stages.sequence is not None and made.choices["codes"] == "sparse"
    plain = experiment(*compose_cell(["descriptor=sparse_mdmo", "codes=none"]))
    assert not isinstance(plain.svm, Coded) and "codes" not in plain.settings


def test_a_plan_knows_the_cost_of_folds_that_learn_codes_apart() -> None:
    words = ["descriptor=sparse_mdmo", "codes=none", "codes.atoms=8"]
    coded_, plain = (experiment(*compose_cell(words[:count])) for count in (1, 2))
    fewer = experiment(*compose_cell(["descriptor=sparse_mdmo", words[2]]))
    assert plain.folds_cost is plain.tuning
    assert isinstance(coded_.folds_cost, str) and coded_.folds_cost != fewer.folds_cost


def fields(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 6, 8, 2)).astype(np.float32)


def test_positions_are_spread_evenly_and_mixed_between_two_fields() -> None:
    flows = fields(3)
    np.testing.assert_array_equal(at_positions(flows, 3), flows)
    middle = (flows[:-1] + flows[1:]) / 2
    np.testing.assert_allclose(at_positions(flows, 5)[1::2], middle, rtol=1e-6)
    np.testing.assert_array_equal(at_positions(flows, 5)[::2], flows)
    np.testing.assert_array_equal(at_positions(flows[:1], 4), np.repeat(flows[:1], 4, axis=0))
    np.testing.assert_allclose(at_positions(fields(7), 4), fields(7)[::2])


def test_a_row_is_that_of_every_frame_and_of_its_mirror_image() -> None:
    regions: Regions = whole(6, 8)
    frames = mer.component("descriptor", "sparse_mdmo", positions=3)
    row, names_ = frames.sequence(fields(3), regions), frames.columns(regions)
    assert len(row) == len(names_) and names_[0] == "frame1:all:magnitude"
    parts = [frames.descriptor(FlowField(uv=uv), regions) for uv in fields(3)]
    np.testing.assert_array_equal(row, np.concatenate(parts))
    np.testing.assert_array_equal(frames(FlowField(uv=fields(1)[0]), regions), np.tile(parts[0], 3))
    turned = np.stack([mirrored_flow(FlowField(uv=uv)).uv for uv in fields(3)])
    cosines = [names_.index(f"frame{t}:all:cos") for t in (1, 2, 3)]
    np.testing.assert_allclose(frames.sequence(turned, regions)[cosines], -row[cosines], atol=1e-5)
