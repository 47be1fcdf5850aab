"""Stage 9: what a run keeps in MLflow. One run an evaluation, on a local SQLite store by default.

MLflow takes seconds to import, so nothing here does before a run is opened, a run has it done by another process, and
runs of a store that is there already are written without it, see `mer.tracking.tables`.
"""

from mer.tracking.beside import beside, warm
from mer.tracking.health import store_problems
from mer.tracking.read import reading
from mer.tracking.record import Record
from mer.tracking.stores import Off, Server, Sqlite
from mer.tracking.ui import UI_ENVIRONMENT, study_url, ui_command

__all__ = [
    "UI_ENVIRONMENT",
    "Off",
    "Record",
    "Server",
    "Sqlite",
    "beside",
    "reading",
    "store_problems",
    "study_url",
    "ui_command",
    "warm",
]
