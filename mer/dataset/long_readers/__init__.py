"""Readers of databases of long videos, one file per database."""
