"""Recursive ridge regression in four forms that keep one state: a triangle, a covariance, sums, or all keys."""
