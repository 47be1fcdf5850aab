"""Spotting: when an expression happens in a long video, and how well that was found."""
