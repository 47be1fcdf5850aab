"""The tables of a document as LaTeX with booktabs: made part of a paper, or compiled as they are."""

from __future__ import annotations

import re
import unicodedata

from mer.report.document import Document, Item, Table

__all__ = ["escape", "to_latex"]

_LONG = 40  # rows that fit on a page
_WORDS = 60  # letters after which a column of words is broken into lines

_BEGIN = r"""% Tables of the report, in booktabs style. Either \input this file into a paper whose preamble has
%   \usepackage[T1]{fontenc} \usepackage{booktabs,longtable,array,graphicx,textcomp}
% or compile it as it is.
\makeatletter
\ifx\@nodocument\relax
  \def\merend{}%
\else
  \documentclass{article}
  \usepackage[T1]{fontenc}
  \usepackage[margin=2cm]{geometry}
  \usepackage{booktabs,longtable,array,graphicx,textcomp}
  \begin{document}
  \def\merend{\end{document}}%
\fi
\makeatother
"""

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "–": "--", "—": "---", "−": r"\ensuremath{-}",
    "·": r"\textperiodcentered{}", "×": r"\texttimes{}", "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}",
    "±": r"\textpm{}", "°": r"\textdegree{}", "µ": r"\textmu{}", "…": r"\ldots{}", "→": r"\ensuremath{\rightarrow}",
    "≤": r"\ensuremath{\leq}", "≥": r"\ensuremath{\geq}", "Δ": r"\ensuremath{\Delta}", "χ": r"\ensuremath{\chi}",
    "²": r"\textsuperscript{2}", "³": r"\textsuperscript{3}", "’": "'", "‘": "`", "“": "``", "”": "''",
}  # fmt: skip


def to_latex(document: Document) -> str:
    """Return all tables that belong into a paper; long words break, long tables go over several pages."""
    return "\n".join([_BEGIN, *(_table(table) for table in document.tables), r"\merend"]) + "\n"


def escape(text: str) -> str:
    """Return `text` so that LaTeX prints it as it is; letters outside Latin script become ``?``."""
    return "".join(_SPECIAL.get(letter) or _letter(letter) for letter in " ".join(text.split()))


def _letter(letter: str) -> str:
    if ord(letter) < 0x180 and letter.isprintable():
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return "".join(_SPECIAL.get(c, c) for c in plain) or "?"


def _table(table: Table) -> str:
    long = len(table.rows) > _LONG
    head = " & ".join(escape(column.head) for column in table.columns) + r" \\"
    body = []
    for row in table.rows:
        body += [r"\midrule"] * row.rule + [" & ".join(map(_item, row.items)) + r" \\"]
    notes = [rf"\par\smallskip{{\footnotesize {' '.join(map(escape, table.notes))}\par}}"] if table.notes else []
    caption = rf"\caption{{{escape(table.caption)}}}\label{{tab:{re.sub('[^a-z0-9-]', '-', table.key)}}}"
    columns = _columns(table)
    if long:
        return "\n".join(
            ["", rf"{{\small\begin{{longtable}}{{{columns}}}", rf"{caption}\\", r"\toprule", head, r"\midrule",
             r"\endfirsthead", r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot",
             *body, r"\end{longtable}}", *notes]
        )  # fmt: skip
    inner = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if _wide(table):
        inner = [r"\resizebox{\textwidth}{!}{%", *inner[:-1], r"\end{tabular}}"]
    return "\n".join(["", r"\begin{table}[htbp]", r"\centering\small", caption, *inner, *notes, r"\end{table}"])


def _columns(table: Table) -> str:
    kinds = []
    for i, column in enumerate(table.columns):
        broken = max((len(row.items[i].shown) for row in table.rows), default=0) > _WORDS
        kinds.append("r" if column.numeric else r">{\raggedright\arraybackslash}p{0.55\textwidth}" if broken else "l")
    return f"@{{}}{''.join(kinds)}@{{}}"


def _wide(table: Table) -> bool:
    letters = sum(
        max([len(c.head), *(len(row.items[i].shown) for row in table.rows)]) for i, c in enumerate(table.columns)
    )
    return letters + 3 * len(table.columns) > 95 and "p{" not in _columns(table)


def _item(item: Item) -> str:
    text = escape(item.text)
    if item.mark == "best":
        text = rf"\textbf{{{text}}}"
    elif item.mark == "tied":
        text += r"\textsuperscript{\textdagger}"
    return f"{text} {escape(item.interval)}".strip()
