"""Which runs belong in one table, what their factors are, and which runs are repeats of one cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError
from mer.report.stats.resampling import Counts, counts
from mer.report.stats.varied import ABSENT, METHOD, REPORTING, SEED, Factor, as_number, varied
from mer.report.study import Run, Study

__all__ = ["ABSENT", "Cell", "Factor", "Section", "baselines", "named_cells", "protocol_of", "sections"]

_RUN = "run"


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """One combination of levels, with a run for every seed.

    Attributes
    ----------
    levels : mapping of str to str
        Key of every factor → level.
    runs : tuple of Run
        By seed.
    rows : tuple of int
        Where these runs are in the section's counts.
    """

    levels: Mapping[str, str]
    runs: tuple[Run, ...]
    rows: tuple[int, ...]

    @property
    def name(self) -> str:
        """Such as ``flow=dis, roi=grid``; unique in the section."""
        return ", ".join(f"{key}={level}" for key, level in self.levels.items()) or self.runs[0].name or "the only cell"

    @property
    def short(self) -> str:
        """Such as ``dis · grid``."""
        return " · ".join(self.levels.values()) or self.runs[0].name or "the only cell"

    @property
    def seeds(self) -> tuple[str, ...]:
        """Seeds of the runs."""
        return tuple(run.params.get(SEED, "") for run in self.runs)

    @property
    def optimistic(self) -> bool:
        """Whether its settings were chosen with the clips that it is scored on."""
        return any(bool(run.card.get("optimistic")) for run in self.runs)

    @property
    def raw_flow(self) -> bool:
        """Whether it is the line to beat: the flow itself as the features."""
        return self.runs[0].params.get("descriptor") == "rawflow"


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """Cells with one protocol and one list of clips; only these may be compared.

    Attributes
    ----------
    number : int
        From 1.
    part : str
        What captions end with: nothing where the study has one section only.
    title : str
    cells : tuple of Cell
        In the order of the factors' levels.
    factors : tuple of Factor
    counts : Counts
        Of all runs.
    right : ndarray of bool, shape (runs, clips)
        Which clips each run got right, clips sorted by their id.
    subjects, classes : tuple of str
    digits : int or None
        Decimals of the scores that the user chose; None for those that the intervals support.
    """

    number: int
    part: str
    title: str
    cells: tuple[Cell, ...]
    factors: tuple[Factor, ...]
    counts: Counts
    right: NDArray[np.bool_]
    subjects: tuple[str, ...]
    classes: tuple[str, ...]
    digits: int | None = None

    @property
    def first_run(self) -> Run:
        """The run that began before the others."""
        return min((run for cell in self.cells for run in cell.runs), key=lambda run: (run.started, run.run_id))

    def of(self, cell: Cell) -> Counts:
        """Return the counts of a cell."""
        return self.counts.of(cell.rows)

    def matched(self, a: Cell, b: Cell) -> tuple[list[int], list[int]]:
        """Return the rows of the runs of two cells with a common seed, seed by seed; all of both where there is none.

        Unequal numbers of runs without a common seed are cut to the smaller number.
        """
        common = [seed for seed in a.seeds if seed in b.seeds]
        if not common:
            n = min(len(a.rows), len(b.rows))
            return list(a.rows[:n]), list(b.rows[:n])
        rows = [dict(zip(cell.seeds, cell.rows, strict=True)) for cell in (a, b)]
        return [rows[0][seed] for seed in common], [rows[1][seed] for seed in common]


def sections(study: Study, *, apart: bool = False, digits: int | None = None) -> list[Section]:
    """Split the runs of a study by what was evaluated, in the order in which they began.

    Parameters
    ----------
    study : Study
    apart : bool
        Whether every run is a cell of its own, called A, B, ..., even where nothing but its seed sets it apart.
    digits : int, optional
        Decimals of all scores.
    """
    groups: dict[tuple[object, ...], list[Run]] = defaultdict(list)
    for run in study.runs:
        groups[protocol_of(run)].append(run)
    several = len(groups) > 1
    titles = _titles([runs[0] for runs in groups.values()])
    parts = [
        _section(number, runs, title, f" (part {number})" if several else "", apart)
        for number, (runs, title) in enumerate(zip(groups.values(), titles, strict=True), start=1)
    ]
    return [replace(part, digits=digits) for part in parts]


def _titles(firsts: Sequence[Run]) -> list[str]:
    """Return what each part is: its data and protocol, and whatever else sets it apart from other parts."""
    facts = [
        {
            "scheme": ", ".join(f"{key}={level}" for key, level in _scheme(run)),
            "clips": f"{len(run.predictions.y_true)} clips",
            "classes": f"classes {', '.join(run.predictions.classes)}",
            "list": f"clip list {str(run.card.get('clip_list_hash'))[:8]}",
        }
        for run in firsts
    ]
    varied = [key for key in ("scheme", "clips", "classes") if len({fact[key] for fact in facts}) > 1]
    varied = varied or ([] if len(facts) == 1 else ["list"])
    named = [f"{run.card.get('dataset')}, protocol {_name_of(run.card.get('protocol'))}" for run in firsts]
    return [
        ", ".join([name, *(fact[key] for key in varied if fact[key])]) for name, fact in zip(named, facts, strict=True)
    ]


def protocol_of(run: Run) -> tuple[object, ...]:
    """Return what must be equal for two runs to be compared: the clips with their truth, the classes, the scheme."""
    clips = run.predictions
    return (
        str(run.card.get("dataset")),
        str(_name_of(run.card.get("protocol"))),
        run.card.get("clip_list_hash"),
        tuple(_scheme(run)),
        clips.classes,
        tuple(sorted(zip(clips.sample_id.tolist(), clips.subject.tolist(), clips.y_true.tolist(), strict=True))),
    )


def _scheme(run: Run) -> list[tuple[str, str]]:
    """Return how the clips were held out; mirrored clips and balancing are choices of method, not of what is scored."""
    told = (*REPORTING, *METHOD)
    return sorted((key, level) for key, level in run.params.items() if key.startswith("evaluation") and key not in told)


def _name_of(protocol: object) -> str:
    return str(protocol.get("name", "none")) if isinstance(protocol, Mapping) else str(protocol or "none")


def _section(number: int, runs: Sequence[Run], title: str, part: str, apart: bool) -> Section:
    letters = {run.run_id: chr(ord("A") + i) for i, run in enumerate(runs)} if apart else {}
    factors = _named_runs(letters) + varied(runs)
    cells: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        chosen = (letters.get(run.run_id, "") if factor.key == _RUN else run.level(factor.key) for factor in factors)
        cells[tuple(level or ABSENT for level in chosen)].append(run)
    place = [{level: i for i, level in enumerate(factor.levels)} for factor in factors]
    ordered = sorted(cells.items(), key=lambda item: [p[level] for p, level in zip(place, item[0], strict=True)])
    rows = iter(range(len(runs)))
    made = []
    for of_cell, repeats in ordered:
        by_seed = tuple(sorted(repeats, key=lambda run: (as_number(run.params.get(SEED, "")), run.started)))
        named = {factor.key: level for factor, level in zip(factors, of_cell, strict=True)}
        made.append(Cell(levels=named, runs=by_seed, rows=tuple(next(rows) for _ in by_seed)))
    first = runs[0].predictions
    return Section(
        number=number,
        part=part,
        title=title,
        cells=tuple(made),
        factors=factors,
        **_predictions(made, first.classes),
        subjects=tuple(sorted(set(first.subject.tolist()))),
        classes=first.classes,
    )


def _named_runs(letters: Mapping[str, str]) -> tuple[Factor, ...]:
    return (Factor(key=_RUN, name=_RUN, levels=tuple(letters.values())),) if letters else ()


def _predictions(cells: Sequence[Cell], classes: Sequence[str]) -> dict[str, Any]:
    first = cells[0].runs[0].predictions
    order = first.sample_id.argsort()
    aligned = [run.predictions.y_pred[run.predictions.sample_id.argsort()] for cell in cells for run in cell.runs]
    truth = first.y_true[order]
    return {
        "counts": counts(truth, aligned, first.subject[order], len(classes)),
        "right": np.stack([predicted == truth for predicted in aligned]),
    }


def baselines(parts: Sequence[Section], wanted: str) -> list[Cell]:
    """Return the cell of every part that the others are compared with: the one named by its levels, else the first.

    Raises
    ------
    ConfigError
        If the levels do not name one cell of every part.
    """
    if not wanted:
        return [next(c for c in s.cells if s.first_run in c.runs) for s in parts]
    places = named_cells(wanted, [[(cell.name, cell.levels) for cell in section.cells] for section in parts])
    return [section.cells[k] for section, k in zip(parts, places, strict=True)]


def _unspaced(levels: Mapping[str, str]) -> dict[str, str]:
    return {key: level.replace(" ", "") for key, level in levels.items()}


def named_cells(wanted: str, parts: Sequence[Sequence[tuple[str, Mapping[str, str]]]]) -> list[int]:
    """Return the place, in every part, of the cell that levels such as ``flow=dis,roi=grid`` name.

    Parameters
    ----------
    wanted : str
    parts : sequence of sequence of (str, mapping)
        Name and levels of each cell.

    Raises
    ------
    ConfigError
        If the levels do not name one cell of every part.
    """
    levels = dict(word.partition("=")[::2] for word in wanted.replace(" ", "").split(",") if word)
    found = [[k for k, (_, own) in enumerate(part) if levels.items() <= _unspaced(own).items()] for part in parts]
    if any(len(cells) != 1 for cells in found):
        some = "; ".join(name for name, _ in parts[0][:4])
        raise ConfigError(f"baseline={wanted}: must name one cell of every part, by its levels, such as: {some}")
    return [cells[0] for cells in found]
