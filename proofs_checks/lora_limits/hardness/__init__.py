"""Exact gradients that are hard to compute."""
