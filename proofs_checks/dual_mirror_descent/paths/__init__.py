"""Prices and accounts along a single run."""
