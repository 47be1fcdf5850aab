"""Where the config files lie and which options they offer; without Hydra, so that `--help` answers at once."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["conf_dir", "groups", "options", "settings"]


_OF_OTHERS = ("temporal", "train")  # groups of mer landmarks and mer train, not of a run


def conf_dir() -> Path:
    """Return the folder ``conf/``: inside the installed package, or at the top of the checkout it is run from."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def options(group: str) -> tuple[str, ...]:
    """Return the options of a config group, sorted; empty for a group that does not exist."""
    return tuple(sorted(path.stem for path in (conf_dir() / group).glob("*.yaml")))


def groups() -> dict[str, tuple[str, ...]]:
    """Return every config group of a run with its options, in the order of the pipeline, then the others."""
    first = [line.split("- ")[1].split(":")[0] for line in _defaults() if "override" not in line and ":" in line]
    first.sort(key=lambda group: group != "dataset")  # last in the defaults list, so that it may choose others' options
    first.remove("codes")  # before the descriptor in the defaults list, for the same reason
    first.insert(first.index("descriptor") + 1, "codes")
    rest = sorted(
        path.name for path in conf_dir().iterdir() if path.is_dir() and path.name not in (*first, *_OF_OTHERS)
    )
    return {group: options(group) for group in [*first, *rest]}


def _defaults() -> list[str]:
    text = (conf_dir() / "config.yaml").read_text(encoding="utf-8")
    block = text.split("defaults:", 1)[1].split("\n\n", 1)[0]
    return [line for line in block.splitlines() if line.strip().startswith("- ")]


def settings(group: str) -> tuple[str, ...]:
    """Return the settings that the options of a group have on their first level, sorted."""
    found: set[str] = set()
    for path in (conf_dir() / group).glob("*.yaml"):
        found.update(re.findall(r"^([A-Za-z]\w*):", path.read_text(encoding="utf-8"), re.MULTILINE))
    return tuple(sorted(found - {"defaults"}))
