"""RAFT from torchvision, an extra: recurrent refinement over all-pairs correlation, made for tens of pixels."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mer.errors import ConfigError, DataError
from mer.flow.base import OneByOne, check_pair
from mer.store.roles import contents, device
from mer.types import FlowField, Image
from mer.validation import require_choice, require_device, require_integer, require_present, user_path

if TYPE_CHECKING:
    from torch.nn import Module

__all__ = ["Raft"]

_LEAST, _STEP = 128, 8  # px: the correlation pyramid needs so much; the network takes multiples of 8


@dataclass(frozen=True, kw_only=True)
class Raft(OneByOne):
    """RAFT (torchvision), small or large.

    Attributes
    ----------
    size : {"small", "large"}
    weights : str or None
        A state dict of torchvision's model on disk; None: torchvision's own, fetched at first use, its name carrying
        the checksum that is verified. They are under torchvision's licence (BSD-3-Clause) and were trained on
        FlyingChairs and FlyingThings3D (and more, for large), which have terms of their own.
    updates : int
        Refinements.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.

    References
    ----------
    Teed, Deng: RAFT: recurrent all-pairs field transforms for optical flow. ECCV 2020.
    doi:10.1007/978-3-030-58536-5_24
    """

    size: str
    weights: str | None = contents()
    updates: int
    device: str = device()

    def __post_init__(self) -> None:
        require_choice("flow.size", self.size, ("small", "large"))
        require_device("flow.device", self.device)
        require_integer("flow.updates", self.updates, low=1)

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        """Return the flow from onset to apex, two grey uint8 images (H, W) of one shape.

        Raises
        ------
        DataError
            If the images are of another kind, or the weights cannot be read.
        ConfigError
            If torchvision is not installed, or the device is not there.
        """
        import torch

        require_present("flow.device", self.device)
        check_pair(onset, apex)
        weights = None if self.weights is None else str(user_path("flow.weights", self.weights))
        network = _network(self.size, weights, self.device)
        frames = torch.from_numpy(np.stack([_padded(onset), _padded(apex)])).to(self.device)
        images = (frames.float() / 127.5 - 1)[:, None, None].expand(-1, 1, 3, -1, -1)
        with torch.inference_mode():
            flow = network(images[0], images[1], num_flow_updates=self.updates)[-1]
        return FlowField(uv=flow[0, :, : onset.shape[0], : onset.shape[1]].permute(1, 2, 0).cpu().numpy())


def _padded(frame: Image) -> Image:
    height, width = (max(-(-n // _STEP) * _STEP, _LEAST) for n in frame.shape)
    return np.pad(frame, [(0, height - frame.shape[0]), (0, width - frame.shape[1])], mode="edge")


@lru_cache(maxsize=2)
def _network(size: str, weights: str | None, device: str) -> Module:
    import torch

    try:
        models = importlib.import_module("torchvision.models.optical_flow")
    except (ImportError, RuntimeError, OSError) as error:
        raise ConfigError(
            f"flow=raft_{size} needs torchvision, which does not load ({error}): pip install 'micro-expression[raft]', "
            f"the build (CPU or CUDA) that fits torch {torch.__version__}"
        ) from error
    kind = getattr(models, f"Raft_{size.title()}_Weights").DEFAULT
    network = getattr(models, f"raft_{size}")(weights=None)
    try:
        state = (
            torch.load(weights, weights_only=True) if weights else kind.get_state_dict(progress=False, check_hash=True)
        )
        network.load_state_dict(state)
    except Exception as error:
        source = weights or kind.url
        raise DataError(
            f"{source}: no weights of raft_{size} ({error}); fetch {kind.url} and set flow.weights=FILE"
        ) from error
    return network.eval().requires_grad_(False).to(device)
