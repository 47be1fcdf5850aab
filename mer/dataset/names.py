"""Spellings of one name: tables and disks write the same clip, person or class in several ways."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from mer.errors import DataError

__all__ = ["plain_name", "require_one_spelling", "unpadded_name"]


def plain_name(name: str) -> str:
    """Return a file name without image extension, outer blanks and case; inner blanks and dashes as ``_``."""
    stem = re.sub(r"\.(png|jpe?g|bmp|tiff?)$", "", unicodedata.normalize("NFKC", name).strip(), flags=re.IGNORECASE)
    return re.sub(r"[\s_-]+", "_", stem.strip()).casefold()


def unpadded_name(name: str) -> str:
    """Return the plain name without zeros in front of its numbers, ``s1_ne_1`` for ``s01_ne_01``."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain_name(name))


def require_one_spelling(kind: Literal["subject", "label"], names: Iterable[str], where: str) -> None:
    """Make sure that no person and no class has two names.

    Otherwise leave-one-subject-out would train on the person whom it tests, and one class would count as two.

    Parameters
    ----------
    kind : {"subject", "label"}
    names : iterable of str
        One per clip; a subject with the database in front, such as ``smic/s01``.
    where : str
        File or folder, for the message.

    Raises
    ------
    DataError
        If two names differ only in case, blanks, dashes, padding zeros, invisible characters or the form of a
        character, or, for numbers, in a ``.0`` at the end; it gives both and the number of clips of each.
    """
    clips = Counter(names)
    first: dict[str, str] = {}
    for name in sorted(clips):
        other = first.setdefault(_as_seen(name), name)
        if other != name:
            one = "person" if kind == "subject" else "class"
            raise DataError(
                f"{where}: {kind}s {_shown(other, clips)} and {_shown(name, clips)} look like one {one}; spell them "
                "alike (or, if they are two, give them names that differ in more than case, blanks, dashes and zeros)"
            )


def _as_seen(name: str) -> str:
    """Return what a reader sees of a name: ``s1`` for ``S_01``, ``1`` for ``1.0``."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    number = re.sub(r"^\s*(\d+)[.,]0+\s*$", r"\1", visible)
    spaced = re.sub(r"(?<=\d)[\W_]+(?=\d)", "|", unpadded_name(number))  # 1-2 is not 12
    return re.sub(r"(?<=[^\W_])(?:[\s._]+(?=[^\W_])|[\s.]+$)", "", spaced)  # a sign in front counts: -1 is not 1


def _shown(name: str, clips: Counter[str]) -> str:
    """Return a name with its count; in quotes, with codes for what cannot be seen, where it is not plain."""
    plain = name.isascii() and name == name.strip() and name.isprintable()
    return f"{name if plain else ascii(name)} ({clips[name]} clip{'s' if clips[name] > 1 else ''})"
