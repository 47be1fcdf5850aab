"""Stage 2: which frames of a clip are compared with its onset."""

from mer.frames.pair import OnsetApex, OnsetMiddle
from mer.frames.sequence import FrameSequence
from mer.frames.spotted import OnsetSpotted

__all__ = ["FrameSequence", "OnsetApex", "OnsetMiddle", "OnsetSpotted"]
