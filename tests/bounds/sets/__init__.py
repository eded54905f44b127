"""Whole sets: what covers them, and what must not."""
