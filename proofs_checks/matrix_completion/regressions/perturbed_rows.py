"""Rows of an orthonormal basis change little when the matrix does, and so does its incoherence.

A is an m x k matrix of full column rank with smallest singular value sigma, and B = A + E with eta = |E| in the
spectral norm. tau is the length of row i of an orthonormal basis of the columns of A, `moved` the length |E_i| of row
i of E, and the incoherence mu is sqrt(m / k) times the longest such row of the basis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import incoherence


@dataclass(frozen=True)
class Perturbed:
    """A matrix A (m, k) of full column rank and a change E (m, k) that is added to it."""

    matrix: np.ndarray
    change: np.ndarray


def draw_perturbed(draws: Draws) -> Perturbed:
    """Draw up to 12 rows, and a change of all entries or of one row, up to half of the smallest singular value."""
    k = draws.integers(1, 3)
    m = draws.integers(k + 1, 12)
    matrix = draws.integers(-8, 8, shape=(m, k)) + 9.0 * np.eye(m, k)
    change = draws.integers(-8, 8, shape=(m, k)).astype(float)
    if draws.integers(0, 1):
        change[1:] = 0  # so that the bound for one row differs from that for the others
    size = np.linalg.norm(change, 2)
    smallest = np.linalg.svd(matrix, compute_uv=False).min()
    return Perturbed(matrix, change * (draws.integers(0, 4) / 8 * smallest / size if size else 0))


PERTURBED = Family(
    "perturbed",
    always=lambda: (Perturbed(np.eye(2), -0.5 * np.eye(2)), Perturbed(np.eye(4, 2), 0.5 * np.eye(4, 2, -1))),
    draw=draw_perturbed,
)


def is_small(perturbed: Perturbed) -> bool:
    """Decide whether the change is at most half of the smallest singular value, which is not tiny."""
    smallest = np.linalg.svd(perturbed.matrix, compute_uv=False).min()
    return bool(smallest > 1 / 16 and np.linalg.norm(perturbed.change, 2) <= smallest / 2 * (1 + 1e-12))


def incoherences(perturbed: Perturbed, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the incoherence of the matrix and of the changed one."""
    return np.array([incoherence(perturbed.matrix), incoherence(perturbed.matrix + perturbed.change)])


def not_rescaled(perturbed: Perturbed, rng: np.random.Generator) -> np.ndarray:
    """Return the longest row of the matrix itself, and not of its orthonormal basis in units of sqrt(k / m)."""
    return np.array([np.linalg.norm(X, axis=1).max() for X in (perturbed.matrix, perturbed.matrix + perturbed.change)])


@formula(tau="[0, inf)", moved="[0, inf)", sigma="(0, inf)", eta="[0, sigma)")
def perturbed_row_bound(tau: Numbers, moved: Numbers, sigma: Numbers, eta: Numbers) -> Numbers:
    r"""Row i of the basis of B is no longer than this.

    Proof
    -----
    Assumes: eta < sigma, which is checked.

    Proof: Let B = A + E = Q R, so q_i = R^{-T} (a_i + e_i) with \|R^{-1}\| <= 1 / (sigma - eta). With A = Q_A R_A the
    first part is (R_A R^{-1})^T times row i of Q_A, and R_A R^{-1} = Q_A^T (B - E) R^{-1} = Q_A^T Q - Q_A^T E R^{-1}
    has a norm of at most 1 + eta / (sigma - eta).
    """
    return tau * (1 + eta / (sigma - eta)) + moved / (sigma - eta)


@formula(sigma="(0, inf)", eta="[0, sigma)")
def row_norm_change(sigma: Numbers, eta: Numbers) -> Numbers:
    r"""No row length tau_i differs between A and B by more than this.

    Proof
    -----
    Assumes: eta < sigma, which is checked, so that A and B = A + E have the same number of independent
    columns.

    Proof: The row norms of the two bases are \|P_A e_i\| and \|P_B e_i\| for the projections P on the column spaces, so
    they differ by at most \|P_A - P_B\|, which is \|(I - P_B) P_A\| for subspaces of one dimension. A unit vector of
    the range of A is A x with \|x\| <= 1 / sigma, and (I - P_B) A x = (I - P_B) (B - E) x = -(I - P_B) E x.
    """
    return eta / sigma


@formula(mu="(0, inf)", m="[1, inf)", k="[1, inf)", sigma="(0, inf)", eta="[0, sigma)")
def incoherence_bound(mu: Number, m: int, k: int, sigma: Number, eta: Number) -> Number:
    """The incoherence of B is at most this.

    Proof
    -----
    Assumes: As in `row_norm_change`.

    Proof: The incoherence is sqrt(m / k) times the longest row of an orthonormal basis, and by `row_norm_change` no row
    norm grows by more than eta / sigma.
    """
    return mu + eta / sigma * np.sqrt(m / k)


@formula(sigma="[0, inf)", eta="[0, sigma]")
def perturbed_smallest(sigma: Numbers, eta: Numbers) -> Numbers:
    r"""The smallest singular value of B is at least this.

    Proof
    -----
    Assumes: eta <= sigma, which is checked; beyond that the bound would be negative.

    Proof: \|(A + E) x\| >= \|A x\| - \|E x\| >= (sigma - eta) \|x\|. Equality holds for A = I and E = -eta I.
    """
    return sigma - eta


def still_incoherent(perturbed: Perturbed, mus: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare both reported mus with the true ones, from both sides; then mu(B), sigma_min and rows with bounds."""
    A, E = perturbed.matrix, perturbed.change
    (m, k), smallest, change = A.shape, np.linalg.svd(A, compute_uv=False)[-1], factor * np.linalg.norm(E, 2)
    before, after = (np.linalg.norm(np.linalg.qr(X)[0], axis=1) for X in (A, A + E))
    truth = np.sqrt(m / k) * np.array([before.max(), after.max()])
    rows = perturbed_row_bound(before, factor * np.linalg.norm(E, axis=1), smallest, change)
    moved = np.broadcast_to(row_norm_change(smallest, change), before.shape)
    mu = incoherence_bound(truth[0], m, k, smallest, change)
    least = perturbed_smallest(smallest, change)
    # the first four entries claim equality of report and truth, as two inequalities each
    lhs = np.r_[mus, truth, truth[1], least, after, np.abs(after - before)]
    rhs = np.r_[truth, mus, mu, np.linalg.svd(A + E, compute_uv=False)[-1], rows, moved]
    trivial = np.r_[np.full(4, np.inf), np.sqrt(m / k), np.inf, np.ones(2 * m)]
    allowed = rounding(256 * m * k, (1 + np.abs(A).max()) / min(1.0, smallest))
    return Sides(lhs, rhs, trivial=trivial, rounding=allowed)


MC_L5 = Statement(
    id="matrix_completion/MC-L5",
    title="Incoherence survives a small change",
    says="tau_i(A) is the length of row i of an orthonormal basis of the columns of A, sigma the smallest singular"
    " value of A, and B = A + E with eta = |E| at most sigma/2 (spectral norm). Then no row length changes by"
    " more than eta/sigma, and that of B is at most the stated combination with |E_i|, the length of row i of"
    " E.",
    source=Derived(row_norm_change),
    tex=r"|\tau_i(A) - \tau_i(B)| \le \eta/\sigma,\ \tau_i(B) \le (\sigma\,\tau_i(A) + \|E_i\|)/(\sigma - \eta)",
    hypotheses={"the change is at most half of the smallest singular value": is_small},
    instances=PERTURBED,
    solve=incoherences,
    claim=Inequality(still_incoherent, unbounded="a report may be any number, and a matrix has any unit"),
    saboteurs=(
        saboteur("half of the change", claim=Inequality(partial(still_incoherent, factor=0.5))),
        saboteur("incoherence without sqrt(m/k)", solve=not_rescaled),
    ),
)
