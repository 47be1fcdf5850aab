"""Landmarks that come with the data set: exact ones of a synthetic face, or a file of the user."""

from __future__ import annotations

from dataclasses import dataclass

from mer.errors import DataError
from mer.types import FramePair, Image, Landmarks

__all__ = ["Stored"]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Hands on what the data set stores; finds nothing itself."""

    def __call__(self, image: Image) -> Landmarks:
        """Raise: stored landmarks belong to a frame of a data set, an image alone has none.

        Raises
        ------
        DataError
            Always.
        """
        raise DataError(
            "landmarks=stored cannot find a face in an image: it only hands on the points of a data set; take another "
            "option of landmarks that can"
        )

    def of_pair(self, pair: FramePair) -> Landmarks:
        """Return the stored landmarks of the onset frame.

        Parameters
        ----------
        pair : FramePair

        Returns
        -------
        Landmarks

        Raises
        ------
        DataError
            If the data set has none for this frame.
        """
        if pair.onset_landmarks is None:
            raise DataError(
                "landmarks=stored, but no landmarks are stored for the onset frame; name a file of them in the column "
                "landmarks of the table, or choose another landmarks= that finds the face"
            )
        return pair.onset_landmarks
