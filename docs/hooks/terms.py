"""Spells out the field's abbreviations at their first use on each page, with a link to the glossary."""

from __future__ import annotations

import posixpath
import re
from typing import Any

# Abbreviation, as pages write it, to what stands in its place at the first use, and its heading in the glossary.
TERMS = {
    "UF1": ("unweighted F1 score (UF1)", "uf1"),
    "UAR": ("unweighted average recall (UAR)", "uar"),
    "LOSO": ("leave-one-subject-out (LOSO)", "loso"),
    "HOOF": ("histogram of oriented optical flow (HOOF)", "hoof"),
    "ROI": ("region of interest (ROI)", "roi"),
    "FACS": ("facial action coding system (FACS)", "facs"),
    "SVM": ("support vector machine (SVM)", "svm"),
    "MEGC": ("micro-expression grand challenge (MEGC)", "megc"),
}
_SKIPPED = ("glossary.md",)
# What is no prose: code in backticks, links and images, addresses, HTML.
_NO_PROSE = re.compile(r"`[^`]*`|!?\[[^\]]*\]\([^)]*\)|\[[^\]]*\]\[[^\]]*\]|<[^>]*>|https?://\S+")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Link each term at its first use in the prose of the page."""
    name = page.file.src_uri
    if name in _SKIPPED or name.startswith("reference/"):
        return markdown
    glossary = posixpath.relpath("glossary.md", posixpath.dirname(name) or ".")
    left, fenced, lines = dict(TERMS), False, []
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        lines.append(line if fenced or _no_sentence(line) else _link(line, left, glossary))
    return "\n".join(lines) + "\n"


def _no_sentence(line: str) -> bool:
    return line.lstrip().startswith(("#", "|", "```", ":::", "!!!", "???", "    ", "!["))


def _link(line: str, left: dict[str, tuple[str, str]], glossary: str) -> str:
    for term, (text, anchor) in list(left.items()):
        for found in re.finditer(rf"(?<![\w/=-]){term}(?![\w/=])", line):
            if not any(a.start() <= found.start() < a.end() for a in _NO_PROSE.finditer(line)):
                line = f"{line[: found.start()]}[{text}]({glossary}#{anchor}){line[found.end() :]}"
                del left[term]
                break
    return line
