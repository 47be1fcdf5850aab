"""Stage 5b: takes the head's own motion out of the flow, so that what is left is the face's.

Convention
----------
A head motion T brings the point x of the onset to T(x). What is left of the flow u is exact, not to first order only:
w(x) = T⁻¹(x + u(x)) − x, the motion that the face would show had the head been still.
"""

from mer.motion.shift import MedianShift, NoRemoval, NoseShift
from mer.motion.similarity import SimilarityDrift

__all__ = ["MedianShift", "NoRemoval", "NoseShift", "SimilarityDrift"]
