"""Results in memory, for what is needed more than once: the cells of a sweep share motion and regions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol, TypeVar

__all__ = ["Memory", "Sized"]


class Sized(Protocol):
    """What knows its size."""

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""


_Value = TypeVar("_Value", bound=Sized)


class Memory:
    """Values under keys, those used last, up to a size; safe to use in threads.

    Parameters
    ----------
    limit : int
        Bytes, ≥ 0; with 0 nothing is kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._values: OrderedDict[str, Sized] = OrderedDict()
        self._turn = threading.Lock()

    def compute(self, key: str, kind: type[_Value], make: Callable[[], _Value]) -> _Value:
        """Return the value of a key, of the class `kind`; `make()` gives it where it is not there.

        Two threads that need one value at the same time both make it: no thread waits for another.
        """
        with self._turn:
            found = self._values.get(key)
            if isinstance(found, kind):
                self._values.move_to_end(key)
                return found
        made = make()
        self._put(key, made)
        return made

    def _put(self, key: str, value: Sized) -> None:
        with self._turn:
            if key in self._values or value.nbytes > self._limit:
                return
            self._values[key] = value
            self._size += value.nbytes
            while self._size > self._limit:
                _, oldest = self._values.popitem(last=False)
                self._size -= oldest.nbytes
