"""The numbers of formulas: their checks, whatever their kind, and `formula`, which says what one takes."""

from lrtheory._numbers.checks import (
    HUGE,
    any_of,
    divergence,
    entries,
    exact,
    gathered,
    in_range,
    inexact,
    number,
    numbers,
    plain,
    power,
    table,
    times_power,
)
from lrtheory._numbers.domains import Domain, domains_of, formula

__all__ = [
    "HUGE",
    "Domain",
    "any_of",
    "divergence",
    "domains_of",
    "entries",
    "exact",
    "formula",
    "gathered",
    "in_range",
    "inexact",
    "number",
    "numbers",
    "plain",
    "power",
    "table",
    "times_power",
]
