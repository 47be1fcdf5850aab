"""Everything that a run of ``task=spot`` needs, and what is known of it before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mer.spotting.fit import Spotter, SubjectsOut
from mer.spotting.motion import RegionMotion
from mer.spotting.recognise import Recognition
from mer.store.cache import Cache
from mer.store.results import Results
from mer.tracking import Off, Server, Sqlite
from mer.types import Recordings

__all__ = ["Prepared", "Spotting"]


@dataclass(frozen=True, kw_only=True)
class Spotting:
    """Everything that a run needs.

    Attributes
    ----------
    dataset
        Has ``recordings()``.
    measure : RegionMotion
    spotter : Spotter
    task : SubjectsOut
    recognition : Recognition or None
        What task=spot_recognise adds.
    tracking
        Component of that group.
    home : Path
        MER_HOME.
    workers : int
        Processes that measure motion, each in a video of its own.
    bad_clips : {"stop", "exclude"}
        What to do with bad input.
    study : str
    choices : mapping of str to str
        The chosen option of every group.
    settings : mapping of str to str
        Single settings that the command names.
    config, command : str
        The whole configuration as YAML; the command line that repeats the run.
    """

    dataset: Any
    measure: RegionMotion
    spotter: Spotter
    task: SubjectsOut
    recognition: Recognition | None
    tracking: Sqlite | Server | Off
    home: Path
    workers: int
    bad_clips: str
    study: str
    choices: Mapping[str, str]
    settings: Mapping[str, str]
    config: str
    command: str

    @property
    def cache(self) -> Cache:
        """Results of the stages."""
        return Cache(root=self.home / "cache")

    @property
    def results(self) -> Results:
        """Folder of finished cells."""
        return Results(root=self.home / "results")


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """What is known about a run once its annotations are read.

    Attributes
    ----------
    recordings : Recordings
    curves : mapping of str to str
        Key of the motion in each video, by the id of the video.
    key : str
        Hash of all that determines the result: settings, frames, true intervals, code and libraries.
    """

    recordings: Recordings
    curves: Mapping[str, str]
    key: str
