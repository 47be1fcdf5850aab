"""Rules for the name of a study, which is also a folder, an MLflow experiment and a word on the command line."""

from __future__ import annotations

import re

from mer.errors import ConfigError

__all__ = ["check_study_name"]

_LONGEST = 200  # bytes; file systems allow 255, and the report's files extend the name
_SIGNS = re.compile(r"[/\\=\x00-\x1f\x7f]")


def check_study_name(name: object) -> None:
    r"""Refuse a study name that cannot be used as a folder or on the command line.

    Parameters
    ----------
    name : object
        The setting ``study``: text or a number.

    Raises
    ------
    ConfigError
        For another type, an empty name, one of only dots, one that begins with ``-`` or begins or ends with a space,
        one with ``/``, ``\``, ``=`` or a control character, and one of more than 200 bytes.
    """
    if isinstance(name, bool) or not isinstance(name, str | int | float):
        raise ConfigError(f"study={name}: must be a name; put it in quotes to use it as text")
    text = str(name)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > _LONGEST:
        raise ConfigError(f"study={text[:20]}...: has {size} bytes; use at most {_LONGEST}")
    if not text.strip(". ") or text != text.strip() or text.startswith("-"):
        raise ConfigError(
            f"study={text!r}: use a name that is not only dots, without a space at either end or - at the start"
        )
    found = _SIGNS.search(text)
    if found:
        raise ConfigError(
            f"study={text!r}: a name cannot contain {found.group()!r}; use letters, digits, spaces, _ . or -"
        )
