"""Instances on which the rank is known, or that decide a hard problem."""
