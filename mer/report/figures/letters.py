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
    """Draw with every font of this machine that has wide scripts; letters that none has are named once per process."""
    there = {font.name for font in fontManager.ttflist}
    families = [*mpl.rcParams["font.family"], *(name for name in _WIDE if name in there)]
    with mpl.rc_context({"font.family": families}), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    missing = dict.fromkeys(chr(int(found[1])) for one in caught if (found := _MISSING.match(str(one.message))))
    for one in caught:
        if not _MISSING.match(str(one.message)):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    letters = "".join(letter for letter in missing if letter not in _said)
    if letters:
        print(
            f"mer: figures show boxes for {letters}, which no font of this machine has; install one that does, such as "
            "Noto Sans CJK SC, and run the command again",
            file=sys.stderr,
        )
    _said.update(missing)
