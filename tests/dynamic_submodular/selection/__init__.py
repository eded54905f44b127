"""Greedy selection from a fixed set, lazy and in single precision, against plain references."""
