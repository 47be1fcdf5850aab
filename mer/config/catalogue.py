"""Location and options of the config files; without Hydra, so that `--help` is fast."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["OF_OTHERS", "conf_dir", "groups", "options", "settings"]


# Groups of mer spot, mer run task=spot, mer landmarks, mer train and mer predict.
OF_OTHERS = ("spotter", "task", "temporal", "train", "trust")


def conf_dir() -> Path:
    """Return the folder ``conf/``: inside the installed package, or at the top of the checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def options(group: str) -> tuple[str, ...]:
    """Return the options of a config group, sorted; empty for a group that does not exist."""
    return tuple(sorted(path.stem for path in (conf_dir() / group).glob("*.yaml")))


def groups() -> dict[str, tuple[str, ...]]:
    """Return every config group of a run with its options, in the order of the pipeline, then the others."""
    first = [line.split("- ")[1].split(":")[0] for line in _defaults() if "override" not in line and ":" in line]
    first.sort(key=lambda group: group != "dataset")  # last in the defaults list, to override other groups
    for late in ("svm", "codes"):  # before the descriptor in the defaults list, for the same reason
        first.remove(late)
        first.insert(first.index("descriptor") + 1, late)
    rest = sorted(path.name for path in conf_dir().iterdir() if path.is_dir() and path.name not in (*first, *OF_OTHERS))
    return {group: options(group) for group in [*first, *rest]}


def _defaults() -> list[str]:
    text = (conf_dir() / "config.yaml").read_text(encoding="utf-8")
    block = text.split("defaults:", 1)[1].split("\n\n", 1)[0]
    return [line for line in block.splitlines() if line.strip().startswith("- ")]


def settings(group: str) -> tuple[str, ...]:
    """Return the top-level settings of the options of a group, sorted."""
    found: set[str] = set()
    for path in (conf_dir() / group).glob("*.yaml"):
        found.update(re.findall(r"^([A-Za-z]\w*):", path.read_text(encoding="utf-8"), re.MULTILINE))
    return tuple(sorted(found - {"defaults"}))
