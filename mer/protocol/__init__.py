"""Which clips count and as which classes: the protocols that papers are compared by."""

from mer.protocol.protocol import Protocol

__all__ = ["Protocol"]
