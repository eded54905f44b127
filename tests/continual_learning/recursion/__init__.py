"""Recursive ridge regression against a batch solution in rational numbers."""
