"""Rank, factors and population for a budget of evaluations, and bounds of the bias."""
