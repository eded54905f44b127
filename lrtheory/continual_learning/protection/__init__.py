"""Subspaces that old inputs use, and steps that leave them alone."""
