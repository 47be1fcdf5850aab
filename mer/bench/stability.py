"""How much scores move without cause: processors, seeds, workers, BLAS threads, noise on the features.

One run is the base: the default experiment with seed 0, two workers, one BLAS thread and all instructions of the
processor. Each source of variation changes one of these and leaves the others alone. Read spreads in the tables, never
means: these are outer scores, and a setting chosen by them would be chosen by the held-out subjects.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mer.bench._stability_measures import (
    Observed,
    Processor,
    differing,
    folds_alike,
    largest_difference,
    noisy_runs,
    part,
    spread,
)
from mer.bench._stability_runs import Bench, Variant, variants
from mer.config.arguments import quoted, take_settings
from mer.errors import ConfigError, DataError
from mer.progress import progress
from mer.run.execute import prepare

__all__ = ["run"]

_OWN = {"seeds": "10", "tables": "12", "noise": "0.002", "parts": "isa,seeds,workers,threads,noise", "keep": ""}
_SOURCES = {
    "isa": "instruction sets",
    "seeds": "seeds",
    "workers": "workers, 1 and 2",
    "threads": "BLAS threads, 1 and 2",
    "noise": "noise on the features",
}
_SET_HERE = ("seed", "workers", "tracking", "home")
_NO_BETTER = ("DEFAULT", "AVX2")  # torch's capabilities up to AVX2


def run(arguments: Sequence[str]) -> None:
    """Run the experiment under each source of variation and print the spread of its scores.

    ``parts=isa,seeds,workers,threads,noise`` chooses sources, ``seeds=10 tables=12 noise=0.002`` their size; other
    words describe the experiment as those of `mer run` do. ``keep=DIR`` keeps runs and homes for a look.
    """
    given, words = _taken(arguments)
    parts, seeds, tables = _parts(given["parts"]), _number(given, "seeds"), _number(given, "tables")
    noise = _noise(given["noise"])
    _check_words(words)
    folder = _folder(given["keep"])
    try:
        bench = Bench(words=tuple(words), folder=folder)
        prepare(bench.experiment("base"))  # refuses what cannot be evaluated before any work
        plan = variants(parts, seeds)
        runs: dict[str, Observed] = {}
        with progress("runs", len(plan)) as advance:
            for variant in plan:
                runs[variant.name] = bench.run(variant)
                advance()
        found = {source: [runs[v.name] for v in plan if v.source in ("base", source)] for source in parts}
        if "noise" in parts:
            found["noise"] = _noisy(bench, tables, noise)
        _show_spread(found, words)
        if "isa" in parts:
            _show_partings(bench, [v for v in plan if v.source in ("base", "isa")], runs)
    finally:
        if not given["keep"]:
            shutil.rmtree(folder, ignore_errors=True)


def _taken(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    own = [word for word in arguments if word.partition("=")[0] in _OWN]
    return take_settings(own, _OWN), [quoted(word) for word in arguments if word not in own]


def _parts(text: str) -> list[str]:
    chosen = text.split(",")
    unknown = [name for name in chosen if name not in _SOURCES]
    if unknown:
        raise ConfigError(f"parts={text}: there is no part {unknown[0]!r}; choose among {', '.join(_SOURCES)}")
    return [name for name in _SOURCES if name in chosen]


def _number(given: Mapping[str, str], name: str) -> int:
    if not given[name].isdecimal() or int(given[name]) < 2:
        raise ConfigError(f"{name}={given[name]}: must be a whole number, 2 or more, for a spread")
    return int(given[name])


def _noise(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < 1:
        raise ConfigError(f"noise={text}: must be a share of each feature between 0 and 1, such as 0.002")
    return value


def _check_words(words: Sequence[str]) -> None:
    for word in words:
        name = word.partition("=")[0].lstrip("+~")
        if word.startswith("-") or "=" not in word:
            raise ConfigError(
                f"{word}: not understood; write group.setting=value, or {', '.join(f'{own}=...' for own in _OWN)}"
            )
        if name in _SET_HERE or (name.startswith("hydra")):
            raise ConfigError(f"{word}: mer bench stability sets {name} itself; leave it out")


def _folder(keep: str) -> Path:
    if not keep:
        return Path(tempfile.mkdtemp(prefix="mer_stability_"))
    folder = Path(keep).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DataError(f"keep={keep}: the folder is not empty, and kept results would hide what moves; name a new one")
    return folder


def _noisy(bench: Bench, tables: int, noise: float) -> list[Observed]:
    side = bench.side("base")
    folder = bench.folder / "runs" / "noise"
    folder.mkdir()
    found = []
    with progress("noise", tables) as advance:
        for seen in noisy_runs(side, folder, tables=tables, noise=noise):
            found.append(seen)
            advance()
    return found


def _show_spread(found: Mapping[str, Sequence[Observed]], words: Sequence[str]) -> None:
    table = Table(title=f"spread without cause: mer run {' '.join(words)}".rstrip(), title_justify="left")
    table.add_column("source of variation")
    for head in ("runs", "sd of UF1", "range of UF1", "predictions that differ, at most", "folds that choose alike"):
        table.add_column(head, justify="right")
    for source, runs in found.items():
        sd, low, high = spread([seen.uf1 for seen in runs])
        alike, folds = folds_alike(runs)
        clips = len(runs[0].predictions)
        cells = (f"{sd:.4f}", f"{low:.3f}–{high:.3f}", f"{largest_difference(runs)} of {clips}", f"{alike} of {folds}")
        table.add_row(_SOURCES[source], str(len(runs)), *cells)
    _print(table)


def _show_partings(bench: Bench, variants: Sequence[Variant], runs: Mapping[str, Observed]) -> None:
    base, *others = variants
    table = Table(title="where two processors part: against the native one", title_justify="left")
    for head in ("stage", "native", "AVX2", "SSE4.1"):
        table.add_column(head, justify="left" if head == "stage" else "right")
    native = bench.side(base.home)
    columns = [_column(bench, native, base, other, runs) for other in others]
    known = [f"{runs[variant.name].uf1:.4f}" for variant in variants]
    table.add_row("torch computes with", *_capabilities(bench, variants))
    table.add_row("UF1", *known)
    for name in columns[0]:
        table.add_row(name, "", *(column[name] for column in columns))
    _print(table)


def _column(
    bench: Bench, native: Processor, base: Variant, other: Variant, runs: Mapping[str, Observed]
) -> dict[str, str]:
    found = part(native, bench.side(other.home))
    pair = (runs[base.name], runs[other.name])
    alike, folds = folds_alike(pair)
    clips, whole = len(pair[0].predictions), found.clips
    ready_made = native.experiment.pipeline.dataset.entry == "flow"
    return {
        "landmarks, max |Δ| px": "–" if ready_made else f"{found.landmarks_px:.2g}",
        "aligned images identical": "–" if ready_made else f"{found.images} of {whole} clips",
        "flow, max |Δ| px": f"{found.flow_px:.2g}",
        "flow identical": f"{found.flows} of {whole} clips",
        "feature rows identical": f"{found.rows} of {whole}",
        "settings alike": f"{alike} of {folds} folds",
        "predictions alike": f"{clips - differing(pair[0].predictions, pair[1].predictions)} of {clips}",
    }


def _capabilities(bench: Bench, variants: Sequence[Variant]) -> list[str]:
    """Return what torch computed with in each run, as its protocol.json says."""
    found = []
    for variant in variants:
        torch = bench.card(variant)["compute"]["torch"]
        found.append("no torch in this run" if torch is None else str(torch["cpu_capability"]))
    if found[0] in _NO_BETTER:
        found[0] = f"{found[0]}, no better than AVX2"
    return found


def _print(table: Table) -> None:
    Console(width=None if Console().is_terminal else 160).print(table)
