"""Prototypes at the vertices of a regular simplex: how far apart they are, and what draws features to them."""
