"""Compiled least squares for every row or column of a matrix, with the other factor fixed."""
