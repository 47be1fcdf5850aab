"""Cells of tables: characters that cannot be seen, and what spreadsheet programs write instead of a value."""

from __future__ import annotations

import re
import unicodedata

from mer.errors import DataError

__all__ = ["cell_fault", "plain_cell", "require_visible"]

_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of words in several scripts
# Shown as nothing or as a blank, though Unicode counts them as letters, marks or signs.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}
_UNSEEN = {"Cf", "Cc", "Zl", "Zp"}
# #N/A, #REF! and #NAME? in the languages of the programs, such as #NV and #BEZUG!; ### is a column that was too narrow.
_ERROR = re.compile(r"#(?:N/[AD]|NV|#+|[A-ZÀ-Þ_/0]+[!?]|GETTING_DATA|BUSY|KALK)")


def require_visible(where: str, what: str, text: str) -> None:
    """Raise DataError for a text with an invisible character, by which two equal-looking names differ."""
    unseen = next((c for c in text if _is_unseen(c)), None)
    if unseen is not None:
        name = unicodedata.name(unseen, "a control character")
        shown = repr(text).replace(unseen, f"\\u{ord(unseen):04x}")
        raise DataError(f"{where}: {what} {shown} has an invisible character, U+{ord(unseen):04X} {name}; delete it")


def cell_fault(text: str) -> str:
    """Return what is wrong with a cell that holds a formula or an error instead of a value, and the next step.

    Returns
    -------
    str
        A sentence without its subject, the cell; empty where nothing is wrong.
    """
    if text.startswith("="):
        return f"holds the formula {text} without a stored value; open the file in a spreadsheet program and save it"
    if text.startswith("#") and _ERROR.fullmatch(text):
        return f"holds the error {text} of a spreadsheet program; correct its formula, or type the value"
    return ""


def plain_cell(text: str) -> str:
    """Return a text without blanks around it, and the 007 of ``="007"``, by which a CSV keeps zeros in spreadsheets."""
    kept = re.fullmatch(r'="([^"]*)"', text.strip())
    return (kept.group(1) if kept else text).strip()


def _is_unseen(character: str) -> bool:
    if character in _JOINERS or character in "\t\r\n":
        return False
    return character in _BLANK or unicodedata.category(character) in _UNSEEN
