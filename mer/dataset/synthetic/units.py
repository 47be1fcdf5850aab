"""Where each FACS action unit pulls the skin, and which way."""

from __future__ import annotations

__all__ = ["BLINK", "MIDLINE", "UNITS", "Row"]

# One row per bump: landmark of the subject's left (image right), its partner, shift of the centre, pull,
# radii. Shift, pull and radii in face units; x grows away from the midline, y downwards; pulls are relative within a
# unit. Anatomy: Ekman, Friesen and Hager, Facial Action Coding System (2002).
Row = tuple[int, int, tuple[float, float], tuple[float, float], tuple[float, float]]
UNITS: dict[str, tuple[Row, ...]] = {
    "AU1": (  # frontalis, inner part
        (22, 21, (0.04, -0.05), (-0.10, -1.0), (0.59, 0.70)),
        (22, 21, (0.08, -0.45), (0.0, -0.45), (0.63, 0.63)),
    ),
    "AU2": (  # frontalis, outer part
        (25, 18, (0.05, -0.03), (0.10, -1.0), (0.59, 0.67)),
        (25, 18, (0.0, -0.42), (0.0, -0.40), (0.59, 0.59)),
    ),
    "AU4": (  # corrugator, depressor supercilii
        (22, 21, (0.10, 0.0), (-0.65, 0.75), (0.63, 0.56)),
        (24, 19, (0.05, 0.0), (-0.30, 0.35), (0.56, 0.50)),
    ),
    "AU5": ((43, 38, (0.05, -0.03), (0.0, -1.0), (0.45, 0.30)),),  # levator palpebrae
    "AU6": (  # orbicularis oculi, outer ring
        (46, 41, (0.08, 0.36), (-0.10, -1.0), (0.70, 0.59)),
        (45, 36, (0.10, 0.0), (-0.55, 0.10), (0.48, 0.45)),
        (46, 41, (0.0, 0.04), (0.0, -0.40), (0.40, 0.25)),
    ),
    "AU7": (  # orbicularis oculi, inner ring
        (46, 41, (-0.07, 0.03), (-0.15, -1.0), (0.43, 0.28)),
        (44, 37, (-0.05, -0.03), (0.0, 0.40), (0.40, 0.25)),
    ),
    "AU9": (  # levator labii superioris alaeque nasi
        (35, 31, (0.05, -0.22), (0.0, -1.0), (0.50, 0.59)),
        (22, 21, (-0.06, 0.10), (-0.15, 0.60), (0.50, 0.48)),
        (52, 50, (0.06, -0.06), (0.0, -0.45), (0.38, 0.33)),
    ),
    "AU10": (  # levator labii superioris
        (52, 50, (0.10, -0.05), (0.10, -1.0), (0.48, 0.42)),
        (35, 31, (0.14, 0.02), (0.10, -0.65), (0.45, 0.45)),
    ),
    "AU12": (  # zygomaticus major
        (54, 48, (0.04, -0.03), (0.75, -0.66), (0.64, 0.59)),
        (54, 48, (0.25, -0.40), (0.25, -0.55), (0.63, 0.59)),
    ),
    "AU14": (  # buccinator: lip corner and cheek are drawn together
        (54, 48, (-0.02, 0.0), (0.70, 0.0), (0.38, 0.35)),
        (54, 48, (0.36, 0.02), (-0.90, 0.0), (0.48, 0.56)),
    ),
    "AU15": (  # depressor anguli oris
        (54, 48, (0.02, 0.05), (0.10, 1.0), (0.56, 0.56)),
        (54, 48, (0.0, 0.38), (0.05, 0.35), (0.48, 0.50)),
    ),
    "AU17": (  # mentalis
        (8, 8, (0.0, -0.22), (0.0, -1.0), (0.70, 0.56)),
        (57, 57, (0.0, 0.0), (0.0, -0.60), (0.53, 0.33)),
    ),
    "AU20": (  # risorius
        (54, 48, (0.08, 0.05), (1.0, 0.12), (0.73, 0.50)),
        (55, 59, (0.12, 0.25), (0.50, 0.10), (0.56, 0.50)),
    ),
    "AU23": (  # orbicularis oris
        (54, 48, (-0.03, 0.0), (-1.0, 0.0), (0.45, 0.33)),
        (52, 50, (0.0, 0.0), (0.0, 0.40), (0.30, 0.20)),
        (56, 58, (0.0, 0.0), (0.0, -0.45), (0.30, 0.22)),
    ),
    "AU25": (  # lips part
        (57, 57, (0.0, -0.03), (0.0, 1.0), (0.60, 0.30)),
        (51, 51, (0.0, 0.02), (0.0, -0.35), (0.55, 0.22)),
    ),
    "AU26": (  # jaw drops
        (8, 8, (0.0, -0.15), (0.0, 1.0), (1.33, 0.98)),
        (57, 57, (0.0, 0.0), (0.0, 0.50), (0.70, 0.48)),
    ),
}
# The upper lid comes down, the lower one rises a little: AU45, the distractor.
BLINK: tuple[Row, ...] = (
    (43, 38, (0.065, 0.0), (0.0, 1.0), (0.43, 0.31)),
    (47, 40, (0.065, 0.02), (0.0, -0.15), (0.40, 0.25)),
)
MIDLINE = frozenset({"AU17", "AU25", "AU26"})  # one muscle, or both halves together: no sides
