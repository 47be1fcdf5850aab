"""The networks of mer in the form in which they are exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mer.flow import microflow
from mer.flow.weights_file import load_network
from mer.landmarks import cnn68
from mer.landmarks.network import PointNetwork
from mer.landmarks.weights import load
from mer.onnx.export import Net, described

__all__ = ["NETWORKS", "cnn68_nets", "microflow_nets"]

NETWORKS = ("cnn68", "microflow")
_GREY = "grey levels 0 to 255, float32"


def microflow_nets(weights: Path | None) -> list[Net]:
    """Return the network of ``flow=microflow``.

    Parameters
    ----------
    weights : Path or None
        None takes the bundled ones.

    Returns
    -------
    list of Net
        ``onset`` and ``apex`` (N, 1, H, W), H and W multiples of 16 → ``flow`` (N, 2, H, W) in pixels and
        ``log_error`` (N, 1, H/4, W/4).

    Raises
    ------
    DataError
        If the weights cannot be read.
    """
    network = load_network(weights or microflow.BUNDLED)
    for stage in network.stages:
        # The kernels are computed from the weights at each call; ONNX wants those of a convolution to be constant.
        vars(stage)["bank"] = _Constant(stage.bank().detach())  # type: ignore[operator]
    free = {0: "pairs", 2: "height", 3: "width"}
    others = [(2, (64, 96)), (1, (112, 80)), (1, (16, 16))]  # a coarsest stage of 4 × 6, 7 × 5 and one knot
    return [
        Net(
            name="microflow",
            module=network,
            inputs={"onset": free, "apex": free},
            outputs={"flow": free, "log_error": {0: "pairs", 2: "rows", 3: "columns"}},
            example=(_pictures(1, (256, 256), 0), _pictures(1, (256, 256), 1)),
            others=[(_pictures(count, size, 2), _pictures(count, size, 3)) for count, size in others],
            about=described(
                input=_GREY, flow="px, u to the right, v downwards", log_error="log of px, per 4 × 4 pixels"
            ),
        )
    ]


def cnn68_nets(weights: Path | None) -> list[Net]:
    """Return the two networks of ``landmarks=cnn68``: the faces of a frame, and the points of a crop.

    Parameters
    ----------
    weights : Path or None
        None takes the bundled ones.

    Returns
    -------
    list of Net
        ``frame`` (N, 1, H, W), H and W multiples of 32 → ``grid`` (N, 6, H/8, W/8); ``crop`` (1, 1, S, S) → ``points``
        (1, 68, 2) in pixels of the crop and ``score`` (1,).

    Raises
    ------
    DataError
        If the weights cannot be read.
    """
    own = load(weights or cnn68.BUNDLED, "cpu")
    free = {0: "frames", 2: "height", 3: "width"}
    crop = (own.side, own.side)
    return [
        Net(
            name="cnn68_faces",
            module=own.faces,
            inputs={"frame": free},
            outputs={"grid": {0: "frames", 2: "rows", 3: "columns"}},
            example=(_pictures(1, (256, 320), 0),),
            others=[(_pictures(2, (128, 96), 1),)],
            about=described(
                input=_GREY,
                grid="logit, x and y from the cell's middle in cells, log of the size in cells, sine, cosine",
            ),
        ),
        Net(
            name="cnn68_points",
            module=_Points(own.points),
            inputs={"crop": {}},
            outputs={"points": {}, "score": {}},
            example=(_pictures(1, crop, 0),),
            others=[(_pictures(1, crop, 1),)],
            about=described(input=_GREY, points="px of the crop, iBUG order", mean_shape=own.mean.round(6).tolist()),
        ),
    ]


class _Constant:
    """A result that is always the same."""

    def __init__(self, value: Tensor) -> None:
        self._value = value

    def __call__(self) -> Tensor:
        return self._value


class _Points(nn.Module):
    """Points and score of crops."""

    def __init__(self, network: PointNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        points, logits = self.network.locate(crops)
        return points, torch.sigmoid(logits)


def _pictures(count: int, size: tuple[int, int], seed: int) -> Tensor:
    """Return smooth random pictures (count, 1, H, W), since no network was made for noise of single pixels."""
    rng = np.random.default_rng(seed)
    height, width = size
    coarse = torch.from_numpy(rng.uniform(0, 255, (count, 1, height // 8, width // 8)).astype(np.float32))
    grown = nn.functional.interpolate(coarse, size=size, mode="bicubic", align_corners=False)
    return grown.clamp(0, 255)
