"""Found micro-expressions are recognised by what is learnt from the other subjects alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import mer
from mer.cli import main
from mer.config.composition import compose
from mer.errors import DataError
from mer.spotting.assemble import recognition as assembled
from mer.spotting.recognise import Recognition
from mer.spotting.recognised import Recognised, write_recognised
from mer.spotting.score import SpottedVideo
from mer.tracking import reading
from mer.types import Clip, Image, Recording

LOOK = {"subjects": 3, "size": 64}
WORDS = ("dataset.look.subjects=3", "dataset.look.size=64", "dataset.seconds=12", "dataset.micro=20", "dataset.macro=0")


@dataclass(frozen=True)
class Blind:
    """A clip without a face: all frames are grey."""

    clip: Clip

    def read(self, index: int) -> Image:
        return np.full_like(self.clip.read(index), 127)

    def landmarks(self, index: int) -> None:
        """No points are stored."""

    def flow(self) -> None:
        """No flow is stored."""

    def fingerprint(self, indices: Sequence[int]) -> str:
        return f"blind {self.clip.fingerprint(indices)}"


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    """Return two videos of each of three subjects with four micro-expressions each, of two classes."""
    made = mer.component("dataset", "synthetic_long", look=LOOK, seconds=12, micro=20, macro=0, blinks=0, speech=0)
    return tuple(
        replace(r, events=tuple(replace(e, label="ab"[k % 2]) for k, e in enumerate(r.events)))
        for r in made.recordings().recordings
    )


@pytest.fixture(scope="module")
def recognition() -> Recognition:
    cfg = compose(["task=spot_recognise", "flow=farneback", "workers=1", "tuning=none"], root="spot_recognise_run")
    return assembled(cfg)


def perfect(recordings: tuple[Recording, ...]) -> list[SpottedVideo]:
    return [SpottedVideo(video=r.id, subject=r.subject, true=r.events, found=r.events) for r in recordings]


def run(recognition: Recognition, recordings: tuple[Recording, ...], folder: Path) -> Recognised:
    return recognition(mer.component("dataset", "synthetic_long"), recordings, perfect(recordings), 0.5, folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_every_hit_gets_a_class_and_a_score(
    recordings: tuple[Recording, ...], recognition: Recognition, cache: Path
) -> None:
    found = run(recognition, recordings, cache)
    assert len(found.rows) == sum(len(r.events) for r in recordings) == 24
    assert {row[-1] for row in found.rows} <= {"a", "b"}
    assert found.spotting == 1.0
    assert found.strs == found.uf1 == pytest.approx(sum(found.f1.values()) / 2)
    assert {name: (score["true"], score["hits"]) for name, score in found.by_class.items()} == {
        "a": (12, 12), "b": (12, 12),
    }  # fmt: skip
    assert found.strs == pytest.approx(np.mean([score["strs"] for score in found.by_class.values()]))


def test_the_labels_of_a_subject_have_no_part_in_its_predictions(
    recordings: tuple[Recording, ...], recognition: Recognition, cache: Path
) -> None:
    subject = recordings[0].subject
    other = {"a": "b", "b": "a"}
    changed = tuple(
        replace(r, events=tuple(replace(e, label=other[e.label]) for e in r.events)) if r.subject == subject else r
        for r in recordings
    )
    own = {r.id for r in recordings if r.subject == subject}
    before, after = (run(recognition, some, cache) for some in (recordings, changed))
    assert [r[-1] for r in before.rows if r[0] in own] == [r[-1] for r in after.rows if r[0] in own]
    assert [r[-2] for r in before.rows if r[0] in own] != [r[-2] for r in after.rows if r[0] in own]


def test_without_a_hit_the_score_is_0(
    recordings: tuple[Recording, ...], recognition: Recognition, cache: Path, tmp_path: Path
) -> None:
    nothing = [replace(video, found=()) for video in perfect(recordings)]
    found = recognition(mer.component("dataset", "synthetic_long"), recordings, nothing, 0.5, cache)
    assert (found.rows, found.strs) == ((), 0.0)
    assert found.by_class["a"] == {"true": 12, "hits": 0, "f1": None, "strs": 0.0}
    json.dumps(write_recognised(tmp_path, found), allow_nan=False)


def test_a_clip_that_cannot_be_used_is_named(
    recordings: tuple[Recording, ...], recognition: Recognition, cache: Path
) -> None:
    first, *others = recordings
    blind = replace(first, clip=Blind(first.clip))
    found = run(recognition, (blind, *others), cache)
    assert len(found.left_out) == 2 * len(first.events)
    assert all(f" {first.id} " in line and line.endswith("; not recognised") for line in found.left_out)
    assert {row[-1] for row in found.rows if row[0] == first.id} == {""}


def test_a_video_called_found_is_learnt_from_all_the_same(
    recordings: tuple[Recording, ...], recognition: Recognition, cache: Path
) -> None:
    renamed = tuple(replace(r, id=f"found {r.id}") for r in recordings)
    before, after = run(recognition, recordings, cache), run(recognition, renamed, cache)
    assert [row[-1] for row in before.rows] == [row[-1] for row in after.rows]


def test_videos_without_classes_are_refused(recordings: tuple[Recording, ...], recognition: Recognition) -> None:
    bare = [replace(r, events=tuple(replace(e, label="") for e in r.events)) for r in recordings]
    with pytest.raises(DataError, match=r"sub01_01, frame \d+: this micro-expression has no label to learn from"):
        recognition.check(bare)
    with pytest.raises(DataError, match="of 2 classes and 1 subject, and recognition needs two of each"):
        recognition.check(recordings[:2])


def test_the_command_writes_what_was_recognised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "task=spot_recognise", "flow=farneback", "tuning=none", "workers=1", "task.heights=[]", *WORDS]
    assert main([*words, f"home={tmp_path}", f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    said = capsys.readouterr().out
    assert "spot-then-recognise score, F1 micro × UF1: " in said and "micro-expressions by class" in said
    score = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["recognition"]
    assert score["strs"] == pytest.approx(score["f1_spotting"] * (score["uf1"] or 0))
    lines = (tmp_path / "run" / "recognition.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "video,onset,apex,offset,true_onset,true_offset,label,predicted"
    assert len(lines) == 1 + score["hits"]
    assert main([words[0], "-m", *words[1:], f"home={tmp_path}", f"hydra.sweep.dir={tmp_path / 'sweep'}"]) == 0
    said, (head, row) = capsys.readouterr().out, (tmp_path / "sweep" / "cells.csv").read_text("utf-8").splitlines()
    assert f"STRS {score['strs']:.3f}  kept" in said
    assert head.split(",")[3:7] == ["f1_micro", "f1_macro", "f1_together", "strs"] and row.split(",")[2] == "kept"
    assert main(["report", "spotting", f"home={tmp_path}", f"output={tmp_path / 'report'}"]) == 0
    assert "found and recognised, by class" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    with reading(home=tmp_path) as client:
        (experiment,) = client.search_experiments(filter_string="name = 'spotting'")
        logged = [set(one.data.metrics) for one in client.search_runs([experiment.experiment_id])]
    assert all({f"strs_{name}" for name in score["by_class"]} <= names for names in logged) and logged


def test_a_class_of_one_subject_alone_can_never_be_recognised(
    recordings: tuple[Recording, ...], recognition: Recognition, cache: Path
) -> None:
    first, *others = recordings
    alone = (replace(first, events=tuple(replace(e, label="c") for e in first.events)), *others)
    found = run(recognition, alone, cache)
    assert {row[-1] for row in found.rows if row[0] == first.id} <= {"a", "b"}
    assert found.by_class["c"] == {"true": 4, "hits": 4, "f1": 0.0, "strs": 0.0}


@pytest.mark.parametrize("option", ["mmew", "composite", "synthetic"])
def test_a_data_set_of_clips_is_refused(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for task in ("spot", "spot_recognise"):
        assert main(["run", f"task={task}", f"dataset={option}", f"home={tmp_path}"]) == 2
        assert f"dataset={option}: task={task} needs long videos; choose a data set of" in capsys.readouterr().err
