"""Stage 4: brings every face to one place and size; all frames of a clip move by one matrix.

Convention
----------
A matrix (2, 3) takes (x, y, 1) of the source to (x, y) of the aligned image, pixel centres at integers in both. A
fraction f of an image with S pixels per side is the pixel coordinate f·S − ½: 0 and 1 are the outer edges of the image.
"""

from mer.align.crop import Crop, Identity
from mer.align.similarity import Similarity

__all__ = ["Crop", "Identity", "Similarity"]
