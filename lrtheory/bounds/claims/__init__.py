"""The kinds of claims. A claim says what is measured and what would contradict it; it holds no tolerance and no seed.

Deterministic claims (`Inequality`, `Identity`) give their two sides for one instance and one outcome. Random claims
(`Probability`, `Expectation`, `Law`, `Rate`) turn the outcomes of n independent runs into n numbers, and judge them.
"""

from lrtheory.bounds.claims.both_sides import UNFIT, Identity, Inequality, Recorded, Sides
from lrtheory.bounds.claims.expectation import Expectation
from lrtheory.bounds.claims.judgment import SHARPER, Judgment, Level
from lrtheory.bounds.claims.law import Law
from lrtheory.bounds.claims.probability import Probability
from lrtheory.bounds.claims.rate import Rate

__all__ = [
    "SHARPER",
    "UNFIT",
    "Claim",
    "Expectation",
    "Identity",
    "Inequality",
    "Judgment",
    "Law",
    "Level",
    "Probability",
    "Rate",
    "Recorded",
    "Sides",
]

Claim = Inequality | Identity | Probability | Expectation | Law | Rate | Recorded
