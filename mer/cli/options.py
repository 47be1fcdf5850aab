"""`mer options [GROUP[=OPTION]]`: what can be chosen, read from the files of `conf/`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from mer.cli.command import Command, Parser, choose
from mer.cli.option_pages import general_page, group_page, groups_page, option_page
from mer.config.catalogue import OF_OTHERS, groups, options
from mer.errors import ConfigError
from mer.validation import user_path

__all__ = ["COMMAND"]

_GENERAL = "settings"


def _fill(parser: Parser) -> None:
    parser.add_argument("what", nargs="?", metavar="GROUP[=OPTION]", help="a group, or an option of it; or `settings`")
    text = "also list options in your own folder: DIR/flow/mine.yaml is flow=mine"
    parser.add_argument("--config-dir", metavar="DIR", help=text)
    parser.groups = (*groups(), *OF_OTHERS)
    parser.lists_groups = False


def _run(asked: Namespace) -> int:
    folder = _own_folder(asked.config_dir)
    group, _, name = (asked.what or "").lstrip("+").partition("=")
    if not group:
        page = groups_page(folder)
    elif group == _GENERAL:
        page = general_page()
    else:
        choose(group, [*groups(), *OF_OTHERS, _GENERAL], f"{group}: no such group", "mer options")
        page = _option(group, name, folder) if name else group_page(group, folder)
    print("\n".join(page))
    return 0


def _option(group: str, name: str, folder: Path | None) -> Iterator[str]:
    choose(name, options(group, folder), f"{group}={name}: no such option", f"mer options {group}")
    return option_page(group, name, folder)


def _own_folder(given: str | None) -> Path | None:
    if given is None:
        return None
    folder = user_path("--config-dir", given)
    if not folder.is_dir():
        raise ConfigError(f"--config-dir {given}: no such folder; give your own folder with flow/, roi/, ...")
    return folder


COMMAND = Command(
    help="list what can be chosen: groups, their options, and the settings of an option",
    description="Lists the groups of options; the options of a group, each in a sentence with its source; or every "
    "setting of an\noption with its default, the values that it accepts and what it means.",
    examples="  mer options\n  mer options descriptor\n  mer options descriptor=hoof\n"
    "  mer options flow=mine --config-dir my/options\n",
    fill=_fill,
    run=_run,
)
