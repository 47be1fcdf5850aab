"""Our own network for motions of a pixel and less, with its weights: small, sub-pixel, blind to light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mer.errors import ConfigError
from mer.flow.base import check_pairs
from mer.store.roles import contents, device
from mer.types import Float32, FlowField, Image
from mer.validation import has_gpu, require_device, require_integer, require_present, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

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
    half : bool
        Convolutions in half precision; on a GPU only.
    compile : bool
        Through ``torch.compile``; on a GPU only, worth it for many pairs of one shape.
    pairs : int
        How many pairs `batch` computes at once.

    Notes
    -----
    Equal frames give zero but for rounding (1e-6 px). Frames of any shape from 16 px per side; the border is continued
    to a multiple of 16. Values of a batch and of single pairs differ by rounding only (below 1e-3 px).

    From one processor to another the flow of the same pair differs by 1e-7 px in the mean and 1e-5 px at most. It is
    not rounded to a grid: of 131,072 values some always lie on the border of a step, and a whole step there is more
    noise than all rounding together (feature rows then differ by 5e-8 to 1e-7 in the mean, for steps of 2⁻¹⁴ to
    2⁻¹⁰ px, instead of 1.5e-8). The default removal of head motion and the default descriptor follow the flow without
    jumps, so small noise stays small.
    """

    weights: str | None = contents(bundled=BUNDLED)
    device: str = device()
    half: bool
    compile: bool
    pairs: int

    def __post_init__(self) -> None:
        require_device("flow.device", self.device, _NO_GPU)
        require_integer("flow.pairs", self.pairs, low=1)
        if self.device == "cpu" and (self.half or self.compile):
            name = "half" if self.half else "compile"
            raise ConfigError(f"flow.{name}=true: is for a GPU; choose flow.device=cuda, or flow.{name}=false")

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
        return [FlowField(uv=uv) for uv, _ in self._computed(onsets, apexes)]

    def with_error(self, onset: Image, apex: Image) -> tuple[FlowField, Float32]:
        """Return the flow and, for every pixel (H, W), the error in px that the network expects of itself."""
        from mer.flow.network import GRID
        from mer.flow.scales import upsampled

        ((uv, log_scale),) = self._computed([onset], [apex])
        expected = upsampled(log_scale[None, None], GRID)[0, 0, : uv.shape[0], : uv.shape[1]].exp()
        return FlowField(uv=uv), expected.numpy()

    def _computed(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[tuple[Float32, Tensor]]:
        check_pairs(onsets, apexes)
        found: list[tuple[Float32, Tensor]] = []
        while len(found) < len(onsets):
            rest = onsets[len(found) : len(found) + self.pairs]
            alike = next((k for k, frame in enumerate(rest) if frame.shape != rest[0].shape), len(rest))
            window = slice(len(found), len(found) + alike)
            found += self._forward(np.stack([np.stack(onsets[window]), np.stack(apexes[window])]))
        return found

    def _forward(self, frames: Image) -> list[tuple[Float32, Tensor]]:
        """Compute (2, B, H, W) at once: the flow of each pair, and the log scale of its error on the knots."""
        import torch

        device = _device(self.device)
        network = _network(
            str(BUNDLED if self.weights is None else user_path("flow.weights", self.weights)),
            device,
            self.compile and device != "cpu",
        )
        height, width = frames.shape[-2:]
        padding = [(0, 0), (0, 0), (0, -height % _STEP), (0, -width % _STEP)]
        tensor = torch.from_numpy(np.pad(frames, padding, mode="edge")).to(device).float()[:, :, None]
        half = torch.autocast(tensor.device.type, torch.float16, enabled=self.half and device != "cpu")
        with torch.inference_mode(), half:
            flow, log_scale = network(tensor[0], tensor[1])
        uv = flow[..., :height, :width].permute(0, 2, 3, 1).float().cpu().numpy()
        return list(zip(uv, log_scale[:, 0].float().cpu(), strict=True))


@lru_cache(maxsize=4)
def _network(weights: str, device: str, compiled: bool) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    import torch

    from mer.flow.weights_file import load_network

    network = load_network(Path(weights)).to(device)
    return torch.compile(network) if compiled else network


def _device(wanted: str) -> str:
    import torch

    require_present("flow.device", wanted, _NO_GPU)
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted
