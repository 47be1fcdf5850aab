"""A descriptor of every field of a sequence, side by side in one row: for what learns from frames inside the fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mer.descriptor.over_time import OverTime
from mer.types import Float32, Regions
from mer.validation import require_integer

__all__ = ["PerFrame", "at_positions"]


@dataclass(frozen=True, kw_only=True)
class PerFrame(OverTime):
    """The rows of a fixed number of positions in time, one after the other, whatever the length of the clip.

    Nothing is pooled and nothing is learnt here: ``codes=sparse`` does both, inside the fold.

    Parameters
    ----------
    descriptor : FlowDescriptor
        Of one field.
    positions : int
        From the first to the last field of a clip, evenly spread; ≥ 2. See `at_positions`.
    """

    positions: int

    over_time: ClassVar[bool] = True  # one field a clip would make every position the same

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("descriptor.positions", self.positions, low=2)

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return names such as ``frame1:brow_left_1:magnitude``, all of one frame before those of the next."""
        own = self.descriptor.columns(regions)
        return tuple(f"frame{i + 1}:{column}" for i in range(self.positions) for column in own)

    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return the row of a sequence.

        Parameters
        ----------
        flows : ndarray of float32, shape (T, H, W, 2)
            Fields in order of time, such as onset → each frame; T ≥ 1.
        regions : Regions
            Of the onset; the same for all fields.

        Returns
        -------
        ndarray of float32, shape (positions · D,)
        """
        return self.descriptor.batch(at_positions(flows, self.positions), [regions]).ravel()


def at_positions(flows: Float32, count: int) -> Float32:
    """Return `count` fields, evenly spread from the first to the last.

    Parameters
    ----------
    flows : ndarray of float32, shape (T, H, W, 2)
    count : int

    Returns
    -------
    ndarray of float32, shape (count, H, W, 2)
        Between two fields their linear mixture. Fields are mixed and not rows, since the mean of two angles is none.
        Of as many fields as positions, the fields themselves.
    """
    place = np.arange(count) * (len(flows) - 1) / (count - 1)
    before = np.floor(place).astype(np.intp)
    after = np.minimum(before + 1, len(flows) - 1)
    share = (place - before).astype(np.float32)[:, None, None, None]
    return np.asarray((1 - share) * flows[before] + share * flows[after], dtype=np.float32)
