"""Columns of an orthogonal basis that hold most of a matrix."""
