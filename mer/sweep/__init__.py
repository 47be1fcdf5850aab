"""Sweeps: cells that are never lost and never repeated."""
