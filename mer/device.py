"""What a setting ``device`` can be, and whether torch sees it here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mer.errors import ConfigError

__all__ = ["require_device", "require_present"]


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
