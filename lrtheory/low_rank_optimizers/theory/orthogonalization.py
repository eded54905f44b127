"""Constants of released programs that orthogonalize steps: Muon and AuON."""

from __future__ import annotations

__all__ = ["GAMMA", "QUINTIC", "ROOT"]

#: the coefficients of x, x^3 and x^5 in Muon
QUINTIC = (3.4445, -4.7750, 2.0315)
#: the scale inside of the hyperbolic cosine in the released program
GAMMA = 1.5
#: what AuON adds to the root of the mean of squared cosines
ROOT = 1e-8
