"""Stage 7: how it moved. A flow field and regions → one feature row; stateless, so nothing here can leak.

Convention
----------
Directions are atan2(v, u) of the image's axes, in degrees of (−180, 180]: 0° to the right, +90° down, −90° up (a
raised brow moves at −90°).
"""
