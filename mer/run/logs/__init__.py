"""Predictions of other programs, clip by clip: their logs read, kept as runs, and written."""

from mer.run.logs.megc import read_megc
from mer.run.logs.prediction_log import LogRow, PredictionLog
from mer.run.logs.subject_lists import read_subject_lists
from mer.run.logs.table import read_table_of_predictions
from mer.run.logs.write import write_log

__all__ = ["LogRow", "PredictionLog", "read_megc", "read_subject_lists", "read_table_of_predictions", "write_log"]
