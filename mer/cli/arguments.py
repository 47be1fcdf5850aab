"""What the verbs share in reading their arguments."""

from __future__ import annotations

from collections.abc import Sequence

from mer.errors import ConfigError

__all__ = ["take_config_dir"]


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
            rest.append(word)
            continue
        folder = value if equals else next(words, None)
        if not folder:
            raise ConfigError("--config-dir needs a folder: --config-dir DIR")
        rest.append(searchpath_override(folder))
    return rest
