"""Weights on disk: plain arrays in half precision and the numbers that the networks are built from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mer.errors import DataError, unreadable
from mer.landmarks.network import FaceNetwork, PointNetwork, fold
from mer.store.atomic import write_atomically
from mer.types import Numbers

__all__ = ["Weights", "load", "save"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Both networks, ready to be used, and what belongs to them.

    Attributes
    ----------
    faces : FaceNetwork
    points : PointNetwork
    mean : ndarray of float64, shape (68, 2)
        Mean shape in the unit square.
    side : int
        Pixels of the crop in which the points are found.
    """

    faces: FaceNetwork
    points: PointNetwork
    mean: NDArray[np.float64]
    side: int


def save(path: Path, weights: Weights, shape: Mapping[str, Any]) -> None:
    """Write `weights`; `shape` holds the arguments of both networks (``faces``, ``points``).

    Notes
    -----
    float16: half the size, and no point moves by more than a few thousandths of a pixel.
    """
    arrays = {"mean": weights.mean, "about": np.array(json.dumps({"side": weights.side, **shape}))}
    for name, network in (("faces", weights.faces), ("points", weights.points)):
        for key, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                arrays[f"{name}.{key}"] = value.cpu().numpy().astype(np.float16)
    whole = io.BytesIO()
    np.savez(whole, **arrays)  # type: ignore[arg-type]
    write_atomically(path, whole.getvalue())


def load(path: Path, device: str) -> Weights:
    """Read what `save` wrote; the networks in evaluation mode, normalisation folded into the convolutions.

    Raises
    ------
    DataError
        If the file is missing or not of this kind.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays["about"]))
        faces, points = FaceNetwork(**about["faces"]), PointNetwork(**about["points"])
        for name, network in (("faces", faces), ("points", points)):
            _fill(network, {key[len(name) + 1 :]: a for key, a in arrays.items() if key.startswith(f"{name}.")})
            fold(network)
            network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return Weights(faces=faces, points=points, mean=arrays["mean"].astype(np.float64), side=int(about["side"]))
    except (OSError, EOFError, KeyError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: not the weights of cnn68 ({unreadable(error)}); make them with mer train landmarks, or set "
            "landmarks.weights=null for those that come with mer"
        ) from error


def _fill(network: nn.Module, arrays: Mapping[str, Numbers]) -> None:
    state = {key: torch.from_numpy(array.astype(np.float32)) for key, array in arrays.items()}
    missing = network.load_state_dict(state, strict=False).missing_keys
    wanting = [key for key in missing if not key.endswith("num_batches_tracked")]
    if wanting:
        raise KeyError(f"{wanting[0]} is absent")
    network.eval().requires_grad_(False)
