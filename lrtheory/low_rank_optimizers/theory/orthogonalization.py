r"""Steps that are divided by hyperbolic cosines, and polynomials of singular values.

Part of `theory`, where users find these functions. N is the number of entries of an update direction G, \|G\| its
Frobenius norm, and p(x) = a x + b x^3 + c x^5 the polynomial of a Newton-Schulz step.
"""

from __future__ import annotations

__all__ = []

#: the coefficients of x, x^3 and x^5 in Muon
QUINTIC = (3.4445, -4.7750, 2.0315)
#: the scale inside of the hyperbolic cosine in the released program
GAMMA = 1.5
#: what AuON adds to the root of the mean of squared cosines
ROOT = 1e-8
