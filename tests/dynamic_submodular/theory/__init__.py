"""Tests of the formulas of dynamic submodular maximization."""
