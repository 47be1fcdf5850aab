"""The report of a study: every number shown is a number of results.csv, whatever the study holds."""

from __future__ import annotations

import csv
import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mer import metrics
from mer.cli import main
from mer.errors import ConfigError, DataError
from mer.report.build import headline, report
from mer.report.compare import summary, versus
from mer.report.render.document import Document, Table
from mer.report.render.escape import tex
from mer.report.render.formats import heads_of
from mer.report.stats.resampling import SCORES
from mer.report.study import Study, load_study
from mer.report.tables.protocol import commands
from mer.store.predictions import read_predictions
from mer.tracking import reading, sync
from tests.support.planted import CLASSES, Clips, clips, keep, predict
from tests.support.runs import fail, keep_result, record

LATEX = ("table.tex", "tables.tex", "appendix.tex")
FILES = {"report.html", "report.md", *LATEX, "results.csv", "cells.csv", "report.json", "figures"}
CHANCE = 2  # rows of the main table: permuted labels and the majority class
SPECIAL = r"<b>50%_of $x^2$ & {a}\n#1~</b>"
Rendered = dict[str, list[list[str]]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one study of two factors, one of them strong, a failed cell and an optimistic one."""
    home = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(1)
    of = clips(rng, subjects=14, each=(4, 10))
    for flow in ("dis", "tvl1"):
        for bins in ("12", "4", "8"):
            if (flow, bins) != ("tvl1", "8"):
                predicted = predict(rng, of, skill=0.1 + 1.2 * (flow == "tvl1"), suits=0.3)
                params = {"flow": flow, f"flow.{flow}_detail": "1", "descriptor.bins": bins}
                keep(home, home / flow / bins, params, of, predicted, optimistic=bins == "12")
    lost = {"flow": "tvl1", "descriptor.bins": "8"}
    fail(home, record("planted", name="tvl1 8", params=lost, tags={"cell": "lost"}, status="FAILED"))
    assert not sync(home).problems
    return home


@pytest.fixture(scope="module")
def study(home: Path) -> Study:
    with reading(home=home) as client:
        return load_study(client, "planted")


@pytest.fixture(scope="module")
def written(study: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[Document, Path]:
    folder = tmp_path_factory.mktemp("report") / "out"
    return report(study, folder), folder


def rows(folder: Path, name: str = "results.csv") -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def in_html(folder: Path) -> Rendered:
    class Reader(html.parser.HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tables: Rendered = {}
            self.key, self.inside = "", False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "table":
                self.key = dict(attrs)["data-key"] or ""
                self.tables[self.key] = []
            elif tag == "tr":
                self.tables[self.key].append([])
            elif tag in ("td", "th"):
                self.tables[self.key][-1].append("")
                self.inside = True

        def handle_endtag(self, tag: str) -> None:
            self.inside = self.inside and tag not in ("td", "th")

        def handle_data(self, data: str) -> None:
            if self.inside:
                self.tables[self.key][-1][-1] += data

    reader = Reader()
    reader.feed((folder / "report.html").read_text(encoding="utf-8"))
    return reader.tables


def in_markdown(folder: Path, document: Document) -> Rendered:
    text = (folder / "report.md").read_text(encoding="utf-8")
    blocks = [block.splitlines() for block in re.findall(r"(?:^\|.*\|\n?)+", text, flags=re.MULTILINE)]
    found = {}
    for table, lines in zip(document.tables, blocks, strict=True):
        cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in (lines[0], *lines[2:])]
        found[table.key] = [[re.sub(r"\\(.)", r"\1", c.replace("**", "")) for c in row] for row in cells]
    return found


def numbers(text: str) -> list[str]:
    return re.findall(r"[-+]?\d+(?:\.\d+)?(?:e-?\d+)?", text)


def assert_as_in_csv(folder: Path, rendered: Rendered, document: Document) -> int:
    """Every cell shows what results.csv says for it; returns how many were looked at."""
    known = {(r["table"], r["row"], r["column"]): r for r in rows(folder)}
    looked = 0
    for table in document.tables:
        lines = rendered[table.key]
        assert len(lines) == len(table.rows) + 1
        for row, cells in zip(table.rows, lines[1:], strict=True):
            for head, text in zip(heads_of(table), cells, strict=True):
                if text.strip():
                    shown = known[table.key, row.name, head]["shown"]
                    assert " ".join(text.replace("†", "").split()) == " ".join(shown.split())
                    looked += 1
    return looked


def test_a_report_has_all_its_files(written: tuple[Document, Path]) -> None:
    folder = written[1]
    assert {path.name for path in folder.iterdir()} == FILES
    stems = {path.stem for path in (folder / "figures").iterdir()}
    for stem in stems:
        assert {p.suffix for p in (folder / "figures").glob(f"{stem}.*")} == {".svg", ".pdf", ".png"}
    assert {"1_scores", "1_factors", "1_interactions", "1_ranks", "1_confusion_best", "1_subjects"} <= stems


def test_every_number_in_html_and_markdown_is_one_of_results_csv(written: tuple[Document, Path]) -> None:
    document, folder = written
    assert assert_as_in_csv(folder, in_html(folder), document) > 200
    assert assert_as_in_csv(folder, in_markdown(folder, document), document) > 200


def test_every_number_in_latex_is_one_of_results_csv(written: tuple[Document, Path]) -> None:
    document, folder = written
    text = "".join((folder / name).read_text(encoding="utf-8") for name in LATEX)
    known = {(r["table"], r["row"], r["column"]): r["shown"] for r in rows(folder)}
    for table in document.tables:
        start = text.index(rf"\label{{tab:{table.key}}}")
        lines = [line for line in text[start:].split(r"\bottomrule")[0].splitlines() if line.endswith(r" \\")]
        assert len(lines) == len(table.rows) + 1
        for row, line in zip(table.rows, lines[1:], strict=True):
            for head, cell in zip(heads_of(table), re.split(r"(?<!\\)&", line.removesuffix(r" \\")), strict=True):
                plain = cell.replace(r"\textbf{", "").replace(r"\textsuperscript{\textdagger}", "")
                plain = plain.replace(r"\shortstack[r]{", "").replace(r"\\{[}", " {[}")
                shown = known.get((table.key, row.name, head), "")
                assert numbers(plain) == numbers(tex(shown)), (table.key, row.name, head)


def test_what_is_shown_are_the_digits_of_the_values(written: tuple[Document, Path]) -> None:
    compared = 0
    for row in rows(written[1]):
        shown = numbers(row["shown"].replace("<", ""))
        given = [float(row[key]) for key in ("value", "low", "high") if row[key]]
        if not given or row["shown"].startswith("<"):
            continue
        assert len(shown) == len(given), row
        for text, value in zip(shown, given, strict=True):
            digits = len(text.partition(".")[2])
            assert float(text) == pytest.approx(value, abs=0.5000001 * 10**-digits), row
            compared += 1
    assert compared > 200


def test_scores_are_those_of_the_predictions(study: Study, written: tuple[Document, Path], home: Path) -> None:
    expected = metrics.from_predictions(read_predictions(home / "dis" / "4" / "predictions.csv"), draws=200, seed=0)
    found = {r["column"]: r for r in rows(written[1]) if r["table"] == "1-main" and r["row"].startswith("flow=dis, ")}
    mine = {
        r["column"]: r for r in rows(written[1]) if r["table"] == "1-main" and r["row"] == "flow=dis, descriptor.bins=4"
    }
    assert found
    for column, name in zip(("UF1", "UAR", "accuracy"), SCORES, strict=True):
        assert float(mine[column]["value"]) == pytest.approx(expected[name]["value"], abs=1e-12)
        assert float(mine[column]["low"]) == pytest.approx(expected[name]["low"])
    cells = rows(written[1], "cells.csv")
    assert len(cells) == 5
    assert {cell["run"] for cell in cells} == {run.run_id for run in study.runs}


def test_factors_are_what_was_chosen_not_what_follows_from_it(written: tuple[Document, Path]) -> None:
    table = _table(written[0], "1-main")
    assert [column.head for column in table.columns] == ["flow", "bins", "UF1", "UAR", "accuracy"]
    levels = [tuple(item.text for item in row.items[:2]) for row in table.rows[:-CHANCE]]
    assert [(a.removesuffix(" ‡"), b) for a, b in levels] == [
        ("dis", "4"),
        ("dis", "8"),
        ("dis", "12"),
        ("tvl1", "4"),
        ("tvl1", "12"),
    ]
    assert table.rows[-1].name.startswith("majority class (")


def test_optimistic_cells_are_marked_and_never_best(written: tuple[Document, Path]) -> None:
    table = _table(written[0], "1-main")
    for row in table.rows[:-CHANCE]:
        optimistic = row.name.endswith("=12")
        assert ("‡" in row.items[0].text) == optimistic
        assert not (optimistic and "best" in {item.mark for item in row.items})
    assert sum(item.mark == "best" for row in table.rows for item in row.items) == 2
    assert any("‡" in note for note in table.notes)


def test_the_factor_that_matters_is_found(written: tuple[Document, Path]) -> None:
    table = _table(written[0], "1-factor-tests")
    p = {row.items[0].text.split("=")[0]: row.items[5].value for row in table.rows}
    assert p["flow"] is not None and p["flow"] < 0.05
    pairs = {row.name: row.items[2].value for row in table.rows}
    assert pairs["flow=dis − flow=tvl1"] == 2  # bins=8 failed for tvl1, so only two blocks are whole


def test_a_failed_cell_is_told_and_not_averaged(written: tuple[Document, Path]) -> None:
    assert [row.items[2].text for row in _table(written[0], "left-out").rows] == ["it failed"]
    means = {row.name: row.items[2].value for row in _table(written[0], "1-factors").rows}
    assert means["flow=dis"] == means["flow=tvl1"] == 2


def test_the_page_needs_no_network_and_no_script(written: tuple[Document, Path]) -> None:
    text = (written[1] / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    assert "width=device-width" in text
    assert len(text) < 2_000_000


def test_another_baseline(study: Study, tmp_path: Path) -> None:
    document = report(study, tmp_path / "out", baseline="flow=tvl1, descriptor.bins=4")
    assert _table(document, "1-baseline-tests").caption.endswith("baseline, flow=tvl1, descriptor.bins=4")
    with pytest.raises(ConfigError, match="baseline=flow=tvl1: must name one cell"):
        report(study, tmp_path / "out", baseline="flow=tvl1")


def test_a_whole_grid_is_reproduced_by_one_command(study: Study) -> None:
    class Kept:
        def __init__(self, command: str) -> None:
            self.card = {"command": command}

    grid = [Kept(f"mer run study=s flow={flow} 'roi=[a, b]'") for flow in ("dis", "tvl1")]
    runs: Any = grid
    assert commands(runs) == ["mer run -m study=s flow=dis,tvl1 'roi=[a, b]'"]
    assert len(commands(study.runs)) == 5  # not a whole grid: one failed


def test_the_verb_gives_the_same_bytes(
    home: Path, written: tuple[Document, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "planted", f"home={home}", f"output={tmp_path / 'r'}"]) == 0
    out = capsys.readouterr().out
    assert "best by UF1" in out and "runs left out" in out
    for name in FILES - {"figures"}:
        assert (tmp_path / "r" / name).read_bytes() == (written[1] / name).read_bytes(), name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["report"], "arguments are required: STUDY"),
        (["report", "nothing"], "study nothing: there is no such study; there are: .*planted"),
        (["report", "planted", "baseline=flow=x"], "must name one cell"),
        (["report", "planted", "output=/proc/x"], "cannot be written"),
        (["report", "planted", "uri=http://127.0.0.1:9"], "no MLflow server answers"),
        (["compare", "a"], "arguments are required: RUN_B"),
        (["compare", "zz", "zzzz"], "there is no such run"),
        (["compare", "a", "b", "clips=x"], "clips=x: must be a number"),
    ],
)
def test_bad_input_is_told_in_a_sentence(
    home: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_home = words if any(word.startswith("uri") for word in words) or len(words) == 1 else [*words, f"home={home}"]
    assert main(with_home) in (1, 2)
    assert re.search(sentence, capsys.readouterr().err)


# What a study may hold ------------------------------------------------------------------------------------------------


def study_of(home: Path, name: str) -> Study:
    with reading(home=home) as client:
        return load_study(client, name)


@pytest.fixture(scope="module")
def odd(home: Path) -> Path:
    """The same store: a store of its own takes seconds to make, and studies do not see each other."""
    return home


def check(study: Study, folder: Path) -> Document:
    document = report(study, folder)
    assert_as_in_csv(folder, in_html(folder), document)
    assert_as_in_csv(folder, in_markdown(folder, document), document)
    return document


def test_other_protocols_never_share_a_table(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    of = clips(rng, subjects=6, each=(4, 6))
    fewer = Clips(y=of.y[:-1], subject=of.subject[:-1], difficulty=of.difficulty[:-1])
    keep(odd, odd / "p1", {"flow": "dis"}, of, predict(rng, of, skill=1, suits=0), study="mixed")
    keep(odd, odd / "p2", {"flow": "tvl1"}, of, predict(rng, of, skill=1, suits=0), study="mixed")
    keep(
        odd,
        odd / "p3",
        {"flow": "raft"},
        fewer,
        predict(rng, fewer, skill=1, suits=0),
        study="mixed",
        clip_list_hash="1",
    )
    folds = {"flow": "dis", "evaluation": "subject_folds"}
    keep(odd, odd / "p4", folds, of, predict(rng, of, skill=1, suits=0), study="mixed")
    document = check(study_of(odd, "mixed"), tmp_path / "out")
    assert [len(_table(document, f"{part}-main").rows) - CHANCE for part in (1, 2, 3)] == [2, 1, 1]
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "cannot be compared" in text
    headings = re.findall(r"^## Part .*$", text, re.MULTILINE)
    assert "evaluation=subject\\_folds" in headings[2] and " clips" in headings[0], headings
    with pytest.raises(DataError, match="1 clip is in one of them only, such as clip"):
        runs = study_of(odd, "mixed").runs
        versus(runs[0], runs[2], tmp_path / "no", draw=lambda *_: "", clips=0)


def test_a_class_never_predicted_and_names_with_special_characters(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    of = clips(rng, subjects=6, each=(4, 6))
    named = (SPECIAL, "überrascht|d'été", "日本 → 😀")
    never = np.where(predict(rng, of, skill=1, suits=0) == 2, 0, predict(rng, of, skill=1, suits=0) % 2)
    name = "odd $study$ & <i>"
    for level in ("a|b_c", "50%", "<script>alert(1)</script>"):
        keep(odd, odd / f"x{level[0]}", {"roi": level}, of, never, study=name, classes=named)
    document = check(study_of(odd, name), tmp_path / "out")
    assert any("never predicted by any of these cells" in note for note in _table(document, "1-classes").notes)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<b>50" not in page and "<i>" not in page
    latex = (tmp_path / "out" / "tables.tex").read_text(encoding="utf-8")
    assert r"50\%" in latex and r"\textless{}b\textgreater{}50\%\_of \$x\textasciicircum{}2\$ \& \{a\}" in latex
    plain = latex.replace(r"\merscript{日}\merscript{本} \ensuremath{\rightarrow} \merscript{😀}", "")
    assert plain.count("日本") == 1 and "take XeLaTeX or LuaLaTeX" in plain  # the comment alone
    assert all(ord(letter) < 0x180 for letter in plain.replace("日本😀", ""))
    assert headline(document)[-1] == ("tables.tex", "for XeLaTeX or LuaLaTeX; pdfLaTeX prints ? for 日本😀")


def test_one_cell(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    of = clips(rng, subjects=5, each=(3, 6))
    keep(odd, odd / "one", {"flow": "dis"}, of, predict(rng, of, skill=1, suits=0), study="one")
    document = check(study_of(odd, "one"), tmp_path / "out")
    keys = {table.key for table in document.tables}
    assert "1-main" in keys and not keys & {"1-baseline-tests", "1-factors", "1-ranks"}
    assert not {item.mark for row in _table(document, "1-main").rows for item in row.items} & {"best", "tied"}


def test_one_subject_has_scores_but_no_tests(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    of = clips(rng, subjects=1, each=(12, 12))
    for flow in ("dis", "tvl1", "raft"):
        keep(odd, odd / f"s{flow}", {"flow": flow}, of, predict(rng, of, skill=1, suits=0), study="alone")
    document = check(study_of(odd, "alone"), tmp_path / "out")
    main_table = _table(document, "1-main")
    assert all(item.interval == "" for row in main_table.rows for item in row.items)
    assert any(note.startswith("One subject") for note in main_table.notes)
    assert {row.items[2].text for row in _table(document, "1-baseline-tests").rows} == {"–"}


def test_seeds_are_repeats_of_a_cell(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    of = clips(rng, subjects=8, each=(4, 8))
    for flow, seed in (("dis", "0"), ("dis", "1"), ("tvl1", "0"), ("tvl1", "1"), ("tvl1", "2")):
        params = {"flow": flow, "seed": seed}
        keep(odd, odd / (flow + seed), params, of, predict(rng, of, skill=1, suits=0), study="seeds")
    document = check(study_of(odd, "seeds"), tmp_path / "out")
    table = _table(document, "1-main")
    assert [row.items[1].value for row in table.rows[:-CHANCE]] == [2, 3]
    scores = [
        metrics.from_predictions(read_predictions(odd / f"dis{seed}" / "predictions.csv"), draws=1, seed=0)["uf1"][
            "value"
        ]
        for seed in "01"
    ]
    assert table.rows[0].items[2].value == pytest.approx(np.std(scores, ddof=1))
    assert table.rows[0].items[3].value == pytest.approx(np.mean(scores))
    assert _table(document, "1-factor-tests").rows[0].items[2].value == 2  # matched by seed


def test_the_newest_run_of_a_cell_counts(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    of = clips(rng, subjects=5, each=(3, 6))
    for attempt in ("old", "new"):
        keep(odd, odd / attempt, {"flow": "dis"}, of, predict(rng, of, skill=1, suits=0), study="twice", name=attempt)
    study = study_of(odd, "twice")
    assert [run.name for run in study.runs] == ["new"]
    assert [out.reason for out in study.left_out] == ["an older run of a cell that is in"]


def test_runs_without_our_files_are_told(odd: Path) -> None:
    keep_result(odd, "foreign", record("foreign"), {})
    assert not sync(odd).problems
    with pytest.raises(DataError, match=r"study foreign: no run can be reported; .* predictions.csv is not among"):
        study_of(odd, "foreign")


def test_two_runs(study: Study, tmp_path: Path) -> None:
    drawn: list[str] = []

    def draw(run: object, sample_id: str, path: Path) -> str:
        drawn.append(sample_id)
        path.write_bytes(b"\x89PNG")
        return ""

    a, b = study.runs[0], study.runs[-1]
    document = versus(a, b, tmp_path / "out", draw=draw, clips=2)
    assert_as_in_csv(tmp_path / "out", in_html(tmp_path / "out"), document)
    tally = {row.name: row.items[1].value for row in _table(document, "1-tally").rows}
    differ = a.predictions.y_pred != b.predictions.y_pred
    assert tally["predicted differently"] == differ.sum()
    assert sum(v or 0 for k, v in tally.items() if k != "predicted differently") == len(differ)
    assert len(_table(document, "1-clips").rows) == differ.sum()
    assert len(set(drawn)) == 2
    said = dict(summary(document))
    assert float(said["UF1 of A"].split()[0]) == pytest.approx(a.summary["uf1"]["value"], abs=0.006)
    assert re.fullmatch(r"[-+]?\d\.\d+ \[.*\], p = .*", said["UF1, B minus A"])
    assert said["predicted differently"] == str(differ.sum())
    right = (a.predictions.y_pred == a.predictions.y_true) != (b.predictions.y_pred == b.predictions.y_true)
    assert set(drawn) <= set(a.predictions.sample_id[differ & right].tolist())
    with pytest.raises(DataError, match="compared with itself"):
        versus(a, a, tmp_path / "no", draw=draw, clips=0)


# Real programs --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no chromium or google-chrome is installed")
    return found


def test_a_browser_shows_the_numbers(browser: str, written: tuple[Document, Path], tmp_path: Path) -> None:
    document, folder = written
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    page = (folder / "report.html").as_uri()
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", *quiet.split(), f"--user-data-dir={tmp_path}", "--dump-dom", page],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Study planted" in done.stdout
    best = next(item for row in _table(document, "1-main").rows for item in row.items if item.mark == "best")
    assert f'<span class="best">{best.text}</span> <span class="iv">{best.interval}</span>' in done.stdout


@pytest.mark.parametrize("special", [False, True], ids=["plain", "special"])
def test_latex_compiles_the_tables(special: bool, written: tuple[Document, Path], odd: Path, tmp_path: Path) -> None:
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("no pdflatex is installed")
    if special:
        rng = np.random.default_rng(8)
        of = clips(rng, subjects=4, each=(3, 5))
        predicted = predict(rng, of, skill=1, suits=0)
        keep(odd, odd / "t", {"roi": SPECIAL}, of, predicted, study=SPECIAL, classes=(SPECIAL, "é|ü", "日本"))
        report(study_of(odd, SPECIAL), tmp_path / "r")
    for name in LATEX:
        shutil.copy((tmp_path / "r" if special else written[1]) / name, tmp_path / name)
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs,longtable,array,textcomp}"
        "\\begin{document}A paper.\\input{table}\\input{tables}\\input{appendix}\\end{document}\n",
        encoding="utf-8",
    )
    for name in ("table", "tables", "appendix", "paper"):
        command = [latex, "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-1500:]
        assert (tmp_path / f"{name}.pdf").stat().st_size > 10_000


def test_json_holds_every_table(written: tuple[Document, Path]) -> None:
    whole = json.loads((written[1] / "report.json").read_text(encoding="utf-8"))
    assert [table["key"] for table in whole["tables"]] == [table.key for table in written[0].tables]
    assert len(whole["cells"]) == 5
    assert set(CLASSES) <= set(
        whole["tables"][[t["key"] for t in whole["tables"]].index("1-classes")]["rows"][0]["cells"]
    )


def _table(document: Document, key: str) -> Table:
    return next(table for table in document.tables if table.key == key)


def test_settings_that_no_command_names_still_tell_cells_apart(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    of = clips(rng, subjects=5, each=(3, 6))
    for bins in (4, 8):
        config = f"study: silent\nworkers: {bins}\nflow:\n  _target_: F\n  levels: 3\ndescriptor:\n  bins: {bins}\n"
        predicted = predict(rng, of, skill=1, suits=0)
        keep(odd, odd / f"silent{bins}", {"flow": "dis", "n": ""}, of, predicted, study="silent", config=config)
    named = {"flow": "dis", "n": "", "descriptor.bins": "16"}
    keep(odd, odd / "silent16", named, of, predict(rng, of, skill=1, suits=0), study="silent", config=config)
    document = check(study_of(odd, "silent"), tmp_path / "out")
    names = [row.name for row in _table(document, "1-main").rows[:-CHANCE]]
    assert names == ["descriptor.bins=4", "descriptor.bins=8", "descriptor.bins=16"]


def test_the_raw_flow_is_marked_and_drawn_as_a_line(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    of = clips(rng, subjects=5, each=(3, 6))
    for kind in ("rawflow", "hoof"):
        keep(odd, odd / kind, {"descriptor": kind}, of, predict(rng, of, skill=1, suits=0), study="raw")
    table = _table(check(study_of(odd, "raw"), tmp_path / "out"), "1-main")
    assert [row.items[0].text for row in table.rows][:2] == ["rawflow (raw flow)", "hoof"]


def test_compare_says_why_clips_are_not_drawn(
    home: Path, study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [study.runs[0].run_id, study.runs[1].run_id[:12]]
    assert main(["compare", *ids, f"home={home}", f"output={tmp_path / 'c'}"]) == 0
    assert "predicted differently" in capsys.readouterr().out
    text = (tmp_path / "c" / "report.md").read_text(encoding="utf-8")
    assert "could not be drawn" in text
    assert "settings that this version of mer does not have" in text


def test_mirroring_and_balancing_are_choices_of_method(odd: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    of = clips(rng, subjects=5, each=(3, 6))
    for mirror in ("none", "both"):
        params = {"flow": "dis", "evaluation": "loso", "evaluation.mirror": mirror}
        keep(odd, odd / mirror, params, of, predict(rng, of, skill=1, suits=0), study="mirrored")
    document = check(study_of(odd, "mirrored"), tmp_path / "out")
    assert [row.name for row in _table(document, "1-main").rows[:-CHANCE]] == [
        "evaluation.mirror=none",
        "evaluation.mirror=both",
    ]


def test_the_papers_table_has_words_and_digits_of_choice(home: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.yaml"
    names.write_text("dis: dense inverse search\nbins: directions\n", encoding="utf-8")
    words = ["report", "planted", f"home={home}", f"output={tmp_path / 'r'}", "digits=4", f"names={names}"]
    assert main(words) == 0
    text = (tmp_path / "r" / "table.tex").read_text(encoding="utf-8")
    assert text.count(r"\begin{table}") == 1 and r"\label{tab:1-main}" in text
    assert "dense inverse search & 4 & " in text and "TV-L1 & 4" in text and "flow & directions & UF1" in text
    scores = re.findall(r"\d\.\d+", text.split(r"\midrule")[1])
    assert scores and {len(score) for score in scores} == {6}
    assert "resizebox" not in text
    tests = (tmp_path / "r" / "tables.tex").read_text(encoding="utf-8")
    assert r"\ensuremath{-}0." in tests and not re.search(r"[ \[]-0\.", tests)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["digits=two"], "digits=two: must be a number of decimals from 1 to 6"),
        (["names=/no/such.yaml"], "names=/no/such.yaml: cannot be read"),
    ],
)
def test_wrong_settings_of_the_tables_are_told(
    words: list[str], sentence: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "planted", f"home={home}", *words]) == 2
    assert capsys.readouterr().err.startswith(f"mer: {sentence}")


def test_the_page_has_contents_anchors_scopes_and_a_dark_mode(written: tuple[Document, Path]) -> None:
    text = (written[1] / "report.html").read_text(encoding="utf-8")
    links = re.findall(r'<li class="l\d"><a href="#([^"]+)">', text)
    assert len(links) > 5 and len(set(links)) == len(links)
    assert all(f'id="{link}"' in text for link in links)
    assert "prefers-color-scheme:dark" in text
    assert "<th>" not in text and '<th scope="col"' in text
    assert "scroll sideways" in text
