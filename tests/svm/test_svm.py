import dataclasses
import pickle
import tracemalloc

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mer.bench._made_up import comparison_svm as svm
from mer.errors import ConfigError, DataError
from mer.svm import Split, TrainingSet, libsvm
from mer.svm.kernels import base
from mer.svm.selection import anova_f, kept, merged, region_of
from mer.svm.whitening import whitened, within_classes
from tests.support.tables import blobs, permuted


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_equals_the_plain_pipeline(kernel, class_weight):
    data = blobs()
    X, new = data.X[:24].astype(np.float64), data.X[24:].astype(np.float64)
    plain = make_pipeline(
        StandardScaler(),
        SVC(
            kernel=kernel,
            C=3,
            gamma="scale",
            class_weight=None if class_weight == "none" else "balanced",
            break_ties=True,
        ),
    ).fit(X, data.y[:24])
    ours = svm(kernel=kernel, C=3.0, class_weight=class_weight)(X, data.y[:24], 3)
    np.testing.assert_allclose(ours.scores(new), plain.decision_function(new), rtol=1e-12)
    np.testing.assert_array_equal(ours.scores(new).argmax(axis=1), plain.predict(new))


def test_gamma_does_not_depend_on_the_unit_of_the_features():
    data = blobs()
    pixels, microns = (svm(scaling="none")(data.X * unit, data.y, 3).scores(data.X * unit) for unit in (1, 1000))
    np.testing.assert_allclose(pixels, microns, rtol=1e-4)


def test_unscaled_features_are_left_alone():
    data = blobs()
    stretched = data.X * np.array([100] + [1] * 7)
    scaled, raw = (svm(scaling=s)(stretched, data.y, 3).scores(stretched) for s in ("standard", "none"))
    assert np.abs(scaled - raw).max() > 0.1


def test_a_class_that_was_not_seen_has_no_score():
    data = blobs()
    seen = data.y != 1
    scores = svm()(data.X[seen], data.y[seen], 3).scores(data.X)
    assert np.isnan(scores[:, 1]).all() and np.isfinite(scores[:, [0, 2]]).all()
    np.testing.assert_allclose(scores[:, 0], -scores[:, 2])


def test_a_constant_feature_and_constant_data_are_no_obstacle():
    data = blobs()
    X = np.column_stack([data.X, np.ones(len(data))])
    assert np.isfinite(svm()(X, data.y, 3).scores(X)).all()
    assert np.isfinite(svm()(np.ones((6, 2)), np.array([0, 0, 1, 1, 2, 2]), 3).scores(np.ones((1, 2)))).all()


def test_one_class_alone_is_refused():
    with pytest.raises(DataError, match="3 training clips are of one"):
        svm()(np.eye(3), np.zeros(3, dtype=np.int64), 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("kernel", "rbff"), ("C", 0), ("C", "high"), ("gamma", -1), ("scaling", "robust"), ("tolerance", float("nan"))],
)
def test_a_wrong_setting_is_named(field, value):
    with pytest.raises(ConfigError, match=rf"svm\.{field}={value}"):
        svm(**{field: value})


def test_only_settings_of_the_kernel_are_searched():
    assert svm().has_param("gamma") and svm().has_param("C") and not svm(kernel="linear").has_param("gamma")
    with pytest.raises(ConfigError, match=r"tuning\.space\.c: the svm has no such setting; it has C, blocks"):
        svm().has_param("c")


def inner_splits(data, groups=3):
    number = np.unique(data.subject, return_inverse=True)[1] % groups
    return [Split(name=str(g), train=np.flatnonzero(number != g), test=np.flatnonzero(number == g)) for g in range(3)]


def side_of(data, **changes):
    fields = {"X": data.X, "y": data.y, "subject": data.subject, "columns": data.columns, "classes": 3}
    return TrainingSet(**{**fields, **changes})


def plainly(machine, side, splits):
    """Each inner fold by a fit of its own, the way a plain search would."""
    scores = np.full((len(side), side.classes), np.nan)
    for split in splits:
        train, new = side.training(split.train), side.scored(split.test)
        fitted = machine(side.rows[train], side.labels(train), side.classes, side.columns)
        scores[split.test] = side.merged(fitted.scores(side.rows[new]))
    return scores


RECIPES = {
    "rbf": {},
    "linear": {"kernel": "linear"},
    "raw": {"scaling": "none"},
    "root": {"power": 0.5},
    "within": {"scaling": "within", "kernel": "linear"},
    "within rbf": {"scaling": "within", "shrinkage": 0.1},
    "merged": {"merge": 0.1},
    "merged root": {"merge": 0.1, "power": 0.5, "keep": 0.5, "keep_by": "region"},
    "chi2": {"kernel": "chi2"},
    "intersection": {"kernel": "intersection"},
    "hellinger": {"kernel": "hellinger"},
    "blocks": {"blocks": "region"},
    "chi2 blocks": {"kernel": "chi2", "blocks": "region"},
    "half the features": {"keep": 0.5},
    "half the regions": {"keep": 0.5, "keep_by": "region", "blocks": "region"},
    "balanced": {"class_weight": "balanced"},
    "sqrt": {"class_weight": "sqrt"},
}


def histograms(**changes):
    data = blobs(distance=1.5, **changes)
    named = tuple(f"region{j // 3}:{j}" for j in range(data.X.shape[1]))
    return dataclasses.replace(data, X=np.abs(data.X), columns=named)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("mirror", ["none", "train", "both"])
def test_the_fast_search_gives_the_scores_of_plain_fits(recipe, mirror):
    data = histograms()
    mirrored = None if mirror == "none" else data.X[:, ::-1]
    side = side_of(data, mirrored=mirrored, average=mirror == "both")
    splits = inner_splits(data)
    search = svm(**RECIPES[recipe]).inner(side, splits)
    for C in (0.01, 1.0, 10.0, 100.0):
        for gamma in (0.2, 2.0):
            machine = svm(**{**RECIPES[recipe], "C": C, "gamma": gamma})
            got, expected = search.scores(machine), plainly(machine, side, splits)
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
            np.testing.assert_array_equal(got.argmax(axis=1), expected.argmax(axis=1))


def test_costs_in_any_order_give_the_same():
    data = blobs(distance=1.0)
    side, splits = side_of(data), inner_splits(data)
    search, costs = svm().inner(side, splits), np.random.default_rng(0).permutation(np.geomspace(0.01, 1e5, 15))
    for C in costs:
        np.testing.assert_array_equal(search.scores(svm(C=C)), svm().inner(side, splits).scores(svm(C=C)))


def test_settings_known_beforehand_give_the_same_and_hold_the_matrices_of_one_fold():
    rng = np.random.default_rng(0)
    y, subject = np.arange(360) % 3, np.repeat(np.arange(9), 40)
    X = rng.normal(size=(360, 4)) + y[:, None]
    side = TrainingSet(X=X, y=y, subject=subject.astype(str), columns=("a", "b", "c", "d"), classes=3)
    splits = [Split(name=f"{k}", train=np.flatnonzero(subject != k), test=np.flatnonzero(subject == k)) for k in (0, 4)]
    splits = [dataclasses.replace(split, name=f"{n} {split.name}") for n in range(4) for split in splits]
    machines = [svm(C=C, gamma=gamma) for gamma in (0.1, 1.0) for C in (0.1, 10.0)]
    found, peaks = [], []
    for known in (machines, []):
        tracemalloc.start()
        search = svm().inner(side, splits)
        search.precompute(known)
        found.append([search.scores(machine) for machine in machines])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    np.testing.assert_array_equal(found[0], found[1])
    a_fold = 2 * 320 * 360 * 8  # distances and kernel of 320 rows with themselves and with the 40 others
    assert peaks[0] < 3 * a_fold < 7 * a_fold < peaks[1]


def test_the_inner_folds_see_no_label_of_their_test_side():
    data = blobs(distance=1.0)
    splits = inner_splits(data)
    flipped = np.array(data.y)
    flipped[splits[0].test] = (flipped[splits[0].test] + 1) % 3
    before, after = (svm(keep=0.5).inner(side_of(data, y=y), splits).scores(svm(keep=0.5)) for y in (data.y, flipped))
    np.testing.assert_array_equal(before[splits[0].test], after[splits[0].test])
    assert np.abs(before - after).max() > 0


@pytest.mark.parametrize("missing", [1, None])
def test_inner_folds_may_lack_a_class_or_hold_only_one(missing):
    data = blobs()
    splits = inner_splits(data)
    y = np.array(data.y)
    y[splits[0].train] = np.where(y[splits[0].train] == 1, 0, y[splits[0].train]) if missing else 2
    scores = svm().inner(side_of(data, y=y), splits[:1]).scores(svm())[splits[0].test]
    assert np.isnan(scores[:, 1]).all() and np.isfinite(scores[:, 2]).all()
    assert np.isnan(scores[:, 0]).all() == (missing is None)


def test_kernels_by_hand():
    a, b = np.array([[1.0, 3.0]]), np.array([[4.0, 1.0]])
    expected = {"linear": 7, "rbf": 13, "chi2": 9 / 5 + 4 / 4, "intersection": 2, "hellinger": 2 + np.sqrt(3)}
    for kind, value in expected.items():
        np.testing.assert_allclose(base(kind, a, b), [[value]], rtol=1e-12)


@pytest.mark.parametrize("recipe", ["rbf", "chi2", "intersection", "hellinger", "chi2 blocks"])
def test_a_fitted_machine_holds_its_kernel_and_can_be_stored(recipe):
    data = histograms()
    fitted = svm(**RECIPES[recipe])(data.X, data.y, 3, data.columns)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.scores(data.X[::-1]), fitted.scores(data.X[::-1]))
    front, machine = fitted.pipeline[:-1], fitted.pipeline[-1]
    rows = np.asarray(front.transform(np.asarray(data.X, dtype=np.float64)))
    whole = clone(machine).fit(rows, data.y)  # computes its kernel itself
    np.testing.assert_array_equal(whole.decision_function(rows), machine.decision_function(rows))


def test_kernels_of_histograms_refuse_negative_features():
    data = blobs()
    with pytest.raises(DataError, match=r"svm\.kernel=chi2 compares histograms"):
        svm(kernel="chi2")(data.X, data.y, 3)


def test_regions_are_told_by_their_columns():
    assert region_of(("brow:0", "brow:1", "lip:0", "strain")).tolist() == [0, 0, 1, 2]
    with pytest.raises(DataError, match="the region of a column is read from its name"):
        svm(blocks="region")(np.eye(4), np.array([0, 1, 0, 1]), 2)


def test_f_values_agree_with_scikit_learn():
    from sklearn.feature_selection import f_classif

    data = blobs()
    np.testing.assert_allclose(anova_f(data.X.astype(float), data.y), f_classif(data.X.astype(float), data.y)[0])
    assert anova_f(np.array([[1.0, 5.0], [1.0, 5.0], [1.0, 6.0]]), np.array([0, 0, 1])).tolist() == [0, np.inf]


def test_selection_keeps_what_tells_the_classes_apart():
    y = np.repeat([0, 1], 20)
    X = np.random.default_rng(0).normal(size=(40, 6))
    X[:, 4] += 5 * y
    assert kept(X, y, 1 / 6, None).tolist() == [4]
    assert kept(X, y, 1 / 3, np.array([0, 0, 1, 1, 2, 2])).tolist() == [4, 5]
    assert kept(X, y, 1.0, None).tolist() == list(range(6))
    assert kept(X, y, 1e-9, None).tolist() == [4]


def test_neighbouring_bins_that_rise_and_fall_together_become_one():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 200))
    twin = a + 0.1 * rng.normal(size=200)
    X = np.column_stack([a, twin, b, c])
    one, two = np.zeros(4, dtype=np.intp), np.array([0, 1, 1, 1])
    assert merged(X, one, 0.9).tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_array_equal(merged(X, two, 0.9), np.eye(4))  # twins in two regions stay two
    np.testing.assert_array_equal(merged(X, one, 1.0), np.eye(4))
    np.testing.assert_array_equal(merged(X[:, [0, 2, 1, 3]], one, 0.9), np.eye(4))  # no neighbours


def test_bins_are_neighbours_around_the_circle_and_in_chains():
    rng = np.random.default_rng(1)
    a, b, c, noise = rng.normal(size=(4, 300))
    X = np.column_stack([a, b, c, a + 0.05 * noise])
    assert merged(X, np.zeros(4, dtype=np.intp), 0.9)[:, 0].tolist() == [1, 0, 0, 1]
    chain = np.column_stack([a, a + 0.5 * b, a + b, c])
    assert np.corrcoef(chain.T)[0, 2] < 0.8  # the ends are not alike, but each is like the middle
    assert merged(chain, np.zeros(4, dtype=np.intp), 0.8)[:, 0].tolist() == [1, 1, 1, 0]


def test_merging_is_learnt_from_the_training_rows_and_never_merges_constants():
    X = np.random.default_rng(2).normal(size=(30, 6))
    X[:, 1], X[:, 4:] = X[:, 0], 0.0
    y = np.arange(30) % 3
    fitted = svm(merge=0.9)(X, y, 3, tuple(f"lip:{k}" for k in range(6)))
    assert fitted.pipeline[:-1].transform(X).shape == (30, 5)
    with pytest.raises(DataError, match="the region of a column is read from its name"):
        svm(merge=0.9)(X, y, 3)
    with pytest.raises(ConfigError, match=r"svm\.merge=1\.5: must be a number above 0 and up to 1"):
        svm(merge=1.5)


def test_oversampling_gives_every_class_as_many_rows_drawn_from_these_clips_alone():
    data = blobs()
    y = np.where(np.arange(len(data)) % 6 == 0, 1, np.where(np.arange(len(data)) % 4 == 1, 2, 0))
    side = side_of(data, y=y, oversample=5)
    clips = np.arange(3, 33)
    rows = side.training(clips)
    counts = np.bincount(side.labels(rows))
    assert set(rows) == set(clips) and len(set(counts)) == 1 and counts[0] == np.bincount(y[clips]).max()
    repeats = np.bincount(rows, minlength=len(y))[clips]
    for k in range(3):
        assert np.ptp(repeats[y[clips] == k]) <= 1  # no clip twice before all of its class are there once
    np.testing.assert_array_equal(rows, side.training(clips))
    assert not np.array_equal(rows, side_of(data, y=y, oversample=6).training(clips))
    assert side.training(clips[:0]).size == 0


def test_oversampled_clips_bring_their_mirror_images_and_are_scored_once():
    data = blobs()
    side = side_of(data, y=np.minimum(data.y, 1), mirrored=-data.X, average=True, oversample=0)
    rows = side.training(np.arange(12))
    np.testing.assert_array_equal(rows[: len(rows) // 2] + len(data), rows[len(rows) // 2 :])
    assert np.ptp(np.bincount(side.labels(rows))) == 0
    np.testing.assert_array_equal(side.scored(np.arange(12)), np.concatenate([np.arange(12), np.arange(12) + 36]))


def test_the_fast_search_draws_the_clips_that_plain_fits_draw():
    data = blobs(distance=1.0)
    side, splits = side_of(data, y=np.where(data.y == 2, 0, data.y), oversample=3), inner_splits(data)
    np.testing.assert_allclose(svm().inner(side, splits).scores(svm()), plainly(svm(), side, splits), rtol=1e-9)


def within_covariance(X, y):
    away = X - np.stack([X[y == k].mean(axis=0) for k in np.unique(y)])[y]
    return away.T @ away / len(X)


def test_whitening_makes_all_directions_within_the_classes_alike():
    rng = np.random.default_rng(3)
    y = np.arange(300) % 3
    X = (
        rng.normal(size=(300, 4)) @ np.diag([3.0, 1.0, 0.5, 0.1]) @ np.linalg.qr(rng.normal(size=(4, 4)))[0]
        + y[:, None]
    )
    X -= X.mean(axis=0)
    rows = whitened(X, within_classes(X, y, 1e-8))
    covariance = within_covariance(rows, y)
    np.testing.assert_allclose(covariance, np.eye(4) * covariance[0, 0], atol=1e-5)
    assert (rows**2).sum(axis=1).mean() == pytest.approx(1)
    halfway = np.linalg.cond(within_covariance(whitened(X, within_classes(X, y, 0.3)), y))
    assert 1.5 < halfway < np.linalg.cond(within_covariance(X, y))


def test_full_shrinkage_only_scales_and_fewer_clips_than_features_are_no_obstacle():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(12, 50)), np.arange(12) % 3
    X -= X.mean(axis=0)
    alike = whitened(X, within_classes(X, y, 1.0))
    np.testing.assert_allclose(alike, X * np.linalg.norm(alike) / np.linalg.norm(X))
    by = within_classes(X, y, 0.4)
    S = 0.6 * within_covariance(X, y) + 0.4 * np.trace(within_covariance(X, y)) / 50 * np.eye(50)
    inverse_root = whitened(np.eye(50), by)
    product = inverse_root @ S @ inverse_root
    np.testing.assert_allclose(product, np.eye(50) * product[0, 0], atol=1e-9)
    np.testing.assert_array_equal(whitened(np.zeros((2, 50)), within_classes(np.zeros((6, 50)), y[:6], 0.5)), 0)


def test_a_small_cost_after_whitening_is_close_to_discriminant_analysis():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    data = blobs(subjects=30, distance=2.0)
    ours = svm(kernel="linear", scaling="within", shrinkage=0.1, C=0.01)(data.X, data.y, 3).scores(data.X)
    scaled = StandardScaler().fit_transform(data.X)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1).fit(scaled, data.y).predict(scaled)
    assert (ours.argmax(axis=1) == theirs).mean() > 0.8


def test_shrinkage_is_searched_only_where_it_has_a_part():
    assert svm(scaling="within").has_param("shrinkage") and not svm().has_param("shrinkage")
    assert not svm(scaling="within", kernel="chi2").has_param("shrinkage")


@pytest.fixture
def changed_scikit_learn(monkeypatch):
    """A scikit-learn whose low-level call has other arguments."""
    import sklearn.svm

    class Other:
        set_verbosity_wrap = staticmethod(lambda level: None)

        @staticmethod
        def fit(X, y):
            raise AssertionError("only called with these two arguments")

    monkeypatch.setattr(sklearn.svm, "_libsvm", Other)
    libsvm._low_level_works.cache_clear()
    yield
    libsvm._low_level_works.cache_clear()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_the_public_solver_takes_over_and_decides_alike(classes, class_weight, request):
    data = blobs(distance=1.0)
    some = data.y < classes
    side = side_of(permuted(data, np.flatnonzero(some)))
    machines = [svm(C=C, class_weight=class_weight) for C in (0.1, 1.0, 10.0)]
    low = [machine.inner(side, inner_splits(side)).scores(machine) for machine in machines]
    assert libsvm._low_level_works()
    request.getfixturevalue("changed_scikit_learn")
    assert not libsvm._low_level_works()
    public = [machine.inner(side, inner_splits(side)).scores(machine) for machine in machines]
    np.testing.assert_allclose(public, low, rtol=0, atol=1e-10)
    assert np.isfinite(low).any()


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_a_low_level_call_that_fails_is_not_used(monkeypatch, error):
    def fails(*_):
        raise error("changed")

    monkeypatch.setattr(libsvm, "_low_level", fails)
    libsvm._low_level_works.cache_clear()
    assert not libsvm._low_level_works()
    libsvm._low_level_works.cache_clear()
