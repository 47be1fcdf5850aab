"""Where torch computes: what is no device is refused before any work, and what is one, but not here, before torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mer
from mer.config.composition import build, compose
from mer.errors import ConfigError
from mer.validation import require_device, require_present, user_path

COMPONENTS = [
    ("landmarks", "cnn68", "cpu"),
    ("flow", "microflow", "cpu, auto"),
    ("flow", "raft_small", "cpu"),
    ("descriptor", "hoof", "numpy, cpu"),
]


@pytest.mark.parametrize(("group", "option", "others"), COMPONENTS)
@pytest.mark.parametrize("device", ["xyz", "gpu", "cuda:", "cuda:-1", "cuda:x", "CUDA", "", None, 0])
def test_what_is_no_device_is_refused_at_once(group: str, option: str, others: str, device: Any) -> None:
    said = rf"{group}\.device={device}: no such choice; {group}\.device can be {others}, cuda or cuda:N"
    with pytest.raises(ConfigError, match=said):
        mer.component(group, option, device=device)


@pytest.mark.parametrize(("group", "option", "others"), COMPONENTS)
def test_every_device_named_is_taken(group: str, option: str, others: str) -> None:
    for device in (*others.split(", "), "cuda", "cuda:1"):
        assert mer.component(group, option, device=device).device == device


@pytest.mark.parametrize("network", ["landmarks", "flow"])
@pytest.mark.parametrize(("device", "said"), [("xyz", "no such choice"), ("cuda:99", "torch finds no such device")])
def test_a_training_refuses_it_before_it_reads_anything(network: str, device: str, said: str) -> None:
    cfg = compose([f"train={network}", f"train.device={device}"], root="training")
    with pytest.raises(ConfigError, match=rf"train\.device={device}: {said}"):
        build(cfg.train)


def test_which_gpus_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    for device in ("cpu", "cuda", "cuda:0", "cuda:1"):
        require_device("flow.device", device)
        require_present("flow.device", device)
    with pytest.raises(ConfigError, match=r"flow\.device=cuda:2: torch finds no such device; choose cpu or auto"):
        require_present("flow.device", "cuda:2", ("cpu", "auto"))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"flow\.device=cuda: torch finds no such device; choose cpu"):
        require_present("flow.device", "cuda")


def test_a_path_of_a_user_is_absolute_with_its_tilde_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert user_path("root", "~/a") == tmp_path / "a"
    assert user_path("root", "a") == tmp_path / "a"
    assert user_path("root", "a", base=tmp_path / "b") == tmp_path / "b" / "a"
    assert user_path("root", "~nobody-of-this-name.mp4") == tmp_path / "~nobody-of-this-name.mp4"
    assert user_path("root", "/x", base=tmp_path) == Path("/x")


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_path_is_refused(empty: str) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.root=: the path is empty"):
        user_path("dataset.root", empty)
