"""Factors of one product, and switches that keep it."""
