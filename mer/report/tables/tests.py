"""Tables of tests: what the factors do, and every cell against the baseline."""

from __future__ import annotations

from collections.abc import Sequence

from mer.report.render.document import Column, Item, Row, Table, word
from mer.report.stats.factors import LevelMean
from mer.report.stats.paired import Comparison, Omnibus, mcnemar_caveat
from mer.report.stats.sections import Section
from mer.report.tables.items import digits_for, number, p_value, scored_item, signed

__all__ = ["baseline_tests", "level_means", "level_tests", "ranks"]

_TESTED = ("ΔUF1", "p", "p Holm", "ΔUAR", "p", "p Holm")


def level_means(section: Section, means: Sequence[Sequence[LevelMean]]) -> Table:
    """Return the marginal mean of every level of every factor."""
    flat = [mean for levels in means for mean in levels]
    digits = [digits_for([mean.interval[which] for mean in flat], section.digits) for which in range(2)]
    rows: list[Row] = []
    for levels in means:
        for i, mean in enumerate(levels):
            scores = (scored_item(mean.value[w], mean.interval[w], digits[w]) for w in range(2))
            head = Item(text=mean.factor.key if i == 0 else "")
            name = f"{mean.factor.key}={mean.level}"
            rows.append(
                Row(
                    name=name,
                    items=(head, Item(text=mean.level), word(mean.cells), *scores),
                    rule=i == 0 and bool(rows),
                )
            )
    return Table(
        key=f"{section.number}-factors",
        caption=f"Mean scores for each level of each factor{section.part}",
        columns=(
            Column(head="factor", numeric=False),
            Column(head="level", numeric=False),
            Column(head="cells"),
            Column(head="mean UF1"),
            Column(head="mean UAR"),
        ),
        rows=tuple(rows),
        notes=("Each level is averaged over the same settings of the other factors.",),
    )


def level_tests(section: Section, tests: Sequence[Comparison]) -> Table:
    """Return the tests between levels: the first family."""
    rows = [
        Row(
            name=f"{t.a} − {t.b}",
            items=(
                Item(text=t.a),
                Item(text=t.b.partition("=")[2]),
                word(t.pairs),
                *_tested(t, _digits(section, tests)),
            ),
        )
        for t in tests
    ]
    return Table(
        key=f"{section.number}-factor-tests",
        caption=f"Differences between the levels of each factor, first minus second{section.part}",
        columns=(
            Column(head="level", numeric=False),
            Column(head="minus", numeric=False),
            Column(head="pairs"),
            *(Column(head=head) for head in _TESTED),
        ),
        rows=tuple(rows),
        notes=("Swap test over subjects; Holm over all rows of this table, for each score.",),
    )


def baseline_tests(section: Section, tests: Sequence[Comparison], baseline: str) -> Table:
    """Return the tests of every cell against the baseline: the second family."""
    rows = [
        Row(
            name=f"{t.a} − baseline",
            items=(Item(text=t.short), *_tested(t, _digits(section, tests)), p_value(t.wilcoxon), p_value(t.mcnemar)),
        )
        for t in tests
    ]
    return Table(
        key=f"{section.number}-baseline-tests",
        caption=f"Each cell minus the baseline, {baseline}{section.part}",
        columns=(
            Column(head="cell", numeric=False),
            *(Column(head=head) for head in _TESTED),
            Column(head="p Wilcoxon"),
            Column(head="p McNemar"),
        ),
        rows=tuple(rows),
        notes=(
            "p: swap test over subjects (primary), Holm-corrected over all rows of this table for each score.",
            "Wilcoxon: signed ranks of the subjects' accuracies, uncorrected (secondary).",
            "McNemar: over clips, uncorrected, for comparison with other papers only. " + mcnemar_caveat(),
        ),
        folded=len(tests) > 12,
    )


def ranks(section: Section, tests: Omnibus) -> Table:
    """Return Friedman's test and the mean ranks."""
    order = sorted(range(len(section.cells)), key=lambda k: float(tests.ranks[k]))
    rows = [
        Row(name=section.cells[k].name, items=(Item(text=section.cells[k].short), number(float(tests.ranks[k]), 2)))
        for k in order
    ]
    test = (Item(text="Friedman χ²"), Item(text=f"{tests.statistic:.2f}", value=tests.statistic))
    rows += [
        Row(name="Friedman statistic", items=test, rule=True),
        Row(name="Friedman p", items=(Item(text="Friedman p"), p_value(tests.p))),
    ]
    return Table(
        key=f"{section.number}-ranks",
        caption=f"Mean rank of each cell by the subjects' accuracies; 1 is best{section.part}",
        columns=(Column(head="cell", numeric=False), Column(head="mean rank")),
        rows=tuple(rows),
        notes=("Cells joined by a bar in the diagram are not significantly different by Nemenyi's test at 5 %.",),
        folded=True,
    )


def _digits(section: Section, tests: Sequence[Comparison]) -> int:
    return digits_for([t.interval[which] for t in tests for which in range(2)], section.digits)


def _tested(test: Comparison, digits: int) -> tuple[Item, ...]:
    return tuple(
        item
        for which in range(2)
        for item in (
            signed(test.difference[which], test.interval[which], digits),
            p_value(test.p[which]),
            p_value(test.holm[which]),
        )
    )
