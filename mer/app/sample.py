"""A sample video: a generated face with two expressions, made on this machine."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from mer.config.composition import component

__all__ = ["write_sample"]

_FPS, _SECONDS = 30, 6
_FIELDS: dict[str, Any] = {
    "look": {"subjects": 1, "size": 192, "fps": _FPS},
    **{"videos": 1, "seconds": _SECONDS, "micro": 15, "macro": 0, "blinks": 0, "speech": 0, "nods": 0},
}


def write_sample(path: Path) -> None:
    """Write the sample as H.264."""
    clip = component("dataset", "synthetic_long", **_FIELDS).recordings().recordings[0].clip
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(_FPS))
        stream.width = stream.height = _FIELDS["look"]["size"]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "16"}
        for number in range(_FPS * _SECONDS):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(clip.read(number), format="gray")))
        container.mux(stream.encode())
