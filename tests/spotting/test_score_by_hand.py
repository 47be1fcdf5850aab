"""The scorer beside one that tries every matching, written without NumPy and without a look at the other."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import groupby

import pytest

from mer.spotting.score import TOGETHER, SpottedVideo, average_precision, counts
from mer.types import KINDS, Interval


def share(a: Interval, b: Interval) -> float:
    one, other = set(range(a.onset, a.offset + 1)), set(range(b.onset, b.offset + 1))
    return len(one & other) / len(one | other)


def most_hits(found: Sequence[Interval], true: Sequence[Interval], least: float) -> int:
    """Return the size of the largest matching, by trying for the first true interval each found one, and none."""
    if not true:
        return 0
    first, *others = true
    sizes = [most_hits(found, others, least)]
    for k, one in enumerate(found):
        if share(one, first) >= least:
            sizes.append(1 + most_hits([*found[:k], *found[k + 1 :]], others, least))
    return max(sizes)


def random_video(rng: random.Random, name: str) -> SpottedVideo:
    """Return a video in which intervals may overlap, be equal, or be missing."""

    def some() -> tuple[Interval, ...]:
        made: list[Interval] = []
        for _ in range(rng.choice([0, 1, 2, 3, 4, 5])):
            onset = rng.randrange(25)
            kind, length = rng.choice(KINDS), rng.randrange(12)
            made.append(Interval(onset=onset, offset=onset + length, kind=kind, strength=rng.random()))
        return tuple(made + made[:1] if rng.random() < 0.1 else made)

    return SpottedVideo(video=name, subject=f"s{rng.randrange(3)}", true=some(), found=some())


@pytest.mark.parametrize("least", [0.3, 0.5, 0.7, 1.0])
def test_counts_are_those_of_the_best_of_all_matchings(least: float) -> None:
    rng = random.Random(int(least * 10))
    for trial in range(500):
        videos = [random_video(rng, f"v{k}") for k in range(rng.choice([1, 1, 3]))]
        scores = counts(videos, least)
        sums = [0, 0, 0]
        for kind in KINDS:
            true, found, hits = 0, 0, 0
            for video in videos:
                of_true, of_found = ([i for i in part if i.kind == kind] for part in (video.true, video.found))
                true, found = true + len(of_true), found + len(of_found)
                hits += most_hits(of_found, of_true, least)
            assert (scores[kind].true, scores[kind].found, scores[kind].hits) == (true, found, hits), trial
            if true and found:
                recall, precision = hits / true, hits / found
                f1 = 2 * recall * precision / (recall + precision) if hits else 0.0
                assert scores[kind].f1 == pytest.approx(f1)
            sums = [a + b for a, b in zip(sums, (true, found, hits), strict=True)]
        together = scores[TOGETHER]
        assert [together.true, together.found, together.hits] == sums


def precision_over_recall(hits: Sequence[bool], total: int) -> float:
    """Return the area by its definition: at each level of recall the best precision at that recall or above."""
    points = [(sum(hits[: k + 1]) / total, sum(hits[: k + 1]) / (k + 1)) for k in range(len(hits))]
    area, reached = 0.0, 0.0
    for recall, _ in groupby(sorted({recall for recall, _ in points})):
        area += (recall - reached) * max(precision for r, precision in points if r >= recall)
        reached = recall
    return area


def test_average_precision_is_that_of_its_definition() -> None:
    rng = random.Random(3)
    for trial in range(1000):
        videos = [random_video(rng, f"v{k}") for k in range(2)]
        for kind in KINDS:
            left = {video.video: [i for i in video.true if i.kind == kind] for video in videos}
            total = sum(map(len, left.values()))
            ranked = sorted(
                ((i.strength, video.video, i) for video in videos for i in video.found if i.kind == kind),
                key=lambda item: (-item[0], item[1], item[2].onset),
            )
            hits = []
            for _, name, one in ranked:
                best = max(left[name], key=lambda true: share(one, true), default=None)
                hits.append(best is not None and share(one, best) >= 0.5)
                if best is not None and hits[-1]:
                    left[name].remove(best)
            if total:
                assert average_precision(videos, kind) == pytest.approx(precision_over_recall(hits, total)), trial
