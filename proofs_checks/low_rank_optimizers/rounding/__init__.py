"""Rounding to sixteen bits."""
