"""Payoffs that are sampled: intervals, directions, and how many samples they take."""
