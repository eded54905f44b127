"""Sketches of streams by Frequent Directions."""
