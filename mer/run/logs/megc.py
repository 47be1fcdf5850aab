"""The log of the MEGC2019 networks: a line ``DATABASE SUBJECT``, then a line ``CLIP TRUTH PREDICTION`` per clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mer.errors import DataError, reason
from mer.run.logs.prediction_log import LogRow, PredictionLog, class_number

__all__ = ["read_megc", "text_of", "write_megc"]

_HEAD, _CLIP = 2, 3  # words


def read_megc(path: Path, classes: Sequence[str]) -> PredictionLog:
    """Read a log.

    Parameters
    ----------
    path : Path
    classes : sequence of str
        Names of the classes 0, 1, 2, ...

    Raises
    ------
    DataError
        If the file is no such log; names the line.
    """
    text = text_of(path)
    end = "\r\n" if "\r\n" in text else "\n"
    rows: list[LogRow] = []
    head: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        where, words = f"{path}: line {number}", line.split()
        if len(words) == _HEAD:
            head = words
        elif len(words) == _CLIP:
            rows.append(_row(where, head, words, classes))
        elif words:
            raise DataError(
                f"{where} has {len(words)} words; a subject has DATABASE SUBJECT, a clip has CLIP TRUTH PREDICTION"
            )
    if not rows:
        raise DataError(f"{path}: the log holds no line CLIP TRUTH PREDICTION; check the file or give another format=")
    return PredictionLog(
        format="megc", rows=tuple(rows), classes=tuple(classes), line_end=end, last_line_ended=text.endswith("\n")
    )


def write_megc(path: Path, log: PredictionLog) -> None:
    """Write a log; one that was read is written to the byte as it was.

    Raises
    ------
    DataError
        If a name has a blank, which separates the words of a line, or the file cannot be written.
    """
    lines: list[str] = []
    head = ""
    for row in log.rows:
        for name in (row.database, row.subject, row.clip):
            if len(name.split()) != 1:
                raise DataError(f"clip {row.id!r}: a name with a blank cannot stand in a log; take format=csv")
        if head != (head := f"{row.database} {row.subject}"):
            lines.append(head)
        lines.append(f"{row.clip} {row.truth} {row.predicted}")
    text = log.line_end.join(lines) + (log.line_end if log.last_line_ended else "")
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise DataError(f"{path} cannot be written ({reason(error)}): give another output=FILE") from error


def _row(where: str, head: Sequence[str], words: Sequence[str], classes: Sequence[str]) -> LogRow:
    if not head:
        raise DataError(f"{where}: a line DATABASE SUBJECT must come before the first clip")
    truth, predicted = (class_number(where, word, classes) for word in words[1:])
    return LogRow(where=where, database=head[0], subject=head[1], clip=words[0], truth=truth, predicted=predicted)


def text_of(path: Path) -> str:
    """Return the text of a log with its line ends.

    Raises
    ------
    DataError
        If it cannot be read or is no text.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({reason(error)}); check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text file; give a log of predictions") from error
