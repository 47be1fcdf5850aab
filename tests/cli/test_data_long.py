"""`mer data check` on long videos."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mer.cli import main
from mer.dataset.video import frame_times


def _table(path: Path, video: Path, *rows: str) -> str:
    path.write_text("\n".join(["path,subject,onset,offset,kind", *(f"{video},s1,{row}" for row in rows)]) + "\n")
    return f"dataset.table={path}"


def test_the_generated_videos_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dataset=synthetic_long", "dataset.videos=1", "dataset.seconds=10", "dataset.look.subjects=2"]
    assert main(["data", "check", *words]) == 0
    said = capsys.readouterr().out
    assert "2 videos of 2 subjects, 0.3 min; 0 problems, 0 left out" in said


def test_a_faulty_interval_is_a_problem_and_overlap_is_shown(
    data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = data_root / "video" / "face_pexels.mp4"
    assert len(frame_times(video)) > 100
    table = _table(tmp_path / "t.csv", video, "10,20,micro", "15,25,micro", "90,40,macro", "90,99999,macro")
    assert main(["data", "check", "dataset=csv_long", table]) == 1
    said = capsys.readouterr().out
    assert "2 problems" in said and "99999" in said
    assert re.search(r"│ +2 +│ +0 +│ +1 +│", said)
