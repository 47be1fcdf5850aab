"""What pipelines share in memory: computed once, never more than the limit, and the same rows as without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mer
from mer.pipeline import Pipeline, Stages
from mer.pipeline.memory import Memory
from mer.store.cache import Cache


@dataclass(frozen=True)
class Value:
    nbytes: int


def test_what_was_used_last_is_kept_up_to_the_limit() -> None:
    memory, made = Memory(10), list[str]()

    def get(key: str, size: int = 4) -> None:
        def make() -> Value:
            made.append(key)
            return Value(size)

        memory.compute(key, Value, make)

    for key in ("a", "b", "a", "c", "a", "b"):  # c takes the place of b, then b that of c
        get(key)
    assert made == ["a", "b", "c", "b"]
    get("larger than all", 11)
    get("a")
    assert made == ["a", "b", "c", "b", "larger than all"]
    nothing = Memory(0)
    assert [nothing.compute("x", Value, lambda: Value(1)) for _ in range(2)] == [Value(1), Value(1)]


def test_pipelines_with_one_memory_read_each_flow_once_and_give_the_same_rows(tmp_path: Path) -> None:
    parts: dict[str, Any] = {
        "landmarks": mer.component("landmarks", "stored"),
        "align": mer.component("align", "crop", size=64),
    }
    parts |= {"frames": mer.component("frames", "onset_apex"), "flow": mer.component("flow", "dis")}
    parts |= {"motion": mer.component("motion", "similarity"), "roi": mer.component("roi", "grid")}
    stages = Stages(descriptor=mer.component("descriptor", "hoof", bins=4), **parts)
    dataset = mer.component("dataset", "synthetic", subjects=2, clips=2, size=64)

    def rows(folder: str, memory: Memory, **changes: Any) -> NDArray[np.float32]:
        made = Pipeline(
            dataset=dataset, stages=replace(stages, **changes), cache=Cache(root=tmp_path / folder), memory=memory
        )
        features = made.features(made.manifest(bad_clips="stop"), workers=2, bad_clips="stop", mirror=True)
        assert features.mirrored is not None
        return np.stack([features.table.X, features.mirrored.X])

    memory = Memory(10**8)
    rows("first", memory)
    for changes in (
        {"descriptor": mer.component("descriptor", "hoof", bins=8)},
        {"roi": mer.component("roi", "mdmo36")},
        {"motion": mer.component("motion", "none")},
    ):
        plain = rows("plain", Memory(0), **changes)
        np.testing.assert_array_equal(rows("first", memory, **changes), plain)
    # neither bins nor regions need the flow again: with its files gone, no flow is computed
    for file in (tmp_path / "first" / "flow").rglob("*.npy"):
        file.unlink()
    rows("first", memory, descriptor=mer.component("descriptor", "hoof", bins=5))
    assert not list((tmp_path / "first" / "flow").rglob("*.npy"))
