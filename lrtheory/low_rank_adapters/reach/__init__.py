"""Distances of adapters from a target: lower bounds, best trained arrays, certificates."""
