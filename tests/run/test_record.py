"""What a run tells MLflow: the same keys in all cells of a sweep, identity as tags."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from mer.run import record as run_record
from mer.run.peak_memory import peak_memory_mb, reset_peak_memory
from tests.support.planted import clips, predict, result

GROUPS = ("dataset", "flow", "roi", "descriptor", "tuning", "evaluation")


def cell(flow: str, bins: int, command: str) -> Any:
    """Return what `run_record` reads of an experiment."""
    details: dict[str, dict[str, Any]] = {"dis": {"preset": "fast"}, "tvl1": {"tau": 0.25}}
    return SimpleNamespace(
        choices={"dataset": "csv", "flow": flow, "descriptor": "hoof", "tuning": "none", "evaluation": "loso"},
        settings={
            "dataset": {"fps": 100, "odd": None},
            "flow": {"_target_": "F", **details[flow]},
            "descriptor": {"bins": bins, "norm": {"kind": "l1"}},
            "seed": 7,
        },
        seed=7,
        command=command,
    )


def test_all_cells_of_a_sweep_have_the_same_keys() -> None:
    command = "mer run study=s flow={} descriptor.bins={} descriptor.norm.kind=l1 dataset.odd=null seed=7 'drop=[a b]'"
    cells = [run_record.params(cell(f, b, command.format(f, b)), GROUPS) for f in ("dis", "tvl1") for b in (4, 8)]
    assert len({tuple(sorted(params)) for params in cells}) == 1
    assert cells[3] == {
        "dataset": "csv",
        "flow": "tvl1",
        "roi": "none",
        "descriptor": "hoof",
        "tuning": "none",
        "evaluation": "loso",
        "seed": "7",
        "descriptor.bins": "8",
        "descriptor.norm.kind": "l1",
        "dataset.odd": "none",
    }


def test_the_name_says_what_the_command_chose() -> None:
    assert run_record.name(cell("dis", 8, "mer run descriptor.bins=8 dataset.fps=100")) == "dis hoof bins=8"
    assert run_record.name(cell("dis", 8, "")) == "dis hoof"


def test_an_option_in_a_place_of_its_own_is_a_factor() -> None:
    command = "mer run descriptor=per_frame descriptor@descriptor.descriptor={}"
    cells = [cell("dis", 8, command.format(option)) for option in ("hoof", "biwoof")]
    assert [run_record.params(one, GROUPS)["descriptor.descriptor"] for one in cells] == ["hoof", "biwoof"]
    assert [run_record.name(one) for one in cells] == ["dis hoof descriptor=hoof", "dis hoof descriptor=biwoof"]


def test_the_table_of_subjects_adds_up() -> None:
    rng = np.random.default_rng(0)
    of = clips(rng, subjects=3, each=(4, 5))
    predicted = predict(rng, of, skill=1, suits=0)
    lines = [line.split(",") for line in run_record.per_subject(result(of, predicted)).splitlines()]
    assert lines[0] == ["subject", "step", "clips", "right", "accuracy"]
    assert [line[:2] for line in lines[1:]] == [["s00", "0"], ["s01", "1"], ["s02", "2"]]
    assert sum(int(line[3]) for line in lines[1:]) == int((of.y == predicted).sum())


def test_peak_memory_counts_from_the_reset() -> None:
    held = np.ones(40_000_000)  # 305 MiB
    high = peak_memory_mb()
    del held
    reset_peak_memory()
    assert high > 300
    assert peak_memory_mb() <= high
