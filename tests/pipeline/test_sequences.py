"""Sequences of frames through the pipeline: a flow field each, described over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from mer.config.composition import component, compose_cell
from mer.descriptor.statistics import RegionStatistics
from mer.descriptor.temporal import Temporal
from mer.errors import ConfigError, DataError
from mer.flow.sequence import SequenceFlow
from mer.geometry.mirror import mirrored_flow
from mer.pipeline import Pipeline, Stages, Timer
from mer.run.assemble import experiment
from mer.store.cache import Cache
from mer.types import FlowField, Image, Landmarks, Manifest, Sample
from tests.flow.test_flow import shifted_pair

TURN = np.linspace(0, 2 * np.pi, 68)
FACE = Landmarks(xy=(32 + 20 * np.stack([np.cos(TURN), np.sin(TURN)], axis=1)).astype(np.float32))
ONSET, APEX, OFFSET = 2, 10, 16


@dataclass(frozen=True)
class Clip:
    """Frames in memory, with the same landmarks in each."""

    images: tuple[Image, ...]

    def read(self, index: int) -> Image:
        return self.images[index]

    def landmarks(self, index: int) -> Landmarks | None:
        return FACE

    def flow(self) -> FlowField | None:
        return None

    def fingerprint(self, indices: Sequence[int]) -> str:
        if max(indices) >= len(self.images):
            raise DataError(f"frame {max(indices)} is not there")
        return str([indices, [self.images[i].tobytes().hex() for i in indices]])


@dataclass(frozen=True)
class Clips:
    """Clips of two subjects, all with onset 2, apex 10, offset 16."""

    clips: tuple[Clip, ...]
    name: str = "clips"
    entry: Literal["frames", "flow"] = field(default="frames")

    def load(self) -> Manifest:
        times: dict[str, Any] = {"onset": ONSET, "apex": APEX, "offset": OFFSET, "fps": 0}
        samples = [
            Sample(id=f"c{i}", dataset="clips", subject=f"clips/s{i % 2}", label="ab"[i // 2 % 2], clip=clip, **times)
            for i, clip in enumerate(self.clips)
        ]
        return Manifest(samples=tuple(samples), classes=("a", "b"))


@dataclass(frozen=True)
class Brightness:
    """Ten grey levels of change are a pixel of motion to the right and half a pixel down."""

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        change = (apex.astype(np.float32) - onset) / 10
        return FlowField(uv=np.stack([change, change / 2], axis=-1))

    def batch(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[FlowField]:
        return [self(onset, apex) for onset, apex in zip(onsets, apexes, strict=True)]


def brightening() -> Clip:
    """The left half brightens by two levels a frame up to the apex, then darkens by one; the right half is still."""
    images = np.full((OFFSET + 1, 64, 64), 100, np.uint8)
    for n in range(ONSET, OFFSET + 1):
        images[n, :, :32] += 2 * (min(n, APEX) - ONSET) - max(n - APEX, 0)
    return Clip(images=tuple(images))


@cache
def option(group: str, name: str, **fields: Any) -> Any:
    """Return an option of ``conf/``; composing one takes a good part of a second."""
    return component(group, name, **fields)


RIGHT = RegionStatistics(quantities=("u",), norm="none")


def over_time(segments: int = 1) -> Temporal:
    """Return the mean motion to the right of each segment."""
    return Temporal(descriptor=RIGHT, pooling="mean", segments=segments, sparsity=0.0)


def pipeline_of(tmp_path: Path, clips: tuple[Clip, ...], **changes: Any) -> Pipeline:
    parts = {
        "frames": option("frames", "sequence"),
        "landmarks": option("landmarks", "stored"),
        "align": option("align", "none"),
        "flow": Brightness(),
        "sequence": SequenceFlow(backbone=Brightness(), way="onset"),
        "motion": option("motion", "none"),
        "roi": option("roi", "grid", rows=1, columns=2, edges="hard", extent="image"),
        "descriptor": over_time(segments=4),
    }
    stages = Stages(**(parts | changes))
    return Pipeline(dataset=Clips(clips), stages=stages, cache=Cache(root=tmp_path / "cache"))


def features(pipeline: Pipeline, *, mirror: bool = False) -> Any:
    return pipeline.features(pipeline.manifest(bad_clips="stop"), workers=1, bad_clips="stop", mirror=mirror)


@pytest.mark.parametrize("way", ["onset", "path"])
def test_steady_motion_rises_linearly_over_the_segments(tmp_path: Path, way: str) -> None:
    """0.3 px a frame: the means of fields 1–2, 3–4, 5–6 and 7–8 are 1.5, 3.5, 5.5 and 7.5 frames of motion."""
    frames = [shifted_pair(0.3 * max(n - ONSET, 0), 0, size=64)[1] for n in range(OFFSET + 1)]
    flow = option("flow", "dis", finest_scale=0)
    pipeline = pipeline_of(
        tmp_path,
        (Clip(images=tuple(frames)),),
        flow=flow,
        sequence=SequenceFlow(backbone=flow, way=way),
        roi=option("roi", "whole"),
    )
    (row,) = features(pipeline).table.X
    np.testing.assert_allclose(row, 0.3 * np.array([1.5, 3.5, 5.5, 7.5]), rtol=0.05)


def test_every_field_of_a_mirrored_clip_is_mirrored(tmp_path: Path) -> None:
    pipeline = pipeline_of(tmp_path, (brightening(),))
    found = features(pipeline, mirror=True)
    rises = 0.2 * np.array([1.5, 3.5, 5.5, 7.5])
    assert found.table.columns[:2] == ("part1:row1_column1:u", "part1:row1_column2:u")
    np.testing.assert_allclose(found.table.X[0].reshape(4, 2), np.stack([rises, 0 * rises], axis=1), rtol=1e-5)
    np.testing.assert_array_equal(found.mirrored.X[0].reshape(4, 2), -found.table.X[0].reshape(4, 2)[:, ::-1])


def test_the_mirrored_row_is_that_of_mirrored_fields_and_landmarks(tmp_path: Path) -> None:
    hoof = replace(option("descriptor", "temporal"), segments=2)
    pipeline = pipeline_of(tmp_path, (brightening(),), descriptor=hoof)
    found = features(pipeline, mirror=True).mirrored
    pair = pipeline.stages.frames(pipeline.manifest(bad_clips="stop").samples[0])  # type: ignore[misc]
    fields = [mirrored_flow(Brightness()(pair.onset, frame)).uv for frame in pair.frames[1:]]
    np.testing.assert_array_equal(found.X[0], hoof.sequence(np.stack(fields), pipeline.stages.roi(None, (64, 64))))


@pytest.mark.parametrize("way", ["onset", "path"])
@pytest.mark.parametrize("name", ["hoof", "temporal", "mdmo", "concat"])
def test_a_sequence_of_one_field_gives_what_the_pair_gives(tmp_path: Path, way: str, name: str) -> None:
    one = option("frames", "sequence", count=1)
    descriptor = option("descriptor", name)
    flow = option("flow", "dis")
    shared: dict[str, Any] = {"descriptor": descriptor, "flow": flow, "align": option("align", "crop", size=64)}
    over = SequenceFlow(backbone=flow, way=way)
    alone = pipeline_of(tmp_path, (brightening(),), frames=one, sequence=over, **shared)
    pair = pipeline_of(tmp_path, (brightening(),), frames=option("frames", "onset_apex"), sequence=None, **shared)
    here, there = features(alone, mirror=True), features(pair, mirror=True)
    np.testing.assert_array_equal(here.table.X, there.table.X)
    np.testing.assert_array_equal(here.mirrored.X, there.mirrored.X)
    np.testing.assert_array_equal(here.motion, there.motion)


def test_other_descriptors_give_their_mean_over_the_sequence(tmp_path: Path) -> None:
    hoof = option("descriptor", "hoof")
    mean = features(pipeline_of(tmp_path, (brightening(),), descriptor=hoof)).table
    pooled = features(pipeline_of(tmp_path, (brightening(),), descriptor=option("descriptor", "temporal"))).table
    np.testing.assert_array_equal(mean.X, pooled.X)
    assert mean.columns == pooled.columns
    u = features(pipeline_of(tmp_path, (brightening(),), descriptor=RIGHT)).table
    np.testing.assert_allclose(u.X[0], [0.2 * 4.5, 0], rtol=1e-5)


def test_head_motion_is_taken_out_of_every_field(tmp_path: Path) -> None:
    clip = Clip(images=tuple(np.full((64, 64), 100 + 3 * n, np.uint8) for n in range(OFFSET + 1)))
    still = pipeline_of(tmp_path, (clip,), motion=option("motion", "median"))
    assert np.abs(features(still).table.X).max() < 1e-6
    assert features(pipeline_of(tmp_path, (clip,))).table.X.min() > 0.4


def test_cached_flow_is_read_as_it_was_computed(tmp_path: Path) -> None:
    pipeline = pipeline_of(tmp_path, (brightening(),))
    first = features(pipeline, mirror=True)
    assert {stage: len(times) for stage, times in first.computed.items()} == dict.fromkeys(
        ("read", "landmarks", "align", "flow", "statistics", "descriptor"), 1
    )
    (entry,) = (np.load(path) for path in (tmp_path / "cache" / "flow").rglob("*.npy"))
    assert entry.shape == (8, 64, 64, 2) and entry.dtype == np.float32
    stages = replace(pipeline.stages, descriptor=over_time(segments=8))
    again = replace(pipeline, timer=Timer(), stages=stages)
    found = features(again)
    assert set(found.computed) == {"descriptor"}
    np.testing.assert_allclose(found.table.X[0, ::2], 0.2 * np.arange(1, 9), rtol=1e-5)


def test_pictures_and_statistics_show_the_apex(tmp_path: Path) -> None:
    """To the offset in steps of 3: frames 5, 8, 11, 14, 16, of which 11 is nearest to the apex."""
    frames = option("frames", "sequence", until="offset", count=None, step=3)
    pipeline = pipeline_of(tmp_path, (brightening(),), frames=frames, descriptor=over_time())
    (sample,) = pipeline.manifest(bad_clips="stop").samples
    view = pipeline.view(sample)
    assert view.pair is not None
    assert view.pair.apex[0, 0] == brightening().images[11][0, 0] == 115
    np.testing.assert_allclose(view.flow.uv[:, :32, 0], 1.5)
    np.testing.assert_allclose(features(pipeline).motion[0, 0, 0], 1.5, rtol=1e-5)  # mean u of the left cell
    np.testing.assert_allclose(features(pipeline).table.X[0, 0], np.mean([0.6, 1.2, 1.5, 1.2, 1.0]), rtol=1e-5)


def test_the_frame_that_stands_for_the_apex_is_part_of_the_key(tmp_path: Path) -> None:
    pipeline = pipeline_of(tmp_path, (), frames=option("frames", "sequence", until="offset"))
    (sample,) = Clips((brightening(),)).load().samples
    assert pipeline.keys.flow(sample) != pipeline.keys.flow(replace(sample, apex=5))
    assert pipeline.keys.flow(sample) == pipeline.keys.flow(replace(sample))


def test_the_way_and_the_backbone_are_part_of_the_key(tmp_path: Path) -> None:
    (sample,) = Clips((brightening(),)).load().samples
    dis = [option("flow", "dis", finest_scale=scale) for scale in (0, 1)]
    sequences = [SequenceFlow(backbone=flow, way=way) for flow in dis for way in ("onset", "path")]
    keys = {pipeline_of(tmp_path, (), sequence=sequence).keys.flow(sample) for sequence in sequences}
    assert len(keys) == 4


def test_too_few_frames_are_told_with_the_clip(tmp_path: Path) -> None:
    pipeline = pipeline_of(tmp_path, (brightening(),), descriptor=over_time(segments=9))
    with pytest.raises(DataError, match=r"clips c0: a sequence of 8 fields cannot be cut into 9 segments: take fewer"):
        features(pipeline)


def test_a_clip_that_lacks_frames_is_left_out_or_stops_the_run(tmp_path: Path) -> None:
    short = replace(brightening(), images=brightening().images[:OFFSET])
    frames = option("frames", "sequence", until="offset")
    pipeline = pipeline_of(tmp_path, (brightening(), short), frames=frames)
    with pytest.raises(DataError, match=r"frame 16 is not there; where there are onset and apex alone.*onset_apex"):
        features(pipeline)
    found = pipeline.features(pipeline.manifest(bad_clips="exclude"), workers=1, bad_clips="exclude")
    assert [exclusion.sample_id for exclusion in found.excluded] == ["c1"]


SMALL = ["dataset.subjects=2", "dataset.clips=2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["frames.step=2"], r"frames\.count=8 and frames\.step=2: give one of them and set the other to null"),
        (["frames.count=null"], r"frames\.count=None and frames\.step=None: give one of them"),
        (["frames.count=0"], r"frames\.count=0: must be a whole number of at least 1"),
        (["frames.until=end"], r"frames\.until=end: no such choice; frames\.until can be apex, offset"),
        (["sequence.way=back"], r"sequence\.way=back: no such choice; sequence\.way can be onset, path"),
        (["dataset=flow_images", "dataset.root=x"], r"dataset=flow_images has one ready-made flow field per clip"),
    ],
)
def test_settings_that_cannot_hold_are_told(words: list[str], message: str) -> None:
    cfg, choices = compose_cell(["frames=sequence", *words])
    with pytest.raises(ConfigError, match=message):
        experiment(cfg, choices)


def test_one_override_gives_any_backbone_its_sequences() -> None:
    cfg, choices = compose_cell(["frames=sequence", "sequence=path", "flow=dis", "flow.finest_scale=0", *SMALL])
    made = experiment(cfg, choices)
    assert made.pipeline.stages.sequence == SequenceFlow(backbone=option("flow", "dis", finest_scale=0), way="path")
    assert made.choices["sequence"] == "path"


def test_a_pair_knows_nothing_of_sequences() -> None:
    """The settings of one-field runs, which name their cells and seed their folds, are as they were before."""
    cfg, choices = compose_cell(["sequence=path", *SMALL])
    made = experiment(cfg, choices)
    assert made.pipeline.stages.sequence is None
    assert "sequence" not in made.settings and "sequence" not in made.choices
