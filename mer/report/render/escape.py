"""Text as LaTeX and Markdown print it: filters of the templates."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["foreign", "markdown", "tex"]

_LATIN = 0x180  # up to here, pdfLaTeX with T1 fonts has the letters
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$&])")
_MINUS = re.compile(r"(?<![\w.\-])-(?=\.?\d)")  # of a number, not a hyphen in a name or a date
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
    r"""Return `text` so that LaTeX prints it as it is; letters of other scripts are wrapped in ``\merscript``.

    The minus of a negative number becomes a real minus sign.
    """
    real = _MINUS.sub("−", " ".join(text.split()))
    return "".join(_letter(letter) for letter in real)


def foreign(text: str) -> str:
    """Return the letters of `text` that pdfLaTeX cannot print, each once."""
    return "".join(letter for letter in dict.fromkeys(text) if _letter(letter).startswith(r"\merscript"))


def _letter(letter: str) -> str:
    if letter in _TEX or (ord(letter) < _LATIN and letter.isprintable()):
        return _TEX.get(letter, letter)
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    if not plain and letter.isprintable():
        return rf"\merscript{{{letter}}}"
    return "".join(_TEX.get(c, c) for c in plain) or "?"
