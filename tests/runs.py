"""A run with something in it, for the tests that look at how runs are recorded; the store is in conftest.py."""

from __future__ import annotations

from typing import Any

__all__ = ["PARAMS", "TAGS", "open_run"]

PARAMS = {"flow": "dis", "descriptor.bins": "8"}
TAGS = {"commit": "0123abc", "result": "r1"}


def open_run(store: Any, study: str = "trial", **given: Any) -> Any:
    return store.run(**{"study": study, "name": "cell", "params": PARAMS, "tags": TAGS} | given)
