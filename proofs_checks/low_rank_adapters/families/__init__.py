"""Instances of the statements on low-rank adapters."""
