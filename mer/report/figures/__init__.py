"""Figures of runs and of reports."""
