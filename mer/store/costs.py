"""What stages cost on this machine, kept next to the cache, so that a plan can say how long a sweep takes."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from mer.store.atomic import write_atomically
from mer.store.keys import component_key, digest

__all__ = ["STEPS", "Times", "mean"]

# Steps of a run, and the component whose settings decide on the cost of each.
STEPS = {
    "read": "dataset",
    "landmarks": "landmarks",
    "align": "align",
    "flow": "estimator",
    "descriptor": "descriptor",
    "statistics": "roi",
    "evaluation": "folds_cost",
    "rest": "",  # start-up, figures, intervals, MLflow: of a single run or of a cell, the others by clip
}
_REMEMBERED = 20.0  # runs after which an older cost counts no more


@dataclass(frozen=True, kw_only=True)
class Times:
    """A folder of small files, one per step and component.

    Attributes
    ----------
    root : Path
    """

    root: Path

    def add(self, step: str, component: object, seconds: float) -> None:
        """Keep what a step cost: a mean that follows the machine; a write that fails costs only the plan."""
        path = self._path(step, component)
        before = _read(path)
        count = min(before.get("count", 0.0) + 1, _REMEMBERED)
        value = before.get("seconds", 0.0)
        after = {"seconds": value + (seconds - value) / count, "count": count}
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(after).encode())

    def expected(self, step: str, component: object) -> float | None:
        """Return the seconds of a step: with this component, else the mean with others; None where nothing is known.

        A search takes a hundred times what none does, so the evaluation is known with its own tuning alone.
        """
        own = _read(self._path(step, component)).get("seconds")
        if own is not None or step == "evaluation":
            return own
        others = [_read(path).get("seconds") for path in (self.root / step).glob("*.json")]
        known = [seconds for seconds in others if seconds is not None]
        return mean(known) if known else None

    def _path(self, step: str, component: object) -> Path:
        name = component if isinstance(component, str) else digest(component_key(component))
        return self.root / step / f"{name}.json"


def mean(values: list[float]) -> float:
    """Return the mean of some numbers."""
    return sum(values) / len(values)


def _read(path: Path) -> dict[str, float]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"seconds": float(content["seconds"]), "count": float(content["count"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
