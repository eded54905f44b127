"""Inverses of factors of curvature."""
