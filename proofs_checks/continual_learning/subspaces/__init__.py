"""Subspaces of old inputs, and steps that leave them alone."""
