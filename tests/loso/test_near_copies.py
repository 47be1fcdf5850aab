"""Near-copies of another subject's clip are found, whatever was stored anew, and nothing else is taken for one."""

from __future__ import annotations

import dataclasses
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mer.config.composition import compose_cell
from mer.errors import LeakError
from mer.loso.near_copies import check_near_copies
from mer.run.assemble import experiment
from mer.types import FeatureTable


def table_of(X: np.ndarray, subjects: int = 12) -> FeatureTable:
    n = len(X)
    return FeatureTable(
        X=np.asarray(X, dtype=np.float32),
        y=np.arange(n) % 3,
        subject=np.array([f"db/s{i * subjects // n:02d}" for i in range(n)]),
        sample_id=np.array([f"clip{i:04d}" for i in range(n)]),
        dataset=np.array(["db"] * n),
        columns=tuple(f"c{i}" for i in range(X.shape[1])),
        classes=("a", "b", "c"),
    )


def clips(n: int = 120, columns: int = 40, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scale = rng.lognormal(0, 1, (n, 1))  # people differ in the strength of their motion: no uniform density
    return (scale * rng.normal(0, 1, (n, 8))) @ rng.normal(0, 1, (8, columns)) + 0.3 * rng.normal(0, 1, (n, columns))


def stored_anew(row: np.ndarray, noise: float) -> np.ndarray:
    return row * (1 + noise * np.random.default_rng(1).normal(size=row.shape))


@pytest.mark.parametrize("noise", [1e-4, 1e-3, 1e-2])
def test_a_clip_stored_anew_under_another_subject_raises(noise):
    X = clips()
    X[100] = stored_anew(X[7], noise)
    with pytest.raises(LeakError, match=r"clip0007 \(db/s00, b\) .* clip0100 \(db/s10, b\) .*|clip0100 .* clip0007 .*"):
        check_near_copies(table_of(X))
    X[7] = 0  # the other way round: without the original, the copy is a clip like any other
    check_near_copies(table_of(X))


def test_several_copies_and_a_table_that_is_there_twice_raise():
    X = clips()
    X[[30, 60, 90]] = [stored_anew(X[7], noise) for noise in (1e-3, 2e-3, 3e-3)]
    with pytest.raises(LeakError, match="nearly the same features"):
        check_near_copies(table_of(X))
    with pytest.raises(LeakError, match="nearly the same features"):
        check_near_copies(table_of(np.concatenate([clips(), stored_anew(clips(), 1e-2)])))


def test_a_mirror_image_stored_anew_raises_with_the_mirrored_rows_alone():
    X = clips()
    M = X[:, ::-1].copy()
    X[100], M[100] = stored_anew(M[7], 1e-3), stored_anew(X[7], 1e-3)
    check_near_copies(table_of(X))
    with pytest.raises(LeakError, match="in the mirror have nearly the same features"):
        check_near_copies(table_of(X), table_of(M))


def test_copies_of_one_subject_still_clips_and_few_columns_pass():
    X = clips()
    X[3] = stored_anew(X[4], 1e-3)  # one subject: no leak
    X[[20, 70, 110]] = 0  # no motion
    check_near_copies(table_of(X))
    for columns in (1, 2, 5):
        check_near_copies(table_of(clips(columns=columns)))
    check_near_copies(table_of(clips(n=6)))


def test_independent_clips_pass_in_many_shapes():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        columns = int(rng.integers(3, 60))
        X = clips(n=int(rng.integers(40, 200)), columns=columns, seed=seed)
        check_near_copies(table_of(np.maximum(X, 0) if seed % 2 else np.round(X, 1)))


def test_memory_grows_with_the_clips_not_with_their_square():
    table = table_of(clips(n=5000, columns=20), subjects=50)
    tracemalloc.start()
    check_near_copies(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5000**2 * 8 / 3


@pytest.mark.data
@pytest.mark.parametrize("words", [["descriptor=hoof"], ["descriptor=statistics"], ["descriptor=strain", "roi=whole"]])
def test_real_clips_pass_and_their_copies_do_not(words, data_root: Path, tmp_path: Path):
    own = [f"dataset.root={data_root / 'megc2019_smic_flow28'}", f"home={tmp_path}", "tracking=off"]
    ready = experiment(*compose_cell(["dataset=flow_images", *own, *words]))
    manifest = ready.pipeline.manifest(bad_clips="exclude")
    found = ready.pipeline.features(manifest, workers=2, bad_clips="exclude", mirror=True)
    check_near_copies(found.table, found.mirrored)
    X = np.array(found.table.X)
    X[-1] = stored_anew(X[0], 1e-3)
    if X.shape[1] > 50:
        with pytest.raises(LeakError):
            check_near_copies(dataclasses.replace(found.table, X=X))
