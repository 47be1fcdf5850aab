"""Stage 9: what a user sees: the table at the end of a run, and the figures in its folder."""
