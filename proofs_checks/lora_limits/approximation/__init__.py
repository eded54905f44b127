"""Polynomials in the place of exp: their errors, degrees and features."""
