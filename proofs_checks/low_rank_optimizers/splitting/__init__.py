"""Coordinates with and without a state."""
