"""Formulas of low-rank adapters against the definitions that they abbreviate."""
