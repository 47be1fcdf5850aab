"""Imported predictions beside own runs: matched by name, cut to common clips, refused where the truth differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mer.errors import DataError
from mer.metrics import from_predictions
from mer.report.common_clips import common_clips, with_imported
from mer.report.stats.sections import protocol_of
from mer.report.study import Run, Study
from mer.types import Predictions
from mer.types.clip_names import clip_key

CLASSES = ("negative", "positive")
TRUTH = [0, 0, 1, 1] * 3


def made(name: str, clips: list[str], truth: list[int], guess: list[int], **given: Any) -> Run:
    classes = given.get("classes", CLASSES)
    table = Predictions(
        sample_id=np.array(clips),
        dataset=np.array(["smic"] * len(clips)),
        subject=np.array([f"smic/{clip.split('_')[-3].split('/')[-1]}" for clip in clips]),
        y_true=np.array(truth),
        y_pred=np.array(guess),
        scores=np.full((len(clips), len(classes)), np.nan),
        classes=classes,
    )
    card: Any = {"dataset": "smic", "clip_list_hash": name, "warnings": [], **given.get("card", {})}
    return Run(
        run_id=name,
        name=name,
        started=0,
        params=given.get("params", {}),
        tags={},
        numbers={},
        summary=from_predictions(table, draws=10),
        card=card,
        predictions=table,
        config="a: 1\n",
    )


def own() -> Run:
    clips = [f"smic_s{s:02d}_ne_{k:02d}" for s in range(3) for k in range(4)]
    return made("own", clips, TRUTH, [0, 1, 1, 1] * 3, params={"flow": "dis", "evaluation": "loso"})


def imported(clips: list[str] | None = None, truth: list[int] | None = None, **given: Any) -> Run:
    names = clips or [f"smic/s{s}/s{s}_ne_{k}" for s in range(3) for k in range(4)]
    true = truth or TRUTH[: len(names)]
    card = {"imported": {"from": "log.txt"}, "warnings": given.pop("warnings", [])}
    return made("log", names, true, [0] * len(names), card=card, params={"predictions": "log"}, **given)


def test_spellings_of_one_clip_are_one() -> None:
    assert clip_key("smic", "smic/s01", "smic_s01_ne_01") == clip_key("SMIC-HS", "s1", "s1/s01_ne_1.png")
    assert clip_key("CASME II", "sub01", "EP02_01f") != clip_key("casme2", "sub02", "EP02_01f")


def test_common_clips_have_the_names_of_the_own_run_and_scores_of_their_own() -> None:
    log = imported([f"smic/s{s}/s{s}_ne_{k}" for s in range(4) for k in range(4)], [*TRUTH, 0, 0, 1, 1])
    first, second = common_clips([own(), log])
    assert second.predictions.sample_id.tolist() == first.predictions.sample_id.tolist()
    assert second.summary["n"] == 12
    assert second.card["warnings"][-1].startswith("log: 4 clips of 16 not shown")
    assert protocol_of(first) == protocol_of(second)
    assert (first.level("predictions"), second.level("predictions")) == ("own run", "log")


def test_classes_are_matched_by_name() -> None:
    log = imported(truth=[1 - t for t in TRUTH], classes=CLASSES[::-1])
    cut = common_clips([own(), log])[1]
    assert cut.predictions.y_true.tolist() == TRUTH
    assert set(cut.predictions.y_pred.tolist()) == {1}


def test_unequal_truth_is_refused_with_the_list() -> None:
    log = imported(truth=[0, 1, *TRUTH[2:]])
    with pytest.raises(DataError, match=r"truth of 1 clip of 12: smic_s00_ne_01 \(negative, positive\)"):
        common_clips([own(), log])


def test_other_clips_and_other_classes_are_refused() -> None:
    with pytest.raises(DataError, match="share no clip"):
        common_clips([own(), imported([f"smic/s{s}/s{s}_ne_{k}" for s in (7, 8) for k in range(4)])])
    with pytest.raises(DataError, match="has the classes negative, positive and log has no, yes"):
        common_clips([own(), imported(classes=("no", "yes"))])


def test_a_log_without_names_is_matched_within_subject_and_class() -> None:
    clips = [f"smic/s{s}/{name}_ne_{k}" for s in range(3) for name, k in (("a", 1), ("a", 2), ("b", 1), ("b", 2))]
    table = imported(warnings=["log: log.txt names no clips; ..."])
    assert len(clips) == len(common_clips([own(), table])[1].predictions.y_true)
    fewer = imported([f"smic/s{s}/s{s}_ne_{k}" for s in range(3) for k in range(3)], [0, 0, 1] * 3)
    fewer.card["warnings"] = ["log: log.txt names no clips; ..."]
    with pytest.raises(DataError, match="the same number of clips of each class for 3 subjects of 3"):
        common_clips([own(), fewer])


def test_a_study_names_the_log_that_does_not_fit() -> None:
    wrong = imported(truth=[0, 1, *TRUTH[2:]])
    found = with_imported(Study(name="a", runs=(own(), wrong), left_out=()), protocol_of)
    assert [run.name for run in found.runs] == ["own"]
    assert "do not agree on the truth" in found.left_out[0].reason
