"""Tests of the formulas, and of the domains that they declare."""
