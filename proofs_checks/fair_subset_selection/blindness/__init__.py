"""Panels that no number of rankings helps, or only exponentially many."""
