"""The pages of `mer options` and of the help of an option, as lines of text."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

from mer.config.catalogue import (
    ABOUT,
    OF_OTHERS,
    Option,
    default_option,
    general_settings,
    groups,
    option,
    options,
    options_in_detail,
)
from mer.config.option_file import Setting

__all__ = ["general_page", "group_page", "groups_page", "option_page"]

_WIDEST = 120
_NAME, _DEFAULT = 24, 16  # columns of a table; a longer entry pushes its own line


def groups_page(folder: Path | None) -> Iterator[str]:
    """Yield every group with what it chooses, in the order of the pipeline."""
    yield "groups of mer run, in the order of the pipeline   (* used by default)\n"
    for group in groups():
        yield from _row(group, ABOUT[group])
        names = ", ".join(f"{name}*" if name == default_option(group) else name for name in options(group, folder))
        yield from _row("", names)
    yield "\ngroups of other commands\n"
    for group in OF_OTHERS:
        yield from _row(group, ABOUT[group])
        yield from _row("", ", ".join(options(group, folder)))
    yield "\nmer options GROUP           every option of a group in a sentence, such as mer options descriptor"
    yield "mer options GROUP=OPTION    every setting of an option, such as mer options descriptor=hoof"
    yield "mer options settings        the settings of a run that belong to no group, such as seed and study"


def group_page(group: str, folder: Path | None) -> Iterator[str]:
    """Yield the options of a group, each with its first sentence and its source."""
    plus = "+" if group == "experiment" else ""
    yield f"{group}: {ABOUT[group]}   (* used by default)\n"
    for one in options_in_detail(group, folder):
        mark = "*" if one.name == default_option(group) else ""
        source = f" {one.source}" if one.source and one.source not in one.sentence else ""
        own = " (in your folder)" if one.own else ""
        yield from _row(f"{one.name}{mark}", f"{one.sentence}{source}{own}")
    yield f"\nchoose one by {plus}{group}=OPTION; its settings: mer options {group}=OPTION"


def option_page(group: str, name: str, folder: Path | None = None) -> Iterator[str]:
    """Yield what one option is, and every setting of it with default, accepted values and meaning."""
    yield from _option(option(group, name, folder))


def _option(one: Option) -> Iterator[str]:
    plus = "+" if one.group == "experiment" else ""
    default = ", used by default" if one.name == default_option(one.group) else ""
    yield f"{plus}{one.group}={one.name}{' (in your folder)' if one.own else ''}{default}\n"
    yield from one.lines if one.group == "experiment" else textwrap.wrap(one.text, _width())
    if one.target:
        yield f"class: {one.target}"
    if one.settings:
        yield from _settings(one.settings, "" if "@" in one.group or not one.target else f"{one.group}.")
    for place, (group, name) in one.parts.items():
        yield from _part(one.group, place.removeprefix("_global_."), group, name)
    example = next((setting for setting in one.settings if setting.default), None)
    if example is not None and one.target and not plus:
        yield f"\nset one by {one.group}.NAME=VALUE, such as {one.group}.{example.name}={example.default}"


def _part(outer: str, place: str, group: str, name: str) -> Iterator[str]:
    whole = place if place == group else f"{outer}.{place}"
    own = "" if place == group else f"; choose another by {group}@{whole}=OPTION"
    yield ""
    text = f"{whole} is {group}={name}{own}; its settings are {whole}.NAME (mer options {group}={name})"
    yield from textwrap.wrap(text, _width(), break_on_hyphens=False)


def general_page() -> Iterator[str]:
    """Yield the settings of a run without a group."""
    yield "settings of mer run that belong to no group"
    yield from _settings(general_settings(), "")


def _settings(listed: tuple[Setting, ...], group: str) -> Iterator[str]:
    heading = f"{group}NAME" if group else "NAME"
    yield f"\n  {heading:<{_NAME}}{'default':<{_DEFAULT}}meaning [values]"
    for one in listed:
        limits = f" [{one.range}]" if one.range and not one.choices and one.range not in one.comment else ""
        yield from _row(one.name, f"{one.comment}{limits}".strip(), one.default)


def _row(name: str, text: str, default: str | None = None) -> Iterator[str]:
    """Yield a line of a table, and further lines below its last column where the text is long."""
    start = f"  {name:<{_NAME - 1}} " if name else " " * (_NAME + 2)
    indent = _NAME + 2
    if default is not None:
        start += f"{default:<{_DEFAULT - 1}} "
        indent += _DEFAULT
    if len(start) > indent and text:  # the first columns are full: the text begins below them
        yield start.rstrip()
        start = " " * indent
    lines = textwrap.wrap(text, max(_width() - indent, 30)) or [""]
    yield (start + lines[0]).rstrip()
    yield from (" " * indent + line for line in lines[1:])


def _width() -> int:
    return min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
