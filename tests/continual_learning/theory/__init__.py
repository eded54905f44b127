"""Formulas against enumeration and rational arithmetic."""
