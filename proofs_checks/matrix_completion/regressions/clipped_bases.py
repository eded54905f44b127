"""Long rows of a start are cut, and the basis that results is still near the truth and has short rows.

U* is an m x k orthonormal basis with incoherence mu: its rows have norm at most mu sqrt(k / m). U_0 is a start, e its
Frobenius distance from the nearest rotation of U*, and `clip` says whether rows or single entries were cut at 2 mu
sqrt(k / m). U^c is what was cut, made orthonormal again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import hadamard

from lrtheory.bounds import (
    Derived,
    Family,
    Inequality,
    Number,
    Numbers,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion.alternation import start as spectral_start
from proofs_checks.matrix_completion.families.half_steps import distance, orthonormal


@dataclass(frozen=True)
class Spike:
    """A basis U* (m, k) of incoherence mu, a start U_0 (m, k) with a spike, mu, and the rule by which to clip."""

    truth: np.ndarray
    start: np.ndarray
    mu: float
    clip: str


def spiked(m: int, k: int, size: float, clip: str, noise: float = 0.0) -> Spike:
    """Make a basis of Hadamard columns, whose rows all have one length, and a start with one entry that is off."""
    first = k if clip == "entry" else 0
    truth = hadamard(m)[:, first : first + k] / np.sqrt(m)
    rng = np.random.default_rng(m + k)
    start = truth + noise * rng.normal(size=(m, k)) / np.sqrt(m)
    start[0, 0] += size
    return Spike(truth, orthonormal(start), 1.0, clip)


def spiked_haar(m: int, k: int, size: float, clip: str) -> Spike:
    """Make a random basis, whose longest row sets mu, and a spike in its shortest row that is longer than the clip."""
    truth = orthonormal(np.random.default_rng([m - k, clip == "row"]).normal(size=(m, k)))
    lengths = np.linalg.norm(truth, axis=1)
    start = truth.copy()
    start[lengths.argmin(), 0] += size
    return Spike(truth, orthonormal(start), float(lengths.max() * np.sqrt(m / k)), clip)


SPIKES = Family(
    "spikes",
    always=lambda: (
        spiked_haar(4000, 2, 0.4, "row"),
        spiked_haar(4000, 2, 0.4, "entry"),
        spiked(1024, 4, 0.2, "row"),
        spiked(1024, 4, 0.2, "entry"),
        spiked(4096, 2, 0.3, "row"),
    ),
    draw=lambda draws: spiked(
        draws.choice((64, 256, 1024)),
        draws.integers(1, 4),
        draws.integers(1, 5) / 10,
        draws.choice(("row", "entry")),
        draws.choice((0.0, 0.125)),
    ),
)


def shortened(spike: Spike, rng: np.random.Generator | None = None) -> np.ndarray:
    """Clip the start of the instance as the library does."""
    return spectral_start.clipped(spike.start, spike.mu, spike.clip)[0]


@formula(e="[0, 1)", mu="(0, inf)", m="[1, inf)", k="[1, inf)")
def clipped_row_bound(e: Numbers, mu: Number, m: int, k: int, clip: Literal["row", "entry"]) -> Numbers:
    r"""No row of U^c is longer than this.

    Proof
    -----
    Assumes: As in `clipped_distance_bound`.

    Proof: Rows of U^c are no longer than 2 tau, or than 2 tau sqrt(k) where entries were cut. The orthonormal basis is
    Q = U^c R^{-1}, and \|R^{-1}\| = 1 / sigma_min(U^c) <= 1 / (1 - e), since U^c is within e of U* O, whose singular
    values are 1.
    """
    longest = 2 * mu * np.sqrt(k / m)
    return (longest if clip == "row" else longest * np.sqrt(k)) / (1 - e)


@formula(e="[0, 1)")
def clipped_distance_bound(e: Numbers) -> Numbers:
    r"""The distance of U^c from U* is at most this.

    Proof
    -----
    Assumes: The columns of U* are orthonormal and its rows no longer than tau = mu sqrt(k / m), for which the caller
    answers; e < 1 is checked.

    Proof: A row of U* O is as long as that of U*, so neither it nor one of its entries exceeds tau. Cutting a row to
    the length 2 tau is a projection on a ball that contains u*_i O, and brings it no farther from u*_i O. Setting an
    entry beyond 2 tau to 0 removes an error above tau and leaves one of at most tau. So \|U^c - U* O\|_F <= e, and
    sigma_min(U^c) >= 1 - e. With U^c = Q R the distance is at most \|U*_perp^T U^c\| \|R^{-1}\| <= e / (1 - e).
    """
    return e / (1 - e)


def clipped_well(spike: Spike, found: np.ndarray) -> Sides:
    """Compare dist(U^c, U*) with e / (1 - e), and the longest row of U^c with its bound."""
    m, k = spike.truth.shape
    if found.shape != (m, k) or not np.allclose(found.T @ found, np.eye(k)):
        raise OutcomeError("a clipped basis must have orthonormal columns")
    # the orthogonal Procrustes problem: W Z^T is the rotation that brings U* next to the start
    W, _, Zt = np.linalg.svd(spike.truth.T @ spike.start)
    error = np.linalg.norm(spike.start - spike.truth @ (W @ Zt))
    rows = clipped_row_bound(error, spike.mu, m, k, spike.clip)
    lhs = [distance(found, spike.truth), np.linalg.norm(found, axis=1).max()]
    return Sides(lhs, [clipped_distance_bound(error), rows], trivial=[1.0, 1.0], rounding=rounding(64 * m * k, 1.0))


def is_near(spike: Spike) -> bool:
    """Decide whether the start is nearer than 1 to the truth, in the Frobenius norm after the best rotation.

    The squared distance is 2 (k - sum of the singular values of U*^T U_0).
    """
    # 0.9 and not 1, since next to e = 1 both bounds are vacuous
    values = np.linalg.svd(spike.truth.T @ spike.start, compute_uv=False)
    return bool(2 * (len(values) - values.sum()) < 0.9)


MC_L4 = Statement(
    id="matrix_completion/MC-L4",
    title="Clipping shortens rows and stays near",
    says="U* is an m x k orthonormal basis with incoherence mu, and e < 1 is the Frobenius distance of the start "
    "from its nearest rotation. U^c is the start with rows (or entries) beyond 2 mu sqrt(k/m) cut and made "
    "orthonormal again. It is as near to U* and has as short rows u^c_i as stated (sqrt(k) times that for "
    "entries).",
    source=Derived(clipped_row_bound),
    tex=r"\mathrm{dist}(U^c, U^*) \le e/(1-e),\quad \|u^c_i\| \le 2\mu\sqrt{k/m}/(1-e)",
    hypotheses={"e < 1": is_near},
    instances=SPIKES,
    solve=shortened,
    claim=Inequality(clipped_well),
    free={"outcome": "the clipped basis and its negative span one space, with rows of one length"},
    saboteurs=(
        saboteur("clipped at 2 mu sqrt(k)", patch=(spectral_start.clipped, "np.sqrt(k / m)", "np.sqrt(k)")),
        saboteur(
            "clipped at a tenth", patch=(spectral_start.clipped, "2 * mu * np.sqrt(k / m)", "mu * np.sqrt(k / m) / 10")
        ),
        # wrong in one row only
        saboteur("not clipped", solve=lambda spike, rng: spike.start),
    ),
    notes="Rows of one length and one spike: on random bases nothing is ever clipped.",
)
