"""Writes a network as an ONNX file and makes sure that onnxruntime gives what torch gives."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mer.errors import ConfigError, DataError, reason

__all__ = ["TOLERANCE", "Checked", "Net", "described", "export_net"]

TOLERANCE = 1e-4
"""Largest difference between onnxruntime and torch: pixels, and units of the scores."""

_OPSET = 17
_RUNS = 20


@dataclass(frozen=True, kw_only=True)
class Net:
    """A network and how it is called.

    Attributes
    ----------
    name : str
        Of the file.
    module : nn.Module
        In evaluation mode.
    inputs, outputs : mapping of str to mapping
        Name → axis → name of the size, for the sizes that are free; all others are those of `example`.
    example : tuple of Tensor
    others : sequence of tuple of Tensor
        Inputs of other free sizes, for the check.
    about : mapping of str to str
        Kept in the file: units, order of axes.
    """

    name: str
    module: nn.Module
    inputs: Mapping[str, Mapping[int, str]]
    outputs: Mapping[str, Mapping[int, str]]
    example: tuple[Tensor, ...]
    others: Sequence[tuple[Tensor, ...]]
    about: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the check found.

    Attributes
    ----------
    path : Path
    difference : float
        Largest absolute difference of any output.
    seconds_onnx, seconds_torch : float
        Median of 20 calls with the example, on one thread.
    """

    path: Path
    difference: float
    seconds_onnx: float
    seconds_torch: float


def export_net(net: Net, folder: Path) -> Checked:
    """Write a network, run it, and compare.

    Raises
    ------
    ConfigError
        If the packages of the extra ``onnx`` are not installed.
    DataError
        If the file cannot be written, or onnxruntime gives something else than torch.
    """
    _require_packages()
    path = folder / f"{net.name}.onnx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(net, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({reason(error)}); choose another output=DIR") from error
    return _check(net, path)


def _require_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"{error.name} is not installed, which mer export onnx needs; install it with: pip install "
            "'micro-expression[onnx]'"
        ) from error


def _write(net: Net, path: Path) -> None:
    import onnx

    with _silent():
        torch.onnx.export(
            net.module,
            net.example,
            path,
            dynamo=False,  # the other exporter does not take the networks' free sizes, and needs a minute for microflow
            input_names=list(net.inputs),
            output_names=list(net.outputs),
            dynamic_axes={name: dict(axes) for name, axes in {**net.inputs, **net.outputs}.items()},
            opset_version=_OPSET,
        )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {key: str(value) for key, value in net.about.items()})
    onnx.checker.check_model(model)
    onnx.save(model, path)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep torch's warnings about tracing and its old exporter from the user, who can do nothing about them."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def _check(net: Net, path: Path) -> Checked:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def other(tensors: Sequence[Tensor]) -> list[Any]:
        found: list[Any] = session.run(None, dict(zip(net.inputs, (t.numpy() for t in tensors), strict=True)))
        return found

    def own(tensors: Sequence[Tensor]) -> list[Any]:
        with torch.inference_mode():
            given = net.module(*tensors)
        return [part.numpy() for part in (given if isinstance(given, tuple) else (given,))]

    largest = max(
        float(np.abs(a - b).max())
        for tensors in (net.example, *net.others)
        for a, b in zip(other(tensors), own(tensors), strict=True)
    )
    if not largest <= TOLERANCE:
        path.unlink()
        raise DataError(
            f"{path.name}: onnxruntime differs from torch by {largest:.2g}, more than {TOLERANCE:g}; the file was "
            "removed: install the versions of constraints.txt"
        )
    example = net.example
    times = [_median_seconds(call, example) for call in (other, own)]
    return Checked(path=path, difference=largest, seconds_onnx=times[0], seconds_torch=times[1])


def _median_seconds(call: Callable[[Sequence[Tensor]], object], tensors: Sequence[Tensor]) -> float:
    spent = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        call(tensors)
        spent.append(time.perf_counter() - start)
    return float(np.median(spent))


def described(**about: object) -> dict[str, str]:
    """Return facts for the file, texts as they are and the rest as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}
