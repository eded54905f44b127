"""Instances of the statements on low-rank and memory-efficient optimizers."""
