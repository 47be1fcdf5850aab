"""Sweeps: cells that are never lost and never repeated; what Hydra has to do with them is in `mer.cli`."""
