"""protocol=fourdme: a clip may have several classes."""

from __future__ import annotations

from dataclasses import replace

import pytest

import mer
from mer.dataset.check import check_manifest
from mer.errors import ConfigError, DataError
from mer.types import Manifest, Sample
from tests.protocol.test_protocol import Known, sample


def labelled(*labels: str) -> Manifest:
    samples = tuple(sample("fourdme", i, label) for i, label in enumerate(labels))
    return Manifest(samples=samples, classes=tuple(dict.fromkeys(labels)))


def test_combinations_follow_the_classes_in_the_order_of_the_scores() -> None:
    given = labelled("positive+surprise", "surprise+negative", "others", "surprise+positive")
    found = mer.component("protocol", "fourdme")(given, Known("fourdme"))
    singles = ("negative", "positive", "surprise", "repression", "others")
    assert found.classes == (*singles, "negative+surprise", "positive+surprise")
    assert [s.label for s in found.samples] == ["positive+surprise", "negative+surprise", "others", "positive+surprise"]
    card = found.notes["protocol"]
    assert card["departures"] == ["clips: 4 instead of 267"]
    assert card["combinations"] == ["negative+surprise", "positive+surprise"]


def test_the_check_says_how_a_class_of_one_subject_is_left_out() -> None:
    given = mer.component("protocol", "fourdme")(labelled("positive+surprise", "others"), Known("fourdme"))
    steps = [finding.next_step for finding in check_manifest(given) if "others" in finding.what]
    assert steps == [
        "leave it out: protocol.classes=[negative,positive,surprise,repression] ~protocol.map.fourdme.others"
    ]


def test_a_class_that_the_map_lacks_is_taken_off() -> None:
    two = {name: name for name in ("negative", "positive")}
    protocol = replace(mer.component("protocol", "fourdme"), classes=list(two), map={"fourdme": two})
    found = protocol(labelled("positive+surprise", "surprise", "negative+positive"), Known("fourdme"))
    assert [s.label for s in found.samples] == ["positive", "negative+positive"]
    assert [e.reason for e in found.excluded] == ["class surprise is not in protocol fourdme"]


def test_it_refuses_other_data_sets_lists_of_clips_and_names_of_combinations() -> None:
    with pytest.raises(DataError, match="protocol fourdme is made for fourdme, not for mmew"):
        mer.component("protocol", "fourdme")(
            Manifest(samples=(sample("mmew", 1, "others"),), classes=()), Known("mmew")
        )
    with pytest.raises(ConfigError, match=r"protocol\.clips, which gives every clip one class, must be null"):
        mer.component("protocol", "fourdme", clips="list.csv")
    with pytest.raises(ConfigError, match=r"protocol\.classes: 'none' means a combination of classes"):
        replace(mer.component("protocol", "fourdme"), classes=["none"], map={"fourdme": {"others": "none"}})


def test_a_protocol_of_one_class_leaves_combinations_out() -> None:
    found = mer.component("protocol", "three_classes")(labelled("surprise", "positive+surprise"), Known("fourdme"))
    assert [s.label for s in found.samples] == ["surprise"]
    assert [e.reason for e in found.excluded] == ["class positive+surprise is not in protocol three_classes"]


def test_a_sample_is_what_it_was_but_for_its_label() -> None:
    (kept,) = mer.component("protocol", "fourdme")(labelled("surprise+negative"), Known("fourdme")).samples
    assert isinstance(kept, Sample) and kept.subject == "fourdme/s00" and kept.label == "negative+surprise"
