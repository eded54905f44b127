"""Formulas: their values, their domains, and what they refuse."""
