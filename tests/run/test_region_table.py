"""Which region moves for which class: known answers from planted flow, in regions.csv and in the report."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import mer
from mer.dataset.still import still_clips
from mer.pipeline import Pipeline, Stages, Timer
from mer.report.build import report
from mer.report.figures import regions
from mer.report.study import load_study
from mer.run.region_table import COLUMNS, region_rows, region_text
from mer.store.cache import Cache
from mer.tracking import reading
from mer.types import FlowField, Image, Landmarks, Manifest, Sample
from tests.support.planted import clips, keep


@dataclass(frozen=True)
class Clip:
    """Ready-made flow whose upper left quarter moves by (u, v), and nothing else."""

    u: float
    v: float

    def read(self, index: int) -> Image:
        raise AssertionError("ready-made flow reads no frame")

    def landmarks(self, index: int) -> Landmarks | None:
        return None

    def flow(self) -> FlowField | None:
        uv = np.zeros((28, 28, 2), dtype=np.float32)
        uv[:14, :14] = self.u, self.v
        return FlowField(uv=uv)

    def fingerprint(self, indices: Sequence[int]) -> str:
        return f"{self.u} {self.v}"


@dataclass(frozen=True)
class Planted:
    """Class a moves right by 2 and 4, class b up by 3, class c right and left alike."""

    name: str = "planted"
    entry: str = "flow"

    def load(self) -> Manifest:
        motions = [("a", 2, 0), ("a", 4, 0), ("b", 0, -3), ("b", 0, -3.5), ("c", 1, 0), ("c", -1, 0)]
        samples = [
            Sample(id=f"{i}", dataset="planted", subject=f"planted/s{i % 2}", label=label, onset=0, apex=1, offset=1,
                   fps=0, clip=Clip(u, v))
            for i, (label, u, v) in enumerate(motions)
        ]  # fmt: skip
        return Manifest(samples=tuple(samples), classes=("a", "b", "c"))


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(
        dataset=Planted(),  # type: ignore[arg-type]
        stages=Stages(
            frames=None,
            landmarks=None,
            align=None,
            flow=None,
            motion=mer.component("motion", "none"),
            roi=mer.component("roi", "grid", rows=2, columns=2, edges="hard"),
            descriptor=mer.component("descriptor", "hoof", bins=4),
        ),
        cache=Cache(root=tmp_path / "cache"),
    )


def _written(pipeline: Pipeline, path: Path, *, mirror: bool = False) -> list[dict[str, str]]:
    features = pipeline.features(pipeline.manifest(bad_clips="stop"), workers=2, bad_clips="stop", mirror=mirror)
    path.write_text(region_text(region_rows(features.table, features.regions, features.motion, unit="px")))
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("mirror", [False, True])
def test_planted_motion_stands_in_the_table(pipeline: Pipeline, tmp_path: Path, mirror: bool) -> None:
    rows = _written(pipeline, tmp_path / "regions.csv", mirror=mirror)
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 4 * 3
    found = {(row["region"], row["class"]): row for row in rows}
    moving = rows[0]["region"]
    for name, magnitude, direction in (("a", 3.0, 0.0), ("b", 3.25, -90.0)):
        row = found[moving, name]
        assert float(row["magnitude"]) == pytest.approx(magnitude, abs=1e-5)
        assert float(row["direction_deg"]) == pytest.approx(direction, abs=1e-4)
        assert float(row["agreement"]) == pytest.approx(1.0, abs=1e-6)
        assert float(row["coherence"]) == pytest.approx(1.0, abs=1e-6)
        assert (row["clips"], row["unit"]) == ("2", "px")


def test_what_stands_still_or_cancels_has_no_direction(pipeline: Pipeline, tmp_path: Path) -> None:
    rows = _written(pipeline, tmp_path / "regions.csv")
    for row in rows[3:]:
        assert (float(row["magnitude"]), row["direction_deg"], row["agreement"], row["coherence"]) == (0, "", "", "")
    cancelled = rows[2]
    assert float(cancelled["magnitude"]) == pytest.approx(1.0, abs=1e-6)
    assert float(cancelled["coherence"]) == pytest.approx(1.0, abs=1e-6)  # within each clip all moves as one
    assert (cancelled["direction_deg"], float(cancelled["agreement"])) == ("", 0.0)


def test_motion_below_the_noise_floor_has_no_statistics(pipeline: Pipeline, tmp_path: Path) -> None:
    features = pipeline.features(pipeline.manifest(bad_clips="stop"), workers=1, bad_clips="stop")
    motion = features.motion.copy()
    motion[:2, :, :4] = 1e-8, 1e-8, 2e-8, 0.85  # both clips of class a: what a flow network gives for equal frames
    motion[2, :, 2:4] = 2e-8, 0.2  # and one of class b, whose other clip moves as one
    rows = region_rows(features.table, features.regions, motion, unit="px")
    noise, half = rows[0], rows[1]
    assert all(math.isnan(float(str(noise[name]))) for name in ("direction_deg", "agreement", "coherence"))
    assert half["coherence"] == pytest.approx(1.0, abs=1e-6)
    assert still_clips(features.table.sample_id.tolist(), features.pictures, features.motion) == []
    motion[0] = motion[0, 0]
    motion[0, :, 4] = 0
    (warning,) = still_clips(features.table.sample_id.tolist(), features.pictures, motion)
    assert warning.startswith("clip 0: no region moves by 0.001 px or more against the others")


def with_stages(pipeline: Pipeline, **changes: Any) -> Pipeline:
    return replace(pipeline, stages=replace(pipeline.stages, **changes), timer=Timer())


def test_another_descriptor_computes_no_statistics_again(pipeline: Pipeline) -> None:
    manifest = pipeline.manifest(bad_clips="stop")
    first = pipeline.features(manifest, workers=2, bad_clips="stop")
    other = with_stages(pipeline, descriptor=mer.component("descriptor", "hoof", bins=6))
    again = other.features(manifest, workers=2, bad_clips="stop")
    assert {stage: len(times) for stage, times in again.computed.items()} == {"descriptor": 6}
    np.testing.assert_array_equal(again.motion, first.motion)
    coarse = with_stages(pipeline, roi=mer.component("roi", "whole"))
    fresh = coarse.features(manifest, workers=2, bad_clips="stop")
    assert len(fresh.computed["statistics"]) == 6
    assert fresh.motion.shape == (6, 1, 5)


def test_the_picture_is_dark_where_a_region_moves(pipeline: Pipeline, tmp_path: Path) -> None:
    _written(pipeline, tmp_path / "regions.csv")
    text = (tmp_path / "regions.csv").read_text(encoding="utf-8")
    regions.draw(text, tmp_path / "regions.png")
    picture = cv2.imread(str(tmp_path / "regions.png"))
    assert picture is not None
    dark = np.all(np.abs(picture.astype(int) - (107, 48, 8)) < 4, axis=2)  # the darkest colour of "Blues", BGR
    rows, columns = np.nonzero(dark[:, : picture.shape[1] // 2 + 150])
    assert dark.sum() > 2000
    assert rows.max() - rows.min() < 60  # one row of cells: the region that moves
    assert columns.max() - columns.min() > 80


def test_a_table_that_is_none_is_refused() -> None:
    for text in ("", "region,class\nbrow,a\n", ",".join(COLUMNS) + "\nbrow,a,1,0,,0,0,0,px\nlip,b,1,0,,0,0,0,px\n"):
        with pytest.raises((ValueError, KeyError)):
            regions.read(text)


@pytest.mark.parametrize(("shape", "decimals"), [((36, 7), 2), ((3, 3), 2)])
def test_read_gives_regions_by_classes(shape: tuple[int, int], decimals: int) -> None:
    lines = [f"r{i},c{j},{j + 1},{(i + j) / 50},{10 * j},1,1,0,px" for i in range(shape[0]) for j in range(shape[1])]
    motion = regions.read("\n".join([",".join(COLUMNS), *lines]))
    assert motion.magnitude.shape == shape
    assert motion.clips == tuple(range(1, shape[1] + 1))
    assert motion.magnitude[2, 1] == pytest.approx(3 / 50)
    assert motion.direction[2, 1] == 10.0
    assert regions.picture(motion).get_figwidth() > 3
    assert motion.decimals >= decimals


@pytest.mark.parametrize("torn", [False, True])
def test_a_report_shows_what_moves_in_the_baseline(tmp_path: Path, torn: bool) -> None:
    of = clips(np.random.default_rng(0), subjects=4)
    lines = ["brow_left,negative,9,0.5,-90,1,1,0,px", "brow_left,positive,9,0,,0,0,0,px"]
    for bins in ("4", "8"):
        folder = tmp_path / "out" / bins
        folder.mkdir(parents=True)
        text = "torn" if torn else "\n".join([",".join(COLUMNS), *lines])
        (folder / "regions.csv").write_text(text, encoding="utf-8")
        keep(tmp_path / "home", folder, {"descriptor.bins": bins}, of, of.y)
    with reading(home=tmp_path / "home") as client:
        document = report(load_study(client, "planted"), tmp_path / "report")
    shown = [table for table in document.tables if table.key == "1-regions"]
    assert ("is incomplete; rerun that cell" in (tmp_path / "report/report.md").read_text(encoding="utf-8")) == torn
    assert (tmp_path / "report/figures/1_regions.svg").exists() != torn
    assert len(shown) == (0 if torn else 1)
    if not torn:
        assert [item.shown for item in shown[0].rows[0].items] == ["brow_left", "0.50 −90°", "0.00"]
