"""Tests of the formulas of compatible representations."""
