"""Which clips count and as which classes: the protocols that papers are compared by."""

from mer.protocol.protocol import Protocol
from mer.protocol.several import SeveralClasses

__all__ = ["Protocol", "SeveralClasses"]
