"""Weights that a step in low precision cannot move, and comparisons of checkpoints."""
