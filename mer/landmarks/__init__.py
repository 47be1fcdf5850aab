"""Stage 3: where the face is, as 68 points."""
