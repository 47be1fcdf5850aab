"""One recording listed twice."""

from __future__ import annotations

import numpy as np

from mer.dataset.twice import listed_twice, signature
from mer.types import Numbers
from tests.support import exports


def test_pictures_are_equal_only_if_every_pixel_the_size_and_the_order_are() -> None:
    onset, apex = np.zeros((4, 6), np.uint8), np.ones((4, 6), np.uint8)
    assert signature([onset, apex]) == signature([onset.copy(), np.asfortranarray(apex)])
    wide = [onset.astype(np.uint16), apex.astype(np.uint16)]
    others: list[list[Numbers]] = [[apex, onset], [onset.T, apex.T], [onset, apex * 2], [*wide]]
    pairs: list[list[Numbers]] = [[onset, apex], *others]
    assert len({signature(pictures) for pictures in pairs}) == 5
    assert signature([]) == ""


def test_the_later_of_two_clips_is_named_with_subject_and_label() -> None:
    a, b, c, d = exports.synthetic().load().samples
    ((clip, text),) = listed_twice([a, b, c, d], ["x", "", "x", ""])
    assert clip == c.id and text == (
        f"{c.id} ({c.subject}, {c.label}) shows the same pictures as {a.id} ({a.subject}, {a.label}): "
        "one recording is listed twice; leave one of the two out"
    )
