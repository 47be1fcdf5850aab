"""What a setting ``device`` can be, and whether torch sees it here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mer.errors import ConfigError

__all__ = ["has_gpu", "require_device", "require_present"]


def require_device(field: str, value: object, others: Sequence[str] = ("cpu",)) -> None:
    """Raise `ConfigError` unless `value` is ``cuda``, ``cuda:N`` or one of `others`; needs no torch."""
    if value not in others and not (isinstance(value, str) and re.fullmatch(r"cuda(:\d+)?", value, re.ASCII)):
        raise ConfigError(f"{field}={value}: no such choice; {field} can be {', '.join(others)}, cuda or cuda:N")


def require_present(field: str, value: str, others: Sequence[str] = ("cpu",)) -> None:
    """Raise `ConfigError` unless `value`, which `require_device` has let pass, is one of `others` or a GPU of torch."""
    if value in others:
        return
    import torch

    number = int(value.partition(":")[2] or 0)
    if not torch.cuda.is_available() or number >= torch.cuda.device_count():
        raise ConfigError(f"{field}={value}: torch sees no such device here; take {' or '.join(others)}")


@cache
def has_gpu() -> bool:
    """Return whether torch sees a GPU; it is asked only where a driver is installed, since it is slow to import."""
    if shutil.which("nvidia-smi") is None and not Path("/proc/driver/nvidia").exists():
        return False
    import torch

    return bool(torch.cuda.is_available())
