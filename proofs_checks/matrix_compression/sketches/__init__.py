"""Sketches in one pass and in trees of merges."""
