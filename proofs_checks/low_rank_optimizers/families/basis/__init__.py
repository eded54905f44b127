"""Columns of orthogonal bases: gradients along them, the cosine basis, and streams for optimizers that keep a few."""
