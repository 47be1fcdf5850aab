"""Stage 9: what a user looks at: the table at the end of a run, and the figures in its folder."""
