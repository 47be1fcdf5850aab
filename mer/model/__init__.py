"""From a study to a person's own video: fit a model, predict, explain, say when not to trust it."""
