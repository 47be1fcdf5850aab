"""Kill a sweep with SIGKILL ten times at random, start it again each time, and compare with one left in peace.

    python experiments/kill_sweep.py [kills=10] [together=1] [seed=0]

Then: two sweeps at once from an empty folder, as often as `together` says; files of cache and results damaged; one
process against two.
Prints what was found and ends with status 1 where anything differs. Takes some ten minutes on two cores.
"""

from __future__ import annotations

import csv
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

RARE = [f"dataset.frequencies.{name}=0" for name in ("anger", "fear", "sadness")]
WORDS = ["dataset.subjects=4", "dataset.clips=7", *RARE, "tuning=none", "workers=1", "study=killed"]
FACTORS = ["flow=dis,farneback", "roi=grid,whole", "descriptor.bins=4,8,12"]


def _start(home: Path, out: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mer", "run", "-m", *WORDS, *FACTORS, f"hydra.sweep.dir={out}", *words]
    return subprocess.Popen(
        command, env=os.environ | {"MER_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _finish(home: Path, out: Path, *words: str) -> float:
    began = time.perf_counter()
    assert _start(home, out, *words).wait() == 0, out
    return time.perf_counter() - began


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "cells.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _scores(out: Path) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in ("cell", "overrides", "uf1", "uar", "result")) for row in _rows(out)]


def _kept(home: Path) -> int:
    return len(list((home / "results").glob("??/[!.]*/cell.json")))  # a dot begins the name of what is not finished


def _predictions(out: Path) -> list[bytes]:
    return [(out / str(cell) / "predictions.csv").read_bytes() for cell in range(len(_rows(out)))]


def _statuses(home: Path) -> Counter[str]:
    with sqlite3.connect(home / "mlflow.db") as store:
        return Counter(row[0] for row in store.execute("select status from runs"))


def _say(what: str, right: bool, more: object = "") -> bool:
    print(f"{what:<66} {'yes' if right else 'NO':<4} {more}", flush=True)
    return right


def _killed(folder: Path, peace: Path, kills: int, whole: float, dice: random.Random) -> bool:
    home = folder / "killed"
    for number in range(kills):
        sweep = _start(home, folder / f"killed_{number}")
        # Kills spread over the whole sweep: each some random time after another cell has been finished.
        while _kept(home) < number * 12 // kills and sweep.poll() is None:
            time.sleep(0.02)
        time.sleep(dice.uniform(0.0, whole / 12))
        sweep.kill()
        sweep.wait()
        print(f"  kill {number + 1}: {_kept(home)} cells are finished", flush=True)
    _finish(home, folder / "killed_out")
    found = _statuses(home)
    same = _scores(folder / "killed_out") == _scores(peace)
    equal = _predictions(folder / "killed_out") == _predictions(peace)
    checks = [
        _say(f"killed {kills} times: the same table as in peace", same),
        _say("  the same predictions in every cell, to the byte", equal),
        _say(
            "  no run left RUNNING, one FINISHED a cell", found["RUNNING"] == 0 and found["FINISHED"] == 12, dict(found)
        ),
    ]
    return all(checks)


def _together(home: Path, peace: Path) -> bool:
    outs = [home.with_name(f"{home.name}_{name}") for name in "ab"]
    sweeps = [_start(home, out) for out in outs]
    ended = [sweep.wait() for sweep in sweeps]
    rows = [row for out in outs for row in _rows(out)]
    for row in rows:
        if row["error"]:
            print(f"  {row['overrides']}: {row['error']}", flush=True)
    states = Counter(row["state"] for row in rows)
    same = all(_scores(out) == _scores(peace) for out in outs)
    checks = [
        _say("two at once on an empty home: both complete, same table", ended == [0, 0] and same),
        _say("  no cell computed twice", states["done"] == 12, dict(states)),
        _say("  one FINISHED run a cell", _statuses(home) == Counter(FINISHED=12), dict(_statuses(home))),
    ]
    return all(checks)


def _damaged(home: Path, folder: Path, peace: Path, dice: random.Random) -> bool:
    files = [p for part in ("cache", "results") for p in sorted((home / part).rglob("*")) if p.suffix != ".lock"]
    files = [path for path in files if path.is_file() and path.stat().st_size]
    for path in files:
        data = bytearray(path.read_bytes())
        place = dice.randrange(len(data))
        if dice.random() < 0.5:
            path.write_bytes(data[:place])
        else:
            data[place] ^= 1 << dice.randrange(8)
            path.write_bytes(data)
    _finish(home, folder / "damaged_out")
    out = folder / "damaged_out"
    same = _scores(out) == _scores(peace) and _predictions(out) == _predictions(peace)
    states = Counter(row["state"] for row in _rows(out))
    return _say(f"each of {len(files)} files flipped or cut: same results", same, dict(states))


def _side_by_side(folder: Path, peace: Path, alone: float) -> bool:
    try:
        import hydra_plugins.hydra_joblib_launcher  # noqa: F401
    except ImportError:
        print("no joblib launcher (pip install 'micro-expression[joblib]'): 1 against 2 processes left out")
        return True
    seconds = _finish(folder / "pair", folder / "pair_out", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    same = _predictions(folder / "pair_out") == _predictions(peace)
    ratio = f"{alone:.1f} s against {seconds:.1f} s: {alone / seconds:.2f} times"
    return _say("1 and 2 processes: same predictions in every cell", same, ratio)


def _main() -> int:
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    dice = random.Random(int(given.get("seed", 0)))
    with tempfile.TemporaryDirectory(prefix="mer_kill_") as name:
        folder = Path(name)
        peace = folder / "peace_out"
        whole = _finish(folder / "peace", peace)
        print(f"in peace: {len(_rows(peace))} cells in {whole:.1f} s", flush=True)
        homes = [folder / f"two{number}" for number in range(int(given.get("together", 1)))]
        checks = [
            _killed(folder, peace, int(given.get("kills", 10)), whole, dice),
            *(_together(home, peace) for home in homes),
            _damaged(homes[0], folder, peace, dice),
            _side_by_side(folder, peace, whole),
        ]
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(_main())
