"""One factorization for the gradients by queries, keys and values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import (
    All,
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    always,
    saboteur,
)
from lrtheory.lora_limits import chain, gradient_chain, theory
from lrtheory.lora_limits.products import low_rank
from proofs_checks.lora_limits.families.chains import STEPS, draw_table, integers
from proofs_checks.lora_limits.families.gradients import tilted_twice
from proofs_checks.lora_limits.families.growing_lengths import Shared, from_whole_matrices, three_gradients
from proofs_checks.lora_limits.families.propagation import ANYWHERE, of_rows
from proofs_checks.lora_limits.families.row_perturbation import TILTED, Matrices, Tilted, due, tilted, truth


def draw_shared(draws: Draws) -> Shared:
    """Up to four queries and five keys in two coordinates, even degrees."""
    queries, keys = draws.integers(1, 4), draws.integers(1, 5)
    tables = [draw_table(draws, n, 2) for n in (queries, keys, keys, queries)]
    # even degrees, since odd ones may leave a row without a positive sum
    return Shared(tables[0] / 4, *tables[1:], draws.choice((2, 4, 6)))


def shared(seed: int, n: int, degree: int) -> Shared:
    """Make Gaussian tokens, as many queries as keys."""
    rng = np.random.default_rng(seed)
    tables = rng.normal(size=(4, n, 2))
    return Shared(0.25 * tables[0], *tables[1:], degree)


SHARED = Family("one-factorization", always=(shared(0, 1, 2), shared(1, 5, 2), shared(2, 40, 4)), draw=draw_shared)


def without_beta(case: Shared, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Compute the gradients of queries that are twice as large."""
    # `Shared` has beta in its queries, so this is another temperature
    return three_gradients(replace(case, queries=2 * case.queries))


def without_the_mean(case: Shared, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Compute the gradients from p1 instead of p."""
    # p1 and p agree where c is orthogonal to the output, since the row means are then 0
    return from_whole_matrices(case, mean=0.0)


def together(case: Shared, found: dict[str, np.ndarray]) -> Sides:
    """Compare the three gradients from the three passes with those from whole matrices."""
    wanted = from_whole_matrices(case)
    lhs, rhs = (np.concatenate([one[projection].ravel() for projection in "QKV"]) for one in (found, wanted))
    return Sides(lhs, rhs, rounding=case.rounding_bound)


LL_T2 = Statement(
    id="lora_limits/LL-T2",
    title="One factorization serves queries, keys and values",
    says=(
        "With a polynomial in the place of exp, attention f~, output error c~ and logit gradient p~ give the "
        "gradients by W_Q, W_K and W_V, the weights of the inputs X_Q, X_K and X_V, as these products, and one pair "
        "of low-rank factors serves all three; beta scales logits."
    ),
    source=Derived(gradient_chain),
    tex=(
        r"\tilde G_Q = \beta X_Q^\top\tilde p\,X_KW_K,\ \tilde G_K = \beta X_K^\top\tilde p^\top "
        r"X_QW_Q,\ \tilde G_V = X_V^\top\tilde f^\top\tilde c"
    ),
    hypotheses={
        "positive rows": lambda case: case.degree % 2 == 0,
        "logits up to 14": lambda case: theory.logit_bound(case.queries, case.centered, beta=1.0) <= 14,
    },
    instances=SHARED,
    solve=three_gradients,
    claim=Identity(together),
    saboteurs=(
        # the same features at another temperature: a valid gradient of another head
        saboteur("features of queries without beta", solve=without_beta),
        saboteur("the mean is left out", solve=without_the_mean),
        saboteur(
            # right where one factor of each row product has a single column
            "products of entries in the other order",
            patch=(low_rank._kron, "a[:, :, None] * b[:, None, :]", "a[:, None, :] * b[:, :, None]"),
        ),
    ),
    notes=(
        "Theorem A.1 of the paper treats queries and keys; the values are added here. Even degrees keep the rows "
        "positive whatever the bound."
    ),
)


def several(
    case: Tilted, rng: np.random.Generator | None = None, made: Callable[..., Matrices] = tilted
) -> dict[str, np.ndarray]:
    """f, c and p of the chain of the tilted exponentials."""
    found = made(case, rng)
    return {"f": found.f, "c": found.c, "p": found.p}


def moved(case: Tilted, found: dict[str, np.ndarray], crowd: bool = True) -> Sides:
    """Compare the entries of C2^T (p~ - p)^T C1 and C2^T (f~^T c~ - f^T c) with their bounds.

    The matrices are compared with the due ones, too. The trivial sides are how far any two attentions can be apart.
    """
    exact, wanted = truth(case), due(case)
    Q = float(np.abs(exact.q).max())
    rows = theory.error_certificate(case.eta, case.C1, case.C2, case.C3, case.Y, beta=1, q_max=Q).p
    keys, apart = (theory.key_gradient_bound(one, case.C2, case.C1, beta=1) for one in (rows, of_rows(case, Q)))
    values = theory.value_gradient_bound(case.eta, case.C2, exact.c, spread=case.spread)
    outputs = 2 * np.abs(case.C2).max() * len(case.C1) * (np.abs(case.C3).max() + np.abs(case.Y).max())
    share = 1 if crowd else 1 / len(case.C1)  # all queries may look at one key, so the number of queries must stand
    lhs = [
        np.abs(case.C2.T @ (found["p"] - exact.p).T @ case.C1).ravel(),
        np.abs(case.C2.T @ (found["f"].T @ found["c"] - exact.f.T @ exact.c)).ravel(),
        *(np.abs(found[name] - getattr(wanted, name)).ravel() for name in ("p", "f", "c")),
    ]
    limits = [(share * keys, apart), (share * values, outputs), *[(0.0, np.inf)] * 3]
    rhs, trivial = (np.repeat(one, [len(part) for part in lhs]) for one in zip(*limits, strict=True))
    return Sides(np.concatenate(lhs), rhs, trivial=trivial, rounding=case.gradient_rounding)


LL_T2_BOUND = Statement(
    id="lora_limits/LL-T2-bound",
    title="Errors of the gradients of keys and values",
    says=(
        "If exponentials have a relative error of eta, the entries of the key gradient G_K and of the value gradient "
        "G_V move by at most this, at beta = 1. X_K and X_V are the inputs of keys and values, X_Q W_Q the queries, "
        "L_Q their number, P the bound of LL-E7 on rows of p, c the output error, osc the largest spread of a column "
        "of values, and tau the bound of LL-E1."
    ),
    source=Derived(theory.value_gradient_bound),
    tex=r"\|\tilde G_K - G_K\|_{\max} \le \|X_K\|_{\max}\|X_QW_Q\|_{\max}L_Q\,P,"
    r"\ \|\tilde G_V - G_V\|_{\max} \le \|X_V\|_{\max}L_Q\,\tau\,(\|c\|_{\max} + \mathrm{osc}/2)",
    hypotheses={"eta below 1": lambda case: case.eta < 1},
    instances=TILTED,
    solve=several,
    claim=Inequality(moved, unbounded=ANYWHERE),
    saboteurs=(
        # right for one query; the crowd of six equal queries refutes it
        saboteur("without the number of queries", claim=Inequality(partial(moved, crowd=False))),
        saboteur("p2 is added", patch=(chain.chain_matrices, "p = p1 - p2", "p = p1 + p2")),
        saboteur("tilts twice as large", solve=partial(several, made=tilted_twice)),
    ),
    notes="Columns of p have no bound of their own: all queries may look at one key.",
)


@dataclass(frozen=True)
class Pairs:
    """P (n, a), Q (m, a), R (n, b), T (m, b)."""

    P: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    T: np.ndarray


def row_products(pairs: Pairs, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the library's row-wise Kronecker products."""
    # through the module, so that a changed line of the library is seen
    return {"left": low_rank._kron(np, pairs.P, pairs.R), "right": low_rank._kron(np, pairs.Q, pairs.T)}


def draw_pairs(draws: Draws) -> Pairs:
    """Up to three rows and columns."""
    n, m, a, b = (draws.integers(1, 3) for _ in range(4))
    return Pairs(integers(draws, n, a), integers(draws, m, a), integers(draws, n, b), integers(draws, m, b))


PAIRS = Family(
    "row-products",
    always=(Pairs(*[np.array([[2]])] * 4), Pairs(STEPS, STEPS + 1, STEPS[:, :2], STEPS[:, 1:])),
    draw=draw_pairs,
)


def units() -> Iterator[Pairs]:
    """Yield all four 2 x 2 matrices with a single 1; what is linear in each of them follows for all entries."""
    one = [np.array([[i == 0, i == 1], [i == 2, i == 3]], int) for i in range(4)]
    yield from (Pairs(*four) for four in itertools.product(one, repeat=4))


def other_order(pairs: Pairs, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Use R_i kron P_i instead of P_i kron R_i on the left side."""
    found = row_products(pairs)
    # subtle: both orders are right if both sides take the same one
    return found | {"left": row_products(replace(pairs, P=pairs.R, R=pairs.P))["left"]}


def same_products(pairs: Pairs, found: dict[str, np.ndarray]) -> Sides:
    """Compare (P Q^T) o (R T^T) with the product of the row products, exactly."""
    direct = (pairs.P @ pairs.Q.T) * (pairs.R @ pairs.T.T)
    return Sides(found["left"] @ found["right"].T, direct)


LL_P1 = Statement(
    id="lora_limits/LL-P1",
    title="Entrywise products of low-rank matrices have low rank",
    says=(
        "The circle is the entrywise product, and the row product of P and R has the Kronecker product of P_i and R_i "
        "as its row i; so the entrywise product of two matrices of low rank is one product of two narrow matrices."
    ),
    source=Classical("the mixed-product rule of Kronecker products", "proved in the notes of this statement"),
    tex=r"(PQ^\top)\circ(RT^\top) = (P \ominus R)(Q \ominus T)^\top,\quad (P \ominus R)_i = P_i \otimes R_i",
    hypotheses={"any integers": always},
    instances=PAIRS,
    for_all=(All("quadruples of 2 x 2 matrices with a single 1 among zeros", units, members=256),),
    solve=row_products,
    claim=Identity(same_products),
    saboteurs=(
        saboteur("one side in the other order", solve=other_order),
        saboteur("sums of entries", patch=(low_rank._kron, "a[:, :, None] * b", "a[:, :, None] + b")),
    ),
    notes=(
        "Entries are <P_i, Q_j><R_i, T_j> = sum_ab P_ia Q_ja R_ib T_jb = <P_i kron R_i, Q_j kron T_j>. "
        "Exact on integers. The order of the two factors must be the same on both sides."
    ),
)
