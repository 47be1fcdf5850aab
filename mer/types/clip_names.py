"""One clip, spelt in several ways: what a log, a list or a run on the same database call it."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["ClipKey", "clip_key", "without_final_f"]

ClipKey = tuple[str, str, str]


def clip_key(dataset: str, subject: str, clip: str) -> ClipKey:
    """Return database, subject and clip in one plain spelling.

    Parameters
    ----------
    dataset : str
        Such as ``CASME II`` or ``smic``.
    subject : str
        With or without the database in front: ``smic/s01`` or ``s01``.
    clip : str
        With or without database and subject in front: ``smic_s01_ne_01``, ``s01/s01_ne_01`` or ``s01_ne_01``.

    Returns
    -------
    tuple of str
        Such as ``("smic", "s1", "ne_1")``.
    """
    who, name = _plain(subject.rpartition("/")[2]), _plain(clip).removeprefix(f"{_plain(dataset)}_")
    while name.startswith(f"{who}_"):
        name = name.removeprefix(f"{who}_")
    return _database(dataset), who, name


def without_final_f(key: ClipKey) -> ClipKey:
    """Return the key of CASME II's ``EP02_01f`` as copies of its table spell it: ``EP02_01``."""
    return key[0], key[1], re.sub(r"(?<=\d)f$", "", key[2])


def _plain(name: str) -> str:
    """Return a name without image extension, case and zeros before numbers; blanks, dashes and slashes as ``_``."""
    stem = re.sub(r"\.(avi|mp4|png|jpe?g|bmp|tiff?)$", "", unicodedata.normalize("NFKC", name).strip(), flags=re.I)
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\s_/\\-]+", "_", stem.strip())).casefold()


def _database(name: str) -> str:
    plain = re.sub(r"[\W_]+", "", name).casefold()
    if plain in ("casmeii", "casme2"):
        return "casme2"
    return "smic" if plain.startswith("smic") else plain
