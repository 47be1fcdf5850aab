"""What the verbs share in reading their arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mer.errors import ConfigError

__all__ = ["quoted_path", "take_config_dir", "take_settings"]

_PATHS = ("clips", "dir", "file", "home", "intervals", "landmarks", "objective", "patches", "root", "table")


def take_config_dir(arguments: Sequence[str]) -> list[str]:
    """Turn ``--config-dir DIR`` (or ``--config-dir=DIR``) into the Hydra override that adds the folder.

    Raises
    ------
    ConfigError
        Where DIR is missing or no folder.
    """
    from mer.config import searchpath_override

    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name != "--config-dir":
            rest.append(quoted_path(word))
            continue
        folder = value if equals else next(words, None)
        if not folder:
            raise ConfigError("--config-dir needs a folder: --config-dir DIR")
        rest.append(searchpath_override(folder))
    return rest


def quoted_path(word: str) -> str:
    """Put quotes around a path that Hydra's grammar would not read, such as ``dataset.root=/data/CAS(ME)^2 raw``."""
    name, equals, value = word.partition("=")
    known = name.lstrip("+").rpartition(".")[2] in _PATHS and equals
    if not known or re.fullmatch(r"[\w./:@%~+,-]*", value, re.ASCII) or value.startswith(("'", '"', "$", "[", "{")):
        return word
    # Hydra reads a backslash as itself, unless a quote follows it.
    escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", value).replace("'", r"\'")
    return f"{name}='{escaped}'"


def take_settings(arguments: Sequence[str], defaults: Mapping[str, str]) -> dict[str, str]:
    """Read ``name=value`` words of a verb that needs no composed configuration.

    Raises
    ------
    ConfigError
        For a word of another form or a name that the verb does not know.
    """
    given = dict(defaults)
    for word in arguments:
        name, equals, value = word.partition("=")
        if not equals or name not in defaults:
            raise ConfigError(f"{word}: not understood; this verb takes {', '.join(f'{key}=...' for key in defaults)}")
        given[name] = value
    return given
