"""Stage 9: what MLflow records of a run, after its result is kept and only through MLflow's public client.

Importing MLflow takes seconds, so nothing here does so before it must; `mer.tracking.teller` has a background process
do it. What could not be recorded in MLflow (server down, disk full, run killed) waits next to the result, for the next
run or for ``mer sync``.
"""

from mer.tracking.clean import first_line
from mer.tracking.failures import telling_failures
from mer.tracking.health import store_problems
from mer.tracking.read import reading
from mer.tracking.record import FAILED, RECORDS, Record, carry_over, is_recorded, waiting
from mer.tracking.signals import exit_on_signals
from mer.tracking.stores import Off, Server, Sqlite
from mer.tracking.sync import Report, run_id_of, sync
from mer.tracking.teller import open_later, settle, tell_later, warm
from mer.tracking.ui import UI_ENVIRONMENT, study_url, ui_command

__all__ = [
    "FAILED",
    "RECORDS",
    "UI_ENVIRONMENT",
    "Off",
    "Record",
    "Report",
    "Server",
    "Sqlite",
    "carry_over",
    "exit_on_signals",
    "first_line",
    "is_recorded",
    "open_later",
    "reading",
    "run_id_of",
    "settle",
    "store_problems",
    "study_url",
    "sync",
    "tell_later",
    "telling_failures",
    "ui_command",
    "waiting",
    "warm",
]
