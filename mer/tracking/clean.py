"""What MLflow accepts: keys, texts and numbers, made to fit instead of refused at the end of a long run."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["first_line", "numbers", "slug", "steps", "texts"]

_KEY_LENGTH = 250  # MLflow refuses longer keys
_TEXT_LENGTH = 500  # what its compare page can show; the whole of it is in config.yaml
_CUT = " …"


def slug(key: str) -> str:
    """Return `key` with everything that MLflow refuses in a key replaced by an underscore.

    Letters (accented ones too), digits, ``_ - . : /`` and blanks stay; a path is made one without empty, ``.`` or
    ``..`` parts, because keys become file names on some stores.
    """
    allowed = re.sub(r"[^\w\-. :/]", "_", key)
    parts = [part.lstrip(".") for part in allowed.split("/")]
    return "/".join(part for part in parts if part.strip())[:_KEY_LENGTH].rstrip("/") or "_"


def texts(values: Mapping[str, object]) -> dict[str, str]:
    """Return params or tags as MLflow takes them: None is left out, long texts end in an ellipsis."""
    given = [(key, str(value)) for key, value in values.items() if value is not None]
    keys = _unique(key for key, _ in given)
    return {key: _shortened(text) for key, (_, text) in zip(keys, given, strict=True)}


def numbers(values: Mapping[str, float | None]) -> tuple[dict[str, float], list[str]]:
    """Return the finite numbers, and the keys of those that are NaN or infinite; None is left out.

    MLflow stores infinity as 1.8e308 and drops NaN from its filters, so neither is logged.
    """
    given = [(key, float(value)) for key, value in values.items() if value is not None]
    keys = _unique(key for key, _ in given)
    pairs = [(key, value) for key, (_, value) in zip(keys, given, strict=True)]
    return {k: v for k, v in pairs if math.isfinite(v)}, [k for k, v in pairs if not math.isfinite(v)]


def steps(series: Mapping[str, Sequence[float]]) -> list[tuple[str, int, float]]:
    """Return (key, step, value) of every finite value; a step without a value stays a gap in the chart."""
    keys = _unique(series)
    return [
        (key, step, float(value))
        for key, values in zip(keys, series.values(), strict=True)
        for step, value in enumerate(values)
        if math.isfinite(value)
    ]


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message; libraries append SQL statements and links to it."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _unique(keys: Iterable[str]) -> list[str]:
    seen: list[str] = []
    for key in map(slug, keys):
        while key in seen:
            key += "_"
        seen.append(key)
    return seen


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH else text[: _TEXT_LENGTH - len(_CUT)] + _CUT
