"""Sketches against the Gram matrix of all rows, and against counters."""
