"""Stage 2: which two frames of a clip are compared."""

from mer.frames.pair import OnsetApex, OnsetMiddle
from mer.frames.spotted import OnsetSpotted

__all__ = ["OnsetApex", "OnsetMiddle", "OnsetSpotted"]
