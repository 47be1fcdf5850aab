"""`mer completion SHELL`: the script that completes commands, actions, settings, groups and their options."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

from mer.cli.command import Command, Group, Parser
from mer.config.catalogue import options, settings

__all__ = ["COMMAND", "candidates"]

# Each calls `mer completion words` with the words before the cursor and the one under it. Bash splits words at = and :,
# so the script splits the line itself and returns only the part after the last of them.
_BASH = r"""_mer() {
    local line=${COMP_LINE:0:COMP_POINT} word prefix
    word=${line##*[[:space:]]}
    prefix=${word%"${word##*[=:]}"}
    local IFS=$'\n'
    COMPREPLY=($(IFS=$' \t\n'; mer completion words ${line%"$word"} "$word" 2>/dev/null))
    COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace
    return 0
}
complete -o default -F _mer mer
"""
_ZSH = r"""#compdef mer
_mer() {
    local -a found open done
    found=(${(f)"$(mer completion words "${(@)words[1,CURRENT-1]}" "${words[CURRENT]}" 2>/dev/null)"})
    open=(${(M)found:#*[=.]})
    done=(${found:#*[=.]})
    (( $#open )) && compadd -S '' -a open
    (( $#done )) && compadd -a done
    (( $#found )) || { compset -P '*='; _files }
}
if [[ $funcstack[1] == _mer ]]; then _mer "$@"; else compdef _mer mer; fi
"""
_FISH = r"""complete -c mer -e
complete -c mer -a '(mer completion words (commandline -opc) (commandline -ct) 2>/dev/null)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
_PLACES = {
    "bash": '  eval "$(mer completion bash)"      # in ~/.bashrc\n',
    "zsh": '  eval "$(mer completion zsh)"       # in ~/.zshrc, after compinit\n',
    "fish": "  mer completion fish > ~/.config/fish/completions/mer.fish\n",
}


def candidates(before: list[str], word: str) -> list[str]:
    """Return the completions of the word under the cursor.

    Parameters
    ----------
    before : list of str
        The words before it, after ``mer``.
    word : str
        What has been typed of it; may be empty.
    """
    from mer.cli import COMMANDS, load

    if not before:
        return _fitting([*COMMANDS, "--help", "--version"], word)
    if before[0] not in COMMANDS:
        return []
    command = load(before[0])
    if isinstance(command, Group):
        if len(before) == 1:
            return _fitting([*command.actions, "--help"], word)
        if before[1] not in command.actions:
            return []
        command = command.actions[before[1]]
    return _of_parser(command.parser("mer"), word)


def _of_parser(parser: Parser, word: str) -> list[str]:
    name, equals, value = word.partition("=")
    plus = "+" if word.startswith("+") else ""
    if equals:  # after a comma, the next option of a sweep
        kept = word[: len(word) - len(value.rpartition(",")[2])]
        group = name.removeprefix(plus)
        return _fitting([f"{kept}{option}" for option in options(group)], word) if group in parser.groups else []
    if word.startswith("-"):
        return _fitting(parser.flags, word)
    group, dot, _ = name.removeprefix(plus).partition(".")
    if dot:
        return _fitting([f"{plus}{group}.{key}=" for key in settings(group)], word) if group in parser.groups else []
    added = [f"+{group}=" for group in parser.groups if group == "experiment"]
    own = [f"{name}=" for name in (*parser.settings, *parser.groups) if name != "experiment"]
    return _fitting([*own, *added], word)


def _fitting(words: list[str], begun: str) -> list[str]:
    return [word for word in words if word.startswith(begun)]


def _print_script(shell: str, asked: Namespace) -> int:
    print(_SCRIPTS[shell], end="")
    return 0


def _print_words(asked: Namespace) -> int:
    _, *before, word = asked.words if len(asked.words) > 1 else ["mer", ""]
    print("".join(f"{found}\n" for found in candidates(before, word)), end="")
    return 0


def _fill_words(parser: Parser) -> None:
    parser.add_argument("line", nargs="*", metavar="WORD", help="the command line up to the cursor, mer first")


_SHELLS = {
    shell: Command(help=f"the script for {shell}", examples=_PLACES[shell], run=partial(_print_script, shell))
    for shell in _SCRIPTS
}
_WORDS = Command(
    help="completions of the last word of a command line; called by the scripts",
    fill=_fill_words,
    run=_print_words,
    parsed=False,
)
COMMAND = Group(
    help="print the script that completes commands and options in bash, zsh or fish",
    actions=_SHELLS | {"words": _WORDS},
)
