"""Constants and right-hand sides of the theorems, as plain functions.

=============  =================================================================================================
descent        what a step takes off the energy at least, and weights with which it never rises
limits         a bound below all energies, and rates
special_cases  two points, and averages over tasks
trajectories   directed rings
=============  =================================================================================================

Notation: N points, K clusters, Z (N, K) with rows in the simplex, costs A (N, K), affinity W (N, N), weight lambda,
temperature T, R_T(Z) = T sum z log z + <A, Z> - (lambda / 2) tr(Z' W Z), S(Z) = softmax((lambda W Z - A) / T).
Formulas without log, exp and sqrt also take Fractions, all others also balls of a rigorous arithmetic.

To plan with, before anything runs:

====================  ==============================================================================================
energy_lower_bound    below which value no energy falls
largest_monotone_lam  how large lambda may be so that no whole update raises the energy
====================  ==============================================================================================
"""

from __future__ import annotations

from lrtheory.transductive_clustering.theory.descent import descent_bound, largest_monotone_lam
from lrtheory.transductive_clustering.theory.limits import energy_lower_bound, uniform_rate
from lrtheory.transductive_clustering.theory.special_cases import (
    half_width,
    two_point_energy,
    two_point_limit,
    two_point_threshold,
)
from lrtheory.transductive_clustering.theory.trajectories import ring_threshold

__all__ = [
    "descent_bound",
    "energy_lower_bound",
    "half_width",
    "largest_monotone_lam",
    "ring_threshold",
    "two_point_energy",
    "two_point_limit",
    "two_point_threshold",
    "uniform_rate",
]
