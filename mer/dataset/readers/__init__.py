"""One reader for each published database, and what they share."""
