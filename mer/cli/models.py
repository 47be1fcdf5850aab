"""`mer models`: the models that are kept, the card of one, or two side by side."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mer.cli.command import Command, Parser

__all__ = ["COMMAND"]

_Named = tuple[str, Mapping[str, Any]]


def _fill(parser: Parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME[@VERSION]", help="a model to show; several to compare them")
    parser.home("the folder of models; MER_HOME (./mer_home) by default")


def _run(asked: Namespace) -> int:
    """List the models, or show those that are named."""
    from mer.cli.fit import show_card
    from mer.model.shelf import every, find, read_card

    home = Path(asked.home)
    if not asked.names:
        found = [(f"{name}@{version}", read_card(path)) for name, version, path in every(home)]
        if not found:
            print(f"no models in {home / 'models'}; mer fit name=NAME makes one")
            return 0
        _table(found)
        return 0
    some = [find(home, name) for name in asked.names]
    if len(some) == 1:
        show_card(some[0][0], read_card(some[0][1]))
        return 0
    cards = [(name, read_card(path)) for name, path in some]
    _table(cards)
    _differences(cards)
    return 0


def _table(models: Sequence[_Named]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "data set", "clips", "classes", "UF1", "UAR", "ECE", "fitted")
    for name, card in models:
        uf1, uar = (f"{card['scores'][key]['value']:.3f}" for key in ("uf1", "uar"))
        row = (name, card["dataset"], card["clips"], len(card["classes"]), uf1, uar, card["reliability"]["ece"])
        table.add_row(*(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row), card["fitted"])
    Console().print(table)


def _differences(models: Sequence[_Named]) -> None:
    """Print the settings in which the models differ, those of the first beside those of the others."""
    flat = [dict(_flat(card["components"])) for _, card in models]
    names = sorted({key for one in flat for key in one})
    differ = [key for key in names if len({repr(one.get(key)) for one in flat}) > 1]
    for key in differ:
        print(f"{key:<28} {'   '.join(str(one.get(key, 'none')) for one in flat)}")
    if not differ:
        print("all settings are equal")


def _flat(node: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, node


COMMAND = Command(
    help="list the fitted models, show the card of one, or compare several",
    description="Lists the models that mer fit has made; with a name, shows its card: data, scores, versions.",
    examples="  mer models\n  mer models mine\n  mer models mine@1 mine@2",
    fill=_fill,
    run=_run,
)
