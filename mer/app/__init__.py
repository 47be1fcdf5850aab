"""The local web page: a person's own video, seen by a model."""
