"""Assignments and prototypes in turn."""
