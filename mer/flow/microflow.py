"""Our own network for motions of a pixel and less, with its weights: small, sub-pixel, blind to light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mer.flow.base import check_pairs
from mer.store.roles import contents, device
from mer.types import Float32, FlowField, Image
from mer.validation import has_gpu, require_device, require_integer, require_present, user_path

if TYPE_CHECKING:
    from torch import Tensor

    from mer.flow.network import MicroflowNet

__all__ = ["BUNDLED", "Microflow"]

BUNDLED = Path(__file__).parent / "weights" / "microflow.npz"
_NO_GPU = ("cpu", "auto")  # devices that are there on every machine
_STEP = 16  # px: the network takes multiples of it


@dataclass(frozen=True, kw_only=True)
class Microflow:
    """Coarse-to-fine network of learned Lucas-Kanade steps, see `mer.flow.network`.

    Attributes
    ----------
    weights : str or None
        An ``.npz`` of ``mer train flow``; None: the bundled ones, whose model card is next to them.
    device : str
        Where it runs: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``: on a GPU where there is one.
    pairs : int
        How many pairs `batch` computes at once.

    Notes
    -----
    Equal frames give zero but for rounding (1e-6 px). Frames of any shape from 16 px per side; the border is continued
    to a multiple of 16. Values of a batch and of single pairs differ by rounding only (below 1e-3 px).

    On a GPU, float32 with convolutions in TF32 (torch's default there) differs from the CPU by 2e-5 px in the mean and
    2e-4 px at most. Half precision and ``torch.compile`` are not offered: half precision in the regulariser gave no
    speed (`mer bench flow device=cuda`), as calls and copies take most of the time, and compiling took minutes.

    From one processor to another the flow of the same pair differs by 1e-7 px in the mean and 1e-5 px at most. It is
    not rounded to a grid: of 131,072 values some always lie on the border of a step, and a whole step there is more
    noise than all rounding together (feature rows then differ by 5e-8 to 1e-7 in the mean, for steps of 2⁻¹⁴ to
    2⁻¹⁰ px, instead of 1.5e-8). The default removal of head motion and the default descriptor follow the flow without
    jumps, so small noise stays small.
    """

    weights: str | None = contents(bundled=BUNDLED)
    device: str = device()
    pairs: int

    def __post_init__(self) -> None:
        require_device("flow.device", self.device, _NO_GPU)
        require_integer("flow.pairs", self.pairs, low=1)

    @property
    def together(self) -> int:
        """How many clips a run computes at once: `pairs` on a GPU; one on a CPU, which gains nothing by more."""
        return self.pairs if self.device != "cpu" and has_gpu() else 1

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        """Return the flow from onset to apex.

        Parameters
        ----------
        onset, apex : ndarray of uint8, shape (H, W)
            Grey images of one shape, at least 16 pixels per side.

        Returns
        -------
        FlowField
            float32 pixels, x to the right, y downwards.

        Raises
        ------
        DataError
            If the images are of another kind or differ in shape, or the weights cannot be read.
        ConfigError
            If the device is not there.
        """
        return self.batch([onset], [apex])[0]

    def batch(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[FlowField]:
        """Return the flow of several pairs; neighbours of one shape go through the network together."""
        check_pairs(onsets, apexes)
        found: list[FlowField] = []
        while len(found) < len(onsets):
            rest = onsets[len(found) : len(found) + self.pairs]
            alike = next((k for k, frame in enumerate(rest) if frame.shape != rest[0].shape), len(rest))
            window = slice(len(found), len(found) + alike)
            flow, _ = self._forward(onsets[window], apexes[window])
            found += [FlowField(uv=uv) for uv in _on_host(flow)]
        return found

    def with_error(self, onset: Image, apex: Image) -> tuple[FlowField, Float32]:
        """Return the flow and, for every pixel (H, W), the error in px that the network expects of itself."""
        from mer.flow.network import GRID
        from mer.flow.scales import upsampled

        check_pairs([onset], [apex])
        flow, log_scale = self._forward([onset], [apex])
        height, width = onset.shape
        expected = upsampled(log_scale, GRID)[0, 0, :height, :width].exp()
        return FlowField(uv=_on_host(flow)[0]), _on_host(expected)

    def _forward(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> tuple[Tensor, Tensor]:
        """Return the flow (B, H, W, 2) and the log scale of its error on the knots, both still on the device."""
        import torch
        from torch.nn import functional

        device = _device(self.device)
        gpu = device != "cpu"
        weights = str(BUNDLED if self.weights is None else user_path("flow.weights", self.weights))
        network = _network(weights, device)
        height, width = onsets[0].shape
        frames = torch.empty((2 * len(onsets), height, width), dtype=torch.uint8, pin_memory=gpu)
        np.stack([*onsets, *apexes], out=frames.numpy())
        with torch.inference_mode():
            images = frames.to(device, non_blocking=True).float()[:, None]
            images = functional.pad(images, (0, -width % _STEP, 0, -height % _STEP), mode="replicate")
            flow, log_scale = network(*images.chunk(2))
            return flow[..., :height, :width].permute(0, 2, 3, 1), log_scale


def _on_host(values: Tensor) -> Float32:
    """Return a tensor as an array; from a GPU through memory that it writes to directly."""
    import torch

    if values.device.type == "cpu":
        return values.numpy()
    host = torch.empty(values.shape, dtype=torch.float32, pin_memory=True)
    return host.copy_(values).numpy()


@lru_cache(maxsize=4)
def _network(weights: str, device: str) -> MicroflowNet:
    from mer.flow.weights_file import load_network

    return load_network(Path(weights)).to(device)


def _device(wanted: str) -> str:
    import torch

    require_present("flow.device", wanted, _NO_GPU)
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted
