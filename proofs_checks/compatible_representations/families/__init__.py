"""Finite laws of features and coordinates on the vertices of a simplex, for several rooms."""
