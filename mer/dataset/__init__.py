"""Stage 1: annotation files → samples; frames are read on demand."""
