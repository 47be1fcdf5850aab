"""Data set `flow_images`: flow fields that others computed and released as images (u, v, optical strain)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mer.dataset.flow_images.clip import FlowImageClip
from mer.dataset.flow_images.flat import scan_flat
from mer.dataset.flow_images.layouts import Found, Scan, has_loso_folders, scan_loso_folders
from mer.dataset.flow_images.scale import FlowScale
from mer.dataset.names import require_one_spelling
from mer.errors import ConfigError, DataError
from mer.store.roles import place
from mer.types import Manifest, Sample
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
    zero: Literal["median", "mean", "none"]
    ratio: Literal["strain", "none"]
    ratio_range: Sequence[float]
    ratio_steps: int

    def __post_init__(self) -> None:
        require_choice("dataset.layout", self.layout, _LAYOUTS)
        require_names("dataset.classes", self.classes)
        object.__setattr__(self, "classes", tuple(self.classes))
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
        scale = self.scale
        samples = []
        for found in scan.found:
            label = self._label(found)
            if label is None:
                known = ", ".join(f"{i} = {name}" for i, name in enumerate(self.classes))
                scan.fault(found.id, f"{found.where}: label {found.label!r} is unknown; known are {known}")
                continue
            samples.append(_sample(found, label, scale))
        return tuple(samples)

    def _label(self, found: Found) -> str | None:
        names = {str(index): name for index, name in enumerate(self.classes)} | {name: name for name in self.classes}
        return names.get(found.label)

    def _notes(self, layout: str) -> dict[str, Any]:
        return {
            "entry": "ready-made flow",
            "layout": layout,
            "apex_source": "as in the release, frame numbers unknown",
            "flow_unit": "arbitrary, another one in each image",
            "channel_zero": self.zero,
            "u_v_ratio": self.ratio,
            "u_v_ratio_range": list(self.ratio_range),
        }


def _sample(found: Found, label: str, scale: FlowScale) -> Sample:
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
        clip=FlowImageClip(path=found.path, scale=scale),
    )
