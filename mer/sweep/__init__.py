"""Sweeps, whose finished cells are kept and not repeated."""
