"""Spellings of one name: tables and disks write the same clip or person in several ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mer.errors import DataError

__all__ = ["plain_name", "require_one_spelling", "unpadded_name"]


def plain_name(name: str) -> str:
    """Return a file name without image extension, outer blanks and case; inner blanks and dashes as ``_``."""
    stem = re.sub(r"\.(png|jpe?g|bmp|tiff?)$", "", unicodedata.normalize("NFKC", name).strip(), flags=re.IGNORECASE)
    return re.sub(r"[\s_-]+", "_", stem.strip()).casefold()


def unpadded_name(name: str) -> str:
    """Return the plain name without zeros in front of its numbers, ``s1_ne_1`` for ``s01_ne_01``."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain_name(name))


def require_one_spelling(subjects: Iterable[str], where: str) -> None:
    """Make sure that no person goes by two names, or leave-one-subject-out would train on whom it tests.

    Parameters
    ----------
    subjects : iterable of str
        Such as ``smic/s01``, with the database in front.
    where : str
        File or folder, for the message.

    Raises
    ------
    DataError
        Where two differ in case, blanks or zeros alone.
    """
    spelling: dict[str, str] = {}
    for subject in sorted(set(subjects)):
        first = spelling.setdefault(unpadded_name(subject), subject)
        if first != subject:
            raise DataError(
                f"{where}: subjects {first} and {subject} look like one person; spell them alike (or, if they are two, "
                "give them names that differ in more than case, blanks and zeros)"
            )
