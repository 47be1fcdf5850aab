"""One run: from the settings to the folder that a user keeps, and to its record in MLflow."""
