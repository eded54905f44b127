"""Wrong degrees, ranks, hard instances and scalings; each must be caught by a statement."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families import beyond_attention, features, polynomials, scales
from proofs_checks.lora_limits.families.growth import ladders
from proofs_checks.lora_limits.families.hard import cubes, gadgets

# --- polynomials -----------------------------------------------------------------------------------------------------


def error_of_less(case: polynomials.Taylor, rng: np.random.Generator) -> dict[str, float]:
    """State the error of the polynomial without its last power."""
    # an error of another polynomial, which is larger: only the comparison with the exact value refutes it
    return polynomials.taylor_errors(replace(case, degree=max(0, case.degree - 1)))


def less_than_least(case: polynomials.Target, rng: np.random.Generator) -> dict[str, int]:
    """State one degree less than the least one."""
    found = polynomials.least_degrees(case)
    # the error at this degree is above epsilon
    return found | {"degree": found["degree"] - 1}


def more_than_least(case: polynomials.Target, rng: np.random.Generator) -> dict[str, int]:
    """State one degree more than the least one."""
    found = polynomials.least_degrees(case)
    # the error is small enough; the degree before would have been enough, too
    return found | {"degree": found["degree"] + 1}


def tail_dropped(case: polynomials.Bracket, rng: np.random.Generator) -> polynomials.Bracketed:
    """State the lower end of the bracket as its upper end, too."""
    found = polynomials.bracketed(case)
    # subtle: for small M the terms after I_{g+1} are small beside it
    return replace(found, upper=found.lower)


def errors_shrunk(case: polynomials.Bracket, rng: np.random.Generator) -> polynomials.Kinds:
    """State errors that are one percent too small."""
    found = polynomials.kinds_of(case)
    # the polynomials are right, and only the extrema of their errors refute what is stated of them
    return replace(found, errors=0.99 * found.errors)


def best_is_the_cut_series(case: polynomials.Bracket, rng: np.random.Generator) -> polynomials.Kinds:
    """Return Chebyshev's polynomial, with its own error, as the best one."""
    found = polynomials.kinds_of(case)
    # its stated error is true; only the alternation shows that a better polynomial exists
    return replace(found, coefficients=found.coefficients[[0, 1, 1]], errors=found.errors[[0, 1, 1, 3]])


def less_than_bracket(case: polynomials.Absolute, rng: np.random.Generator) -> np.ndarray:
    """State both degrees one too small."""
    # they still differ by one, so only the ends of the bracket refute them
    return polynomials.degree_brackets(case) - 1


def decaying(case: polynomials.Absolute, rng: np.random.Generator) -> np.ndarray:
    """Return degrees for exp(-x) on [0, 2 M], whose Chebyshev coefficients are smaller by exp(M).

    The literature has a square-root law for it, which one may take for that of exp on [-M, M].
    """
    return polynomials.degree_brackets(replace(case, epsilon=case.epsilon * float(np.exp(case.bound))))


def decaying_along(case: ladders.Ladder, rng: np.random.Generator) -> np.ndarray:
    """Return the degrees of `decaying` for every rung of a ladder."""
    return np.array([decaying(one, rng)[1] for one in case.rungs])


def one_more_along(case: ladders.Ladder, rng: np.random.Generator) -> np.ndarray:
    """State one degree more on each rung."""
    # the growth is as claimed; each degree alone is not the least one
    return polynomials.degrees_along(case) + 1


def last_degree_alone(case: features.Features, rng: np.random.Generator) -> features.Factors:
    """Use the monomials of degree exactly g alone; the columns of the others are zero."""
    found = features.factored(case)
    # the homogeneous part of the polynomial: right for the last coefficient alone
    lower = theory.n_features(case.Q.shape[1], case.degree - 1) if case.degree else 0
    last = np.arange(found.U.shape[1]) >= lower
    return features.Factors(found.U * last, found.V * last)


def unweighted(case: features.Features, rng: np.random.Generator) -> features.Factors:
    """Use monomials without weights on both sides."""
    # with queries and keys exchanged, U of the library are the monomials of the keys, without weights
    found = features.factored(replace(case, Q=case.K, K=case.Q))
    return features.Factors(features.factored(case).U, found.U)


def a_column_more(case: features.Features, rng: np.random.Generator) -> features.Factors:
    """Add a column of zeros to both factors."""
    found = features.factored(case)
    # the product is right, so that only the number of columns is wrong
    return features.Factors(*(np.pad(one, ((0, 0), (0, 1))) for one in (found.U, found.V)))


def entropy_in_bits(case: features.Shares, rng: np.random.Generator) -> np.ndarray:
    """Compute entropies to the base 2."""
    # they fall with the degree as claimed; values in 200 bits show the wrong base
    return features.exponents(case) / np.log(2)


def mean_rows(case: features.Logits, rng: np.random.Generator) -> dict[str, Any]:
    """State the bound on the logits of the mean rows."""
    # right where there is one row, or all rows are alike
    return features.logit_bounds(replace(case, X=case.X.mean(0, keepdims=True), Y=case.Y.mean(0, keepdims=True)))


def largest_of_three(case: features.Logits, rng: np.random.Generator) -> dict[str, Any]:
    """Take the largest of the three bounds instead of the smallest."""
    # all three bound the logits, so that only the formula refutes the largest one
    return features.logit_bounds(case) | {"rows": max(case.products)}


def alternating(case: polynomials.Taylor, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return T_g(-s)."""
    # these values are positive, too, because the interval is symmetric: only the exact values refute them
    return polynomials.positive_values(replace(case, places=-case.places))


def one_more_by_norm(case: polynomials.Target, rng: np.random.Generator) -> np.ndarray:
    """State one degree more for every norm."""
    # the degrees rise with the norms as claimed; each is one above the least
    return polynomials.degrees_by_norm(case) + 1


def norms_backwards(case: polynomials.Target, rng: np.random.Generator) -> np.ndarray:
    """State the degrees in the reverse order of the norms."""
    return polynomials.degrees_by_norm(case)[::-1]


# --- hardness --------------------------------------------------------------------------------------------------------


def half_riemann(case: scales.Sums, rng: np.random.Generator) -> float:
    """Return <I, dLoss/dX> without its factor 2."""
    # F is the squared norm, and the loss half of it: the factor 2 between their slopes is easily lost
    return scales.riemann(case) / 2


def levels_once(cube: cubes.Cube, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """State every distinct eigenvalue with the multiplicity 1."""
    found = cubes.spectrum(cube)
    # the distinct values are right; attention has 2^d singular values
    return found | {"counts": np.ones_like(found["counts"])}


def cube_without_temperature(cube: cubes.Cube, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Compute attention with beta = 1."""
    found = cubes.spectrum(cube)
    # with Gamma sqrt(d) and beta = 1 / d the logits are those of Gamma and beta = 1
    return found | {"f": cubes.spectrum(replace(cube, gamma=cube.gamma * cube.n_bits**0.5))["f"]}


def whole_level(case: cubes.Rank, rng: np.random.Generator) -> int:
    """Round the rank up to a whole level of singular values."""
    # subtle: it is natural to keep a level of equal singular values whole, but a part of it may be enough
    found, total = cubes.rank_bound(case), 0
    for k in range(case.n_bits + 1):
        total += math.comb(case.n_bits, k)
        if total >= found:
            break
    return total


def exact_attention(case: cubes.Truncated, rng: np.random.Generator) -> np.ndarray:
    """Return the exact attention, for which no polynomial is used."""
    # it misses nothing, while the statement says that every polynomial of low rank does
    return cubes.spectrum(cubes.Cube(case.rank.n_bits, case.gamma))["f"]


def ranks_of_whole_levels(case: cubes.Rank, rng: np.random.Generator) -> dict[str, Any]:
    """Round every rank up to a whole level of singular values."""
    ranks = [whole_level(replace(case, n_bits=d), rng) for d in cubes.bits_of(case)]
    # each rank is enough; what refutes it is that one less is enough, too
    return cubes.rank_exponents(case) | {"ranks": ranks}


def limits_backwards(case: cubes.Rank, rng: np.random.Generator) -> dict[str, Any]:
    """State the limits in the reverse order of the norms."""
    found = cubes.rank_exponents(case)
    return found | {"limits": found["limits"][::-1]}


def cube_of_twice_the_norm(cube: cubes.CubeData, rng: np.random.Generator) -> np.ndarray:
    """Compute the gradient at twice the norm Gamma."""
    # nothing is wrong at norm 0, so other norms always run
    return cubes.cube_gradient(replace(cube, gamma=2 * cube.gamma))


def mass_for_odds(case: gadgets.Bits, rng: np.random.Generator) -> gadgets.Read:
    """Use log(t) instead of log(t / (1 - t))."""
    found = gadgets.read(case)
    # subtle: odds and mass agree where the mass of the first keys is small
    return replace(found, sums=found.sums + np.log1p(-found.attention[: len(case.a), 0]))


def no_slack(case: gadgets.Bits, rng: np.random.Generator) -> np.ndarray:
    """Decide by the threshold of exact arithmetic, without a slack for rounding."""
    # subtle: only a single pair exactly at the threshold, in doubles on either side of it, is decided wrongly
    return gadgets.read(case).sums >= case.beta0 * case.wanted / (2 * case.a.shape[1])


def threshold_of_d(case: gadgets.Bits, rng: np.random.Generator) -> np.ndarray:
    """Decide by the threshold beta0 p / d instead of beta0 p / (2 d)."""
    return gadgets.read(case).sums >= case.beta0 * case.wanted / case.a.shape[1] - 1e-9


def one_decision_changed(case: gadgets.Polynomials, rng: np.random.Generator) -> np.ndarray:
    """Change the decision of the lowest degree about one point."""
    found = gadgets.decided_by_polynomials(case)
    # low degrees decide other points wrongly, too, so their counts stay above 0 and only the series refutes it
    found[0, 0, 0] = not found[0, 0, 0]
    return found


# --- scalings --------------------------------------------------------------------------------------------------------


def one_rank_more(case: beyond_attention.Linear, rng: np.random.Generator) -> np.ndarray:
    """Use blocks of one singular triple more."""
    # they come closer to the target than claimed, but their rank is too high
    return beyond_attention.adapted(replace(case, rank=case.rank + 1))


def last_inverse_dropped(case: beyond_attention.Linear, rng: np.random.Generator) -> np.ndarray:
    """Use D_l = (W_n ... W_{l+1})^-1 E_l, without the inverse of the adapted layers before it."""
    # subtle: for the first layer the inverse is that of the identity, so with one layer nothing is wrong
    sums = [beyond_attention.product(case.layers), *case.partial_sums]
    blocks = [after - before for before, after in pairwise(sums)]
    behind = [
        beyond_attention.product([np.eye(len(case.target)), *case.layers[k + 1 :]]) for k in range(len(case.layers))
    ]
    return np.array([np.linalg.solve(W, E) for W, E in zip(behind, blocks, strict=True)])


def other_scale(case: beyond_attention.OneStep, rng: np.random.Generator) -> np.ndarray:
    """Use alpha / r where alpha / sqrt(r) is meant, and the other way round."""
    # at rank 1 both scales agree, so ranks above 1 always run
    return beyond_attention.first_change(replace(case, rslora=not case.rslora))


def ranks_backwards(case: beyond_attention.Steps, rng: np.random.Generator) -> np.ndarray:
    """State the changes in the reverse order of the ranks."""
    # all changes are right, in the names of other ranks
    return beyond_attention.first_changes(case)[::-1]


def one_rank_less(case: beyond_attention.Counts, rng: np.random.Generator) -> int:
    """State one rank less than is needed."""
    return beyond_attention.needed_rank(case) - 1
