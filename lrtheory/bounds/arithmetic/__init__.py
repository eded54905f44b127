"""Exact numbers and balls for claims that are decided exactly, and e-values for claims about chance."""
