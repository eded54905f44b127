"""Factors of curvature, matrices with known spectra, and the gradients and vectors that they turn."""
