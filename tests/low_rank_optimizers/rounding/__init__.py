"""Rounding against tables of all numbers of a format and against rounding each sum."""
