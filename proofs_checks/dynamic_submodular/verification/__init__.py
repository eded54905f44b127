"""Counterexamples of a function, and certificates of a set."""
