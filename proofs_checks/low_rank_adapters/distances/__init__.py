"""Distances of adapters from a target."""
