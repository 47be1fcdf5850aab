"""The stages in order, for every clip of a data set: the only file that knows them all.

dataset → frames → landmarks → align → flow → head motion → ROI → descriptor; what follows (SVM, evaluation) sees only
the table of features. Ready-made flow enters after the flow stage. A clip gives one flow field, or one for each frame
of a sequence. The results of align, flow and descriptor are kept in the cache, each under a key made of the bytes it
read, its settings, its code and the key of the stage before.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from filelock import Timeout

from mer.cache import Cache, Entry, code_version, component_key, digest
from mer.descriptor.statistics import RegionStatistics
from mer.errors import DataError, FaceNotFoundError
from mer.mirror import mirrored_flow, mirrored_landmarks
from mer.progress import progress
from mer.protocol import Protocol
from mer.region_table import QUANTITIES
from mer.types import (
    AlignedPair,
    Aligner,
    Dataset,
    Descriptor,
    Exclusion,
    FeatureTable,
    FlowBackbone,
    FlowField,
    FrameSampler,
    LandmarkFinder,
    Landmarks,
    Manifest,
    MotionRemoval,
    Regions,
    RegionScheme,
    Sample,
    SequenceBackbone,
)

__all__ = ["ClipView", "Features", "Pipeline", "outline", "without_classes"]

# What regions.csv rests on; no setting of a run changes it, so that all runs of a flow and a scheme share it.
_STATISTICS = RegionStatistics(quantities=QUANTITIES, norm="none")


@dataclass(frozen=True, kw_only=True)
class Features:
    """What stages 1–7 made of a data set.

    Attributes
    ----------
    table : FeatureTable
    mirrored : FeatureTable or None
        The same clips seen in a mirror, where they were asked for.
    regions : tuple of str
        Names of the R regions.
    motion : ndarray of float32, shape (N, R, 5)
        Of every clip and region the `mer.region_table.QUANTITIES`, after the head's motion was taken out; of a
        sequence at its apex.
    excluded : tuple of Exclusion
        Clips left out, by the data set or because a stage could not use them.
    computed : mapping of str to list of float
        Seconds of every result that was computed rather than read from the cache, by stage.
    """

    table: FeatureTable
    mirrored: FeatureTable | None
    regions: tuple[str, ...]
    motion: np.ndarray[Any, Any]
    excluded: tuple[Exclusion, ...]
    computed: dict[str, list[float]]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipView:
    """What the pipeline saw of one clip at its apex, for a picture; `pair` is None where the flow came ready-made."""

    sample: Sample
    pair: AlignedPair | None
    flow: FlowField
    regions: Regions


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Stages 1–7, ready to run.

    Attributes
    ----------
    dataset, frames, landmarks, align, flow, motion, roi, descriptor
        The components, see `mer.types`; frames to flow may be None for a data set of ready-made flow.
    cache : Cache
    protocol : Protocol or None
        Class map and clip list that is laid over the data set; None takes all clips as they are.
    sequence : SequenceBackbone or None
        Computes the flow where `frames` gives sequences; None where it gives pairs.
    """

    dataset: Dataset
    frames: FrameSampler | None
    landmarks: LandmarkFinder | None
    align: Aligner | None
    flow: FlowBackbone | None
    motion: MotionRemoval
    roi: RegionScheme
    descriptor: Descriptor
    cache: Cache
    protocol: Protocol | None = None
    sequence: SequenceBackbone | None = None
    computed: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list), repr=False, compare=False)

    def manifest(self, *, bad_clips: str, drop: Sequence[str] = ()) -> Manifest:
        """Load the data set under the protocol, without the classes in `drop`.

        Raises
        ------
        DataError
            Where a clip is at fault and `bad_clips` is ``stop``, where a class to drop does not exist, or where no clip
            is left.
        """
        manifest = self.dataset.load()
        if self.protocol is not None:
            manifest = self.protocol(manifest, self.dataset)
        manifest = without_classes(manifest, drop)
        faults = [exclusion for exclusion in manifest.excluded if exclusion.fault]
        if faults and bad_clips == "stop":
            raise DataError(_fault_sentence(faults))
        if not manifest.samples:
            first = manifest.excluded[0].reason if manifest.excluded else "the data set is empty"
            raise DataError(
                f"dataset {self.dataset.name}: no clip is left of {len(manifest.excluded)}; the first: {first}"
            )
        return manifest

    def features(
        self,
        manifest: Manifest,
        *,
        workers: int,
        bad_clips: str,
        mirror: bool = False,
        heed: Callable[[], None] | None = None,
    ) -> Features:
        """Compute the feature row of every clip, clips side by side in threads.

        Parameters
        ----------
        manifest : Manifest
        workers : int
        bad_clips : {"stop", "exclude"}
            What to do with a clip that a stage refuses; one without a face is always left out.
        mirror : bool
            Also give every clip's row as a mirror would show it.
        heed : callable, optional
            Called after every clip; what it raises ends the work.

        Raises
        ------
        DataError
            For the first clip that is at fault, where `bad_clips` is ``stop``.
        """
        rows, dropped = self._rows(manifest.samples, workers, bad_clips, mirror, heed or _nothing)
        kept = [sample for sample in manifest.samples if sample.id in rows]
        if not kept:
            raise DataError(f"no clip is left of {len(manifest.samples)}; the first: {dropped[0].reason}")
        regions = self.view(kept[0]).regions
        X = np.stack([rows[sample.id].images for sample in kept])  # (clips, 1 or 2 images, features)
        table = replace(outline(manifest, kept), X=X[:, 0], columns=self.descriptor.columns(regions))
        motion = np.stack([rows[sample.id].motion for sample in kept])
        return Features(
            table=table,
            mirrored=replace(table, X=X[:, 1]) if mirror else None,
            regions=regions.names,
            motion=motion.reshape(len(kept), len(QUANTITIES), len(regions)).swapaxes(1, 2),
            excluded=(*manifest.excluded, *dropped),
            computed=dict(self.computed),
        )

    def view(self, sample: Sample) -> ClipView:
        """Return onset, apex, landmarks, the flow between them (head motion removed) and regions of one clip."""
        flow = self._flow_entry(sample)
        pair = None if self.dataset.entry == "flow" else self._pair(self._align_entry(sample))
        field = self.motion(flow.apex, flow.landmarks)
        return ClipView(sample=sample, pair=pair, flow=field, regions=self.roi(flow.landmarks, field.shape))

    @property
    def estimator(self) -> FlowBackbone | SequenceBackbone | None:
        """What computes the flow of a clip, as a whole."""
        return self.sequence or self.flow

    def row_key(self, sample: Sample, *, mirror: bool = False) -> str:
        """Return the hash of all that a clip's feature row depends on: bytes, settings, code, libraries."""
        return digest(self.flow_key(sample), self._row_key, mirror)

    def _rows(
        self, samples: Sequence[Sample], workers: int, bad_clips: str, mirror: bool, heed: Callable[[], None]
    ) -> tuple[dict[str, _ClipRows], list[Exclusion]]:
        cv2.setNumThreads(1)  # clips run side by side; threads inside each would only get in each other's way
        rows: dict[str, _ClipRows] = {}
        dropped: list[Exclusion] = []
        busy: list[Sample] = []
        with progress("features", len(samples)) as advance, ThreadPoolExecutor(workers) as pool:
            # A clip that another process works on is put off, so that both do other clips meanwhile.
            for some, wait in ((samples, False), (busy, True)):
                futures = [pool.submit(self._clip, sample, mirror, wait) for sample in some]
                try:
                    for sample, future in zip(tuple(some), futures, strict=True):
                        try:
                            rows[sample.id] = future.result()
                        except Timeout:
                            busy.append(sample)
                            continue
                        except DataError as error:
                            if bad_clips == "stop" and not isinstance(error, FaceNotFoundError):
                                raise
                            dropped.append(Exclusion(sample_id=sample.id, reason=str(error), fault=True))
                        advance()
                        heed()
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
        place = {sample.id: number for number, sample in enumerate(samples)}
        return rows, sorted(dropped, key=lambda exclusion: place[exclusion.sample_id])

    def _clip(self, sample: Sample, mirror: bool, wait: bool) -> _ClipRows:
        moving = _Moving(lambda: self._flow_entry(sample, wait=wait), self.motion, self.roi)
        sides = (False, True) if mirror else (False,)
        images = [self._row(sample, moving, mirror=side, wait=wait) for side in sides]
        return _ClipRows(images=np.stack(images), motion=self._statistics(sample, moving, wait=wait))

    def _row(self, sample: Sample, moving: _Moving, *, mirror: bool, wait: bool) -> np.ndarray[Any, Any]:
        def make() -> Entry:
            landmarks = moving.raw.landmarks  # before the watch starts: the flow has its own
            with self._timed("descriptor"):
                fields = moving.fields
                if mirror:
                    fields, shape = tuple(mirrored_flow(field) for field in fields), fields[0].shape
                    regions = self.roi(landmarks and mirrored_landmarks(landmarks, shape[1]), shape)
                else:
                    regions = moving.regions
                row = self._described(sample, fields, regions)
            return Entry(array=row)

        return self.cache.compute("descriptor", self.row_key(sample, mirror=mirror), make, wait=wait).array

    def _described(self, sample: Sample, fields: Sequence[FlowField], regions: Regions) -> np.ndarray[Any, Any]:
        if self.sequence is None:
            return self.descriptor(fields[0], regions)
        try:
            return self.descriptor.sequence(np.stack([field.uv for field in fields]), regions)
        except DataError as error:  # such as a clip that is too short
            raise DataError(f"{sample.dataset} {sample.id}: {error}") from error

    def _statistics(self, sample: Sample, moving: _Moving, *, wait: bool) -> np.ndarray[Any, Any]:
        def make() -> Entry:
            _ = moving.raw
            with self._timed("statistics"):
                row = _STATISTICS(moving.apex, moving.regions)
            return Entry(array=row)

        key = digest(self.flow_key(sample), self._statistics_key)
        return self.cache.compute("statistics", key, make, wait=wait).array

    def _flow_entry(self, sample: Sample, *, wait: bool = True) -> _Flow:
        def make() -> Entry:
            if self.dataset.entry == "flow":
                with self._timed("read"):
                    ready = sample.clip.flow()
                assert ready is not None
                return Entry(array=ready.uv)
            aligned = self._align_entry(sample, wait=wait)
            with self._timed("flow"):
                uv = self._estimated(aligned.array)
            return Entry(array=uv, facts=aligned.facts)

        entry = self.cache.compute("flow", self.flow_key(sample), make, wait=wait)
        return _Flow(uv=entry.array, peak=entry.facts.get("peak", 0), landmarks=_landmarks(entry))

    def _estimated(self, frames: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the flow (H, W, 2) between two frames, or that (T, H, W, 2) from the first to each of a sequence."""
        if self.sequence is not None:
            return np.stack([field.uv for field in self.sequence(list(frames))])
        assert self.flow is not None
        return self.flow(frames[0], frames[1]).uv

    def _align_entry(self, sample: Sample, *, wait: bool = True) -> Entry:
        def make() -> Entry:
            assert self.frames is not None and self.landmarks is not None and self.align is not None
            with self._timed("read"):
                frames = self.frames(sample)
            with self._timed("landmarks"):
                landmarks = self.landmarks.of_pair(frames)
            with self._timed("align"):
                pair = self.align(frames, landmarks)
            facts = {
                "landmarks": pair.landmarks.xy.tolist(),
                "score": float(pair.landmarks.score),
                "matrix": pair.matrix.tolist(),
                "peak": len(pair.between),
            }
            return Entry(array=np.stack(pair.frames), facts=facts)

        return self.cache.compute("align", self._align_key(sample), make, wait=wait)

    def _pair(self, entry: Entry) -> AlignedPair:
        landmarks = _landmarks(entry)
        assert landmarks is not None
        apex = entry.array[1 + entry.facts["peak"]]
        return AlignedPair(onset=entry.array[0], apex=apex, landmarks=landmarks, matrix=np.array(entry.facts["matrix"]))

    def _timed(self, stage: str) -> _Stopwatch:
        return _Stopwatch(self.computed[stage].append)

    def _align_key(self, sample: Sample) -> str:
        assert self.frames is not None
        numbers = self.frames.indices(sample)
        try:
            clip = _clip_key(sample, numbers)
        except DataError as error:
            if len(numbers) <= 2:
                raise
            raise DataError(f"{error}; where there are onset and apex alone, take frames=onset_apex") from error
        return digest(clip, self._frame_stages_key)

    def flow_key(self, sample: Sample) -> str:
        """Return the hash of all that a clip's flow depends on."""
        if self.dataset.entry == "flow":
            return digest(_clip_key(sample, ()))
        return digest(self._align_key(sample), self._flow_stage_key)

    @cached_property
    def _frame_stages_key(self) -> str:
        libraries = ("opencv-contrib-python-headless", "torch", "kornia")
        return digest([component_key(stage, *libraries) for stage in (self.frames, self.landmarks, self.align)])

    @cached_property
    def _flow_stage_key(self) -> str:
        return digest(component_key(self.estimator, "opencv-contrib-python-headless", "torch", "kornia"))

    @cached_property
    def _row_key(self) -> str:
        return digest([component_key(stage, "numpy") for stage in (self.motion, self.roi, self.descriptor)])

    @cached_property
    def _statistics_key(self) -> str:
        return digest([component_key(stage, "numpy") for stage in (self.motion, self.roi, _STATISTICS)])


def _nothing() -> None:
    """Heed nothing."""


def outline(manifest: Manifest, samples: Sequence[Sample]) -> FeatureTable:
    """Return the table of `samples` before any feature is known: whose they are and what they show."""
    return FeatureTable(
        X=np.empty((len(samples), 0), dtype=np.float32),
        y=np.array([manifest.classes.index(sample.label) for sample in samples]),
        subject=np.array([sample.subject for sample in samples]),
        sample_id=np.array([sample.id for sample in samples]),
        dataset=np.array([sample.dataset for sample in samples]),
        columns=(),
        classes=manifest.classes,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _ClipRows:
    """The feature row of each image of a clip, and the statistics of its regions."""

    images: np.ndarray[Any, Any]
    motion: np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Flow:
    """The flow of one clip as it was estimated: one field (H, W, 2), or a sequence (T, H, W, 2)."""

    uv: np.ndarray[Any, Any]
    peak: int
    landmarks: Landmarks | None

    @cached_property
    def fields(self) -> tuple[FlowField, ...]:
        """All fields in order of time."""
        height, width = self.uv.shape[-3:-1]
        return tuple(FlowField(uv=uv) for uv in self.uv.reshape(-1, height, width, 2))

    @property
    def apex(self) -> FlowField:
        """Field of the apex."""
        return self.fields[self.peak]


class _Moving:
    """The motion of one clip and its regions, worked out when first asked for, once for all that is made of them."""

    def __init__(self, load: Callable[[], _Flow], motion: MotionRemoval, roi: RegionScheme) -> None:
        self._load, self._motion, self._roi = load, motion, roi

    @cached_property
    def raw(self) -> _Flow:
        """Flow as it was estimated, and landmarks."""
        return self._load()

    @cached_property
    def fields(self) -> tuple[FlowField, ...]:
        """Flow without the head's motion, in order of time."""
        return tuple(self._motion(field, self.raw.landmarks) for field in self.raw.fields)

    @property
    def apex(self) -> FlowField:
        """The one of these fields that leads to the apex."""
        return self.fields[self.raw.peak]

    @cached_property
    def regions(self) -> Regions:
        """Regions of interest."""
        return self._roi(self.raw.landmarks, self.fields[0].shape)


class _Stopwatch:
    """Times a block and hands the seconds on."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._report(time.perf_counter() - self._start)


def _landmarks(entry: Entry) -> Landmarks | None:
    if "landmarks" not in entry.facts:
        return None
    return Landmarks(xy=np.array(entry.facts["landmarks"], dtype=np.float32), score=entry.facts["score"])


def _clip_key(sample: Sample, indices: Sequence[int]) -> list[str]:
    return [sample.clip.fingerprint(indices), code_version(type(sample.clip).__module__)]


def without_classes(manifest: Manifest, drop: Sequence[str]) -> Manifest:
    """Return the manifest without the clips of some classes.

    Raises
    ------
    DataError
        Where a class to drop does not exist.
    """
    unknown = [name for name in drop if name not in manifest.classes]
    if unknown:
        raise DataError(f"drop=[{unknown[0]}]: there is no such class; there are {', '.join(manifest.classes)}")
    dropped = [
        Exclusion(sample_id=s.id, reason=f"class {s.label} is dropped") for s in manifest.samples if s.label in drop
    ]
    return replace(
        manifest,
        samples=tuple(sample for sample in manifest.samples if sample.label not in drop),
        classes=tuple(name for name in manifest.classes if name not in drop),
        excluded=(*manifest.excluded, *dropped),
    )


def _fault_sentence(faults: Sequence[Exclusion]) -> str:
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{faults[0].reason}{more}; repair it, or leave such clips out with bad_clips=exclude"
