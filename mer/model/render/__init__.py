"""Predictions as pictures and annotated video."""
