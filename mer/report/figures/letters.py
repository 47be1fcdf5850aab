"""Letters of any script in figures: fonts that fill in for the first one, and a word where none has a letter."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.font_manager import fontManager

__all__ = ["any_letter"]

# Fonts with the letters of Chinese, Japanese or Korean that Linux, macOS and Windows bring.
_WIDE = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Droid Sans Fallback", "PingFang SC", "Hiragino Sans GB", "Heiti TC", "Arial Unicode MS",
    "Microsoft YaHei", "SimHei", "Malgun Gothic",
)  # fmt: skip
_MISSING = re.compile(r"Glyph (\d+) .*missing from font")
_said: set[str] = set()


@contextlib.contextmanager
def any_letter() -> Iterator[None]:
    """Draw with every font of this machine that has wide scripts; one sentence per process names what none has."""
    there = {font.name for font in fontManager.ttflist}
    families = [*mpl.rcParams["font.family"], *(name for name in _WIDE if name in there)]
    with mpl.rc_context({"font.family": families}), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    missing = []
    for one in caught:
        if found := _MISSING.match(str(one.message)):
            missing.append(chr(int(found[1])))
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if missing and not _said:
        letters = "".join(dict.fromkeys(missing))
        print(
            f"mer: figures show boxes for {letters}, which no font of this machine has; install one that does, such as "
            "Noto Sans CJK SC, and run the command again",
            file=sys.stderr,
        )
    _said.update(missing)
