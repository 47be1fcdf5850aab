"""What a study may be called: its name is a folder, an MLflow experiment and a word of the command line."""

from __future__ import annotations

import re

from mer.errors import ConfigError

__all__ = ["check_study_name"]

_LONGEST = 200  # bytes; a file system takes 255, and the report's files add to the name
_SIGNS = re.compile(r"[/\\=\x00-\x1f\x7f]")


def check_study_name(name: object) -> None:
    r"""Refuse a name under which a study's runs could not be kept or asked for.

    Parameters
    ----------
    name : object
        The setting ``study``: text or a number.

    Raises
    ------
    ConfigError
        For another type, an empty name, one of dots alone, one that begins with ``-`` or begins or ends with a space,
        one with ``/``, ``\``, ``=`` or a control character, and one of more than 200 bytes.
    """
    if isinstance(name, bool) or not isinstance(name, str | int | float):
        raise ConfigError(f"study={name}: must be a name; put quotes around it to take it as text")
    text = str(name)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > _LONGEST:
        raise ConfigError(f"study={text[:20]}...: has {size} bytes; a name may have {_LONGEST} at most")
    if not text.strip(". ") or text != text.strip() or text.startswith("-"):
        raise ConfigError(f"study={text!r}: must be a name, not dots alone, without a space at its ends or - before it")
    found = _SIGNS.search(text)
    if found:
        raise ConfigError(
            f"study={text!r}: a name cannot have {found.group()!r}; use letters, digits, spaces, _ . or -"
        )
