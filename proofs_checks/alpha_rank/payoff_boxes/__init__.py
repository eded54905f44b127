"""Payoffs that are known up to a box, and the masses that they leave possible."""
