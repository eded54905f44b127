"""Regressions that are sketched, bases that are clipped, and rows that are perturbed."""
