"""How many pairs or crops per second a network computes, what share of the device's limit that is, and how exactly.

The limit is a roofline measured in the same run: a large matrix product gives operations per second, a large copy bytes
per second. A network's operations are those of its convolutions and products; its bytes are what every call reads and
writes, as if nothing stayed in a cache. Whichever of the two takes longer is the limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from mer.config.composition import component
from mer.errors import ConfigError
from mer.flow.microflow import BUNDLED as FLOW_WEIGHTS
from mer.flow.weights_file import load_network
from mer.landmarks.cnn68 import BUNDLED as LANDMARK_WEIGHTS
from mer.landmarks.weights import load
from mer.types import Image
from mer.validation import require_device, require_present

__all__ = ["Throughput", "batches_of", "flow_rows", "landmark_rows", "show"]

_SECONDS, _SIDE = 1.0, {"cuda": 8192, "cpu": 1024}


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """One row of the table.

    Attributes
    ----------
    name : str
        What is computed, and how.
    batch : int
    on_host : float
        Images per second, from arrays to arrays.
    on_device : float
        Images per second of the network alone, its input and output on the device.
    limit : float
        Images per second that the roofline allows the network.
    largest, mean : float
        Difference from float32 on the CPU, px.
    """

    name: str
    batch: int
    on_host: float
    on_device: float
    limit: float
    largest: float
    mean: float


class _Bytes(TorchFunctionMode):
    """Counts the bytes of the tensors that every call reads and writes; a view reads and writes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        read, written = list(_tensors(args)), list(_tensors((result,)))
        places = {tensor.untyped_storage().data_ptr() for tensor in read}
        if any(tensor.untyped_storage().data_ptr() not in places for tensor in written):
            self.total += sum(tensor.numel() * tensor.element_size() for tensor in (*read, *written))
        return result


def batches_of(text: str) -> list[int]:
    """Return the batch sizes that a user lists, such as ``1,16,64``.

    Raises
    ------
    ConfigError
        If one is not a whole number above 0.
    """
    parts = text.split(",")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ConfigError(f"batches={text}: must be whole numbers above 0 with commas between, such as batches=1,16,64")
    return [int(part) for part in parts]


def flow_rows(device: str, batches: Sequence[int]) -> Iterator[Throughput]:
    """Measure microflow on pairs of 256 × 256 pixels.

    Raises
    ------
    ConfigError
        If the device is not there.
    """
    kind = _kind("device", device)
    onsets, apexes = _pairs(max(batches))
    exact = component("flow", "microflow", device="cpu").batch(onsets[:8], apexes[:8])
    network, peak = load_network(FLOW_WEIGHTS).to(device), _peak(kind, device)
    for batch in batches:
        flow = component("flow", "microflow", device=device, pairs=batch)
        given = onsets[:batch], apexes[:batch]
        inside = tuple(torch.from_numpy(np.stack(images)).to(device).float()[:, None] for images in given)
        found = [field.uv for field in flow.batch(onsets[:8], apexes[:8])]
        calls = partial(flow.batch, *given), partial(network, *inside)
        yield _measured("microflow", batch, calls, device, peak, _apart(found, [field.uv for field in exact]))


def landmark_rows(device: str, batches: Sequence[int]) -> Iterator[Throughput]:
    """Measure the points network of cnn68 on crops of faces.

    Raises
    ------
    ConfigError
        If the device is not there.
    """
    kind = _kind("device", device)
    weights, exact = load(LANDMARK_WEIGHTS, device), load(LANDMARK_WEIGHTS, "cpu")
    crops = np.stack(_pairs(max(batches))[0])[:, None].astype(np.float32)
    low = (crops.shape[-1] - weights.side) // 2
    crops = np.ascontiguousarray(crops[..., low : low + weights.side, low : low + weights.side])
    with torch.inference_mode():
        truth = exact.points.locate(torch.from_numpy(crops[:8]))[0].numpy()
    peak = _peak(kind, device)

    def located(images: Tensor) -> Tensor:
        return weights.points.locate(images.to(device, memory_format=torch.channels_last))[0]

    for batch in batches:
        given = torch.from_numpy(crops[:batch])
        inside = given.to(device, memory_format=torch.channels_last)
        with torch.inference_mode():
            apart = _apart(located(torch.from_numpy(crops[:8])).cpu().numpy(), truth)
        calls = (lambda given=given: located(given).cpu()), partial(located, inside)
        yield _measured("cnn68, points", batch, calls, device, peak, apart)


def _measured(
    name: str,
    batch: int,
    calls: tuple[Callable[[], Any], Callable[[], Any]],
    device: str,
    peak: tuple[float, float],
    apart: tuple[float, float],
) -> Throughput:
    """Return the row of a batch; `calls` compute it from arrays to arrays, and on the device alone."""
    whole, inside = calls
    return Throughput(
        name=name,
        batch=batch,
        on_host=batch / _seconds(whole, device),
        on_device=batch / _seconds(inside, device),
        limit=batch / _least_seconds(inside, peak),
        largest=apart[0],
        mean=apart[1],
    )


def show(rows: Iterator[Throughput], device: str, unit: str) -> None:
    """Print the table."""
    gpu = _kind("device", device) == "cuda"
    name = torch.cuda.get_device_name(device) if gpu else f"CPU, {torch.get_num_threads()} threads"
    table = Table(title=f"{unit} per second; {name}; torch {torch.__version__}", title_justify="left")
    table.add_column("network")
    for head in ("batch", "host to host", "on the device", "roofline", "share", "largest error, px", "mean error, px"):
        table.add_column(head, justify="right")
    for row in rows:
        rates = (f"{rate:,.0f}" for rate in (row.on_host, row.on_device, row.limit))
        errors = (f"{error:.2g}" for error in (row.largest, row.mean))
        table.add_row(row.name, str(row.batch), *rates, f"{row.on_device / row.limit:.0%}", *errors)
    Console(width=150).print(table)


def _kind(field: str, device: str) -> str:
    require_device(field, device)
    require_present(field, device)
    return device.partition(":")[0]


def _pairs(count: int) -> tuple[list[Image], list[Image]]:
    """Return onset and apex of clips of the embedded data set, grey, repeated as often as needed."""
    samples = component("dataset", "synthetic", subjects=8, clips=2).load().samples
    onsets, apexes = (
        [_grey(sample.clip.read(getattr(sample, name))) for sample in samples] for name in ("onset", "apex")
    )
    times = -(-count // len(samples))
    return (onsets * times)[: max(count, 8)], (apexes * times)[: max(count, 8)]


def _grey(image: Image) -> Image:
    return image if image.ndim == 2 else np.ascontiguousarray(image[..., 1])


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def _apart(found: Any, exact: Any) -> tuple[float, float]:
    difference = np.linalg.norm(np.asarray(found) - np.asarray(exact), axis=-1)
    return float(difference.max()), float(difference.mean())


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


@torch.inference_mode()
def _seconds(call: Callable[[], Any], device: str) -> float:
    """Return the median seconds of a call, after calls that compile and fill caches."""
    for _ in range(3):
        call()
    _wait(device)
    found: list[float] = []
    while len(found) < 5 or sum(found) < _SECONDS:
        began = time.perf_counter()
        call()
        _wait(device)
        found.append(time.perf_counter() - began)
    return float(np.median(found))


def _peak(kind: str, device: str) -> tuple[float, float]:
    """Return operations per second of a large matrix product and bytes per second of a large copy.

    A product of float32 may use TF32 here, as convolutions do on a GPU by torch's own default.
    """
    side, precision = _SIDE[kind], torch.get_float32_matmul_precision()
    one, other = (torch.randn(side, side, device=device) for _ in "ab")
    torch.set_float32_matmul_precision("high")
    product = _seconds(lambda: one @ other, device)
    torch.set_float32_matmul_precision(precision)
    large = torch.empty(side * side * 4, device=device)
    target = torch.empty_like(large)
    copied = _seconds(lambda: target.copy_(large), device)
    return 2 * side**3 / product, 2 * large.numel() * large.element_size() / copied


@torch.inference_mode()
def _least_seconds(call: Callable[[], Any], peak: tuple[float, float]) -> float:
    """Return the seconds that the roofline gives a call."""
    with FlopCounterMode(display=False) as operations, _Bytes() as traffic:
        call()
    return max(operations.get_total_flops() / peak[0], traffic.total / peak[1])
