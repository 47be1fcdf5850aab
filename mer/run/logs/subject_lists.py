"""The log of STSTNet's PyTorch port: the subject, then two lists of numbers, which name no clips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mer.errors import DataError
from mer.run.logs.megc import lines_of, text_of
from mer.run.logs.prediction_log import LogRow, PredictionLog, class_number

__all__ = ["read_subject_lists"]

# How the three databases of MEGC2019 name their subjects; no other log in this format is known.
_DATABASES = {"casme2": r"sub\d+", "smic": r"s\d+", "samm": r"\d+"}
_LISTS = ("Predicted", "Ground Truth")


def read_subject_lists(path: Path, classes: Sequence[str]) -> PredictionLog:
    """Read lines ``Subject: NAME``, ``Predicted: [0, 1]`` and ``Ground Truth: [0, 0]``; other lines are skipped.

    Raises
    ------
    DataError
        If a list is missing, or the two of one subject differ in length.
    """
    subject = ""
    found: dict[str, dict[str, list[int]]] = {}
    for number, line in lines_of(path):
        name, colon, rest = (part.strip() for part in line.partition(":"))
        where = f"{path}: line {number}"
        if name == "Subject" and colon:
            subject = rest
            if subject in found:
                raise DataError(f"{where}: subject {subject} stands in the log twice; remove one")
            found[subject] = {}
        elif name in _LISTS:
            found.setdefault(subject, {})[name] = _numbers(where, rest, classes)
    if not any(found.values()):
        raise DataError(f"{path}: the log holds no line 'Predicted: [...]'; check the file or give another format=")
    rows = [row for name, lists in found.items() for row in _rows(f"{path}: subject {name}", name, lists, classes)]
    return PredictionLog(
        format="subject_lists", rows=tuple(rows), classes=tuple(classes), text=text_of(path), names_clips=False
    )


def _numbers(where: str, text: str, classes: Sequence[str]) -> list[int]:
    words = [word.strip() for word in text.strip("[] ").split(",") if word.strip()]
    return [class_number(where, word, classes) for word in words]


def _rows(where: str, subject: str, lists: dict[str, list[int]], classes: Sequence[str]) -> list[LogRow]:
    predicted, truth = (lists.get(name) for name in _LISTS)
    if predicted is None or truth is None or len(predicted) != len(truth):
        raise DataError(f"{where}: needs a list Predicted and a list Ground Truth of one length; copy the log again")
    database = next((name for name, pattern in _DATABASES.items() if re.fullmatch(pattern, subject)), "unknown")
    seen: Counter[int] = Counter()
    rows = []
    for true, guess in zip(truth, predicted, strict=True):
        seen[true] += 1
        clip = f"{classes[true]}_{seen[true]}"
        rows.append(LogRow(where=where, database=database, subject=subject, clip=clip, truth=true, predicted=guess))
    return rows
