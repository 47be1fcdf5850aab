"""Protocols: class maps, clips left out by name, the official list, and the card that tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

import mer
from mer.config.catalogue import options
from mer.errors import ConfigError, DataError
from mer.protocol import Protocol
from mer.types import Exclusion, Manifest, Sample

COUNTS = {
    "casme2": {"disgust": 63, "repression": 27, "happiness": 32, "surprise": 25, "others": 99, "fear": 2, "sadness": 7},
    "samm": {
        "anger": 57,
        "happiness": 26,
        "others": 26,
        "surprise": 15,
        "contempt": 12,
        "disgust": 9,
        "fear": 8,
        "sadness": 6,
    },
    "smic": {"negative": 70, "positive": 51, "surprise": 43},
}
SUBJECTS = {"casme2": 24, "samm": 28, "smic": 16}


@dataclass(frozen=True)
class Known:
    """A data set of which only names and labels matter."""

    name: str
    labels: str = "emotion"

    @property
    def entry(self) -> Literal["frames"]:
        return "frames"

    def load(self) -> Manifest:
        raise AssertionError


def sample(dataset: str, number: int, label: str, **fields: Any) -> Sample:
    subject = f"{dataset}/s{number % SUBJECTS.get(dataset, 4):02d}"
    usual: dict[str, Any] = {
        "id": f"{dataset}/c{number}",
        "subject": subject,
        "onset": 0,
        "apex": 1,
        "offset": 2,
        "fps": 0.0,
    }
    return Sample(**{**usual, "dataset": dataset, "label": label, "clip": None, **fields})


def composite() -> Manifest:
    """Return clips in the numbers that the three databases of MEGC2019 have."""
    samples: list[Sample] = []
    for dataset, counts in COUNTS.items():
        labels = [label for label, n in counts.items() for _ in range(n)]
        samples += [sample(dataset, number, label) for number, label in enumerate(labels)]
    for name, place in (("sub04_EP12_01f", 0), ("sub05_EP09_05f", 1)):
        samples[place] = sample("casme2", place, "disgust", id=f"casme2/{name}")
    return Manifest(samples=tuple(samples), classes=())


def test_megc2019_derived_from_the_tables_has_the_published_numbers() -> None:
    manifest = mer.component("protocol", "megc2019")(composite(), Known("composite"))
    labels = [s.label for s in manifest.samples]
    assert [labels.count(name) for name in manifest.classes] == [250, 109, 83]
    assert len(labels) == 442 and len({s.subject for s in manifest.samples}) == 68
    by_database = {d: [s.label for s in manifest.samples if s.dataset == d] for d in COUNTS}
    assert {d: len(found) for d, found in by_database.items()} == {"casme2": 145, "samm": 133, "smic": 164}
    assert manifest.notes["protocol"]["departures"] == []
    reasons = {e.sample_id: e.reason for e in manifest.excluded}
    assert reasons["casme2/sub04_EP12_01f"] == "protocol megc2019 leaves it out: no apex is annotated"
    assert not any(e.fault for e in manifest.excluded)


def test_departures_from_the_published_numbers_are_told() -> None:
    whole = composite()
    short = Manifest(samples=whole.samples[2:-1], classes=())
    card = mer.component("protocol", "megc2019")(short, Known("composite")).notes["protocol"]
    assert card["departures"] == ["clips: 441 instead of 442", "surprise: 82 instead of 83"]


def official(folder: Path, text: str) -> str:
    path = folder / "combined_3class_gt.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_official_list_alone_decides_over_clips_and_classes(tmp_path: Path) -> None:
    text = "smic,s01,s1_ne_01,0\ncasme2,sub05,EP12_03f,2\nsamm,006,006_1_2,1\nsamm,006,006_1_3,1\n"
    samples = (
        sample("smic", 1, "negative", id="smic/s01_ne_01", subject="smic/s01"),
        sample("smic", 2, "negative", id="smic/s01_ne_02", subject="smic/s01"),
        sample("casme2", 3, "others", id="casme2/sub05_EP12_03f", subject="casme2/sub05"),
        sample("samm", 4, "happiness", id="samm/006_1_2", subject="samm/006"),
    )
    protocol = mer.component("protocol", "megc2019", clips=official(tmp_path, text))
    manifest = protocol(Manifest(samples=samples, classes=()), Known("composite"))
    assert {s.id: s.label for s in manifest.samples} == {
        "smic/s01_ne_01": "negative",
        "casme2/sub05_EP12_03f": "surprise",
        "samm/006_1_2": "positive",
    }
    assert [e.reason for e in manifest.excluded] == ["the list combined_3class_gt.csv does not hold it"]
    card = manifest.notes["protocol"]
    assert card["departures"][-1] == "samm/6/1_3 of the list is absent"
    assert card["clip_list"] == "combined_3class_gt.csv" and len(card["clip_list_sha256"]) == 64


def test_the_published_list_takes_the_names_of_the_flow_images(data_root: Path) -> None:
    path = data_root / "published_logs" / "combined_3class_gt.csv"
    root = data_root / "megc2019_smic_flow28"
    flow_images = mer.component("dataset", "flow_images", root=str(root))
    manifest = flow_images.load()
    listed = mer.component("protocol", "megc2019", clips=str(path))(manifest, flow_images)
    assert {s.id: s.label for s in listed.samples} == {s.id: s.label for s in manifest.samples}
    assert len(listed.samples) == 164
    assert len(listed.notes["protocol"]["departures"]) == 442 - 164 + 5  # absent clips; the counts that differ


@pytest.mark.parametrize("name", ["casme2_3", "samm_3"])
def test_the_parts_of_megc2019_have_the_published_numbers(name: str) -> None:
    whole = composite()
    dataset = name.removesuffix("_3")
    own = Manifest(samples=tuple(s for s in whole.samples if s.dataset == dataset), classes=())
    manifest = mer.component("protocol", name)(own, Known(dataset))
    assert manifest.notes["protocol"]["departures"] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "smic,s01,a,0\n,,,\n",
            r"row 2 of .*: ',,,' is not data set, subject, clip, class \(0 to 2\); .* no blank rows",
        ),
        ("smic,s01,a,3\n", "row 1 of .* is not data set"),
        ("smic,s01,a,0\nsmic,s1,a,0\n", "row 2 of .*smic/s1/a is listed twice"),
        ("smic,s01,a\n", "row 1 of"),
        ("", "the list is empty; take the official file"),
    ],
)
def test_a_list_that_is_not_the_official_one_is_refused(tmp_path: Path, text: str, message: str) -> None:
    protocol = mer.component("protocol", "megc2019", clips=official(tmp_path, text))
    with pytest.raises(DataError, match=message):
        protocol(composite(), Known("composite"))


def test_a_list_that_is_absent_is_named(tmp_path: Path) -> None:
    protocol = mer.component("protocol", "megc2019", clips=str(tmp_path / "x.csv"))
    with pytest.raises(DataError, match=r"x\.csv: the list cannot be read"):
        protocol(composite(), Known("composite"))


@pytest.mark.parametrize("name", [option for option in options("protocol") if option not in ("none", "megc2019")])
def test_every_protocol_gives_only_its_own_classes(name: str) -> None:
    protocol = mer.component("protocol", name)
    dataset = next(iter(protocol.map))
    dataset = "mmew" if dataset == "any" else dataset
    labels = dict.fromkeys(protocol.map.get(dataset) or protocol.map["any"])
    samples = tuple(sample(dataset, n, label) for n, label in enumerate([*labels, "something else"]))
    manifest = protocol(Manifest(samples=samples, classes=()), Known(dataset, labels=protocol.labels))
    assert set(manifest.classes) >= {s.label for s in manifest.samples}
    assert manifest.classes == tuple(protocol.classes)
    (left,) = manifest.excluded
    assert left == Exclusion(sample_id=samples[-1].id, reason=f"class something else is not in protocol {name}")


def test_no_protocol_changes_nothing() -> None:
    manifest = composite()
    after = mer.component("protocol", "none")(manifest, Known("composite"))
    assert (after.samples, after.classes, after.excluded) == (manifest.samples, manifest.classes, ())
    assert after.notes["protocol"] == {"name": "none"}


def test_a_protocol_is_refused_for_a_data_set_it_is_not_made_for() -> None:
    with pytest.raises(
        DataError, match="protocol mmew_4 is made for mmew, synthetic, not for samm; take another one, or none"
    ):
        mer.component("protocol", "mmew_4")(Manifest(samples=(sample("samm", 1, "anger"),), classes=()), Known("samm"))
    with pytest.raises(
        DataError, match="protocol samm_objective needs objective classes, and dataset samm gives others"
    ):
        mer.component("protocol", "samm_objective")(composite(), Known("samm"))


def test_the_data_set_follows_the_protocols_wish_for_objective_classes() -> None:
    from mer.config.composition import build, compose

    cfg = compose(["dataset=casme2", "protocol=casme2_objective"])
    assert build(cfg.dataset).labels == "objective"
    assert build(compose(["dataset=casme2"]).dataset).labels == "emotion"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": ["a", "b"]}, "protocol.classes and protocol.map belong together"),
        (
            {"classes": ["a"], "map": {"any": {"x": "b"}}},
            "protocol.map gives the class 'b', which protocol.classes lacks",
        ),
        ({"labels": "mood"}, "protocol.labels=mood: no such choice"),
        ({"clips": "x.csv"}, "a list needs protocol.classes"),
    ],
)
def test_a_protocol_that_contradicts_itself_is_refused(fields: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"name": "mine", "labels": "emotion", "classes": None, "map": None}
    usual |= {"leave_out": None, "clips": None, "counts": None}
    with pytest.raises(ConfigError, match=message):
        Protocol(**{**usual, **fields})
