"""Costs of edits, and the part of them that others pay."""
