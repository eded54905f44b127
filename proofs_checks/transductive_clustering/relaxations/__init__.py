"""Relaxed and discrete energies."""
