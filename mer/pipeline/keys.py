"""What the results of stages 1–7 depend on, stage by stage: each key holds that of the stage before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mer.errors import DataError
from mer.pipeline.clip import Stages
from mer.store.keys import code_key, component_key, digest
from mer.types import Descriptor, Sample

__all__ = ["StageKeys"]

_PATH = "mer.pipeline.clip"  # the code that leads from stage to stage is part of each result, too


@dataclass(frozen=True, kw_only=True)
class StageKeys:
    """The keys of one pipeline.

    Attributes
    ----------
    stages : Stages
    ready_made : bool
        The flow comes with the data set.
    """

    stages: Stages
    ready_made: bool
    _of_clip: dict[Sample, str] = field(default_factory=dict, repr=False, compare=False)
    _of_kind: dict[type, list[object]] = field(default_factory=dict, repr=False, compare=False)

    def aligned(self, sample: Sample) -> str:
        """Return the key of a clip's aligned frames.

        Raises
        ------
        DataError
            If a frame is missing.
        """
        assert self.stages.frames is not None
        numbers = self.stages.frames.indices(sample)
        try:
            return digest(self._clip(sample, numbers), self._frame_stages)
        except DataError as error:
            if len(numbers) <= 2:
                raise
            raise DataError(f"{error}; where there are onset and apex alone, take frames=onset_apex") from error

    def flow(self, sample: Sample) -> str:
        """Return the key of a clip's flow; the files of a clip are read for it once in a pipeline's life."""
        if sample not in self._of_clip:
            ready = self.ready_made
            key = digest(self._clip(sample, ())) if ready else digest(self.aligned(sample), self._flow_stage)
            self._of_clip[sample] = key
        return self._of_clip[sample]

    def moved(self, sample: Sample) -> str:
        """Return the key of a clip's motion without that of the head."""
        return digest(self.flow(sample), self._motion_stage)

    def regions(self, sample: Sample) -> str:
        """Return the key of a clip's regions, which depend on the flow by its landmarks and its size."""
        return digest(self.flow(sample), self._region_stage)

    def rows(self, samples: Sequence[Sample], descriptor: Descriptor, *, mirror: bool, bad_clips: str) -> str:
        """Return the key of a table, one row per clip, of what `descriptor` says of the clips' motion."""
        clips = [[sample.id, self.flow_or_reason(sample, bad_clips)] for sample in samples]
        stages = (self.stages.motion, self.stages.roi, descriptor)
        return digest(clips, mirror, [component_key(stage) for stage in stages], self._path)

    def flow_or_reason(self, sample: Sample, bad_clips: str) -> str:
        """Return the key of a clip's flow, or, where the clip will be left out as it cannot be read, why."""
        try:
            return self.flow(sample)
        except DataError as error:
            if bad_clips == "stop":
                raise
            return str(error)

    @cached_property
    def _path(self) -> list[object]:
        return code_key(_PATH)

    @cached_property
    def _frame_stages(self) -> list[object]:
        stages = (self.stages.frames, self.stages.landmarks, self.stages.align)
        return [*map(component_key, stages), self._path]

    @cached_property
    def _flow_stage(self) -> list[object]:
        return [component_key(self.stages.estimator), self._path]

    @cached_property
    def _motion_stage(self) -> list[object]:
        return [component_key(self.stages.motion), self._path]

    @cached_property
    def _region_stage(self) -> list[object]:
        return [component_key(self.stages.roi), self._path]

    def _clip(self, sample: Sample, numbers: Sequence[int]) -> list[object]:
        kind = type(sample.clip)
        if kind not in self._of_kind:  # the code is the same for all clips of a kind
            self._of_kind[kind] = code_key(kind)
        return [sample.clip.fingerprint(numbers), self._of_kind[kind]]
