"""Bounds from a subspace, a copy, and products of factors."""
