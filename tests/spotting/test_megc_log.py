"""Logs of the Micro-Expression Grand Challenge: the organisers' own sums, a round trip, and bad logs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mer.cli import main
from mer.errors import DataError
from mer.spotting.megc_log import SETS, of_other_kind, read_log, separating, write_log
from mer.spotting.score import SpottedVideo, counts
from mer.spotting.truth import read_truth, with_truth
from mer.types import Interval, Kind

LOG = "megc2020_mdmd_spotting.txt"
TRUTHS = ("megc2020_samm_lv_truth.txt", "megc2020_casme_sq_truth.txt")
# Of megc2020_mdmd_results.txt: true, found, hits, F1.
PUBLISHED = {
    ("SAMM Long Videos", "micro"): (159, 1436, 29, 0.03636363636363636),
    ("SAMM Long Videos", "macro"): (343, 356, 22, 0.06294706723891273),
    ("SAMM Long Videos", "together"): (502, 1792, 51, 0.04446381865736704),
    ("CAS(ME)²", "micro"): (57, 5035, 21, 0.008248232521602514),
    ("CAS(ME)²", "macro"): (300, 1523, 109, 0.11958310477235326),
    ("CAS(ME)²", "together"): (357, 6558, 130, 0.03759942154736081),
}


@pytest.fixture(scope="session")
def logs(data_root: Path) -> Path:
    folder = data_root / "published_logs"
    if not folder.is_dir():
        pytest.skip(f"the published logs are not in {data_root}")
    return folder


def published(logs: Path) -> dict[str, tuple[SpottedVideo, ...]]:
    sets, remarks = with_truth(read_log(logs / LOG), [logs / name for name in TRUTHS])
    assert [remark.split(": ")[-1] for remark in remarks] == [
        "3, such as 15_0508, 19_0502, 23_0503"
    ]  # without an event
    return sets


def test_the_organisers_counts_and_scores_are_reached_from_the_intervals_alone(logs: Path) -> None:
    found = {
        (name, kind): c for name, videos in published(logs).items() for kind, c in counts(videos, rule="megc").items()
    }
    assert {key: (c.true, c.found, c.hits) for key, c in found.items()} == {k: v[:3] for k, v in PUBLISHED.items()}
    assert {key: c.f1 for key, c in found.items()} == pytest.approx({k: v[3] for k, v in PUBLISHED.items()})


@pytest.mark.parametrize("micro", [0.520, 0.524])
def test_any_limit_of_micro_from_0_520_to_0_525_s_gives_the_same_sums(logs: Path, micro: float) -> None:
    sets = read_log(logs / LOG, micro=micro)
    assert [counts(videos)["micro"].found for videos in sets.values()] == [1436, 5035]


def test_what_is_written_is_read_again(logs: Path, tmp_path: Path) -> None:
    first = published(logs)
    write_log(tmp_path / "log.txt", dict(zip(("1", "2"), first.values(), strict=True)), rule="megc")
    again, _ = with_truth(read_log(tmp_path / "log.txt"), [logs / name for name in TRUTHS])
    assert {name: counts(videos) for name, videos in again.items()} == {n: counts(v) for n, v in first.items()}
    assert [video.found for video in again["CAS(ME)²"]] == [video.found for video in first["CAS(ME)²"]]
    verdicts = [line.split()[-1] for line in (tmp_path / "log.txt").read_text().splitlines()]
    assert (verdicts.count("TP"), verdicts.count("FN")) == (51 + 130, 451 + 227)


def test_the_command_prints_and_writes_the_scores(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = ",".join(str(logs / name) for name in TRUTHS)
    assert main(["score", "spotting", str(logs / LOG), f"truth={truth}", f"output={tmp_path}"]) == 0
    assert "0.1196" in capsys.readouterr().out
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["sets"]
    assert scores["CAS(ME)²"]["micro"]["hits"] == 21 and scores["CAS(ME)²"]["micro"]["average_precision"] is None
    assert len((tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()) == 7


def log(folder: Path, *lines: str) -> Path:
    (folder / "log.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder / "log.txt"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "log.txt: the log holds no interval; copy the file again"),
        (("1",), "log.txt: the log holds no interval"),
        (("a_1 3 4 - - FN",), r"line 1: a line 1 \(SAMM Long Videos\) or 2 \(CAS\(ME\)²\) must come before"),
        (("3", "a_1 3 4 - - FN"), "line 1: '3' is no data set; 1 is SAMM Long Videos, 2 is"),
        (("1", "a_1 3 4 -"), "line 2 has 4 words; an interval has VIDEO ONSET OFFSET FOUND_ONSET"),
        (("1", "a_1 9 4 - - FN"), "line 2: onset 9 is after offset 4; correct the line"),
        (("1", "a_1 x 4 - - FN"), "line 2: 'x' is no frame number; correct the line"),
        (("1", "a_1 - 4 - - FN"), "line 2: '-' is no frame number"),
        (("1", "a_1 - - - - FN"), "line 2: there is neither a true nor a found interval; correct or remove the line"),
        (("1", "a_1 3.5 4 - - FN"), "line 2: '3.5' is no frame number"),
    ],
)
def test_a_bad_log_is_one_sentence_that_names_the_line(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_log(log(tmp_path, *lines))


def test_a_log_that_is_no_text_or_not_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"\xff\xfe\x00\x80" * 9)
    with pytest.raises(DataError, match="not UTF-8 text; give a log of intervals, saved as UTF-8"):
        read_log(tmp_path / "log.txt")
    with pytest.raises(DataError, match="cannot be read"):
        read_log(tmp_path / "none.txt")


def test_a_bad_line_of_truth_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"log.txt: line 2: must be SUBJECT VIDEO micro-expression"):
        read_truth(log(tmp_path, "006 1 micro-expression 1 2 3", "006 1 blink 1 2 3"))


@pytest.mark.parametrize("word", ["iou=0.0", "iou=1.5", "iou=x", "micro=0.0", "matching=x"])
def test_bad_settings_are_refused(tmp_path: Path, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "spotting", str(log(tmp_path, "1", "a_1 3 4 - - FN")), word]) == 2
    assert f"{word}: " in capsys.readouterr().err


def test_a_name_with_a_blank_cannot_be_written(tmp_path: Path) -> None:
    video = SpottedVideo(video="my video.mp4", subject="a", true=(), found=())
    with pytest.raises(DataError, match=r"video 'my video.mp4': a name with a blank cannot stand in a log; rename"):
        write_log(tmp_path / "log.txt", {"2": [video]})
    assert not (tmp_path / "log.txt").exists()


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be written \(Is a directory\): give another output=FILE"):
        write_log(tmp_path, {})


def test_the_limit_between_the_kinds_of_a_run_makes_its_log_give_the_same_kinds(tmp_path: Path) -> None:
    """At 30 frames per second, 16 frames are more than the limit of logs; a run may call them micro."""
    rng = np.random.default_rng(0)
    (of_log,) = (one for one in SETS if one.line == "2")
    for longest in (10, 16, 25):
        spans = [*rng.integers(1, longest + 1, 20), longest, longest + 1, *rng.integers(longest + 1, 90, 20)]
        ends = np.cumsum([span + 3 for span in spans])
        kinds: list[Kind] = ["micro" if span <= longest else "macro" for span in spans]
        some = tuple(
            Interval(onset=int(end - span), offset=int(end), kind=kind)
            for end, span, kind in zip(ends, spans, kinds, strict=True)
        )
        videos = [SpottedVideo(video="s1_1", subject="s1", true=some[::2], found=some[1::2], fps=30)]
        limit = float(f"{separating(videos, of_log):.4g}")
        assert not of_other_kind(videos, of_log, limit)
        write_log(tmp_path / "log.txt", {"2": videos})
        assert counts(read_log(tmp_path / "log.txt", micro=limit)["CAS(ME)²"]) == counts(videos)
