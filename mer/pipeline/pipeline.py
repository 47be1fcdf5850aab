"""Stages 1–7 for all clips of a data set: what is kept on disk, and clips worked on side by side.

Two things are kept per clip, since they need frames, networks and seconds: the aligned frames, and the flow. What comes
after costs milliseconds and is kept per table: one file of feature rows, and one of region statistics, for one list of
clips and one choice of stages. The path of a single clip is in `mer.pipeline.clip`, the keys in `mer.pipeline.keys`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from mer.dataset.flow_images.phases import FlowPhases
from mer.dataset.still import NO_PICTURES
from mer.descriptor.statistics import RegionStatistics
from mer.errors import DataError, notes
from mer.pipeline.clip import ClipFlow, ClipView, Moved, Moving, Stages, Timer
from mer.pipeline.entries import flow_entry, flow_of, pair_entry, pair_of
from mer.pipeline.features import Features, Rows, outline, read_rows, write_rows
from mer.pipeline.keys import StageKeys
from mer.pipeline.manifest import load_manifest
from mer.pipeline.memory import Memory
from mer.pipeline.side_by_side import Found, as_table, in_batches, side_by_side
from mer.protocol import Protocol
from mer.store.cache import Cache, Entry
from mer.types import (
    REGION_QUANTITIES,
    AlignedPair,
    Dataset,
    Descriptor,
    Exclusion,
    Manifest,
    Numbers,
    Regions,
    Sample,
)

__all__ = ["ROWS", "STATISTICS", "Pipeline"]

ROWS, STATISTICS = "descriptor", "statistics"  # the two kinds of table
# What regions.csv rests on; no setting of a run changes it, so that all runs of a flow and a scheme share it.
_STATISTICS = RegionStatistics(quantities=REGION_QUANTITIES, norm="none")
_NO_MEMORY = Memory(0)


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Stages 1–7, ready to run.

    Attributes
    ----------
    dataset : Dataset
    stages : Stages
    cache : Cache
    protocol : Protocol or None
        Class map and clip list that is laid over the data set; None takes all clips as they are.
    memory : Memory
        Where motion and regions are kept for the next pipeline that needs the same.
    """

    dataset: Dataset
    stages: Stages
    cache: Cache
    protocol: Protocol | None = None
    timer: Timer = field(default_factory=Timer, repr=False, compare=False)
    memory: Memory = field(default=_NO_MEMORY, repr=False, compare=False)

    @cached_property
    def keys(self) -> StageKeys:
        """Names of what is kept."""
        return StageKeys(stages=self.stages, ready_made=self.ready_made)

    @property
    def ready_made(self) -> bool:
        """Whether the data set holds flow rather than frames."""
        return self.dataset.entry == "flow"

    def manifest(self, *, bad_clips: str, drop: Sequence[str] = ()) -> Manifest:
        """Load the data set under the protocol, see `load_manifest`."""
        return load_manifest(self.dataset, self.protocol, bad_clips=bad_clips, drop=drop)

    def features(
        self,
        manifest: Manifest,
        *,
        workers: int,
        bad_clips: str,
        mirror: bool = False,
    ) -> Features:
        """Return the feature row of every clip, computed in parallel threads where it is not in the cache.

        Parameters
        ----------
        manifest : Manifest
        workers : int
        bad_clips : {"stop", "exclude"}
            What to do with a clip that a stage refuses; one without a face is always left out.
        mirror : bool
            Also give every clip's row as a mirror would show it.

        Raises
        ------
        DataError
            For the first faulty clip, where `bad_clips` is ``stop``, or where no clip is left.
        """
        tables = self._tables(manifest.samples, workers, bad_clips, mirror)
        rows, statistics = tables[ROWS], tables[STATISTICS]
        samples = {sample.id: sample for sample in manifest.samples}
        table = outline(manifest, [samples[name] for name in rows.ids])
        table = replace(table, X=rows.X[:, 0], columns=rows.names["columns"])
        place = {name: number for number, name in enumerate(statistics.ids)}
        motion, pictures = np.split(statistics.X[[place[name] for name in rows.ids], 0], [-len(NO_PICTURES)], axis=1)
        regions = rows.names["regions"]
        dropped = [Exclusion(sample_id=name, reason=text, fault=True) for name, text in rows.dropped.items()]
        return Features(
            table=table,
            mirrored=replace(table, X=rows.X[:, 1]) if mirror else None,
            regions=regions,
            motion=motion.reshape(len(table), len(REGION_QUANTITIES), len(regions)).swapaxes(1, 2),
            pictures=pictures,
            excluded=(*manifest.excluded, *dropped),
            computed=dict(self.timer.seconds),
        )

    def table_keys(self, samples: Sequence[Sample], *, mirror: bool, bad_clips: str) -> dict[str, str]:
        """Return the key of each kind of table over some clips."""
        kinds: tuple[tuple[str, Descriptor, bool], ...]
        kinds = (ROWS, self.stages.descriptor, mirror), (STATISTICS, _STATISTICS, False)
        return {
            kind: self.keys.rows(samples, descriptor, mirror=both, bad_clips=bad_clips)
            for kind, descriptor, both in kinds
        }

    def view(self, sample: Sample) -> ClipView:
        """Return onset, apex, landmarks, the flow between them (head motion removed) and regions of one clip."""
        moving = self.stages.moving(self.flow(sample))
        pair = None if self.ready_made else self.pair(sample)
        return ClipView(sample=sample, pair=pair, flow=moving.apex, regions=moving.regions)

    def pair(self, sample: Sample, *, wait: bool = True) -> AlignedPair:
        """Return the aligned frames of a clip: stages 2 to 4."""
        return pair_of(self.cache.compute("align", self.keys.aligned(sample), self._make_pair, sample, wait=wait))

    def flow(self, sample: Sample, *, wait: bool = True) -> ClipFlow:
        """Return the flow of a clip: stages 2 to 5, or the data set's own."""
        return flow_of(self.cache.compute("flow", self.keys.flow(sample), self._make_flow, sample, wait, wait=wait))

    def _moving(self, sample: Sample, *, wait: bool = True) -> Moving:
        """Return the motion of a clip and its regions: stages 2 to 6."""
        stages, keys = self.stages, self.keys
        moved = self.memory.compute(keys.moved(sample), Moved, lambda: stages.moved(self.flow(sample, wait=wait)))
        regions = self.memory.compute(keys.regions(sample), Regions, lambda: stages.divided(moved))
        return Moving.within(moved, regions)

    def _make_pair(self, sample: Sample) -> Entry:
        return pair_entry(self.stages.aligned(sample, self.timer))

    def _make_flow(self, sample: Sample, wait: bool) -> Entry:
        if self.ready_made:
            with self.timer("read"):
                return flow_entry(_ready_made(sample))
        return flow_entry(self.stages.estimated(self.pair(sample, wait=wait), self.timer))

    def _tables(self, samples: Sequence[Sample], workers: int, bad_clips: str, mirror: bool) -> dict[str, Rows]:
        """Return both tables, read from the disk or computed and kept."""
        keys = self.table_keys(samples, mirror=mirror, bad_clips=bad_clips)
        kept = {kind: rows for kind, key in keys.items() if (rows := read_rows(self.cache, kind, key)) is not None}
        for rows in kept.values() if bad_clips == "stop" else ():
            if rows.faults:
                raise DataError(rows.dropped[rows.faults[0]])
        missing = frozenset(keys) - frozenset(kept)
        if not missing:
            return kept
        self._estimate_in_batches(samples, workers)
        one = partial(self._rows_of_clip, kinds=missing, mirror=mirror)
        found = side_by_side(samples, one, workers, stop=bad_clips == "stop")
        for kind in missing:
            kept[kind] = as_table(kind, samples, found, self._names)
            write_rows(self.cache, kind, keys[kind], kept[kind])
        return kept

    def _estimate_in_batches(self, samples: Sequence[Sample], workers: int) -> None:
        """Compute and keep the flow of clips together, where the backbone gains by it; what fails is left to later."""
        backbone = self.stages.flow
        together = getattr(backbone, "together", 1)
        if backbone is None or self.ready_made or self.stages.sequence is not None or together == 1:
            return
        missing = [sample for sample in samples if self._lacks_flow(sample)]
        for some, pairs in in_batches(missing, self._pair_or_none, together, workers):
            with self.timer("flow", len(some)):
                fields = backbone.batch([pair.onset for pair in pairs], [pair.apex for pair in pairs])
            for sample, pair, estimated in zip(some, pairs, fields, strict=True):
                self.cache.put("flow", self.keys.flow(sample), flow_entry(ClipFlow.of_pair(estimated.uv, pair)))

    def _lacks_flow(self, sample: Sample) -> bool:
        try:
            return not self.cache.holds("flow", self.keys.flow(sample))
        except DataError:
            return False

    def _pair_or_none(self, sample: Sample) -> AlignedPair | None:
        try:
            return self.pair(sample)
        except DataError:
            return None

    def _names(self, sample: Sample) -> dict[str, tuple[str, ...]]:
        regions = self._moving(sample).regions
        return {"columns": self.stages.descriptor.columns(regions), "regions": regions.names}

    def _rows_of_clip(self, sample: Sample, wait: bool, *, kinds: frozenset[str], mirror: bool) -> Found:
        """Return the clip's row in each kind of table, shape (images, D)."""
        try:
            moving = self._moving(sample, wait=wait)
        except DataError as error:
            return dict.fromkeys(kinds, _of_clip(sample, error))
        found: dict[str, Numbers | DataError] = {}
        if STATISTICS in kinds:
            with self.timer(STATISTICS):
                found[STATISTICS] = np.append(_STATISTICS(moving.apex, moving.regions), moving.pictures)[None]
        if ROWS in kinds:
            found[ROWS] = self._described(sample, moving, mirror=mirror)
        return found

    def _described(self, sample: Sample, moving: Moving, *, mirror: bool) -> Numbers | DataError:
        try:
            with self.timer(ROWS):
                images = [moving, self.stages.mirrored(moving)] if mirror else [moving]
                return np.stack([self.stages.described(image) for image in images])
        except DataError as error:  # such as a clip that is too short
            return _of_clip(sample, error)


def _of_clip(sample: Sample, error: DataError) -> DataError:
    """Return the error with the clip's name, which no stage knows."""
    name = f"{sample.dataset} {sample.id}: "
    if str(error).startswith((name, f"{sample.id}: ")):
        return error
    named = type(error)(f"{name}{error}")
    for note in notes(error):
        named.add_note(note)
    return named


def _ready_made(sample: Sample) -> ClipFlow:
    """Return the flow that comes with a clip: one field, or those of several phases."""
    clip = sample.clip
    if isinstance(clip, FlowPhases):
        return ClipFlow(uv=clip.flows(), peak=clip.peak)
    ready = clip.flow()
    assert ready is not None
    return ClipFlow(uv=ready.uv)
