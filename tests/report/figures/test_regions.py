"""The figure of the regions: a map with numbers beside the names, and a colour bar that says what it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mer.report.figures.regions import draw, picture, read
from mer.types import Regions

TEXT = "region,class,clips,magnitude,direction_deg,agreement,unit\n" + "".join(
    f"{region},{label},3,0.{number},90,0.8,px\n"
    for number, region in enumerate(("brow_left", "brow_right"), start=1)
    for label in ("happiness", "surprise")
)
SHOWN = Regions(
    names=("brow_left", "brow_right"), labels=np.repeat([[0, 1]], 8, axis=0).repeat(4, axis=1).astype(np.int16)
)


def test_the_map_has_the_numbers_of_the_names() -> None:
    map_, heat, bar = picture(read(TEXT), SHOWN).axes
    assert [text.get_text() for text in map_.texts] == ["1", "2"]
    assert [label.get_text() for label in heat.get_yticklabels()] == ["brow_left  1", "brow_right  2"]
    assert bar.get_ylabel() == "mean |flow|, px"


def test_without_a_clip_there_is_no_map() -> None:
    figure = picture(read(TEXT))
    assert len(figure.axes) == 2
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["brow_left", "brow_right"]
    assert "left is the subject's right side" in figure.texts[0].get_text()


def test_it_is_written_in_every_format(tmp_path: Path) -> None:
    for kind in ("png", "svg", "pdf"):
        draw(TEXT, tmp_path / f"regions.{kind}", SHOWN)
        assert (tmp_path / f"regions.{kind}").stat().st_size > 1000
