"""Wrong gradients, polynomials, bounds and instances; each must be caught by a statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.lora_limits.families import certified, chains, exact, proof_steps, row_perturbation
from proofs_checks.lora_limits.families.growth import almost_linear, needed

# --- the exact gradient ----------------------------------------------------------------------------------------------


def columns_weighted(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Use p2 = f diag(r), the orientation in which the earlier work prints it."""
    one = case.chain
    f = chains.attention(one.logits)
    c = f @ one.C3 - one.Y
    q = c @ one.C3.T
    # subtle: where all row means agree, as for one query, it is the right p
    p = f * q - f * (f * q).sum(1)[None, :]
    Q = case.X["Q"] @ case.weight("Q")
    G = {"Q": one.beta * one.C1.T @ p @ one.C2, "K": one.beta * case.X["K"].T @ p.T @ Q, "V": case.X["V"].T @ f.T @ c}
    A = {projection: case.scale * case.B[projection].T @ G[projection].T for projection in "QKV"}
    B = {projection: case.scale * G[projection].T @ case.A[projection].T for projection in "QKV"}
    return {"A": A, "B": B, "W": G}


def _scaled(case: chains.HeadCase, factor: float) -> dict[str, Any]:
    found = chains.solved(case)
    return {kind: {x: (1 if kind == "W" else factor) * G for x, G in table.items()} for kind, table in found.items()}


def unscaled(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Return gradients of the adapters without the factor alpha / r."""
    # at the scale 1 nothing is wrong, so instances of other scales always run
    return _scaled(case, 1 / case.scale if case.scale else 1.0)


def scaled_twice(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Return gradients of the adapters with the factor (alpha / r)^2."""
    return _scaled(case, case.scale)


def second_not_transposed(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, Any]:
    """Compute dB = s G^T A, which has a shape where rank and width agree."""
    found = chains.solved(case)
    return found | {"B": {projection: case.scale * G.T @ case.A[projection] for projection, G in found["W"].items()}}


def queries_shifted(pair: exact.Shifted, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Subtract the shift from the queries' inputs instead of the keys."""
    # subtle: keys may be shifted and queries may not, since attention depends on query times key
    return exact.shifted(pair, moved=replace(pair.case, C1=pair.case.C1 - np.resize(pair.shift, pair.case.C1.shape[1])))


def rescaled_twice(case: chains.HeadCase, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Multiply the gradients by the scale once more."""
    return {name: case.scale * one for name, one in exact.rescaled(case).items()}


def row_jacobians(case: chains.Case, rng: np.random.Generator) -> int:
    """Count the products when every query goes through its matrix diag(f_i) - f_i f_i^T."""
    # the count is that of the formula which the literature writes first, and that nobody should compute
    exact.Counted.products = 0
    C1, C2, C3, Y, W = (one.view(exact.Counted) for one in (case.C1, case.C2, case.C3, case.Y, case.W))
    f = chains.attention(np.asarray(case.logits)).view(exact.Counted)
    q = (f @ C3 - Y) @ C3.T
    for f_i, q_i in zip(f, q, strict=True):
        (f_i[:, None] * f_i[None, :]) @ q_i[:, None]
    C1.T @ q @ C2, (C1 @ W) @ C2.T
    return exact.Counted.products


def tiles_without_the_last_query(case: exact.Tiled, rng: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """Leave the last query out of the sums over queries."""
    left = case.left.copy()
    # subtle: p R and f^T c are right, and p^T S lacks one term of each sum
    left[-1] = 0
    return exact.whole_and_tiled(replace(case, left=left))


def compiled_alone(case: exact.Tiled, rng: np.random.Generator) -> dict[str, list[np.ndarray]]:
    """Answer by the compiled tiles alone, and by zeros for the sweep."""
    found = exact.whole_and_tiled(case)
    return found | {"swept": [np.zeros_like(one) for one in found["swept"]]}


# --- errors of exp ---------------------------------------------------------------------------------------------------


def exact_sums(case: row_perturbation.Tilted, rng: np.random.Generator) -> row_perturbation.Matrices:
    """Return the chain of tilted exponentials whose rows are divided by the sums of the exact ones."""
    # subtle: rows differ from the right ones by a common factor, which is 1 where the tilts of a row cancel
    f = chains.attention(case.logits) * (1 + case.eta * case.signs)
    c = f @ case.C3 - case.Y
    q = c @ case.C3.T
    r = (f * q).sum(1)
    return row_perturbation.Matrices(f, c, q, f * q, r, r[:, None] * f, f * (q - r[:, None]))


def tilted_twice(case: row_perturbation.Tilted, rng: np.random.Generator) -> row_perturbation.Matrices:
    """Apply the tilts a second time."""
    # every bound is exceeded where it is attained, since the tilts are then up to (1 + eta)^2
    return row_perturbation.tilted(replace(case, logits=case.logits + np.log1p(case.eta * case.signs)))


def one_degree_less(case: row_perturbation.Surrogate, rng: np.random.Generator) -> row_perturbation.Approximate:
    """Use the polynomial without its last power."""
    return row_perturbation.approximate(replace(case, degree=max(0, case.degree - 1)))


def small_certificate(adapted: certified.Adapted, rng: np.random.Generator, **options: Any) -> dict[str, Any]:
    """State a certificate that is too small; at degree 16 it consists of rounding alone."""
    # the bounds are many powers of ten above the errors, so that a slightly smaller certificate would still be true
    found, share = certified.by_certificate(adapted, **options), 1e-6 if options else 1e-12
    return found | {"entries": {name: share * value for name, value in found["entries"].items()}}


def first_entry_certified(adapted: certified.Adapted, rng: np.random.Generator) -> dict[str, Any]:
    """State the gradients of the first entry alone as those of the batch."""
    # for one entry nothing is wrong; the families always run batches of two and three
    return certified.by_certificate(replace(adapted, n_entries=1))


def one_feature_lost(case: certified.Canceling, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Set the second monomial of the keys to 0."""
    U, V = certified.factors(case)
    V = np.array(V)
    # the second monomial is the first coordinate itself
    V[:, 1] = 0
    return U, V


# --- almost linear time ----------------------------------------------------------------------------------------------


def one_more_needed(case: needed.Scaled, rng: np.random.Generator) -> np.ndarray:
    """State one degree more for every norm."""
    # the degree is enough, so only the comparison with the errors of lower degrees refutes it
    return needed.needed_degrees(case) + 1


def needed_backwards(case: needed.Scaled, rng: np.random.Generator) -> np.ndarray:
    """State the degrees in the reverse order of the norms."""
    return needed.needed_degrees(case)[::-1]


def without_beta(case: almost_linear.Shared, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Compute the gradients of queries that are twice as large."""
    # `Shared` has beta in its queries, so this is another temperature
    return almost_linear.three_gradients(replace(case, queries=2 * case.queries))


def without_the_mean(case: almost_linear.Shared, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Compute the gradients from p1 instead of p."""
    # p1 and p agree where c is orthogonal to the output, since the row means are then 0
    return almost_linear.from_whole_matrices(case, mean=0.0)


def twice_as_long(case: almost_linear.Widths, rng: np.random.Generator) -> float:
    """State twice the break-even length."""
    return 2 * almost_linear.break_even(case)


def other_order(pairs: proof_steps.Pairs, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Use R_i kron P_i instead of P_i kron R_i on the left side."""
    found = proof_steps.row_products(pairs)
    # subtle: both orders are right if both sides take the same one
    return found | {"left": proof_steps.row_products(replace(pairs, P=pairs.R, R=pairs.P))["left"]}


# --- pieces ----------------------------------------------------------------------------------------------------------


def kron_backwards(one: proof_steps.Sandwich, rng: np.random.Generator) -> np.ndarray:
    """Multiply by B kron A instead of A kron B."""
    # right for vectors by columns, the convention of much of the literature
    return proof_steps.vectorized(proof_steps.Sandwich(one.B, one.X.T, one.A))


def kinds_exchanged(case: almost_linear.Length, rng: np.random.Generator) -> np.ndarray:
    """Exchange Taylor's polynomial and Chebyshev's."""
    # all gradients are right, in the names of the other polynomials
    return almost_linear.kinds(case)[::-1]


def exact_factors(case: row_perturbation.Surrogate, rng: np.random.Generator) -> row_perturbation.Matrices:
    """Use exp itself, whose matrix has full rank."""
    # all errors are 0, which no bound on errors refutes: the rank is too high
    return row_perturbation.library_chain(case.Q @ case.K.T, case.C3, case.Y)
