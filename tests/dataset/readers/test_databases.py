"""Every database: the synthetic set written in its layout gives the same frames, landmarks and predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mer
from mer.dataset.composite import Composite
from mer.dataset.export import FORMS
from mer.dataset.synthetic.emotions import EMOTIONS
from mer.errors import ConfigError, DataError
from mer.pipeline import Pipeline, Stages
from mer.store.cache import Cache
from mer.types import FeatureTable
from tests.support import exports


def features(dataset: Any, home: Path, frames: str) -> FeatureTable:
    stages = {
        "landmarks": mer.component("landmarks", "stored"),
        "align": mer.component("align", "crop"),
        "flow": mer.component("flow", "dis"),
        "motion": mer.component("motion", "median"),
        "roi": mer.component("roi", "grid"),
        "descriptor": mer.component("descriptor", "hoof"),
    }
    made = Stages(frames=mer.component("frames", frames), **stages)
    pipeline = Pipeline(dataset=dataset, stages=made, cache=Cache(root=home))
    manifest = pipeline.manifest(bad_clips="stop")
    return pipeline.features(manifest, workers=1, bad_clips="stop").table


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the folder of a layout, written on first use."""
    base, done = tmp_path_factory.mktemp("databases"), {}

    def of(layout: str) -> Path:
        if layout not in done:
            done[layout] = exports.write(layout, base / layout)
        return done[layout]

    return of


LAYOUTS = tuple(FORMS)
MIDDLE = ("smic", "smic_e", "casme3_c")  # databases without an apex


@pytest.mark.parametrize("layout", LAYOUTS)
def test_frames_landmarks_and_timing_are_those_of_the_synthetic_set(written: Any, layout: str) -> None:
    samples = exports.reader(layout, written(layout)).load().samples
    source = exports.sources(written(layout), samples)
    truth = {sample.id: sample for sample in exports.synthetic().load().samples}
    assert len(samples) == sum(sample.label in FORMS[layout].labels for sample in truth.values())
    for sample in samples:
        same = truth[source[sample.id]]
        apex = (same.onset + same.offset) // 2 if layout in MIDDLE else same.apex
        assert (sample.apex - sample.onset, sample.offset - sample.onset) == (
            apex - same.onset,
            same.offset - same.onset,
        )
        for mine, theirs in ((sample.onset, same.onset), (sample.apex, apex), (sample.offset, same.offset)):
            np.testing.assert_array_equal(sample.clip.read(mine), same.clip.read(theirs))
        points = sample.clip.landmarks(sample.onset)
        assert points is not None
        np.testing.assert_array_equal(points.xy, same.clip.landmarks(same.onset).xy)
        assert sample.subject == f"{sample.dataset}/{sample.subject.split('/')[1]}"


@pytest.mark.parametrize("layout", ["mmew", "smic"])
def test_features_are_to_the_last_bit_those_of_the_synthetic_set(written: Any, layout: str, tmp_path: Path) -> None:
    frames = "onset_middle" if layout in MIDDLE else "onset_apex"
    dataset = exports.reader(layout, written(layout))
    mine = features(dataset, tmp_path / "mine", frames)
    theirs = features(exports.synthetic(), tmp_path / "theirs", frames)
    source = exports.sources(written(layout), dataset.load().samples)
    rows = [theirs.sample_id.tolist().index(source[name]) for name in mine.sample_id.tolist()]
    np.testing.assert_array_equal(mine.X, theirs.X[rows])


VARIANTS = [name for name in LAYOUTS if name not in ("mmew_subjects", "smic_e", "casme3_c")]


@pytest.mark.parametrize("layout", VARIANTS)
def test_cropped_frames_are_found_in_their_own_place(layout: str, tmp_path: Path) -> None:
    root = exports.write(layout, tmp_path / "db", variant="cropped", subjects=2, clips=1)
    found = exports.reader(layout, root, frames="cropped").load()
    assert found.samples and not found.excluded
    raw = exports.reader(layout, root)
    if layout == "smic":
        with pytest.raises(DataError, match="no clip is there as HS/s1/micro/negative/s1_ne_01"):
            raw.load()
    else:
        assert "dataset.frames" in raw.load().excluded[0].reason


def test_every_event_of_a_long_clip_is_a_sample_and_notes_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "HS_long" / "SMIC-HS-E" / "s03" / "s3_sur_01"
    folder.mkdir(parents=True)
    for number in range(100, 140):
        (folder / f"image{number:06d}.jpg").touch()
    header = "Subject,Filename,OnsetF,OffsetF,Onset2F,Offset2F,Onset3F,Offset3F,Emotion"
    rows = [header, "3,s3_sur_01,102,110,120,131,,,surprise", "notes: counted twice,,,,,,,,"]
    (tmp_path / "HS_long" / "SMIC-HS-E_annotation_2019.csv").write_text("\n".join(rows), encoding="utf-8")
    manifest = mer.component("dataset", "smic_e", root=str(tmp_path)).load()
    told = [(s.id, s.subject, s.onset, s.apex, s.offset) for s in manifest.samples]
    assert told == [("s03_sur_01", "smic_e/s03", 102, 106, 110), ("s03_sur_01_2", "smic_e/s03", 120, 125, 131)]
    assert not manifest.excluded


@pytest.mark.parametrize("suffix", ["bmp", "tif"])
def test_other_formats_keep_every_grey_level(suffix: str, tmp_path: Path) -> None:
    root = exports.write("casme2", tmp_path / "db", suffix=suffix, subjects=2, clips=1)
    sample = exports.reader("casme2", root).load().samples[0]
    truth = exports.synthetic().load().samples[0]
    np.testing.assert_array_equal(sample.clip.read(sample.apex), truth.clip.read(truth.apex))


def test_subjects_of_a_composite_stay_apart_and_a_protocol_joins_the_classes(written: Any) -> None:
    parts = {name: exports.reader(name, written(name)) for name in ("casme2", "samm", "smic")}
    composite = Composite(name="composite", parts=["casme2", "samm", "smic"], databases=parts)
    manifest = mer.component("protocol", "megc2019")(composite.load(), composite)
    assert {s.subject.split("/")[0] for s in manifest.samples} == {"casme2", "samm", "smic"}
    assert len({s.subject for s in manifest.samples}) == 6
    assert manifest.classes == ("negative", "positive", "surprise")
    assert {s.label for s in manifest.samples} <= set(manifest.classes)
    assert all(sample.id.startswith(f"{sample.dataset}/") for sample in manifest.samples)
    card = manifest.notes["protocol"]
    assert card["departures"][0] == f"clips: {len(manifest.samples)} instead of 442"
    assert manifest.notes["apex_source"] == "casme2: annotated; samm: annotated; smic: middle of onset and offset"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["casme2"], "give at least two different databases"),
        (["casme2", "casme2"], "give at least two different databases"),
        (["casme2", "cohn"], "cohn is not a database that can be joined; there are mmew, casme"),
    ],
)
def test_a_composite_needs_two_databases_that_exist(parts: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mer.component("dataset", "composite", parts=parts)


def test_a_composite_names_the_part_whose_folder_is_missing() -> None:
    with pytest.raises(ConfigError, match=r"dataset.databases.smic.root: where is SMIC\? .* MER_SMIC_ROOT"):
        mer.component("dataset", "composite").load()


def test_objective_classes_come_from_their_own_table_or_column(written: Any) -> None:
    for layout in ("casme2", "samm", "casme3"):
        found = exports.reader(layout, written(layout), labels="objective").load()
        assert set(found.classes) <= {"I", "II", "III", "IV", "V", "VI", "VII"} and found.samples
    with pytest.raises(ConfigError, match=r"dataset\.labels=objective: no such choice; .* can be emotion"):
        exports.reader("mmew", written("mmew"), labels="objective")


def test_an_export_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="exists and is not empty; give a new folder with output=DIR"):
        exports.write("casme2", tmp_path / "full")
    monkeypatch.setattr("mer.dataset.export.write.write_workbook", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        exports.write("casme2", tmp_path / "new", subjects=1, clips=1)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_an_export_refuses_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="layout=mmwe: no such choice; layout can be mmew, "):
        exports.write("mmwe", tmp_path / "x")
    with pytest.raises(ConfigError, match="format=gif: no such choice; format can be png, bmp, tif, jpg"):
        exports.write("mmew", tmp_path / "x", suffix="gif")
    with pytest.raises(ConfigError, match="layout=smic: the database has none of the classes others"):
        exports.write("smic", tmp_path / "x", frequencies=dict.fromkeys(EMOTIONS, 0) | {"others": 1})
