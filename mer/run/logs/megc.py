"""The log of the MEGC2019 networks: a line ``DATABASE SUBJECT``, then a line ``CLIP TRUTH PREDICTION`` per clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mer.errors import DataError, counted, reason
from mer.run.logs.prediction_log import LogRow, PredictionLog, class_number

__all__ = ["lines_of", "read_megc", "text_of"]

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
    rows: list[LogRow] = []
    head: list[str] = []
    for number, line in lines_of(path):
        where, words = f"{path}: line {number}", line.split()
        if len(words) == _HEAD:
            head = words
        elif len(words) == _CLIP:
            rows.append(_row(where, head, words, classes))
        elif words:
            raise DataError(
                f"{where} has {counted(len(words), 'word')}; a subject has DATABASE SUBJECT, a clip "
                "has CLIP TRUTH PREDICTION"
            )
    if not rows:
        raise DataError(f"{path}: the log holds no line CLIP TRUTH PREDICTION; check the file or give another format=")
    return PredictionLog(format="megc", rows=tuple(rows), classes=tuple(classes), text=text_of(path))


def _row(where: str, head: Sequence[str], words: Sequence[str], classes: Sequence[str]) -> LogRow:
    if not head:
        raise DataError(f"{where}: a line DATABASE SUBJECT must come before the first clip")
    truth, predicted = (class_number(where, word, classes) for word in words[1:])
    return LogRow(where=where, database=head[0], subject=head[1], clip=words[0], truth=truth, predicted=predicted)


def text_of(path: Path) -> str:
    """Return the text of a log to the byte: with its line ends, and with its byte order mark if it has one.

    Raises
    ------
    DataError
        If it cannot be read or is no UTF-8 text.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({reason(error)}); check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text; give a log of predictions, saved as UTF-8") from error


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a log, each with its number from 1.

    Raises
    ------
    DataError
        If it cannot be read or is no UTF-8 text.
    """
    yield from enumerate(text_of(path).removeprefix("\ufeff").splitlines(), start=1)
