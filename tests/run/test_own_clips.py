"""A user's own clips through `mer run`: the same result as straight from the data set, and each fault in a sentence."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import mer
from mer.cli import main

RARE = dict.fromkeys(("anger", "fear", "sadness"), 0)
SET = {"subjects": 4, "clips": 5}
FAST = ["tuning=none", "tracking=off", "roi=brow_mouth3", "workers=2"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty synthetic clips as PNG frames, landmarks and a table."""
    folder = tmp_path_factory.mktemp("own clips 自己的")
    rows = []
    frequencies = mer.component("dataset", "synthetic").frequencies | RARE
    for sample in mer.component("dataset", "synthetic", **SET, frequencies=frequencies).load().samples:
        clip = folder / sample.id
        clip.mkdir()
        marks = []
        for index in (sample.onset, sample.apex):
            (clip / f"img{index}.png").write_bytes(cv2.imencode(".png", sample.clip.read(index))[1].tobytes())
            points = sample.clip.landmarks(index)
            assert points is not None
            marks.append([index, *map(float, points.xy.ravel())])
        names = ["frame", *(f"{axis}{i}" for i in range(68) for axis in "xy")]
        _write(clip / "points.csv", [dict(zip(names, row, strict=True)) for row in marks])
        rows.append(
            {
                "sample_id": sample.id,
                "subject": sample.subject.split("/")[1],
                "label": sample.label,
                "onset": sample.onset,
                "apex": sample.apex,
                "offset": sample.apex,
                "path": sample.id,
                "landmarks": f"{sample.id}/points.csv",
            }
        )
    _write(folder / "clips.csv", rows)
    return folder / "clips.csv"


@pytest.fixture(autouse=True)
def _at_home(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _changed(table: Path, name: str, **changes: object) -> str:
    """Return the override for a copy of the table, beside it, with the first row changed."""
    rows: list[dict[str, object]] = [dict(row) for row in _read(table)]
    rows[0] |= changes
    _write(table.with_name(f"{name}.csv"), rows)
    return f"dataset.table='{table.with_name(f'{name}.csv')}'"


def _run(*overrides: str) -> int:
    return main(["run", "dataset=csv", *FAST, "hydra.run.dir=out", *overrides])


def test_own_clips_give_the_result_of_the_data_set_itself(table: Path) -> None:
    classes = [name for name in mer.component("dataset", "synthetic").frequencies if name not in RARE]
    assert _run(f"dataset.table='{table}'", f"dataset.classes=[{','.join(classes)}]") == 0
    rare = [f"dataset.frequencies.{name}=0" for name in RARE]
    direct = [f"dataset.{name}={value}" for name, value in SET.items()]
    assert main(["run", *direct, *rare, *FAST, "hydra.run.dir=direct"]) == 0
    own, straight = (_read(Path(folder) / "predictions.csv") for folder in ("out", "direct"))
    for row in (*own, *straight):
        row["subject"] = row["subject"].split("/")[1]
        del row["dataset"]
    assert own == straight


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("order", {"onset": 99999}, r"row 2.*onset 99999"),
        ("label", {"label": "  "}, r"row 2.*label is empty"),
        ("missing", {"path": "no such folder"}, r"no such folder"),
        ("range", {"apex": 99998, "offset": 99999}, r"99998"),
        ("text", {"onset": "abc"}, r"row 2.*abc"),
        ("twice", {"sample_id": "sub01_02_x"}, r""),
    ],
)
def test_a_row_at_fault_stops_the_run_or_is_left_out(
    table: Path, name: str, changes: dict[str, object], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if name == "twice":
        sentence = _read(table)[1]["sample_id"]
        changes = {"sample_id": sentence}
    given = _changed(table, name, **changes)
    assert _run(given) == 1
    err = capfd.readouterr().err
    assert re.search(sentence, err), err
    assert "bad_clips=exclude" in err
    assert "Traceback" not in err
    assert not Path("out").exists()
    assert _run(given, "bad_clips=exclude") == 0
    assert "left out" in capfd.readouterr().out
    assert len(_read(Path("out/excluded.csv"))) == 1
    assert len(_read(Path("out/predictions.csv"))) == 19


def test_clips_of_onset_and_apex_alone_are_no_sequence(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    given = f"dataset.table='{table}'"
    assert _run(given, "frames=sequence") == 1
    err = capfd.readouterr().err
    assert re.search(r"frame \d+ is not in .* holds 2 frames .*; where there are onset and apex alone, take", err), err
    assert "Traceback" not in err
    assert _run(given, "frames=sequence", "bad_clips=exclude") == 1
    assert "no clip is left of 20" in capfd.readouterr().err
    assert _run(given, "frames=sequence", "frames.count=1") == 0


@pytest.mark.parametrize("damage", ["empty", "half", "text"])
def test_an_unreadable_image_is_named(table: Path, damage: str, capfd: pytest.CaptureFixture[str]) -> None:
    row = _read(table)[0]
    clip = table.parent / f"{damage} {row['path']}"
    clip.mkdir()
    for file in (table.parent / row["path"]).iterdir():
        (clip / file.name).write_bytes(file.read_bytes())
    apex = clip / f"img{row['apex']}.png"
    apex.write_bytes({"empty": b"", "half": apex.read_bytes()[:2000], "text": b"not an image"}[damage])
    given = _changed(table, damage, path=clip.name, landmarks=f"{clip.name}/points.csv")
    assert _run(given) == 1
    err = capfd.readouterr().err
    assert str(apex) in err
    assert "Traceback" not in err
    assert _run(given, "bad_clips=exclude") == 0
    (excluded,) = _read(Path("out/excluded.csv"))
    assert excluded["sample_id"] == row["sample_id"]


def test_a_class_of_one_subject_stops_the_run_and_can_be_dropped(
    table: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = _changed(table, "lonely", label="contempt")
    assert _run(given) == 1
    err = capfd.readouterr().err
    assert "class contempt: only subject csv/sub01 shows it" in err
    assert not Path("out").exists()
    assert _run(given, "drop=[contempt]") == 0
    (excluded,) = _read(Path("out/excluded.csv"))
    assert excluded["reason"] == "class contempt is dropped"


def test_a_clip_whose_apex_shows_no_motion_is_named(table: Path, tmp_path: Path) -> None:
    rows = _read(table)[:2]
    for row, black in zip(rows, (False, True), strict=True):
        source, target = table.with_name(row["path"]), tmp_path / row["path"]
        shutil.copytree(source, target)
        onset = cv2.imdecode(np.fromfile(target / f"img{row['onset']}.png", np.uint8), cv2.IMREAD_UNCHANGED)
        assert onset is not None
        apex = np.zeros_like(onset) if black else onset
        (target / f"img{row['apex']}.png").write_bytes(cv2.imencode(".png", apex)[1].tobytes())
    changes = {row["sample_id"]: str(tmp_path / row["path"]) for row in rows}
    every: list[dict[str, object]] = [
        {**row, "path": changes.get(row["sample_id"], row["path"])} for row in _read(table)
    ]
    _write(table.with_name("still.csv"), every)
    assert _run(f"dataset.table='{table.with_name('still.csv')}'") == 0
    warnings = json.loads(Path("out/protocol.json").read_text(encoding="utf-8"))["warnings"]
    same, black = (next(text for text in warnings if row["sample_id"] in text) for row in rows)
    assert same.startswith(f"clip {rows[0]['sample_id']}: onset and apex frame show the same picture")
    assert black.startswith(f"clip {rows[1]['sample_id']}: the apex frame is a single shade of grey")


def test_a_subject_with_one_clip_is_told_and_stays(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    given = _changed(table, "single", subject="sub99")
    assert _run(given, "evaluation.min_clips=2") == 0
    assert "csv/sub99 (1)" in capfd.readouterr().err
    assert "csv/sub99 (1)" in json.loads(Path("out/protocol.json").read_text(encoding="utf-8"))["warnings"][0]


def test_a_damaged_cache_is_computed_again_to_the_same_result(table: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert _run(f"dataset.table='{table}'") == 0
    before = Path("out/predictions.csv").read_bytes()
    for path in Path("home/cache").rglob("*.npy"):
        data = bytearray(path.read_bytes())
        data[-1] ^= 255
        path.write_bytes(data)
    capfd.readouterr()
    assert _run(f"dataset.table='{table}'") == 0
    assert "20 flow" in capfd.readouterr().out
    assert Path("out/predictions.csv").read_bytes() == before


def test_a_full_disk_is_told_and_nothing_half_written_stays(table: Path, tmp_path: Path) -> None:
    """A limit on the size of a file stands in for the disk: the system refuses the bytes beyond it."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "from mer.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["run", "dataset=csv", f"dataset.table='{table}'", *FAST, "hydra.run.dir=out"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=dict(os.environ), check=False
    )
    assert done.returncode == 1, done.stderr
    assert re.search(r"mer: cannot write the cache .*; .* set MER_HOME to another", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("out").exists()
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.suffix not in (".lock",)] == []
