"""`mer ui`: the MLflow UI on the runs kept in MER_HOME."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["USAGE", "main"]

USAGE = """usage: mer ui [study=NAME] [host=127.0.0.1] [port=5000]

Opens the MLflow UI on the runs kept in MER_HOME (./mer_home) and prints the address at which the study's runs can be
compared. Ctrl-C ends it.
"""


def main(arguments: Sequence[str]) -> int:
    """Start the server, print the study's address, wait until it is stopped."""
    raise NotImplementedError
