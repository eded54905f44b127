"""Numerical code that systems share: loops for vector registers, products of thin factors, units of numbers."""
