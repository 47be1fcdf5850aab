"""The training loop: its rate, its average of weights, how it resumes, what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mer.errors import ConfigError, DataError
from mer.training.loop import Schedule


def schedule(**changes: Any) -> Schedule:
    numbers: dict[str, Any] = {"steps": 20, "batch": 1, "learning_rate": 0.1, "weight_decay": 0.0, "warm_up": 1}
    rest = {"decay": 1.0, "curve": "cosine", "clip": 10.0, "average": 0.9, "checkpoint": 5}
    return Schedule(**numbers | rest | changes)


def line() -> torch.nn.Module:
    """A network of one weight and one bias, with a normalisation, whose buffers are averaged too."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm1d(1))


def loss(network: torch.nn.Module, step: int) -> dict[str, torch.Tensor]:
    x = torch.from_numpy(np.random.default_rng(step).normal(size=(8, 1)).astype(np.float32))
    return {"loss": (network(x) - 3 * x - 1).square().mean()}


def fitted(plan: Schedule, file: Path, **more: Any) -> tuple[dict[str, torch.Tensor], list[Any]]:
    told: list[Any] = []
    network = more.get("network") or line()
    average = plan.fit(network, more.get("loss", loss), file, lambda figures, step: told.append((step, dict(figures))))
    return average.state_dict(), told


def test_a_linear_rate_rises_stays_and_falls_to_zero() -> None:
    plan = schedule(steps=100, warm_up=10, decay=0.5, curve="linear")
    assert [plan.factor(step) for step in (0, 4, 30, 75, 99, 100)] == pytest.approx([0.1, 0.5, 1, 0.5, 0.02, 0])


def test_a_cosine_rate_falls_over_the_whole_fit() -> None:
    plan = schedule(steps=100, warm_up=1)
    assert [plan.factor(step) for step in (0, 50, 75, 100)] == pytest.approx([1, 0.5, 0.5 - 0.5**0.5 / 2, 0], abs=1e-12)


def test_the_optimiser_steps_at_that_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rates, plain = [], torch.optim.AdamW.step

    def recorded(self: Any, *rest: Any) -> Any:
        rates.append(self.param_groups[0]["lr"])
        return plain(self, *rest)

    monkeypatch.setattr(torch.optim.AdamW, "step", recorded)
    plan = schedule(steps=6, warm_up=3, curve="linear", decay=0.5)
    fitted(plan, tmp_path / "fit.pt")
    assert rates == pytest.approx([0.1 * plan.factor(step) for step in range(6)])


def test_what_is_returned_is_the_moving_average_of_weights_and_buffers(tmp_path: Path) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    def watched(network: torch.nn.Module, step: int) -> dict[str, torch.Tensor]:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return loss(network, step)

    plan = schedule(steps=4)
    network = line()
    average = plan.fit(network, watched, tmp_path / "fit.pt", lambda *_: None)
    states = [*seen[1:], network.state_dict()]  # after each step
    for name in ("0.weight", "1.running_mean"):
        wanted = states[0][name]
        for done, state in enumerate(states[1:], 1):
            keep = min(0.9, (1 + done) / (10 + done))
            wanted = keep * wanted + (1 - keep) * state[name]
        torch.testing.assert_close(average.state_dict()[name], wanted)
    assert not average.training


def test_the_loss_falls_and_is_logged_with_what_is_left(tmp_path: Path) -> None:
    _, told = fitted(schedule(steps=150), tmp_path / "fit.pt", network=torch.nn.Linear(1, 1))
    assert [step for step, _ in told] == [50, 100, 150]
    assert told[-1][1]["loss"] < 0.1 * told[0][1]["loss"]
    assert told[0][1]["minutes_left"] > 0 and told[-1][1]["minutes_left"] == 0


def test_a_fit_that_is_interrupted_ends_as_one_that_is_not(tmp_path: Path) -> None:
    whole, _ = fitted(schedule(), tmp_path / "whole.pt")

    def broken(network: torch.nn.Module, step: int) -> dict[str, torch.Tensor]:
        if step == 13:
            raise KeyboardInterrupt
        return loss(network, step)

    with pytest.raises(KeyboardInterrupt):
        fitted(schedule(), tmp_path / "broken.pt", loss=broken)
    steps: list[int] = []

    def resumed(network: torch.nn.Module, step: int) -> dict[str, torch.Tensor]:
        steps.append(step)
        return loss(network, step)

    again, _ = fitted(schedule(), tmp_path / "broken.pt", loss=resumed)
    assert steps == list(range(10, 20))
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    _, told = fitted(schedule(), tmp_path / "broken.pt")
    assert told == []  # a finished fit is not repeated


def test_a_step_without_a_finite_gradient_is_left_out(tmp_path: Path) -> None:
    def sometimes(network: torch.nn.Module, step: int) -> dict[str, torch.Tensor]:
        return {"loss": loss(network, step)["loss"] * (float("nan") if step == 3 else 1.0)}

    weights, told = fitted(schedule(), tmp_path / "fit.pt", loss=sometimes)
    assert all(bool(value.isfinite().all()) for value in weights.values())
    assert np.isfinite(told[-1][1]["loss"])


def test_a_loss_that_is_never_finite_ends_the_fit(tmp_path: Path) -> None:
    def never(network: torch.nn.Module, step: int) -> dict[str, torch.Tensor]:
        return {"loss": loss(network, step)["loss"] * float("inf")}

    with pytest.raises(ConfigError, match=r"schedule.learning_rate=0.1: the loss of the last 20 steps is not finite"):
        fitted(schedule(), tmp_path / "fit.pt", loss=never)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", None])
def test_a_damaged_or_foreign_checkpoint_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "fit.pt"
    if content is None:
        other = torch.nn.Linear(2, 1)
        schedule().fit(other, lambda net, _: {"loss": net(torch.ones(1, 2)).sum()}, file, lambda *_: None)
    else:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"fit\.pt: damaged, or of another network than this training's; remove it"):
        fitted(schedule(), file)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, "schedule.steps=0: must be a whole number"),
        ("decay", 0, "schedule.decay=0: must be a number, above 0 and at most 1"),
        ("curve", "step", "schedule.curve=step: no such choice; schedule.curve can be cosine, linear"),
        ("average", 1, "schedule.average=1: must be a number"),
    ],
)
def test_a_wrong_number_is_refused_by_name(field: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        schedule(**{field: value})
