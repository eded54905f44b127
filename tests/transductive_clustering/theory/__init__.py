"""Formulas of `transductive_clustering`: their values, what they refuse, and their domains."""
