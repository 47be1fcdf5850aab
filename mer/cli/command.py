"""Shared by the commands: an argparse parser with one-sentence errors, and the tree of commands and their actions."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from mer.config.catalogue import options
from mer.errors import ConfigError, DataError, reason
from mer.store.program import default_home
from mer.validation import user_path

__all__ = ["Command", "Group", "Parser", "choose", "make_output", "two_columns"]

_WIDTH = 28  # columns up to the help of an option


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_WIDTH, width=120)


class Parser(argparse.ArgumentParser):
    """A parser whose settings may be written ``--name VALUE`` or, as everywhere in mer, ``name=VALUE``.

    Attributes
    ----------
    settings : list of str
        Names of the options that take a value and may be written without dashes.
    groups : tuple of str
        Groups of `conf/` whose options the command accepts.
    lists_groups : bool
        Whether the help page lists them.
    flags : list of str
        All options that start with two dashes.
    """

    def __init__(self, prog: str, description: str, examples: str = "") -> None:
        epilog = f"examples\n{examples}" if examples else None
        self.flags: list[str] = []  # before super().__init__, which adds --help
        super().__init__(prog=prog, description=description, epilog=epilog, formatter_class=_Help, allow_abbrev=False)
        self.settings: list[str] = []
        self.groups: tuple[str, ...] = ()
        self.lists_groups = True
        self._takes_words = False
        self._own = self.add_argument_group("settings (also name=VALUE)")

    def add_argument(self, *names: Any, **details: Any) -> argparse.Action:
        """Add an argument as argparse does."""
        self.flags += [name for name in names if name.startswith("--")]
        return super().add_argument(*names, **details)

    def setting(self, name: str, text: str, *, default: str = "", metavar: str = "VALUE") -> None:
        """Add a setting of the command itself."""
        self._own.add_argument(f"--{name}", default=default, metavar=metavar, help=text.replace("%", "%%"))
        self.settings.append(name)
        self.flags.append(f"--{name}")

    def home(self, text: str = "the folder of runs and cache; MER_HOME (./mer_home) by default") -> None:
        """Add the setting ``home``."""
        self.setting("home", text, default=default_home(), metavar="DIR")

    def overrides(self, groups: Sequence[str], *, config_dir: bool = True) -> None:
        """Accept Hydra overrides, for the given groups."""
        self.groups = tuple(groups)
        self.words("choose an option of a group (group=option) or change a number of it (group.setting=value)")
        if config_dir:
            text = "also look for options in your own folder: DIR/flow/mine.yaml gives flow=mine"
            self.add_argument("--config-dir", metavar="DIR", help=text)

    def words(self, text: str) -> None:
        """Add any number of words."""
        self._takes_words = True
        self.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help=text)

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse the words after the command; the result has all of them as ``words``, too.

        Raises
        ------
        ConfigError
            If the command does not accept one of them.
        """
        found = self.parse_intermixed_args([self._dashed(word) for word in words])
        found.words = list(words)
        if "home" in self.settings:
            found.home = str(user_path("home", found.home))
        return found

    def help_page(self, words: Sequence[str] = ()) -> str:
        """Return the help: of the options that the words choose, or else of the command with its groups."""
        chosen = [word.lstrip("+").split("=") for word in words if word.lstrip("+").partition("=")[0] in self.groups]
        if chosen:
            return self._chosen({group: value[0] for group, *value in chosen if value}, _own_folder(words))
        text = self.format_help()
        if not self.groups or not self.lists_groups:
            return text
        table = two_columns({group: ", ".join(options(group)) for group in self.groups})
        return (
            f"{text}\ngroups and their options (group=option); mer options GROUP says what each is, and\n"
            f"{self.prog} {self.groups[0]}=OPTION --help lists its settings\n{table}\n"
        )

    def _chosen(self, chosen: Mapping[str, str], folder: Path | None) -> str:
        from mer.cli.option_pages import option_page

        for group, name in chosen.items():
            choose(name, options(group, folder), f"{group}={name}: no such option", f"mer options {group}")
        pages = ["\n".join(option_page(group, name, folder)) for group, name in chosen.items()]
        return "\n\n".join([*pages, f"all that {self.prog} takes: {self.prog} --help\n"])

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and exiting."""
        raise ConfigError(f"{self.prog}: {message}; see {self.prog} --help")

    def _dashed(self, word: str) -> str:
        name, equals, _ = word.partition("=")
        if equals and name in self.settings:
            return f"--{word}"
        if equals and self.settings and not self._takes_words and name.isidentifier():
            raise ConfigError(f"{word}: {self.prog} has no such setting; it has {', '.join(self.settings)}")
        return word


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command.

    Attributes
    ----------
    help : str
        One line for the list of commands.
    description, examples : str
        Text of the help page before and after the arguments.
    fill : callable
        Add the arguments to a parser; imports no heavy library.
    run : callable
        Run the command and return the exit status.
    parsed : bool
        If False, `run` gets the unparsed words.
    """

    help: str
    run: Callable[[argparse.Namespace], int]
    parsed: bool = True
    fill: Callable[[Parser], None] = lambda parser: None
    description: str = ""
    examples: str = ""

    def parser(self, name: str) -> Parser:
        """Return the parser of the command of this name, such as ``mer data check``."""
        made = Parser(name, self.description or self.help, self.examples)
        self.fill(made)
        return made

    def __call__(self, name: str, words: Sequence[str]) -> int:
        """Parse the words and run, or print the help page."""
        parser = self.parser(name)
        if _asks_for_help(words):
            print(parser.help_page(words), end="")
            return 0
        return self.run(parser.read(words) if self.parsed else argparse.Namespace(words=list(words)))


@dataclass(frozen=True, kw_only=True)
class Group:
    """A command with actions, such as ``mer data`` with check, show and export.

    Attributes
    ----------
    help, description : str
    actions : mapping of str to Command
    """

    help: str
    actions: Mapping[str, Command] = field(default_factory=dict)
    description: str = ""

    def __call__(self, name: str, words: Sequence[str]) -> int:
        """Call the action that the first word names, or print the help page."""
        if _asks_for_help(words[:1]):
            print(self.help_page(name), end="")
            return 0
        if not words:
            raise ConfigError(f"{name}: missing action; choose one of {', '.join(self.actions)} ({name} --help)")
        action = choose(words[0], self.actions, f"{name} {words[0]}: no such action", f"{name} --help")
        return self.actions[action](f"{name} {action}", words[1:])

    def help_page(self, name: str) -> str:
        """Return the list of actions."""
        table = two_columns({action: command.help for action, command in self.actions.items()})
        usage = f"usage: {name} ACTION ...\n\n{self.description or self.help}\n"
        return f"{usage}\nactions ({name} ACTION --help)\n{table}\n"


def _own_folder(words: Sequence[str]) -> Path | None:
    """Return the folder of ``--config-dir``; None where it is not given."""
    joined = "\0".join(words)
    _, found, rest = joined.partition("--config-dir")
    return user_path("--config-dir", rest[1:].partition("\0")[0]) if found and rest[1:] else None


def choose(word: str, known: Mapping[str, object] | Sequence[str], fault: str, page: str) -> str:
    """Return the word if it is known.

    Raises
    ------
    ConfigError
        If it is not; the message suggests the most similar known word.
    """
    if word in known:
        return word
    import difflib

    alike = difflib.get_close_matches(word, list(known), 1)
    hint = f"did you mean {alike[0]}?" if alike else f"choose one of {', '.join(known)}"
    raise ConfigError(f"{fault}; {hint} ({page})")


def make_output(folder: Path) -> None:
    """Make the folder that a command writes to.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({reason(error)}); choose another output=") from error


def two_columns(table: Mapping[str, str]) -> str:
    """Return names and their texts, one pair per line."""
    return "\n".join(f"  {name:<18}  {text}" for name, text in table.items())


def _asks_for_help(words: Sequence[str]) -> bool:
    return any(word in ("-h", "--help") for word in words)
