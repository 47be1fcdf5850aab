"""Writes the reference while MkDocs builds: the help page of every command, every option of conf/ with its class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import mer
from mer.cli import COMMANDS, load
from mer.cli.command import Command
from mer.config.catalogue import ABOUT, OF_OTHERS, conf_dir, groups, options

_FOLDER = "reference/options"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the generated pages to the section Reference of the navigation."""
    reference = next(part["Reference"] for part in config.nav or [] if "Reference" in part)
    pages = [f"{_FOLDER}/{group}.md" for group in _groups()]
    reference.insert(1, {"Options": [f"{_FOLDER}/index.md", *pages]})
    reference.append({"Model cards": [f"reference/cards/{card.name}" for card in _cards()]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {"reference/commands.md": _commands(), f"{_FOLDER}/index.md": _index()}
    pages |= {f"{_FOLDER}/{group}.md": _group(group) for group in _groups()}
    pages |= {f"reference/cards/{card.name}": card.read_text(encoding="utf-8") for card in _cards()}
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def _cards() -> list[Path]:
    """Return the model cards: those beside the weights, and those of the networks that are fitted in a fold."""
    return sorted(Path(mer.__file__).parent.glob("*/*/*.md"))


def _groups() -> list[str]:
    return [*groups(), *OF_OTHERS]


def _commands() -> str:
    lines = [
        "# Commands",
        "",
        "The help page of every command, as `mer COMMAND --help` prints it. Options can be written `--name VALUE` or",
        "`name=VALUE`. The [options](options/index.md) of each group have pages of their own.",
        "",
    ]
    for name in COMMANDS:
        lines += _command(f"mer {name}", load(name), 2)
    return "\n".join(lines)


def _command(name: str, command: object, level: int) -> Iterator[str]:
    if isinstance(command, Command):
        text = command.parser(name).format_help()
        yield from (f"{'#' * level} {name}", "", "```text", _without_machine(text).rstrip(), "```", "")
        return
    yield from (f"{'#' * level} {name}", "", command.description or f"{command.help}.".capitalize(), "")  # type: ignore[attr-defined]
    for action, part in command.actions.items():  # type: ignore[attr-defined]
        yield from _command(f"{name} {action}", part, level + 1)


def _without_machine(text: str) -> str:
    """Return a help page without the home of the machine that builds the pages."""
    return text.replace(str(Path.home()), "~")


def _index() -> str:
    rows = [f"| [`{g}`]({g}.md) | {_about(g)} | {', '.join(f'`{o}`' for o in options(g))} |" for g in _groups()]
    head = (
        "# Options",
        "",
        "Every group is a folder of `conf/`, every option a YAML file in it. Choose an option with `group=option`,",
        "change a setting of it with `group.setting=value`. The settings of a whole run that are in no group, such as",
        "`study` and `seed`, are in [`config.yaml` and `run.yaml`](#config).",
        "",
        "| group | what it chooses | options |",
        "|---|---|---|",
    )
    config = [(conf_dir() / f"{name}.yaml").read_text(encoding="utf-8") for name in ("config", "run")]
    blocks = [line for text in config for line in ("```yaml", text, "```", "")]
    return "\n".join([*head, *rows, "", "## The configuration of a run { #config }", "", *blocks])


def _about(group: str) -> str:
    """Return what a group chooses, as a sentence."""
    text = ABOUT.get(group, "")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _group(group: str) -> str:
    lines, shown = [f"# {group}", "", _about(group), ""], set[str]()
    for option in options(group):
        lines += _option(group, option, shown)
    return "\n".join(lines)


def _option(group: str, option: str, shown: set[str]) -> Iterator[str]:
    text = (conf_dir() / group / f"{option}.yaml").read_text(encoding="utf-8")
    comment, settings = _split(text)
    word = f"+experiment={option}" if group == "experiment" else f"{group}={option}"
    yield from (f"## {word} {{ #{option} }}", "", _linked(comment), "")
    yield from _shown(settings)
    target = re.search(r"^_target_: (\S+)", text, re.MULTILINE)
    if target and target.group(1) in shown:
        yield from (f"Class: [`{target.group(1)}`][{target.group(1)}]", "")
    elif target:
        shown.add(target.group(1))
        yield from (f"::: {target.group(1)}", "    options:", "      members: false", "      show_bases: false", "")


def _split(text: str) -> tuple[str, str]:
    """Return the comment at the top of a YAML file as prose, and the rest."""
    lines = text.removeprefix("# @package _global_\n").splitlines()
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(line.removeprefix("#").strip() for line in lines[:count]), "\n".join(lines[count:]).strip()


def _shown(settings: str) -> Iterator[str]:
    """Yield the other options that an option chooses as YAML, and its settings as a table or as YAML."""
    head = re.match(r"defaults:\n(?:[ ]*-.*(?:\n|$))+", settings)
    rest = settings[head.end() :].strip() if head else settings
    if head:
        yield from ("```yaml", head.group().strip(), "```", "")
    if re.sub(r"^_target_: .*", "", rest).strip() not in ("", "{}"):
        yield from (_table(rest) or f"```yaml\n{rest}\n```", "")


def _table(settings: str) -> str:
    """Return settings as a table of name, default and meaning; empty where most have no comment, as in a study."""
    rows: list[list[str]] = []
    names: list[str] = []  # of the settings that the line lies in
    for line in filter(str.strip, settings.splitlines()):
        setting = re.fullmatch(r"( *)([\w@/]+):(?:\s+(?!#)(.*?))?(?:\s+#\s*(.*))?", line)
        more = re.fullmatch(r"\s+#\s*(.*)", line)
        if line.startswith("#"):  # a heading within the file
            continue
        if setting:
            names = [*names[: len(setting[1]) // 2], setting[2]]
            rows.append([".".join(names), setting[3] or "", setting[4] or ""])
        elif more and rows:
            rows[-1][2] += f" {more[1]}"
        else:
            return ""
    rows = [row for row in rows if row[0] != "_target_"]
    if sum(bool(row[2]) for row in rows) * 2 <= len(rows):
        return ""
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *map(_cells, rows)])


def _cells(row: list[str]) -> str:
    name, default, meaning = (text.replace("|", "\\|") for text in row)
    return f"| `{name}` | {f'`{default}`' if default else ''} | {_linked(meaning)} |"


def _linked(text: str) -> str:
    """Return prose of a comment as Markdown: addresses become links, signs of Markdown stay signs."""
    text = re.sub(r"([*_<>\[\]])", r"\\\1", text)
    text = re.sub(r"^(Question|Command|Expected(?: time)?):", r"\n**\1:**", text, flags=re.MULTILINE)
    text = re.sub(
        r"(?<![/\w])(?:doi:)(10\.\S+?)(?=[\s;,)]|\.?$|\.\s)", r"[doi:\1](https://doi.org/\1)", text, flags=re.M
    )
    return re.sub(r"(?<!\()(https?://[^\s;,)]+[^\s;,).])", r"<\1>", text)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Remove the defaults of parameters from the pages of options: there the YAML gives every number.

    The parser of docstrings takes the first of ``{"hard", "linear"}`` for a default.
    """
    if not page.file.src_uri.startswith(f"{_FOLDER}/"):
        return html
    return re.sub(r",\s*default:\s*<code>.*?</code>\s*", "", html, flags=re.DOTALL)
