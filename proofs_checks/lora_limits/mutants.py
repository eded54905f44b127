"""Wrong gradients, polynomials, bounds and instances; each must be caught by a statement."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families import (
    almost_linear,
    certified,
    chains,
    cubes,
    exact,
    gadgets,
    kron,
    ladders,
    needed,
    polynomials,
    scales,
    side,
    tilts,
)

# --- the exact gradient ----------------------------------------------------------------------------------------------


def columns_weighted(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """p2 = f diag(r), the orientation in which the earlier work prints it."""
    one = case.chain
    f = chains.attention(one.logits)
    c = f @ one.C3 - one.Y
    q = c @ one.C3.T
    p = f * q - f * (f * q).sum(1)[None, :]
    Q = case.X["Q"] @ case.weight("Q")
    G = {"Q": one.beta * one.C1.T @ p @ one.C2, "K": one.beta * case.X["K"].T @ p.T @ Q, "V": case.X["V"].T @ f.T @ c}
    A = {letter: case.scale * case.B[letter].T @ G[letter].T for letter in "QKV"}
    B = {letter: case.scale * G[letter].T @ case.A[letter].T for letter in "QKV"}
    return {"A": A, "B": B, "W": G}


def _scaled(case: chains.HeadCase, factor: float) -> dict[str, Any]:
    found = chains.solved(case)
    return {kind: {x: (1 if kind == "W" else factor) * G for x, G in table.items()} for kind, table in found.items()}


def unscaled(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """alpha / r divided out of the gradients of the adapters."""
    return _scaled(case, 1 / case.scale if case.scale else 1.0)


def scaled_twice(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """alpha / r squared."""
    return _scaled(case, case.scale)


def second_not_transposed(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """dB = s G^T A, which has a shape where rank and width agree."""
    found = chains.solved(case)
    return found | {"B": {letter: case.scale * G.T @ case.A[letter] for letter, G in found["W"].items()}}


def queries_shifted(pair: exact.Shifted, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The shift is taken off the queries' inputs."""
    return exact.shifted(pair, moved=replace(pair.case, C1=pair.case.C1 - np.resize(pair.shift, pair.case.C1.shape[1])))


def rescaled_twice(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The factor once more."""
    return {name: case.scale * one for name, one in exact.rescaled(case).items()}


def row_jacobians(case: chains.Case, rng: np.random.Generator) -> int:
    """Products when every query goes through its matrix diag(f_i) - f_i f_i^T."""
    exact.Counted.products = 0
    C1, C2, C3, Y, W = (one.view(exact.Counted) for one in (case.C1, case.C2, case.C3, case.Y, case.W))
    f = chains.attention(np.asarray(case.logits)).view(exact.Counted)
    q = (f @ C3 - Y) @ C3.T
    for f_i, q_i in zip(f, q, strict=True):
        (f_i[:, None] * f_i[None, :]) @ q_i[:, None]
    C1.T @ q @ C2, (C1 @ W) @ C2.T
    return exact.Counted.products


def tiles_without_the_last_query(case: exact.Tiled, rng: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """The last query is left out of sums over queries."""
    left = case.left.copy()
    left[-1] = 0
    return exact.whole_and_tiled(replace(case, left=left))


def compiled_alone(case: exact.Tiled, rng: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """Nothing by the sweep."""
    return {"compiled": exact.whole_and_tiled(case)["compiled"]}


# --- errors of exp ---------------------------------------------------------------------------------------------------


def exact_sums(case: tilts.Tilted, rng: np.random.Generator) -> tilts.Matrices:
    """Rows of the tilts.tilted exponentials divided by the sums of the exact ones."""
    f = chains.attention(case.logits) * (1 + case.eta * case.signs)
    c = f @ case.C3 - case.Y
    q = c @ case.C3.T
    r = (f * q).sum(1)
    return tilts.Matrices(f, c, q, f * q, r, r[:, None] * f, f * (q - r[:, None]))


def tilted_twice(case: tilts.Tilted, rng: np.random.Generator) -> tilts.Matrices:
    """Tilts applied again."""
    return tilts.tilted(replace(case, logits=case.logits + np.log1p(case.eta * case.signs)))


def one_degree_less(case: tilts.Surrogate, rng: np.random.Generator) -> tilts.Approximate:
    """The last power of the polynomial is lost."""
    return tilts.approximate(replace(case, degree=max(0, case.degree - 1)))


def small_certificate(adapted: certified.Adapted, rng: np.random.Generator, **options: Any) -> dict[str, Any]:
    """A certificate that is too good; at a degree of 16 it is of rounding alone."""
    found, share = certified.by_certificate(adapted, **options), 1e-6 if options else 1e-12
    return found | {"entries": {name: share * value for name, value in found["entries"].items()}}


def first_entry_certified(adapted: certified.Adapted, rng: np.random.Generator) -> dict[str, Any]:
    """The gradients of the first entry alone, in the name of the batch."""
    return certified.by_certificate(replace(adapted, n_entries=1))


def one_feature_lost(case: certified.Canceling, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The second monomial counts nothing."""
    U, V = certified.factors(case)
    V = np.array(V)
    V[:, 1] = 0
    return U, V


# --- polynomials -----------------------------------------------------------------------------------------------------


def error_of_less(case: polynomials.Taylor, rng: np.random.Generator) -> dict[str, float]:
    """The error of the polynomial without its last power."""
    return polynomials.taylor_errors(replace(case, degree=max(0, case.degree - 1)))


def less_than_least(case: polynomials.Target, rng: np.random.Generator) -> dict[str, int]:
    """One degree less."""
    found = polynomials.least_degrees(case)
    return found | {"degree": found["degree"] - 1}


def more_than_least(case: polynomials.Target, rng: np.random.Generator) -> dict[str, int]:
    """One degree more."""
    found = polynomials.least_degrees(case)
    return found | {"degree": found["degree"] + 1}


def tail_dropped(case: polynomials.Bracket, rng: np.random.Generator) -> polynomials.Bracketed:
    """2 I_{g+1} on both sides."""
    found = polynomials.bracketed(case)
    return replace(found, upper=found.lower)


def errors_shrunk(case: polynomials.Bracket, rng: np.random.Generator) -> polynomials.Kinds:
    """Errors that are stated too small."""
    found = polynomials.kinds_of(case)
    return replace(found, errors=0.99 * found.errors)


def best_is_the_cut_series(case: polynomials.Bracket, rng: np.random.Generator) -> polynomials.Kinds:
    """Chebyshev's polynomial, with its own error, in the name of the best."""
    found = polynomials.kinds_of(case)
    return replace(found, coefficients=found.coefficients[[0, 1, 1]], errors=found.errors[[0, 1, 1]])


def less_than_bracket(case: polynomials.Absolute, rng: np.random.Generator) -> np.ndarray:
    """Both degrees one less."""
    return polynomials.degree_brackets(case) - 1


def decaying(case: polynomials.Absolute, rng: np.random.Generator) -> np.ndarray:
    """Degrees for exp(-x) on [0, 2 M], whose Chebyshev coefficients are smaller by exp(M)."""
    return polynomials.degree_brackets(replace(case, epsilon=case.epsilon * float(np.exp(case.bound))))


def decaying_along(case: ladders.Ladder, rng: np.random.Generator) -> np.ndarray:
    """The same along a ladder."""
    return np.array([decaying(one, rng)[1] for one in case.rungs])


def one_more_along(case: ladders.Ladder, rng: np.random.Generator) -> np.ndarray:
    """One degree more on each rung."""
    return polynomials.degrees_along(case) + 1


def last_degree_alone(case: polynomials.Features, rng: np.random.Generator) -> polynomials.Factors:
    """Monomials of degree exactly g."""
    found = polynomials.factored(case)
    lower = theory.n_features(case.Q.shape[1], case.degree - 1) if case.degree else 0
    return polynomials.Factors(found.U[:, lower:], found.V[:, lower:])


def unweighted(case: polynomials.Features, rng: np.random.Generator) -> polynomials.Factors:
    """Monomials on both sides."""
    found = polynomials.factored(replace(case, Q=case.K, K=case.Q))
    return polynomials.Factors(polynomials.factored(case).U, found.U)


def a_column_more(case: polynomials.Features, rng: np.random.Generator) -> polynomials.Factors:
    """A column of zeros beside the others."""
    found = polynomials.factored(case)
    return polynomials.Factors(*(np.pad(one, ((0, 0), (0, 1))) for one in (found.U, found.V)))


def entropy_in_bits(case: polynomials.Shares, rng: np.random.Generator) -> np.ndarray:
    """Entropies to the base 2."""
    return polynomials.exponents(case) / np.log(2)


def mean_rows(case: polynomials.Logits, rng: np.random.Generator) -> dict[str, Any]:
    """The bound of the mean row."""
    return polynomials.logit_bounds(replace(case, X=case.X.mean(0, keepdims=True), Y=case.Y.mean(0, keepdims=True)))


def largest_of_three(case: polynomials.Logits, rng: np.random.Generator) -> dict[str, Any]:
    """Hoelder's inequality with the worst exponents."""
    return polynomials.logit_bounds(case) | {"rows": max(case.products)}


def alternating(case: polynomials.Taylor, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """T_g(-s)."""
    return polynomials.positive_values(replace(case, places=-case.places))


def one_more_by_norm(case: polynomials.Target, rng: np.random.Generator) -> np.ndarray:
    """One degree more for every norm."""
    return polynomials.degrees_by_norm(case) + 1


def norms_backwards(case: polynomials.Target, rng: np.random.Generator) -> np.ndarray:
    """The largest norm first."""
    return polynomials.degrees_by_norm(case)[::-1]


# --- almost linear time ----------------------------------------------------------------------------------------------


def one_more_needed(case: needed.Scaled, rng: np.random.Generator) -> np.ndarray:
    """One degree more for every norm."""
    return needed.needed_degrees(case) + 1


def needed_backwards(case: needed.Scaled, rng: np.random.Generator) -> np.ndarray:
    """The largest norm first."""
    return needed.needed_degrees(case)[::-1]


def without_beta(case: almost_linear.Shared, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Queries twice as large."""
    return almost_linear.three_gradients(replace(case, queries=2 * case.queries))


def without_the_mean(case: almost_linear.Shared, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """p1 in the place of p."""
    return almost_linear.from_whole_matrices(case, mean=0.0)


def twice_as_long(case: almost_linear.Widths, rng: np.random.Generator) -> float:
    """Twice the length."""
    return 2 * almost_linear.break_even(case)


def other_order(pairs: kron.Pairs, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """R_i kron P_i on the left side."""
    found = kron.row_products(pairs)
    return found | {"left": kron.row_products(replace(pairs, P=pairs.R, R=pairs.P))["left"]}


# --- hardness --------------------------------------------------------------------------------------------------------


def half_riemann(case: scales.Sums, rng: np.random.Generator) -> float:
    """<I, dLoss/dX> without its factor 2."""
    return scales.riemann(case) / 2


def levels_once(cube: cubes.Cube, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Every distinct eigenvalue once."""
    found = cubes.spectrum(cube)
    return found | {"counts": np.ones_like(found["counts"])}


def cube_without_temperature(cube: cubes.Cube, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Attention with beta = 1."""
    found = cubes.spectrum(cube)
    return found | {"f": cubes.spectrum(replace(cube, gamma=cube.gamma * cube.n_bits**0.5))["f"]}


def whole_level(case: cubes.Rank, rng: np.random.Generator) -> int:
    """The bound rounded up to a level."""
    found, total = cubes.rank_bound(case), 0
    for k in range(case.n_bits + 1):
        total += math.comb(case.n_bits, k)
        if total >= found:
            break
    return total


def exact_attention(case: cubes.Truncated, rng: np.random.Generator) -> np.ndarray:
    """No polynomial at all."""
    return cubes.spectrum(cubes.Cube(case.rank.n_bits, case.gamma))["f"]


def ranks_of_whole_levels(case: cubes.Limit, rng: np.random.Generator) -> dict[str, Any]:
    """Every bound rounded up to a level."""
    return cubes.rank_exponents(case) | {"ranks": [whole_level(replace(case.rank, n_bits=d), rng) for d in case.bits]}


def limits_backwards(case: cubes.Limit, rng: np.random.Generator) -> dict[str, Any]:
    """Limits for norms that rise."""
    found = cubes.rank_exponents(case)
    return found | {"limits": found["limits"][::-1]}


def cube_of_twice_the_norm(cube: cubes.CubeData, rng: np.random.Generator) -> np.ndarray:
    """2 Gamma for Gamma."""
    return cubes.cube_gradient(replace(cube, gamma=2 * cube.gamma))


def mass_for_odds(case: gadgets.Bits, rng: np.random.Generator) -> gadgets.Read:
    """log(t) for log(t / (1 - t))."""
    found = gadgets.read(case)
    return replace(found, sums=found.sums + np.log1p(-found.attention[: len(case.a), 0]))


def no_slack(case: gadgets.Bits, rng: np.random.Generator) -> np.ndarray:
    """The threshold as it is in exact arithmetic."""
    return gadgets.read(case).sums >= case.beta0 * case.wanted / (2 * case.a.shape[1])


def threshold_of_d(case: gadgets.Bits, rng: np.random.Generator) -> np.ndarray:
    """beta0 p / d for beta0 p / (2 d)."""
    return gadgets.read(case).sums >= case.beta0 * case.wanted / case.a.shape[1] - 1e-9


def one_decision_changed(case: gadgets.Polynomials, rng: np.random.Generator) -> np.ndarray:
    """The lowest degree is right about one point more, or less."""
    found = gadgets.decided_by_polynomials(case)
    found[0, 0, 0] = not found[0, 0, 0]
    return found


# --- pieces and scalings ---------------------------------------------------------------------------------------------


def kron_backwards(one: kron.Sandwich, rng: np.random.Generator) -> np.ndarray:
    """B kron A, entries in the order of A X B^T's transpose."""
    return kron.vectorized(kron.Sandwich(one.B, one.X.T, one.A))


def one_rank_more(case: side.Linear, rng: np.random.Generator) -> np.ndarray:
    """Blocks of one singular triple more."""
    return side.adapted(replace(case, rank=case.rank + 1))


def last_inverse_dropped(case: side.Linear, rng: np.random.Generator) -> np.ndarray:
    """D_l = (W_n ... W_{l+1})^-1 E_l."""
    sums = [side.product(case.layers), *case.partial_sums]
    blocks = [after - before for before, after in pairwise(sums)]
    behind = [side.product([np.eye(len(case.target)), *case.layers[k + 1 :]]) for k in range(len(case.layers))]
    return np.array([np.linalg.solve(W, E) for W, E in zip(behind, blocks, strict=True)])


def other_scale(case: side.OneStep, rng: np.random.Generator) -> np.ndarray:
    """The other of the two scales."""
    return side.first_change(replace(case, rslora=not case.rslora))


def ranks_backwards(case: side.Steps, rng: np.random.Generator) -> np.ndarray:
    """The largest rank first."""
    return side.first_changes(case)[::-1]


def one_rank_less(case: side.Counts, rng: np.random.Generator) -> int:
    """One rank less."""
    return side.needed_rank(case) - 1


def kinds_exchanged(case: almost_linear.Length, rng: np.random.Generator) -> np.ndarray:
    """Taylor's polynomial in the name of Chebyshev's, and the other way round."""
    return almost_linear.kinds(case)[::-1]


def exact_factors(case: tilts.Surrogate, rng: np.random.Generator) -> tilts.Matrices:
    """exp itself, which has full rank."""
    return tilts.library_chain(case.Q @ case.K.T, case.C3, case.Y)
