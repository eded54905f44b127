"""Searches for the best items: what a beam proves, where it fails, and what best first expands."""
