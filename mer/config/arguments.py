"""Parsing of command-line words, shared by the commands."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping, Sequence

from mer.errors import ConfigError

__all__ = ["overrides", "quoted", "take_settings", "truth"]

# Settings whose values are paths or names.
_TEXTS = (
    *("clips", "dir", "file", "folder", "home", "images", "intervals", "journal", "landmarks", "model", "objective"),
    *("output", "patches", "root", "study", "table", "weights"),
)


def overrides(asked: Namespace) -> list[str]:
    """Return Hydra overrides: the folder of ``--config-dir``, and the other words with their paths in quotes.

    Raises
    ------
    ConfigError
        If the folder does not exist.
    """
    words = [quoted(word) for word in asked.overrides]
    if asked.config_dir is None:
        return words
    from mer.config.composition import searchpath_override

    return [searchpath_override(asked.config_dir), *words]


def quoted(word: str) -> str:
    """Put quotes around a path or a name that Hydra's grammar cannot parse, such as ``dataset.root=/CAS(ME)^2 raw``.

    Several values, separated by commas and without other signs, stay several.
    """
    name, equals, value = word.partition("=")
    known = name.lstrip("+").rpartition(".")[2] in _TEXTS and equals
    if not known or value.startswith(("'", '"', "$", "[", "{")):
        return word
    if not re.fullmatch(r"[\w./:@%~+,-]*", value, re.ASCII):
        return f"{name}={_in_quotes(value)}"
    return f"{name}={','.join(map(_plain, value.split(',')))}"


def _plain(value: str) -> str:
    return value if re.fullmatch(r"[\w./+-]*", value, re.ASCII) else _in_quotes(value)


def _in_quotes(value: str) -> str:
    # Hydra takes a backslash literally, unless a quote follows it.
    escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", value).replace("'", r"\'")
    return f"'{escaped}'"


def take_settings(arguments: Sequence[str], defaults: Mapping[str, str]) -> dict[str, str]:
    """Parse the ``name=value`` words of a command that needs no composed configuration.

    Raises
    ------
    ConfigError
        For a word of another form or a name that the command does not know.
    """
    given = dict(defaults)
    for word in arguments:
        name, equals, value = word.partition("=")
        if not equals or name not in defaults:
            known = ", ".join(f"{key}=..." for key in defaults)
            raise ConfigError(f"{word}: not understood; this command accepts {known}")
        given[name] = value
    return given


def truth(name: str, text: str) -> bool:
    """Return whether a setting of a command is ``true``; an empty one is not.

    Raises
    ------
    ConfigError
        If it is neither true nor false.
    """
    if text.lower() not in ("", "true", "false"):
        raise ConfigError(f"{name}={text}: must be true or false")
    return text.lower() == "true"
