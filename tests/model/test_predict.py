"""From frames to predictions: as in the run's own fold, with flags, as files, in a stream, through MLflow."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import pytest

import mer
from mer.cli import main
from mer.config.composition import compose, without_hydra
from mer.errors import ConfigError
from mer.model import shelf
from mer.model.api import Model, load_model
from mer.model.fit import fit
from mer.model.output import SCHEMA
from mer.pipeline import Pipeline
from mer.run.assemble import experiment
from mer.run.execute import prepare
from mer.store.predictions import read_predictions
from mer.types import Manifest, Sample
from tests.model.conftest import WORDS, Small


class _Without:
    """A data set without one subject."""

    name, entry = "synthetic", "frames"

    def __init__(self, base: Any, subject: str) -> None:
        self._base, self._subject = base, subject

    def load(self) -> Manifest:
        whole: Manifest = self._base.load()
        return replace(whole, samples=tuple(s for s in whole.samples if s.subject != self._subject))


def _video(path: Path, sample: Sample) -> None:
    """Write a clip without loss."""
    frames = [sample.clip.read(k) for k in range(sample.clip.frames)]  # type: ignore[attr-defined]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=int(sample.fps))
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "gray"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def video(small: Small, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sample]:
    """Return a clip as a video file."""
    sample = small.experiment.pipeline.dataset.load().samples[0]
    path = tmp_path_factory.mktemp("video") / "clip.mkv"
    _video(path, sample)
    return path, sample


def test_a_subject_that_was_left_out_gets_the_classes_of_its_own_fold(small: Small, tmp_path: Path) -> None:
    """The clips go to files and back: what a user's own video would give."""
    ready = small.experiment
    own = read_predictions(ready.results.path(prepare(ready).result) / "predictions.csv")
    fold = {name: own.classes[k] for name, k in zip(own.sample_id.tolist(), own.y_pred.tolist(), strict=True)}
    subject = "synthetic/sub02"
    cfg, _ = without_hydra(compose([*WORDS, f"home={small.home}"], with_hydra=True))
    pipeline: Pipeline = replace(ready.pipeline, dataset=_Without(ready.pipeline.dataset, subject))  # type: ignore[arg-type]
    name, _path = shelf.add(tmp_path, "less", fit(replace(ready, pipeline=pipeline), cfg, tmp_path / "run"))
    clips = [s for s in ready.pipeline.dataset.load().samples if s.subject == subject]
    with (tmp_path / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("sample_id", "subject", "label", "onset", "apex", "offset", "path"))
        for clip in clips:
            _video(tmp_path / f"{clip.id}.mkv", clip)
            table.writerow((clip.id, "s", clip.label, clip.onset, clip.apex, clip.offset, f"{clip.id}.mkv"))
    found = load_model(name, home=tmp_path).predict(tmp_path / "clips.csv")
    assert {one.input: one.likeliest for one in found} == {clip.id: fold[clip.id] for clip in clips}


def test_contributions_add_up_to_the_change_of_the_score(small: Small, video: tuple[Path, Sample]) -> None:
    path, sample = video
    (one,) = load_model("small", home=small.home).predict(path, interval=f"{sample.onset}-{sample.offset}")
    assert len(one.contributions) == 36
    assert sum(one.probabilities.values()) == pytest.approx(1)
    assert {"demonstration"} <= {flag.name for flag in one.flags}
    assert one.shifts[0].length >= one.shifts[-1].length and one.sentence


def test_a_model_that_averages_mirror_images_explains_the_whole_change(
    small: Small, video: tuple[Path, Sample], tmp_path: Path
) -> None:
    path, sample = video
    cfg, choices = without_hydra(compose([*WORDS, f"home={small.home}", "evaluation.mirror=both"], with_hydra=True))
    ready = experiment(cfg, choices, command="mer fit")
    name, _ = shelf.add(tmp_path, "both", fit(ready, cfg, tmp_path / "run"))
    (one,) = load_model(name, home=tmp_path).predict(path, interval=f"{sample.onset}-{sample.offset}")
    assert len(one.contributions) == 36 and abs(sum(part.change for part in one.contributions)) > 0


def test_without_a_model_it_says_what_moved(video: tuple[Path, Sample]) -> None:
    path, sample = video
    (one,) = Model.of(None).predict(path, interval=f"{sample.onset / sample.fps:.3f}-{sample.offset / sample.fps:.3f}")
    assert one.interval.onset == sample.onset and one.interval.offset == sample.offset
    assert one.outcome == "" and not one.probabilities and one.sentence.endswith("px")


def test_the_command_writes_lines_that_fit_the_schema(
    small: Small, video: tuple[Path, Sample], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, sample = video
    words = [f"interval={sample.onset}-{sample.offset}", f"home={small.home}", f"output={tmp_path}", "render=true"]
    assert main(["predict", str(path), "model=small", *words]) == 0
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    lines = (tmp_path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        jsonschema.validate(json.loads(line), schema)
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert len(lines) == 1 and row["likeliest"] in ("happiness", "surprise") and row["model"] == "small@1"
    assert (tmp_path / "clip_1.png").stat().st_size > 10_000
    with av.open(str(tmp_path / "clip.mp4")) as made:
        stream = made.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert sum(1 for _ in made.decode(video=0)) == sample.clip.frames  # type: ignore[attr-defined]
    assert "predictions.jsonl" in capsys.readouterr().out


def test_bad_input_is_one_sentence(
    small: Small, video: tuple[Path, Sample], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    good = str(video[0])
    for words, status, said in (
        ([], 2, "missing input"),
        ([str(tmp_path / "none.mp4")], 1, "no such"),
        ([str(tmp_path / "empty.mp4")], 1, "empty.mp4"),
        ([str(tmp_path / "folder")], 1, "no video, frames or table"),
        ([good, "interval=9-3"], 1, "the offset must come after the onset"),
        ([good, "interval=soon"], 1, "write seconds, such as 3.2-3.6"),
        ([good, "interval=900-990"], 1, "correct the interval"),
        ([good, "model=nobody"], 2, "no such model"),
        ([good, "fps=fast"], 2, "must be a number of frames per second"),
        ([good, "render=maybe"], 2, "must be true or false"),
        ([good, "trust.noise=-1"], 2, "trust.noise=-1"),
    ):
        assert main(["predict", *words, f"home={small.home}", f"output={tmp_path / 'out'}"]) == status, words
        captured = capsys.readouterr()
        assert said in captured.err and "Traceback" not in captured.err
    assert not (tmp_path / "out").exists()


def test_a_stream_tells_what_the_whole_tells() -> None:
    look = {"subjects": 1, "size": 128, "fps": 20}
    fields = {"videos": 1, "micro": 0, "macro": 12, "seconds": 30, "blinks": 0, "speech": 0, "nods": 0, "sway": 0}
    clip = mer.component("dataset", "synthetic_long", look=look, **fields).recordings().recordings[0].clip
    frames = [clip.read(k) for k in range(600)]
    model = Model.of(None)
    whole, parts = model.predict(frames, fps=20), list(model.stream(iter(frames), 20))
    assert len(whole) >= 2
    near = [min(abs((a.interval.apex or 0) - (b.interval.apex or 0)) for b in parts) for a in whole]
    assert np.mean([distance <= 4 for distance in near]) >= 0.7 and abs(len(parts) - len(whole)) <= 2


def test_frames_in_memory_need_a_clock() -> None:
    with pytest.raises(ConfigError, match="fps=None"):
        Model.of(None).predict([np.zeros((64, 64), np.uint8)] * 3)


def test_mlflow_loads_it(small: Small, video: tuple[Path, Sample]) -> None:
    import mlflow.pyfunc
    import pandas as pd

    path, sample = video
    model = mlflow.pyfunc.load_model(str(small.path))
    asked = pd.DataFrame([{"input": str(path), "interval": f"{sample.onset}-{sample.offset}"}])
    found = model.predict(asked)
    assert set(json.loads(found["probabilities"][0])) == {"happiness", "surprise"}
    assert found["model"][0] == "small@1"
