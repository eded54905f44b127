"""Edits all at once, in files, and planned ahead, against Fractions, normal equations and bytes."""
