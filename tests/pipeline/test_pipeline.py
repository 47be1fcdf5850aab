"""What the pipeline does with good clips, bad clips and clips without a face."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import mer
from mer.errors import DataError, FaceNotFoundError
from mer.pipeline import Pipeline, Stages, Timer
from mer.store.cache import Cache
from mer.types import Exclusion, FlowField, FramePair, Image, Landmarks, Manifest, Sample


@dataclass(frozen=True)
class Clip:
    """Ready-made flow, or what goes wrong in reading it."""

    content: float | Exception

    def read(self, index: int) -> Image:
        raise AssertionError("ready-made flow reads no frame")

    def landmarks(self, index: int) -> Landmarks | None:
        return None

    def flow(self) -> FlowField | None:
        if isinstance(self.content, Exception):
            raise self.content
        return FlowField(uv=np.full((28, 28, 2), self.content, dtype=np.float32))

    def fingerprint(self, indices: Sequence[int]) -> str:
        return str(self.content)


@dataclass(frozen=True)
class Flows:
    """Three subjects with two clips each."""

    contents: tuple[float | Exception, ...] = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    excluded: tuple[Exclusion, ...] = ()
    labels: tuple[str, ...] = ("a", "b")
    name: str = "flows"
    entry: Literal["frames", "flow"] = field(default="flow")

    def load(self) -> Manifest:
        return Manifest(
            samples=tuple(
                Sample(
                    id=f"clip{i}",
                    dataset="flows",
                    subject=f"flows/s{i // 2}",
                    label=self.labels[i % len(self.labels)],
                    onset=0,
                    apex=1,
                    offset=1,
                    fps=0,
                    clip=Clip(content),
                )
                for i, content in enumerate(self.contents)
            ),
            classes=self.labels,
            excluded=self.excluded,
        )


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    stages = Stages(
        frames=None,
        landmarks=None,
        align=None,
        flow=None,
        motion=mer.component("motion", "none"),
        roi=mer.component("roi", "grid", rows=2, columns=2),
        descriptor=mer.component("descriptor", "hoof", bins=4),
    )
    return Pipeline(
        dataset=Flows(),
        stages=stages,
        cache=Cache(root=tmp_path / "cache"),
    )


def test_rows_subjects_and_labels_stay_together(pipeline: Pipeline) -> None:
    table = pipeline.features(pipeline.manifest(bad_clips="stop"), workers=2, bad_clips="stop").table
    assert table.sample_id.tolist() == [f"clip{i}" for i in range(6)]
    assert table.y.tolist() == [0, 1, 0, 1, 0, 1]
    assert table.subject.tolist() == [f"flows/s{i // 2}" for i in range(6)]
    assert table.X.shape == (6, len(table.columns))
    assert len(set(map(bytes, table.X))) == len(set(map(bytes, np.unique(table.X, axis=0))))


def test_what_is_cached_is_not_computed_again(pipeline: Pipeline, tmp_path: Path) -> None:
    manifest = pipeline.manifest(bad_clips="stop")
    first = pipeline.features(manifest, workers=2, bad_clips="stop")
    assert {stage: len(times) for stage, times in first.computed.items()} == {
        "read": 6,
        "descriptor": 6,
        "statistics": 6,
    }
    again = replace(pipeline, timer=Timer()).features(manifest, workers=1, bad_clips="stop")
    assert again.computed == {}
    np.testing.assert_array_equal(again.table.X, first.table.X)


def test_a_clip_at_fault_stops_the_run_or_is_left_out_with_its_reason(pipeline: Pipeline) -> None:
    torn = DataError("clip2: s1/2.png is truncated; copy it again")
    pipeline = replace(pipeline, dataset=Flows(contents=(1.0, 2.0, torn, 4.0, 5.0, 6.0)))
    manifest = pipeline.manifest(bad_clips="stop")
    with pytest.raises(DataError, match=r"s1/2\.png is truncated"):
        pipeline.features(manifest, workers=2, bad_clips="stop")
    features = pipeline.features(manifest, workers=2, bad_clips="exclude")
    assert "clip2" not in features.table.sample_id
    assert [(e.sample_id, e.reason) for e in features.excluded] == [("clip2", str(torn))]


def test_a_clip_without_a_face_is_always_left_out(pipeline: Pipeline) -> None:
    lost = FaceNotFoundError("clip5: no face")
    pipeline = replace(pipeline, dataset=Flows(contents=(1.0, 2.0, 3.0, 4.0, 5.0, lost)))
    features = pipeline.features(pipeline.manifest(bad_clips="stop"), workers=1, bad_clips="stop")
    assert [e.sample_id for e in features.excluded] == ["clip5"]
    assert len(features.table) == 5


def test_faults_found_while_loading_stop_or_are_listed(pipeline: Pipeline) -> None:
    fault = Exclusion(sample_id="clip9", reason="row 9: onset 12 is after apex 8", fault=True)
    dropped = Exclusion(sample_id="clip8", reason="label other is dropped")
    pipeline = replace(pipeline, dataset=Flows(excluded=(dropped, fault)))
    with pytest.raises(DataError, match=r"row 9: onset 12 is after apex 8; repair it, or .* bad_clips=exclude"):
        pipeline.manifest(bad_clips="stop")
    manifest = pipeline.manifest(bad_clips="exclude")
    assert pipeline.features(manifest, workers=1, bad_clips="exclude").excluded == (dropped, fault)


def test_a_class_can_be_left_out_and_is_listed(pipeline: Pipeline) -> None:
    pipeline = replace(pipeline, dataset=Flows(labels=("a", "b", "c")))
    manifest = pipeline.manifest(bad_clips="stop", drop=("c",))
    assert manifest.classes == ("a", "b")
    assert [(e.sample_id, e.reason, e.fault) for e in manifest.excluded] == [
        ("clip2", "class c is dropped", False),
        ("clip5", "class c is dropped", False),
    ]
    with pytest.raises(DataError, match=r"drop=\[d\]: there is no such class; there are a, b, c"):
        pipeline.manifest(bad_clips="stop", drop=("d",))


def test_faulty_clips_are_named_before_a_class_that_is_missing_because_of_them(pipeline: Pipeline) -> None:
    fault = Exclusion(sample_id="clip9", reason="row 9: no folder s9", fault=True)
    pipeline = replace(pipeline, dataset=Flows(labels=("a", "b"), excluded=(fault,)))
    with pytest.raises(DataError, match=r"^row 9: no folder s9; repair it"):
        pipeline.manifest(bad_clips="stop", drop=("c",))
    with pytest.raises(
        DataError, match=r"there are a, b; faulty clips are left out \(1\), the first: row 9: no folder s9"
    ):
        pipeline.manifest(bad_clips="exclude", drop=("c",))


def test_no_clip_left_is_an_error(pipeline: Pipeline) -> None:
    pipeline = replace(pipeline, dataset=Flows(contents=(FaceNotFoundError("clip0: no face"),)))
    with pytest.raises(DataError, match="no clip is left of 1; the first: clip0: no face"):
        pipeline.features(pipeline.manifest(bad_clips="stop"), workers=1, bad_clips="stop")
    with pytest.raises(DataError, match="no clip is left"):
        replace(pipeline, dataset=Flows(contents=())).manifest(bad_clips="stop")


@pytest.mark.data
def test_the_row_of_a_clip_does_not_depend_on_the_others(pipeline: Pipeline, data_root: Path) -> None:
    dataset = mer.component("dataset", "flow_images", root=str(data_root / "megc2019_smic_flow28"))
    pipeline = replace(pipeline, dataset=dataset)
    manifest = pipeline.manifest(bad_clips="stop")
    all_rows = pipeline.features(manifest, workers=2, bad_clips="stop").table
    few = replace(manifest, samples=manifest.samples[5:8])
    fresh = replace(pipeline, cache=Cache(root=pipeline.cache.root.parent / "other"))
    np.testing.assert_array_equal(fresh.features(few, workers=1, bad_clips="stop").table.X, all_rows.X[5:8])


def test_frame_pairs_must_match() -> None:
    with pytest.raises(DataError, match=r"one size, got \(4, 4\) and \(4, 5\)"):
        FramePair(onset=np.zeros((4, 4), np.uint8), apex=np.zeros((4, 5), np.uint8))


@dataclass(frozen=True, kw_only=True)
class Together:
    """A backbone that takes three pairs at once."""

    sizes: list[int] = field(default_factory=list, compare=False, metadata={"role": "watch"})
    together: int = 3

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        return self.batch([onset], [apex])[0]

    def batch(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[FlowField]:
        self.sizes.append(len(onsets))
        shifts = [float(apex.mean()) - float(onset.mean()) for onset, apex in zip(onsets, apexes, strict=True)]
        return [FlowField(uv=np.full((*onsets[0].shape, 2), shift, dtype=np.float32)) for shift in shifts]


def test_a_backbone_that_gains_by_it_is_given_several_clips_at_once(tmp_path: Path) -> None:
    dataset = mer.component("dataset", "synthetic", subjects=2, clips=4, size=64)
    parts = {"landmarks": mer.component("landmarks", "stored"), "align": mer.component("align", "crop", size=64)}
    parts |= {"motion": mer.component("motion", "none"), "roi": mer.component("roi", "grid", rows=2, columns=2)}
    parts |= {"frames": mer.component("frames", "onset_apex"), "descriptor": mer.component("descriptor", "rawflow")}
    tables = []
    for backbone, sizes in ((Together(), [3, 3, 2]), (Together(together=1), [1] * 8)):
        cache = Cache(root=tmp_path / str(backbone.together))
        made = Pipeline(dataset=dataset, stages=Stages(flow=backbone, **parts), cache=cache)
        found = made.features(made.manifest(bad_clips="stop"), workers=2, bad_clips="stop")
        assert backbone.sizes == sizes
        assert len(found.computed["flow"]) == len(found.computed["descriptor"]) == 8
        tables.append(found.table.X)
    np.testing.assert_array_equal(tables[0], tables[1])


@dataclass(kw_only=True)
class Meeting:
    """Where two threads must be at one time: a thread that is kept out by the other gives up, and raises."""

    both: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    met: bool = False

    def wait(self) -> None:
        if not self.met:
            self.both.wait(timeout=20)
            self.met = True


@dataclass(frozen=True, kw_only=True)
class Still:
    """A backbone that waits for a second clip."""

    meeting: Meeting = field(default_factory=Meeting, compare=False, metadata={"role": "watch"})

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        self.meeting.wait()
        return FlowField(uv=np.zeros((*onset.shape, 2), dtype=np.float32))

    def batch(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[FlowField]:
        return [self(*pair) for pair in zip(onsets, apexes, strict=True)]


@dataclass(frozen=True, kw_only=True)
class Unmoved:
    """A removal of head motion that waits for a second clip."""

    meeting: Meeting = field(default_factory=Meeting, compare=False, metadata={"role": "watch"})

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        self.meeting.wait()
        return flow


def test_two_clips_are_in_one_stage_at_the_same_time(tmp_path: Path) -> None:
    dataset = mer.component("dataset", "synthetic", subjects=2, clips=2, size=64)
    parts = {"landmarks": mer.component("landmarks", "stored"), "align": mer.component("align", "crop", size=64)}
    parts |= {"roi": mer.component("roi", "grid", rows=2, columns=2), "frames": mer.component("frames", "onset_apex")}
    flow, motion = Still(), Unmoved()
    stages = Stages(flow=flow, motion=motion, descriptor=mer.component("descriptor", "rawflow"), **parts)
    made = Pipeline(dataset=dataset, stages=stages, cache=Cache(root=tmp_path))
    found = made.features(made.manifest(bad_clips="stop"), workers=2, bad_clips="stop")
    assert len(found.table) == 4
    assert flow.meeting.met
    assert motion.meeting.met
