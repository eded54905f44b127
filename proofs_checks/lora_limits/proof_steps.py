"""Pieces of the proofs: the Jacobian of the softmax, and products written as vectors."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Identity, Inequality, Sides, Statement, always, rounding, saboteur
from lrtheory.lora_limits import chain
from proofs_checks.lora_limits.families.chains import attention
from proofs_checks.lora_limits.families.proof_steps import ROWS, SANDWICHES, Row, Sandwich, softmax_of, vectorized
from proofs_checks.lora_limits.wrong_solvers import gradients as wrong


def spectrum(row: Row, found: np.ndarray, most: float = 0.5) -> Sides:
    """Compare the eigenvalues of diag(f) - f f^T with 0 and 1/2, its row sums with 0, and f with the softmax."""
    J = np.diag(found) - np.outer(found, found)
    # the claim makes the Jacobian itself, so f alone is under test
    values = np.linalg.eigvalsh(J)
    nothing = np.abs(np.r_[J.sum(1), found - attention(row.logits)])
    lhs, rhs = np.r_[-values, values, nothing], np.r_[0 * values, np.full(len(values), most), 0 * nothing]
    return Sides(lhs, rhs, rounding=rounding(64 * len(found) ** 2 * (1 + np.abs(row.logits).max()), 1.0))


LL_P6 = Statement(
    id="lora_limits/LL-P6",
    title="The Jacobian of the softmax lies between 0 and 1/2",
    says=(
        "For a row f of attention weights the Jacobian of the softmax, diag(f) - f f^T, has all eigenvalues between 0 "
        "and 1/2, and each of its rows sums to 0; 1 is the vector of ones."
    ),
    source=Classical("Gershgorin's theorem", "R. Horn, C. Johnson, Matrix Analysis, 2nd edition, 2013, theorem 6.1.1"),
    tex=r"0 \preceq \mathrm{diag}(f) - ff^\top \preceq \tfrac12 I,\quad (\mathrm{diag}(f) - ff^\top)\mathbf 1 = 0",
    hypotheses={"finite logits": always},
    instances=ROWS,
    solve=softmax_of,
    claim=Inequality(spectrum, unbounded="what is no distribution may have any eigenvalues"),
    saboteurs=(
        # the largest entry of the diagonal, f (1 - f), is at most 1/4, but the norm is up to twice as large
        saboteur("a norm of 1/4", claim=Inequality(partial(spectrum, most=0.25))),
        saboteur("not normalized", patch=(chain.softmax, "powers / xp.sum(powers, axis=-1, keepdims=True)", "powers")),
    ),
    notes="A row has f_i - f_i^2 on the diagonal and the same sum beside it, so discs reach to 2 f_i (1 - f_i) <= 1/2.",
)


def vector_of(one: Sandwich, found: np.ndarray) -> Sides:
    """Compare vec(A X B^T), by rows, with (A kron B) vec(X), exactly."""
    return Sides(found, (one.A @ one.X @ one.B.T).ravel())


LL_P8 = Statement(
    id="lora_limits/LL-P8",
    title="The vector of a product is a Kronecker product",
    says=(
        "The entries of A X B^T, read row by row, are the matrix A kron B times the entries of X, read row by row; X "
        "has d columns, so its entry (i, j) stands at position (i - 1) d + j, counted from 1."
    ),
    source=Classical("vec and Kronecker products", "R. Horn, C. Johnson, Topics in Matrix Analysis, 1991, lemma 4.3.1"),
    tex=r"\mathrm{vec}(AXB^\top) = (A \otimes B)\,\mathrm{vec}(X),\quad \mathrm{vec}(X)_{(i-1)d + j} = X_{ij}",
    hypotheses={"any integers": always},
    instances=SANDWICHES,
    solve=vectorized,
    claim=Identity(vector_of),
    saboteurs=(
        # the convention of most textbooks, for which A and B change places
        saboteur("vec by columns", solve=partial(vectorized, order="F")),
        saboteur("B kron A", solve=wrong.kron_backwards),
    ),
    notes="By rows, as numpy's ravel and kron agree.",
)
