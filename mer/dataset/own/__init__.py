"""A user's own clips: a table of them, or videos."""
