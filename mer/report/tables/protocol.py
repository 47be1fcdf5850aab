"""What the results depend on: the protocol, the excluded clips and runs, and how to reproduce them."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from mer.report.render.document import Block, Code, Column, Heading, Item, Row, Table, Text, word
from mer.report.stats.sections import Section
from mer.report.study import Run, Study

__all__ = ["commands", "excluded_clips", "left_out_runs", "protocol", "reproduction"]

_ELSEWHERE = ("dropped", "clips_per_subject", "versions", "command", "commit", "cell")
_REASONS = 20  # shown
_IDS = 5


def protocol(section: Section) -> Table:
    """Return the protocol card; what differs between the cells, such as their tuning, is listed with all its values."""
    cards = [run.card for cell in section.cells for run in cell.runs]
    keys = [key for key in dict.fromkeys(key for card in cards for key in card) if key not in _ELSEWHERE]
    rows = {}
    for key in keys:
        values = list(dict.fromkeys(_text(card.get(key)) for card in cards))
        shown = " | ".join(value for value in values if value)
        if shown:
            rows[key] = (key.replace("_", " "), shown)
    return _texts(f"{section.number}-protocol", f"Protocol card{section.part}", ("item", "value"), rows, folded=True)


def excluded_clips(section: Section) -> Table | None:
    """Return why clips were left out, most frequent reason first; None where none was."""
    clips: dict[str, list[str]] = defaultdict(list)
    for entry in section.first_run.card.get("dropped", []):
        clips[str(entry["reason"])].append(str(entry["sample_id"]))
    if not clips:
        return None
    ordered = sorted(clips.items(), key=lambda item: -len(item[1]))
    rows = [
        Row(name=reason, items=(Item(text=reason), word(len(ids)), Item(text=_some(sorted(ids)))))
        for reason, ids in ordered[:_REASONS]
    ]
    rest = sum(len(ids) for _, ids in ordered[_REASONS:])
    if rest:
        rows.append(Row(name="other reasons", items=(Item(text="other reasons"), word(rest), Item(text=""))))
    return Table(
        key=f"{section.number}-excluded",
        caption=f"Excluded clips{section.part}",
        columns=(Column(head="reason", numeric=False), Column(head="clips"), Column(head="examples", numeric=False)),
        rows=tuple(rows),
        notes=("All of them are listed in excluded.csv of each run.",),
        folded=True,
    )


def left_out_runs(study: Study) -> Table | None:
    """Return the runs that are not in the report; None where all are."""
    if not study.left_out:
        return None
    rows = {run.run_id: (run.name, run.run_id, run.reason) for run in study.left_out}
    caption = "Runs of the study that are not in this report"
    return _texts("left-out", caption, ("run", "id", "reason"), rows, folded=len(rows) > 12)


def reproduction(study: Study) -> list[Block]:
    """Return the commands, the commit and the versions."""
    versions: dict[str, list[str]] = defaultdict(list)
    for run in study.runs:
        for name, value in dict(run.card.get("versions", {}), commit=run.card.get("commit") or "unknown").items():
            if str(value) not in versions[name]:
                versions[name].append(str(value))
    rows = {name: (name, " | ".join(found)) for name, found in versions.items()}
    table = _texts(
        "versions", "Versions; several values where the runs differ", ("package", "version"), rows, folded=True
    )
    given = commands(study.runs)
    seen = f"mer report {shlex.quote(study.name)}"
    return [
        Heading(level=1, text="Reproducing these results"),
        Text(
            text="These commands repeat the runs, given the same data set and the versions below, and then this report."
        ),
        Code(text="\n".join([*given, seen])),
        table,
    ]


def _texts(key: str, caption: str, heads: Sequence[str], rows: Mapping[str, Sequence[str]], *, folded: bool) -> Table:
    """Return a table of words alone, its rows by their names."""
    return Table(
        key=key,
        caption=caption,
        columns=tuple(Column(head=head, numeric=False) for head in heads),
        rows=tuple(Row(name=name, items=tuple(Item(text=text) for text in row)) for name, row in rows.items()),
        folded=folded,
    )


def commands(runs: Sequence[Run]) -> list[str]:
    """Return the commands of the runs, a whole grid as the one command of its sweep."""
    each = list(dict.fromkeys(str(run.card.get("command", "")) for run in runs if run.card.get("command")))
    parsed = [_overrides(command) for command in each]
    if len(each) > 1 and all(parsed) and len({tuple(sorted(p)) for p in parsed}) == 1:
        values = {key: list(dict.fromkeys(p[key] for p in parsed)) for key in parsed[0]}
        size = 1
        for options in values.values():
            size *= len(options)
        if size == len(each):
            return [shlex.join(["mer", "run", "-m", *(f"{key}={','.join(v)}" for key, v in values.items())])]
    return each


def _overrides(command: str) -> dict[str, str]:
    try:
        words = shlex.split(command)[2:]
    except ValueError:
        return {}
    return dict(w.split("=", 1) for w in words if "=" in w and not w.startswith("-"))


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(inner)}" for key, inner in value.items() if _text(inner))
    if isinstance(value, list | tuple):
        counted = Counter(_text(inner) for inner in value)
        return "; ".join(text if n == 1 else f"{text} (× {n})" for text, n in counted.items())
    return (
        ""
        if value is None
        else {True: "yes", False: "no"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_IDS]) + (", …" if len(ids) > _IDS else "")
