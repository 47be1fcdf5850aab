"""Stage 6: where to look. Landmarks and an image size → named regions of the face.

Convention
----------
Left and right are those of the image, as are the flow's: a region called left has the smaller x, and belongs to the
subject's right side. Lengths are given in inter-ocular distances (between the centres of the two eyes), directions
along the face's own axes, so that size and roll of the head do not matter.
"""
