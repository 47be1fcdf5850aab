"""Data set `flow_images`: flow fields that others computed and released as images (u, v, optical strain)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mer.dataset.flow_images.flat import scan_flat
from mer.dataset.flow_images.layouts import Found, Scan, has_loso_folders, scan_loso_folders
from mer.dataset.flow_images.phases import FlowPhases, clip_of, files_by_stem, further_phases
from mer.dataset.flow_images.scale import FlowScale
from mer.dataset.names import require_one_spelling
from mer.errors import ConfigError, DataError
from mer.store.roles import place
from mer.types import Clip, Exclusion, Manifest, Sample
from mer.validation import require_choice, require_names, user_path

__all__ = ["FlowImages"]

_LAYOUTS = ("auto", "flat", "loso_folders")


@dataclass(frozen=True, kw_only=True)
class FlowImages:
    """Flow images in the two layouts of the STSTNet and HTNet release; the pipeline is entered after the flow.

    Attributes
    ----------
    name : str
        What the data set is called in reports; a sample's own `dataset` is the database it comes from.
    root : str or None
        Folder of the release.
    layout : {"auto", "flat", "loso_folders"}
        "flat": a folder of images and a CSV; "loso_folders": ``SUBJECT/u_train|u_test/LABEL/*.png``; "auto" takes the
        latter where there are ``u_test`` folders.
    table, images : str or None
        Flat layout: CSV and image folder under the root; None finds them.
    classes : sequence of str
        Class names of the labels 0, 1, 2, ...
    databases : mapping of str to str
        Folder layout: database → regular expression of its subjects' names.
    phases : sequence of str or None
        What the names of the images of one clip end with, in order of time; the ending "" is the image itself, the flow
        from onset to apex. None for one image per clip.
    zero, ratio, ratio_range, ratio_steps
        See `FlowScale`.

    Notes
    -----
    Red, green and blue are u, v and optical strain, each scaled to 0–255 by its own minimum and maximum. Lost with
    that: the zero of each channel (the median is the best guess, since most of a face rests), the size of the motion
    (magnitudes mean something within one image alone) and the scale of v against u. The last one is won back from the
    strain channel. That channel was made by the authors' program, before the image was shrunk and possibly with
    another shear term, so the ratio is an estimate.

    References
    ----------
    Liong, Gan, See, Khor, Huang: Shallow triple stream three-dimensional CNN (STSTNet) for micro-expression
    recognition. FG 2019. doi:10.1109/FG.2019.8756567

    Wang, Zhang, Luo, Sankaranarayana: HTNet for micro-expression recognition. Neurocomputing 602, 2024.
    arXiv:2307.14637
    """

    name: str
    root: str | None = place()
    layout: Literal["auto", "flat", "loso_folders"]
    table: str | None = place()
    images: str | None = place()
    classes: Sequence[str]
    databases: Mapping[str, str]
    phases: Sequence[str] | None
    zero: Literal["median", "mean", "none"]
    ratio: Literal["strain", "none"]
    ratio_range: Sequence[float]
    ratio_steps: int

    def __post_init__(self) -> None:
        require_choice("dataset.layout", self.layout, _LAYOUTS)
        require_names("dataset.classes", self.classes)
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.phases is not None:
            require_names("dataset.phases", self.phases)
            object.__setattr__(self, "phases", tuple(self.phases))
        self._check_databases()
        _ = self.scale

    def _check_databases(self) -> None:
        for name, pattern in self.databases.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ConfigError(f"dataset.databases.{name}={pattern}: not a regular expression ({error})") from error

    @property
    def entry(self) -> Literal["flow"]:
        """The samples enter with ready-made flow."""
        return "flow"

    @property
    def gives(self) -> Literal["pair", "sequence"]:
        """Whether a clip has one flow field or several."""
        return "pair" if self.phases is None else "sequence"

    @property
    def scale(self) -> FlowScale:
        """How the channels become a flow field."""
        low_high: Any = tuple(self.ratio_range)
        return FlowScale(zero=self.zero, ratio=self.ratio, ratio_range=low_high, ratio_steps=self.ratio_steps)

    def load(self) -> Manifest:
        """Find every image with its subject and label; no image is opened.

        Raises
        ------
        ConfigError
            If no root is given.
        DataError
            If the root does not hold one of the layouts.
        """
        root = self._root()
        layout = self.layout
        if layout == "auto":
            layout = "loso_folders" if has_loso_folders(root) else "flat"
        scan = scan_flat(root, self.table, self.images) if layout == "flat" else scan_loso_folders(root, self.databases)
        samples = self._samples(scan)
        scan.excluded[:] = [left for left in scan.excluded if not self._is_phase(left, samples)]
        require_one_spelling("subject", (sample.subject for sample in samples), str(root))
        return Manifest(
            samples=samples, classes=tuple(self.classes), excluded=tuple(scan.excluded), notes=self._notes(layout)
        )

    def _root(self) -> Path:
        if not self.root:
            raise ConfigError(
                "dataset.root: where are the flow images? Give dataset.root=FOLDER or set MER_FLOW_IMAGES_ROOT"
            )
        root = user_path("dataset.root", self.root)
        if not root.is_dir():
            raise DataError(f"{root}: no such folder; give the folder of the flow images with dataset.root=FOLDER")
        if not any(root.iterdir()):
            raise DataError(f"{root}: the folder is empty; copy the flow images and their CSV into it")
        return root

    def _samples(self, scan: Scan) -> tuple[Sample, ...]:
        samples: list[Sample] = []
        further = further_phases((found.id for found in scan.found), self.phases or ())
        for found in scan.found:
            if found.id in further and self.phases is not None:
                continue
            if found.id in further:
                scan.fault(found.id, _two_phases(found.where, further[found.id]))
                continue
            label = self._label(found)
            if label is None:
                known = ", ".join(f"{i} = {name}" for i, name in enumerate(self.classes))
                scan.fault(found.id, f"{found.where}: label {found.label!r} is unknown; known are {known}")
                continue
            self._add(samples, scan, found, label)
        return tuple(samples)

    def _add(self, samples: list[Sample], scan: Scan, found: Found, label: str) -> None:
        try:
            stems = files_by_stem(found.path.parent) if self.phases else {}
            clip = clip_of(found.path, self.scale, self.phases or (), stems)
        except DataError as error:
            scan.fault(found.id, str(error))
            return
        samples.append(_sample(found, label, clip))

    def _label(self, found: Found) -> str | None:
        names = {str(index): name for index, name in enumerate(self.classes)} | {name: name for name in self.classes}
        return names.get(found.label)

    def _is_phase(self, left: Exclusion, samples: Sequence[Sample]) -> bool:
        """Return whether a file that no row names is a further image of a clip."""
        names = {path.stem.strip() for sample in samples for path in _files(sample)} if self.phases else set()
        return not left.fault and left.sample_id in names

    def _notes(self, layout: str) -> dict[str, Any]:
        return {
            "entry": "ready-made flow",
            "layout": layout,
            "apex_source": "as in the release, frame numbers unknown",
            "flow_unit": "arbitrary, another one in each image; pixels in .flo and .npy files",
            **({"phases": list(self.phases)} if self.phases else {}),
            "channel_zero": self.zero,
            "u_v_ratio": self.ratio,
            "u_v_ratio_range": list(self.ratio_range),
        }


def _two_phases(where: str, name: str) -> str:
    return (
        f"{where}: looks like a further image of the clip {name}; if it is, give the endings of the names in order of "
        'time, such as dataset.phases=["",_1], and if it is a clip of its own, rename it'
    )


def _files(sample: Sample) -> tuple[Path, ...]:
    clip = sample.clip
    return tuple(field.path for field in clip.fields) if isinstance(clip, FlowPhases) else ()


def _sample(found: Found, label: str, clip: Clip) -> Sample:
    # The numbers of the two frames are not in the release: 0 and 1 mean "onset, then apex".
    return Sample(
        id=found.id,
        dataset=found.database,
        subject=f"{found.database}/{found.subject}",
        label=label,
        onset=0,
        apex=1,
        offset=1,
        fps=0.0,
        clip=clip,
    )
