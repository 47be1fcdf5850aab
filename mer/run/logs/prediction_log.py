"""What a log of predictions holds, whatever its format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mer.errors import DataError, first_of
from mer.types import Predictions
from mer.types.clip_names import clip_key

__all__ = ["LogRow", "PredictionLog", "class_number"]


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """One clip.

    Attributes
    ----------
    where : str
        File and line, for messages.
    database, subject, clip : str
        As the log spells them.
    truth, predicted : int
        Indices into the classes of the log.
    """

    where: str
    database: str
    subject: str
    clip: str
    truth: int
    predicted: int

    @property
    def id(self) -> str:
        """The sample id of the run that is made of the log."""
        return f"{self.database}/{self.subject}/{self.clip}"


@dataclass(frozen=True, kw_only=True)
class PredictionLog:
    """A whole log.

    Attributes
    ----------
    format : str
        ``megc``, ``csv`` or ``subject_lists``.
    rows : tuple of LogRow
        In the order of the file.
    classes : tuple of str
    text : str
        The whole file; empty for a log that was not read from one.
    names_clips : bool
        False where the log lists numbers without saying which clip each belongs to; ``clip`` then counts the clips of
        one class of one subject.
    """

    format: str
    rows: tuple[LogRow, ...]
    classes: tuple[str, ...]
    text: str = ""
    names_clips: bool = True

    def __post_init__(self) -> None:
        seen: dict[tuple[str, str, str], LogRow] = {}
        for row in self.rows:
            other = seen.setdefault(clip_key(row.database, row.subject, row.clip), row)
            if other is not row:
                raise DataError(f"{row.where}: {row.id} stands in the log twice, first as {other.id}; remove one line")

    def predictions(self) -> Predictions:
        """Return the predictions as a run has them, sorted by sample id; a log holds no scores.

        Raises
        ------
        DataError
            If a class has no clip.
        """
        clips = Counter(self.classes[row.truth] for row in self.rows)
        absent = [name for name in self.classes if not clips[name]]
        guessed = {self.classes[row.predicted] for row in self.rows} & set(absent)
        if guessed:
            raise DataError(
                f"the log predicts {min(guessed)} and holds no clip of it, so its F1 is undefined; import a log with "
                "all clips, or remove the lines that predict it"
            )
        if absent:
            raise DataError(
                f"the log holds no clip of {first_of(absent, 3)}, so its F1 is undefined; give the classes that it "
                "holds, classes=A,B,C in the order of their numbers"
            )
        rows = sorted(self.rows, key=lambda row: row.id)
        return Predictions(
            sample_id=np.array([row.id for row in rows]),
            dataset=np.array([row.database for row in rows]),
            subject=np.array([f"{row.database}/{row.subject}" for row in rows]),
            y_true=np.array([row.truth for row in rows], dtype=np.int64),
            y_pred=np.array([row.predicted for row in rows], dtype=np.int64),
            scores=np.full((len(rows), len(self.classes)), np.nan),
            classes=self.classes,
        )


def class_number(where: str, word: str, classes: Sequence[str]) -> int:
    """Return the number of a class that a log gives as a number.

    Raises
    ------
    DataError
        If it is none, or there are fewer classes.
    """
    if not word.isascii() or not word.isdigit() or int(word) >= len(classes):
        raise DataError(
            f"{where}: {word!r} is no class; the classes are 0 to {len(classes) - 1} ({', '.join(classes)}): correct "
            "the line, or give classes=A,B,C in the order of their numbers"
        )
    return int(word)
