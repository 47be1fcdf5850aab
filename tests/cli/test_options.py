"""`mer options`, and the help page of a chosen option."""

from __future__ import annotations

from pathlib import Path

import pytest

from mer.cli import main
from mer.config.catalogue import OF_OTHERS, groups, options


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["options", *words]) == 0
    return capsys.readouterr().out


def test_the_groups_come_in_the_order_of_the_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    page = _said(capsys)
    places = [page.index(f"\n  {group} ") for group in (*groups(), *OF_OTHERS)]
    assert places == sorted(places)
    assert "microflow*" in page and "hoof*" in page


@pytest.mark.parametrize("group", [*groups(), *OF_OTHERS])
def test_a_group_lists_its_options_and_every_option_its_settings(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = _said(capsys, group)
    for name in options(group):
        assert f"\n  {name}" in page
        assert f"{group}={name}" in _said(capsys, f"{group}={name}")
    assert max(map(len, page.splitlines())) <= 120


def test_a_setting_has_default_range_and_meaning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    page = _said(capsys, "descriptor=hoof")
    assert "  bins                    8               directions over the full circle [at least 2]\n" in page
    assert "doi:10.1109/CVPR.2009.5206821" in page and "such as descriptor.bins=8" in page
    assert "descriptor.parts.hoof is descriptor=hoof" in _said(capsys, "descriptor=concat")
    assert "sweep.plan" in _said(capsys, "settings")


def test_the_options_of_a_users_folder_are_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "mine.yaml").write_text("# Mine.\n_target_: my.Flow\nsize: 3  # px\n", encoding="utf-8")
    assert "Mine (in your folder)" in _said(capsys, "flow", "--config-dir", str(tmp_path))
    assert "  size                    3               px\n" in _said(capsys, "flow=mine", "--config-dir", str(tmp_path))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["flwo"], "flwo: no such group; did you mean flow? (mer options)"),
        (["flow=diss"], "flow=diss: no such option; did you mean dis? (mer options flow)"),
        (["flow", "--config-dir", "/no/such"], "--config-dir /no/such: no such folder"),
    ],
)
def test_a_wrong_name_is_told_in_one_line(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["options", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"mer: {sentence}") and said.count("\n") == 1


def test_the_help_of_a_chosen_option_shows_that_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "descriptor=improved_hoof", "--help"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("descriptor=improved_hoof") and "region_gate" in page and "mer run --help" in page
    assert main(["run", "flow=tv", "--help"]) == 2
    assert "did you mean tvl1?" in capsys.readouterr().err
