"""Queries and work of an update."""
