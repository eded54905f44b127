"""Statements about polynomials in the place of exp: their features, degrees, and the degrees that are needed."""
