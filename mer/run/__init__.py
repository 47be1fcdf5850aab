"""One run: from the settings to its results folder and its record in MLflow."""
