"""Tables of a report, and the one at the end of a run."""
