import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mer.bench._made_up import comparison_svm as svm
from mer.errors import CacheError, ConfigError, DataError, LeakError, MerError
from mer.loso import (
    HoldOut,
    LeaveDatabaseOut,
    Loso,
    Split,
    SubjectFolds,
    check_duplicate_recordings,
    check_split,
    fold_seed,
    workers,
)
from mer.loso.order import content_rank, subject_signatures
from mer.metrics import score
from mer.store.background import end_all, started, submit
from mer.tuning import NoTuning, inner_folds
from tests.support.tables import blobs, permuted, table
from tests.tuning.test_tuning import everywhere, nested

COMMON = {"min_clips": 2, "mirror": "none", "balance": "none", "draws": 100, "interval": "percentile"}


def loso(**changes):
    return Loso(**{**COMMON, **changes})


def run(data, machine=None, tuning=None, scheme=None, **changes):
    call = {"seed": 0, "key": "cell", "workers": 1, **changes}
    return (scheme or loso())(data, machine or svm(), tuning or NoTuning(), **call)


def outcome(result):
    """All that must repeat: everything but the time."""
    return [
        (f.fold, f.sample_id, f.y_true.tolist(), f.y_pred.tolist(), f.scores.tolist(), dict(f.parameters), f.trials)
        for f in result.folds
    ]


def known_to(machine, data, rows, images=None):
    """What the machine learns from these rows; it starts from the first, and so ends a tolerance away elsewhere."""
    order = np.flatnonzero(rows)[np.argsort(content_rank(data, images)[rows])]
    both = [data.X[order]] if images is None else [data.X[order], images.X[order]]
    return machine(np.concatenate(both), np.tile(data.y[order], len(both)), 3)


def uf1(result):
    true, pred = (np.concatenate([getattr(f, name) for f in result.folds]) for name in ("y_true", "y_pred"))
    return score(true, pred, 3, "uf1")


def test_every_clip_is_predicted_once_by_the_others():
    data = blobs()
    result = run(data)
    assert [fold.fold for fold in result.folds] == sorted(set(data.subject))
    for fold in result.folds:
        rows = np.isin(data.sample_id, fold.sample_id)
        assert set(data.subject[rows]) == {fold.fold}
        expected = known_to(svm(), data, ~rows).scores(data.X[rows])
        np.testing.assert_allclose(fold.scores, expected, rtol=1e-12)
        np.testing.assert_array_equal(fold.y_pred, fold.scores.argmax(axis=1))


def test_separable_classes_are_recognised():
    assert uf1(run(blobs(distance=8.0))) == 1.0


def test_any_number_of_workers_gives_the_same_result():
    data, seen = blobs(distance=1.0), []
    one = run(data, tuning=nested())
    two = run(data, tuning=nested(), workers=2, progress=seen.append)
    assert outcome(one) == outcome(two)
    assert sorted(fold.fold for fold in seen) == [fold.fold for fold in two.folds]


def test_quick_folds_begin_here_and_the_rest_goes_to_other_processes(monkeypatch):
    data, elsewhere = blobs(), []
    monkeypatch.setattr(workers, "_side_by_side", lambda job, left, count: elsewhere.extend(left) or iter(()))
    assert len(run(data, workers=2).folds) == 6 and not elsewhere
    monkeypatch.setattr(workers, "_ALONE_S", 0.0)
    with pytest.raises(DataError, match="every sample must be predicted exactly once"):
        run(data, workers=2)
    assert [split.name for split in elsewhere] == sorted(set(data.subject))


def test_quick_folds_of_a_background_process_are_the_same(monkeypatch):
    data = blobs(distance=1.0)
    here = run(data)
    workers.warm()
    loaded = submit("folds", eval, "'sklearn.svm' in __import__('sys').modules")
    assert loaded.result()
    with monkeypatch.context() as patched:
        patched.delattr(workers, "_in_this_process")
        assert outcome(run(data)) == outcome(here)
        with pytest.raises(DataError, match=r"svm.kernel=chi2 compares histograms, and a feature is -"):
            run(data, svm(kernel="chi2"))
        assert outcome(run(data)) == outcome(here)  # it is none the worse
    os.kill(submit("folds", os.getpid).result(), signal.SIGKILL)
    with contextlib.suppress(MerError):  # the fold that it was at
        run(data)
    assert outcome(run(data)) == outcome(here)  # a new one takes its place
    end_all()
    assert not started("folds")


def test_the_order_of_the_rows_carries_no_meaning():
    data = blobs(distance=1.0)
    order = np.random.default_rng(3).permutation(len(data))
    assert outcome(run(data, tuning=nested())) == outcome(run(permuted(data, order), tuning=nested()))


def renamed(data):
    """The same clips under ids and subjects that sort otherwise."""
    dice = np.random.default_rng(5)
    people = np.unique(data.subject)
    person = dict(zip(people, dice.permutation(len(people)), strict=True))
    return dataclasses.replace(
        data,
        subject=np.array([f"db/other{person[name]:02d}" for name in data.subject]),
        sample_id=np.array([f"take{k:03d}" for k in dice.permutation(len(data))]),
    )


def by_content(data, result):
    """All that a clip is told, by its features; and each fold's search, by the features of those that it tests."""
    row = dict(zip(data.sample_id.tolist(), data.X, strict=True))
    clips, folds = {}, {}
    for fold in result.folds:
        features = [row[name].tobytes() for name in fold.sample_id]
        told = [str(pair) for pair in zip(fold.y_pred.tolist(), fold.scores.tolist(), strict=True)]
        clips |= dict(zip(features, told, strict=True))
        folds[tuple(sorted(features))] = (str(dict(fold.parameters)), str(fold.trials), str(fold.inner_score))
    return clips, folds


@pytest.mark.parametrize("kernel", ["rbf", "chi2"])
@pytest.mark.parametrize("tuning", ["none", "nested", "nested_loso", "global"])
@pytest.mark.parametrize("mirror", ["none", "both"])
def test_neither_ids_nor_names_nor_the_order_of_rows_change_a_digit(kernel, tuning, mirror):
    data = blobs(subjects=7, distance=0.5, features=40)
    data = dataclasses.replace(data, X=np.abs(data.X))
    other = permuted(renamed(data), np.random.default_rng(4).permutation(len(data)))
    search = {
        "none": NoTuning(),
        "nested": nested(trials=8),
        "nested_loso": nested(trials=5, inner="loso"),
        "global": everywhere(trials=8),
    }[tuning]
    found = []
    for one in (data, other):
        images = {"mirrored": dataclasses.replace(one, X=one.X[:, ::-1])} if mirror == "both" else {}
        found.append(by_content(one, run(one, svm(kernel=kernel), search, loso(mirror=mirror), **images)))
    assert found[0] == found[1]


def test_clips_that_look_alike_are_told_apart_by_their_subjects_not_by_names():
    data = blobs(subjects=6, distance=0.5, features=3)
    X = np.array(data.X)
    X[data.y == 0] = 0  # too few values to be taken for one recording
    data = dataclasses.replace(data, X=X)
    other = renamed(data)
    found = [run(one, tuning=nested(trials=6)).folds for one in (data, other)]
    told = [sorted((str(f.trials), sorted(f.scores.tolist())) for f in folds) for folds in found]
    assert told[0] == told[1]


def test_each_fold_has_a_seed_of_its_own():
    seeds = {fold_seed(s, key, fold) for s in (0, 1) for key in ("a", "b") for fold in ("x", "y")}
    assert len(seeds) == 8 and fold_seed(0, "a", "x") == fold_seed(0, "a", "x")
    data = unequal(blobs(distance=1.0))
    trials = {str(fold.trials[1]["C"]) for fold in run(data, tuning=nested()).folds}
    assert len(trials) == len(set(subject_signatures(data.y, data.subject).values())) == 4


def unequal(data):
    """Clips of some subjects left out, so that not all subjects have the same label counts."""
    return permuted(data, np.flatnonzero(~np.isin(np.arange(len(data)), [1, 8, 14, 16])))


def noisy(data, size, draw):
    """The features as another processor would round them, much exaggerated."""
    dice = np.random.default_rng([draw, int(1e9 * size)])
    return dataclasses.replace(data, X=data.X * (1 + size * dice.standard_normal(data.X.shape)))


def search_inputs(data, **changes):
    """What each fold's search is given that is not a feature: its seed, and who is left out together, by name."""
    found = {}

    class Spy(NoTuning):
        def __call__(self, machine, side, *, seed, label):
            groups = [frozenset(side.subject[split.test]) for split in inner_folds(side.y, side.subject, 3)]
            found[label] = (seed, groups)
            return super().__call__(machine, side, seed=seed, label=label)

    run(data, tuning=Spy(), **changes)
    return found


@pytest.mark.parametrize("size", [1e-6, 1e-5, 1e-4, 1e-3])
def test_noise_in_the_features_changes_no_order_of_subjects_no_inner_fold_and_no_seed(size):
    data = unequal(blobs(subjects=9, features=40))
    before = search_inputs(data)
    first_rows = np.argsort(content_rank(data, None))
    for draw in range(10):
        other = noisy(data, size, draw)
        assert (data.X != other.X).mean() > 0.3
        assert search_inputs(other) == before
        order = np.argsort(content_rank(other, None))
        assert data.subject[order].tolist() == data.subject[first_rows].tolist()


def test_sums_that_cross_swap_two_subjects_with_equal_label_counts_and_change_no_seed():
    data = unequal(blobs(subjects=9, features=40))
    counts = subject_signatures(data.y, data.subject)
    crossed = np.array(data.X)
    crossed[data.subject == "db/s03"] *= 3  # moves it behind all those who have its label counts
    other = dataclasses.replace(data, X=crossed)
    before, after = (data.subject[np.argsort(content_rank(d, None))].tolist() for d in (data, other))
    assert before != after
    assert [counts[name] for name in before] == [counts[name] for name in after]
    seeds = [{name: seed for name, (seed, _) in search_inputs(d).items()} for d in (data, other)]
    assert seeds[0] == seeds[1]


def test_what_a_test_subject_is_called_or_labelled_changes_nothing_in_its_fold():
    data = blobs(distance=1.0)
    changed = np.array(data.y)
    rows = data.subject == "db/s02"
    changed[rows] = (changed[rows] + 1) % 3
    other = dataclasses.replace(data, y=changed)
    before, after = run(data, tuning=nested()).folds[2], run(other, tuning=nested()).folds[2]
    assert before.fold == after.fold == "db/s02"
    np.testing.assert_array_equal(before.scores, after.scores)
    assert before.parameters == after.parameters and before.trials == after.trials


def test_the_scaler_never_sees_the_test_subject():
    """A test subject with values a million times as large would move a scaler fitted on all rows."""
    data = blobs()
    X = np.array(data.X)
    X[data.subject == "db/s00"] *= 1e6
    before, after = run(data).folds, run(dataclasses.replace(data, X=X)).folds
    known = known_to(svm(), data, data.subject != "db/s00")
    np.testing.assert_allclose(after[0].scores, known.scores(X[:6]), rtol=1e-9)
    assert before[0].fold == "db/s00"


def test_tuning_sees_the_training_side_only():
    seen = {}

    class Spy(NoTuning):
        def __call__(self, machine, side, *, seed, label):
            seen[label] = (set(side.subject), len(side.X), len(side.y), seed)
            return super().__call__(machine, side, seed=seed, label=label)

    data = blobs()
    run(data, tuning=Spy())
    for name in set(data.subject):
        assert seen[f"cell/{name}"][:3] == (set(data.subject) - {name}, 30, 30)
    assert len({seed for *_, seed in seen.values()}) == 1  # all subjects have the same label counts


def test_the_seed_of_a_search_knows_no_names_and_no_label_of_the_test_side():
    def seeds(data):
        found = {}

        class Spy(NoTuning):
            def __call__(self, machine, side, *, seed, label):
                found[label.rsplit("/", 1)[-1]] = seed
                return super().__call__(machine, side, seed=seed, label=label)

        run(data, tuning=Spy())
        return found

    data = blobs()
    renamed = dataclasses.replace(data, subject=np.char.replace(data.subject, "db/", "other/"))
    assert seeds(renamed) == seeds(data)
    first = data.subject[0]
    turned = np.where(data.subject == first, 2, data.y)
    other = seeds(dataclasses.replace(data, y=turned))
    assert [name for name, seed in seeds(data).items() if other[name] == seed] == [str(first).split("/")[-1]]


def test_shuffled_labels_give_chance():
    rng = np.random.default_rng(0)
    data = blobs(subjects=10, distance=8.0)
    values = [uf1(run(dataclasses.replace(data, y=rng.permutation(data.y)))) for _ in range(8)]
    assert abs(np.mean(values) - 1 / 3) < 0.08


def test_a_subject_on_both_sides_raises():
    data = blobs()
    with pytest.raises(LeakError, match="subject db/s00 is in the training and in the test set"):
        check_split(data, Split(name="x", train=np.arange(5, 36), test=np.arange(5)))


def test_a_clip_used_twice_raises():
    data = blobs()
    with pytest.raises(LeakError, match="used twice"):
        check_split(data, Split(name="x", train=np.array([6, 7, 7]), test=np.arange(6)))


def test_a_leaking_scheme_is_stopped():
    class Leaky(Loso):
        def splits(self, table, seed):
            return [Split(name="half", train=np.arange(3, 36), test=np.arange(3))]

    with pytest.raises(LeakError, match="fold half"):
        Leaky(**COMMON)(blobs(), svm(), NoTuning(), seed=0, key="", workers=1)


def test_a_class_of_one_subject_can_never_be_learnt():
    y = np.array([0, 1, 0, 1, 0, 2])
    data = table(np.eye(6, dtype=np.float32), y, ["a", "a", "b", "b", "c", "c"])
    with pytest.raises(DataError, match=r"class surprise: only subject c shows it.*; use drop=\[surprise\]"):
        run(data)
    with pytest.raises(DataError, match="class surprise: no clip has it"):
        run(table(np.eye(4, dtype=np.float32), y[:4], ["a", "a", "b", "b"]))


def test_one_subject_alone_is_refused():
    with pytest.raises(DataError, match=r"needs two subjects or more, and the 6 clips are of db/s00"):
        run(blobs(subjects=1))


def test_a_clip_that_is_there_twice_is_refused():
    data = blobs()
    with pytest.raises(DataError, match="clip clip000 is in the table twice"):
        run(permuted(data, np.r_[0, 0:36]))


def test_a_subject_with_a_single_clip_is_a_warning():
    data = permuted(blobs(), np.arange(31))
    assert loso().warnings(blobs()) == []
    assert "db/s05 (1)" in loso().warnings(data)[0]
    assert run(data).folds[5].sample_id == ("clip030",)
    assert loso().folds(data) == 6


@pytest.mark.parametrize("name", ["min_clips", "draws"])
def test_a_wrong_setting_is_named(name):
    with pytest.raises(ConfigError, match=f"evaluation.{name}=0"):
        loso(**{name: 0})


def composite():
    """Three databases of two subjects each."""
    data = blobs(distance=2.0)
    names = np.array(["casme2", "samm", "smic"])[np.unique(data.subject, return_inverse=True)[1] // 2]
    return dataclasses.replace(data, dataset=names)


def test_leave_one_database_out():
    result = run(composite(), scheme=LeaveDatabaseOut(**COMMON))
    assert [fold.fold for fold in result.folds] == ["casme2", "samm", "smic"]
    assert [len(fold.sample_id) for fold in result.folds] == [12, 12, 12]
    with pytest.raises(DataError, match="needs two databases or more, and the 36 clips are of db"):
        run(blobs(), scheme=LeaveDatabaseOut(**COMMON))


def test_hold_out_predicts_the_held_database_only():
    data = composite()
    result = run(data, scheme=HoldOut(**COMMON, databases=["smic"]))
    assert [fold.fold for fold in result.folds] == ["smic"]
    assert set(result.table.dataset) == {"smic"} and len(result.table) == 12
    known = known_to(svm(), data, data.dataset != "smic")
    np.testing.assert_allclose(result.folds[0].scores, known.scores(data.X[data.dataset == "smic"]), rtol=1e-12)
    with pytest.raises(DataError, match="name one or more of the data sets casme2, samm, smic"):
        run(data, scheme=HoldOut(**COMMON, databases=["mmew"]))
    with pytest.raises(DataError, match="nothing is left to train on"):
        run(data, scheme=HoldOut(**COMMON, databases=["casme2", "samm", "smic"]))


def test_groups_of_subjects_are_drawn_from_the_seed():
    data = blobs(subjects=9)
    scheme = SubjectFolds(**COMMON, groups=3)
    splits = [scheme.splits(data, seed) for seed in (0, 0, 1)]
    members = [[sorted(set(data.subject[split.test])) for split in each] for each in splits]
    assert members[0] == members[1] != members[2]
    assert [len(group) for group in members[0]] == [3, 3, 3]
    assert scheme.folds(data) == len(run(data, scheme=scheme).folds) == 3
    with pytest.raises(DataError, match=r"evaluation\.groups=3: there are 1 subjects"):
        run(blobs(subjects=1), scheme=scheme)
    with pytest.raises(ConfigError, match=r"evaluation\.groups=1"):
        SubjectFolds(**COMMON, groups=1)


def mirror(data):
    return dataclasses.replace(data, X=data.X[:, ::-1])


def test_mirror_images_train_beside_their_originals_only():
    data = blobs(distance=1.0)
    fold = run(data, scheme=loso(mirror="train"), mirrored=mirror(data)).folds[0]
    rows = data.subject != "db/s00"
    known = known_to(svm(), data, rows, mirror(data))
    np.testing.assert_allclose(fold.scores, known.scores(data.X[~rows]), rtol=1e-12)
    both = run(data, scheme=loso(mirror="both"), mirrored=mirror(data)).folds[0]
    mean = (known.scores(data.X[~rows]) + known.scores(data.X[~rows][:, ::-1])) / 2
    np.testing.assert_allclose(both.scores, mean, rtol=1e-12)


def test_mirror_images_in_any_order_give_the_same_and_must_be_there():
    data = blobs(distance=1.0)
    shuffled = permuted(mirror(data), np.random.default_rng(0).permutation(36))
    one, two = (run(data, tuning=nested(), scheme=loso(mirror="both"), mirrored=m) for m in (mirror(data), shuffled))
    assert outcome(one) == outcome(two)
    with pytest.raises(DataError, match=r"evaluation\.mirror=train needs the features of the mirrored clips"):
        run(data, scheme=loso(mirror="train"))
    with pytest.raises(DataError, match="same clips and columns"):
        run(data, scheme=loso(mirror="train"), mirrored=permuted(mirror(data), np.arange(35)))
    narrower = dataclasses.replace(mirror(data), X=data.X[:, 1:], columns=data.columns[1:])
    with pytest.raises(DataError, match="same clips and columns"):
        run(data, scheme=loso(mirror="train"), mirrored=narrower)


def test_one_recording_under_two_subjects_raises():
    data = blobs()
    X = np.array(data.X)
    X[20] = X[3]
    with pytest.raises(LeakError, match=r"clip003 \(db/s00, .*\) and clip020 \(db/s03, .*\) have the very same"):
        run(dataclasses.replace(data, X=X))


def test_one_recording_listed_twice_for_one_subject_raises():
    data = blobs()
    X = np.array(data.X)
    X[4] = X[3]
    with pytest.raises(DataError, match=r"clip003 .* and clip004 .* features: one recording is listed twice"):
        run(dataclasses.replace(data, X=X))
    X[3] = X[4] = 0  # clips without motion
    check_duplicate_recordings(dataclasses.replace(data, X=X))


def test_a_clip_that_is_the_mirror_image_of_another_subjects_raises():
    data = blobs()
    X, M = np.array(data.X), np.array(data.X[:, ::-1])
    M[5] = X[5]  # a clip may be its own mirror image
    check_duplicate_recordings(data, dataclasses.replace(data, X=M))
    X[20] = M[3]
    with pytest.raises(LeakError, match=r"clip003 .* and clip020 .* have the very mirrored features"):
        check_duplicate_recordings(dataclasses.replace(data, X=X), dataclasses.replace(data, X=M))


def test_a_selector_never_sees_the_test_subject():
    """A feature that gives the test subject's classes away, and is constant elsewhere, must not be selected."""
    data = blobs(distance=1.0)
    X, rows = np.array(data.X), data.subject == "db/s01"
    X[:, 0] = 0
    X[rows, 0] = 1000 * data.y[rows]
    before = run(dataclasses.replace(data, X=np.where(np.arange(8) == 0, 0, data.X)), svm(keep=0.5)).folds[1]
    np.testing.assert_allclose(run(dataclasses.replace(data, X=X), svm(keep=0.5)).folds[1].scores, before.scores)


def test_a_global_search_is_scored_on_the_outer_folds():
    data = blobs(distance=1.0)
    result = run(data, tuning=everywhere(trials=6))
    assert len({str(fold.parameters) for fold in result.folds}) == 1
    assert result.folds[0].inner_score == pytest.approx(uf1(result), abs=1e-12)
    with pytest.raises(ConfigError, match="a hold-out does not"):
        run(composite(), tuning=everywhere(), scheme=HoldOut(**COMMON, databases=["smic"]))


def test_finished_folds_are_not_computed_again(tmp_path):
    class Counting(NoTuning):
        def __call__(self, machine, side, *, seed, label):
            calls.append(label)
            return super().__call__(machine, side, seed=seed, label=label)

    calls: list[str] = []
    data = blobs(distance=1.0)
    first = run(data, tuning=Counting(), store=tmp_path)
    assert len(calls) == 6
    files = sorted(tmp_path.iterdir())
    files[0].write_text(files[0].read_text()[:-10])
    files[1].unlink()
    seen = []
    again = run(data, tuning=Counting(), store=tmp_path, progress=seen.append)
    assert len(calls) == 8 and len(seen) == 6
    assert outcome(first) == outcome(again)


@pytest.mark.parametrize("what", ["features", "label", "svm", "seed", "key", "scheme"])
def test_a_finished_fold_of_something_else_is_not_taken(tmp_path, what):
    data = blobs(distance=1.0)
    run(data, tuning=nested(trials=1), store=tmp_path)
    changed = {"seed": 1} if what == "seed" else {"key": "other"} if what == "key" else {}
    X, y = np.array(data.X), np.array(data.y)
    X[0, 0] += 1
    y[0] = 1
    other = dataclasses.replace(data, **{"features": {"X": X}, "label": {"y": y}}.get(what, {}))
    machine = svm(C=2.0) if what == "svm" else svm()
    scheme = loso(min_clips=3) if what == "scheme" else loso()
    run(other, machine, nested(trials=1), scheme, store=tmp_path, **changed)
    assert len(list(tmp_path.iterdir())) == 12


def test_scores_come_back_from_the_store_to_the_last_digit(tmp_path):
    data = blobs(distance=1.0)
    y = np.where((data.subject > "db/s01") & (data.y == 2), 0, data.y)
    data = dataclasses.replace(data, y=y)
    first = run(data, tuning=nested(), store=tmp_path)
    assert outcome(run(data, tuning=nested(), store=tmp_path, workers=2)) == outcome(first)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be"):
        run(blobs(), store=tmp_path / "file" / "folds")


def test_a_killed_run_ends_as_the_undisturbed_one(tmp_path):
    """SIGKILL at three moments; each new start takes over what was finished."""
    script = (
        "from tests.loso.test_loso import *\n"
        "from pathlib import Path\n"
        "import sys, time\n"
        "data = blobs(subjects=12, distance=1.0)\n"
        "def slow(fold): print(fold.fold, flush=True)\n"
        "run(data, tuning=nested(trials=40), store=Path(sys.argv[1]), progress=slow)\n"
    )
    root = Path(__file__).parents[2]
    for folds_before_the_end in (2, 3):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            while len(list(tmp_path.glob("[!.]*"))) < 3 * (folds_before_the_end - 1):
                child.stdout.readline()
            child.kill()
    files = {path: path.stat().st_mtime_ns for path in tmp_path.glob("[!.]*")}
    assert 6 <= len(files) < 12
    data = blobs(subjects=12, distance=1.0)
    resumed = run(data, tuning=nested(trials=40), store=tmp_path)
    assert outcome(resumed) == outcome(run(data, tuning=nested(trials=40)))
    assert all(path.stat().st_mtime_ns == written for path, written in files.items())


def test_oversampling_evens_the_classes_of_the_training_side_alone():
    data = blobs(distance=1.0)
    uneven = dataclasses.replace(data, y=np.where((data.y == 2) & (np.arange(36) % 2 == 0), 0, data.y))
    result = run(uneven, scheme=loso(balance="oversample"), tuning=nested())
    assert outcome(result) == outcome(run(uneven, scheme=loso(balance="oversample"), tuning=nested(), workers=2))
    assert outcome(result) != outcome(run(uneven, tuning=nested()))
    relabelled = np.array(uneven.y)
    test = uneven.subject == result.folds[0].fold
    relabelled[test] = (relabelled[test] + 1) % 3
    other = run(dataclasses.replace(uneven, y=relabelled), scheme=loso(balance="oversample"), tuning=nested()).folds[0]
    np.testing.assert_array_equal(other.scores, result.folds[0].scores)
    with pytest.raises(ConfigError, match=r"evaluation\.balance=smote: must be one of none, oversample"):
        loso(balance="smote")
