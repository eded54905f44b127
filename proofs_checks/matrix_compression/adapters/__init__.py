"""Adapters of lower rank: one, several in one, and those that turn the rows of a weight."""
