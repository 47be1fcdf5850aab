"""Geometry of faces and of motion that several stages share."""
