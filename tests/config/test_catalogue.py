"""What the comments of `conf/` say about groups, options and settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from mer.config.catalogue import (
    ABOUT,
    OF_OTHERS,
    conf_dir,
    default_option,
    general_settings,
    groups,
    option,
    options,
    options_in_detail,
)

EVERY = [(group, name) for group in (*groups(), *OF_OTHERS) for name in options(group)]


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_every_option_says_in_a_sentence_what_it_is(group: str, name: str) -> None:
    found = option(group, name)
    assert 10 < len(found.sentence) < 330
    assert not found.sentence.endswith(".") and "#" not in found.text
    assert found.source in found.text


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_every_setting_of_a_file_is_listed_with_its_default(group: str, name: str) -> None:
    import yaml

    content = yaml.safe_load((conf_dir() / group / f"{name}.yaml").read_text(encoding="utf-8")) or {}
    listed = {one.name: one.default for one in option(group, name).settings}
    for key, value in content.items():
        if key not in ("defaults", "_target_"):
            assert key in listed
            if isinstance(value, bool | int) and listed[key]:
                assert yaml.safe_load(listed[key]) == value


def test_every_group_says_what_it_chooses() -> None:
    assert set(ABOUT) == {*groups(), *OF_OTHERS}
    assert default_option("flow") == "microflow" and default_option("train") == ""


def test_a_setting_has_its_unit_its_range_and_its_choices() -> None:
    hoof = {one.name: one for one in option("descriptor", "hoof").settings}
    assert hoof["bins"].range == "at least 2" and hoof["bins"].default == "8"
    assert hoof["binning"].choices == ("hard", "linear", "gaussian")
    assert hoof["gate_share"].range == "above 0, at most 1"
    assert (hoof["gate_px"].unit, hoof["sigma"].unit) == ("px", "bin widths")
    assert hoof["region_norm"].range == "none | l1 | l2 | sqrt", "from a tuple of another module"
    assert {one.name: one.range for one in option("flow", "tvl1").settings}["warps"] == "at least 1", "from a loop"
    assert {one.name: one.unit for one in option("temporal", "smooth").settings}["smooth.cutoff"] == "Hz"
    assert option("flow", "dis").source == "doi:10.1007/978-3-319-46493-0_29"


def test_an_option_that_begins_with_another_has_its_settings() -> None:
    small = {one.name: one for one in option("align", "similarity_small").settings}
    assert small["size"].default == "128" and "px" in small["size"].comment and "template" in small
    assert option("descriptor", "concat").parts["parts.hoof"] == ("descriptor", "hoof")


def test_a_comment_may_go_on_below_its_setting() -> None:
    mirror = next(one for one in option("evaluation", "loso").settings if one.name == "mirror")
    assert mirror.comment.endswith("both = also average scores over a clip and its mirror image")


def test_settings_without_a_group_are_listed() -> None:
    listed = {one.name: one.default for one in general_settings()}
    assert listed["seed"] == "0" and listed["sweep.plan"] == "false" and "hydra.run" not in listed


def test_options_of_a_users_folder_are_among_them(tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "mine.yaml").write_text(
        "# My flow, after nobody 2026.\n_target_: my.Flow\nsize: 3   # px, of it\n", encoding="utf-8"
    )
    found = {one.name: one for one in options_in_detail("flow", tmp_path)}
    assert "dis" in found and not found["dis"].own
    assert found["mine"].own and found["mine"].sentence == "My flow, after nobody 2026"
    assert found["mine"].settings[0].unit == "px"
