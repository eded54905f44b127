"""Blocks side by side, and what the spectrum of each says."""
