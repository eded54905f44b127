"""Formulas of low-rank optimizers against enumeration, plain loops and rational arithmetic."""
