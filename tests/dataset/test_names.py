"""Spellings that look alike to a reader are one name; those that do not are two."""

from __future__ import annotations

import pytest

from mer.dataset.names import require_one_spelling
from mer.errors import DataError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Positive", "positive"),
        ("positive", "positive "),
        ("1", "1.0"),
        ("1", "01"),
        ("1", "\uff11"),  # full width
        ("d\u00e9go\u00fbt", "de\u0301gou\u0302t"),
        ("sad", "sad\u200b"),
        ("not sure", "not\u00a0sure"),
        ("not sure", "not_sure"),
        ("others", "others."),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    with pytest.raises(
        DataError, match=r"t\.csv: labels .*\(\d clips?\) and .*\(\d clips?\) look like one class; spell"
    ):
        require_one_spelling("label", [one, other, other], "t.csv")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "10"),
        ("1.5", "15"),
        ("1-2", "12"),
        ("-1", "+1"),
        ("-1", "1"),
        ("C-", "C"),
        ("sad", "glad"),
        ("C+", "C"),
        ("悲", "喜"),
    ],
)
def test_two_names(one: str, other: str) -> None:
    require_one_spelling("label", [one, other], "t.csv")


def test_what_cannot_be_seen_is_shown_by_its_code() -> None:
    with pytest.raises(DataError, match=r"labels sad \(2 clips\) and 'sad\\u200b' \(1 clip\) look like one class"):
        require_one_spelling("label", ["sad", "sad", "sad\u200b"], "t.csv")
