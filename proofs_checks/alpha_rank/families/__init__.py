"""Instances on which the statements of alpha-Rank are checked."""
