"""The statement engine: what a theorem claims, on which instances, and what would contradict it.

A `Statement` is data: hypotheses, a family of instances, the algorithm under test, a claim, saboteurs. `check`
measures it within a `Session` (a budget and a seed) and returns `Evidence` with one of four verdicts: ``supported``,
``refuted``, ``inconclusive``, ``recorded``. The engine knows no system.
"""

from lrtheory._numbers import formula
from lrtheory._types import Number, Numbers
from lrtheory.bounds.arithmetic.exact import Ball, exactly, exp, log, rounding, sqrt
from lrtheory.bounds.claims import UNFIT, Expectation, Identity, Inequality, Law, Probability, Rate, Recorded, Sides
from lrtheory.bounds.deciding.checking import LEVEL, check
from lrtheory.bounds.deciding.evidence import Evidence, load_evidence
from lrtheory.bounds.errors import OutcomeError, StatementError
from lrtheory.bounds.families import Draws, Family, FromGenerator, FromHypothesis, Tight
from lrtheory.bounds.finding.registry import Registry
from lrtheory.bounds.provenance.origin import API
from lrtheory.bounds.provenance.sources import Classical, Derived, Documented, Measured, Paper
from lrtheory.bounds.session import BUDGETS, DEFAULT_SEED, Budget, Session
from lrtheory.bounds.sets import All, Box, Coins, Dual, Generic, Program, Proof, Square, Wrong
from lrtheory.bounds.statement import Statement, Violated, always, defects, repair, saboteur

__all__ = [
    "API",
    "BUDGETS",
    "DEFAULT_SEED",
    "LEVEL",
    "UNFIT",
    "All",
    "Ball",
    "Box",
    "Budget",
    "Classical",
    "Coins",
    "Derived",
    "Documented",
    "Draws",
    "Dual",
    "Evidence",
    "Expectation",
    "Family",
    "FromGenerator",
    "FromHypothesis",
    "Generic",
    "Identity",
    "Inequality",
    "Law",
    "Measured",
    "Number",
    "Numbers",
    "OutcomeError",
    "Paper",
    "Probability",
    "Program",
    "Proof",
    "Rate",
    "Recorded",
    "Registry",
    "Session",
    "Sides",
    "Square",
    "Statement",
    "StatementError",
    "Tight",
    "Violated",
    "Wrong",
    "always",
    "check",
    "defects",
    "exactly",
    "exp",
    "formula",
    "load_evidence",
    "log",
    "repair",
    "rounding",
    "saboteur",
    "sqrt",
]
