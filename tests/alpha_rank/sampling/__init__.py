"""Adaptive sampling against plain recomputation, enumeration and exact probabilities."""
