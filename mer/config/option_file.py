"""Reads what an option's YAML says in its comments: what the option is, and what each of its settings means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["Setting", "header_of", "parts_of", "settings_of"]

_LINE = re.compile(r"(?P<indent> *)(?P<name>[A-Za-z_][\w.@]*):(?P<rest>.*)")
_COMMENT = re.compile(r"""(?P<value>(?:[^'"#]|'[^']*'|"[^"]*"|(?<! )\#)*?)(?:\s+\#\s*(?P<comment>.*))?""")
_PART = re.compile(r"- (?:override )?/?(?P<name>\w+)@(?P<place>[\w.]+)(?:: *(?P<option>\w+))?")
_CHOICES = re.compile(r"([\w.]+(?: \| [\w.]+(?::N)?)+)")
_UNITS = r"px|degrees|Hz|frames per second|bin widths|inter-ocular distances|grey levels|gigabytes|days|seconds|s"
_UNIT = re.compile(rf"(?:^|in |, |\()({_UNITS})(?=$|[\s;,.)])")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of an option.

    Attributes
    ----------
    name : str
        With the names of the blocks around it: ``smooth.cutoff``.
    default : str
        As the file writes it; empty for a block, whose settings follow.
    comment : str
        What the file says about it, on one line.
    range : str
        The values that its component accepts, such as ``at least 2``; empty where the code does not limit it to fixed
        numbers.
    """

    name: str
    default: str
    comment: str = ""
    range: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values to choose from, as the comment lists them: ``hard | linear | gaussian``."""
        found = _CHOICES.match(self.comment)
        return tuple(found.group(1).split(" | ")) if found else ()

    @property
    def unit(self) -> str:
        """The unit that the comment names, such as px; empty for none."""
        found = _UNIT.search(self.comment)
        return found.group(1) if found else ""


def header_of(file: Path) -> tuple[str, ...]:
    """Return the lines of the comment at the top of a file, without ``#`` and without Hydra's ``@package``."""
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
    return tuple(line for line in lines if not line.startswith("@package"))


def parts_of(file: Path) -> dict[str, tuple[str, str]]:
    """Return the options that a file takes into a place of its own: place -> group and option."""
    found = _PART.finditer(_defaults(file.read_text(encoding="utf-8")))  # `- hoof@place` is of the file's own group
    pairs = {one["place"]: (one["name"], one["option"]) for one in found}
    return {place: (a, b) if b else (file.parent.name, a) for place, (a, b) in pairs.items()}


def bases_of(file: Path) -> tuple[str, ...]:
    """Return the options of the same group that a file begins with, as ``- similarity``."""
    return tuple(re.findall(r"^ *- (\w+)$", _defaults(file.read_text(encoding="utf-8")), re.MULTILINE))


def settings_of(file: Path) -> tuple[Setting, ...]:
    """Return the settings of a file in its order, with those of the options that it begins with.

    Parameters
    ----------
    file : Path
        ``conf/<group>/<option>.yaml``, or a root file of `conf/`.
    """
    found: dict[str, Setting] = {}
    for base in bases_of(file):
        if base != "_self_" and (other := file.with_name(f"{base}.yaml")).exists():
            found |= {one.name: one for one in settings_of(other)}
    for one in _read(file.read_text(encoding="utf-8")):
        inherited = found.get(one.name)
        found[one.name] = replace(inherited, default=one.default) if inherited and not one.comment else one
    return tuple(found.values())


def _defaults(text: str) -> str:
    """Return the block ``defaults:``."""
    block = re.search(r"^defaults:\n((?: +.*\n|\n(?= ))*)", text, re.MULTILINE)
    return block.group(1) if block else ""


def _read(text: str) -> Iterator[Setting]:
    """Yield the settings of a file in its own lines."""
    lines = text.replace(_defaults(text), "", 1).splitlines()
    blocks: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        found = _LINE.fullmatch(line)
        if not found or found["name"] in ("defaults", "_target_", "_self_"):
            continue
        indent, below = len(found["indent"]), list(_below(lines[number + 1 :], len(found["indent"])))
        while blocks and blocks[-1][0] >= indent:
            blocks.pop()
        told = _COMMENT.fullmatch(found["rest"])
        value = (told["value"] if told else found["rest"]).strip()
        said = [told["comment"]] if told and told["comment"] else []
        notes = [line.strip().lstrip("# ") for line in below if line.lstrip().startswith("#")]
        items = [line.strip()[2:] for line in below if line.lstrip().startswith("- ")]
        default = value or ("; ".join(item.partition("  #")[0] for item in items))
        name = ".".join([*(block for _, block in blocks), found["name"]])
        blocks.append((indent, found["name"]))
        yield Setting(name=name, default=default, comment=" ".join([*said, *notes]))


def _below(lines: list[str], indent: int) -> Iterator[str]:
    """Yield the lines that go on with a setting: indented comments and items of a list."""
    for line in lines:
        further = len(line) - len(line.lstrip())
        if not line.lstrip().startswith(("#", "- ")) or further <= indent:
            return
        yield line
