"""Searches, models and samples, against enumeration in Fractions over sets of tuples."""
