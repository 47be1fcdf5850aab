"""Text as LaTeX and Markdown print it: filters of the templates."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["markdown", "tex"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$&])")
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "–": "--", "—": "---", "−": r"\ensuremath{-}",
    "·": r"\textperiodcentered{}", "×": r"\texttimes{}", "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}",
    "±": r"\textpm{}", "°": r"\textdegree{}", "µ": r"\textmu{}", "…": r"\ldots{}", "→": r"\ensuremath{\rightarrow}",
    "≤": r"\ensuremath{\leq}", "≥": r"\ensuremath{\geq}", "Δ": r"\ensuremath{\Delta}", "χ": r"\ensuremath{\chi}",
    "²": r"\textsuperscript{2}", "³": r"\textsuperscript{3}", "’": "'", "‘": "`", "“": "``", "”": "''",
}  # fmt: skip


def markdown(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    return " ".join(_MARKDOWN.sub(r"\\\1", text).split())


def tex(text: str) -> str:
    """Return `text` so that LaTeX prints it as it is; letters outside Latin script become ``?``."""
    return "".join(_TEX.get(letter) or _letter(letter) for letter in " ".join(text.split()))


def _letter(letter: str) -> str:
    if ord(letter) < 0x180 and letter.isprintable():
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return "".join(_TEX.get(c, c) for c in plain) or "?"
