"""Weights of the network on disk: plain float16 arrays in an ``.npz``, read without pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mer.errors import DataError
from mer.flow.network import MicroflowNet
from mer.store.atomic import write_atomically

__all__ = ["load_network", "save_weights"]


def save_weights(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write a state dict; the file is whole or not there."""
    arrays: dict[str, Any] = {name: value.detach().cpu().numpy().astype(np.float16) for name, value in state.items()}
    whole = io.BytesIO()
    np.savez(whole, **arrays)
    write_atomically(path, whole.getvalue())


def load_network(path: Path) -> MicroflowNet:
    """Build the network that the weights belong to.

    Raises
    ------
    DataError
        If the file is not there or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
        network = MicroflowNet(**_size(state))
        network.load_state_dict(state)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such weights; flow.weights=null takes the bundled ones") from error
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not weights that `mer train flow` writes; flow.weights=null takes ours") from error
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _size(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Read the size of the network from the shapes of its weights."""
    layers = ("enter.0", "down_1.0", "down_2.0")
    count = len(MicroflowNet.scales)
    widths = [[len(state[f"stages.{k}.regulariser.{name}.weight"]) for name in layers] for k in range(count)]
    return {"filters": len(state["stages.0.kernels"]), "mixtures": len(state["stages.0.damping"]), "widths": widths}
