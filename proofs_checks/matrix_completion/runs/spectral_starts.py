"""The spectral start of a run is near the truth where the noise of its sample is small.

E = P_Omega(M) / p - M is what the sample adds to a matrix M of rank k: seen entries are divided by their share p, and
the others are 0. In the formula `noise` is |E| in the spectral norm and `s_k` the k-th singular value of M.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Family, Inequality, Numbers, Sides, Statement, formula, rounding, saboteur
from lrtheory.matrix_completion import spectral_init
from lrtheory.matrix_completion.alternation import start as spectral_start
from proofs_checks.matrix_completion.families.half_steps import HalfStepCase, case, distance, draw_case, whole


@dataclass(frozen=True)
class Start:
    """A start of the alternation is a basis (m, k) with singular values (k,)."""

    basis: np.ndarray
    singular_values: np.ndarray


def started(case: HalfStepCase, rng: np.random.Generator | None = None) -> Start:
    """Compute the spectral start of the library to machine precision."""
    found = spectral_init(case.observations, len(case.singular_values), tol=0.0)
    return Start(found.U, found.singular_values)


def dense(m: int, n: int, k: int, density: float, seed: int) -> HalfStepCase:
    """Make a case with Haar factors, equal singular values, and most entries seen."""
    return case(m, n, k, np.random.default_rng(seed), condition=1.0, density=density)


def one_row_unseen(m: int = 64, n: int = 8) -> HalfStepCase:
    """Make a flat matrix without its last row, whose start is at distance sqrt(1 - p) with |E| = sqrt((1 - p) / p)."""
    # the distance is sqrt(p) |E|, and the bound |E| / (1 - |E|) is not far above it
    left, right, mask = np.full((m, 1), m**-0.5), np.full((n, 1), n**-0.5), np.ones((m, n), bool)
    mask[-1] = False
    return HalfStepCase(left, np.ones(1), right, mask, left, np.zeros((n, 1)))


DENSE_CASES = Family(
    "dense-cases",
    always=lambda: (
        one_row_unseen(),
        dense(60, 50, 2, 0.9, 0),
        dense(200, 160, 3, 0.8, 1),
        whole(dense(10, 8, 2, 1.0, 2)),
    ),
    draw=draw_case,
)


def next_vectors(case: HalfStepCase, rng: np.random.Generator) -> Start:
    """Return singular vectors 2 to k + 1 of the zero-filled matrix over p, in place of the first k."""
    k, seen = len(case.singular_values), case.matrix * case.mask / case.mask.mean()
    U, s, _ = np.linalg.svd(seen)
    return Start(U[:, 1 : k + 1], s[1 : k + 1])


@formula(s_k="(0, inf)", noise="[0, s_k)")
def wedin_bound(noise: Numbers, s_k: Numbers) -> Numbers:
    r"""The distance of the k leading left singular vectors of M + E from those of M is at most this.

    Proof
    -----
    Assumes: M has rank k, for which the caller answers; \|E\| < s_k is checked.

    Proof: X = M + E has the leading singular triplets X V_0 = U_0 Sigma_0. Since U*_perp^T M = 0, U*_perp^T U_0 =
    U*_perp^T E V_0 Sigma_0^{-1}, whose norm is at most \|E\| / sigma_k(X), and sigma_k(X) >= s_k - \|E\| by Weyl.
    """
    return noise / (s_k - noise)


def start_error(case: HalfStepCase, start: Start, share: float = 1.0) -> Sides:
    """Compare dist(U_0, U*) with Wedin's bound, and the error of each singular value with |E|.

    The last entries compare the reported singular values with those of P_Omega(M) / p, from both sides.
    """
    # p is the share that is seen and not the probability of the draw: a solver knows no other
    seen = case.mask / case.mask.mean()
    noise = np.linalg.norm(case.matrix * seen - case.matrix, 2)
    smallest, k = case.singular_values[-1], len(case.singular_values)
    bound = wedin_bound(share * noise, smallest) if share * noise < smallest else 1.0
    moved = np.abs(start.singular_values - case.singular_values)
    own = np.linalg.svd(case.matrix * seen, compute_uv=False)[:k]
    lhs = np.r_[distance(start.basis, case.left), moved, start.singular_values, own]
    rhs = np.r_[bound, np.full(k, share * noise), own, start.singular_values]
    trivial = np.r_[1.0, np.full(3 * k, np.inf)]
    return Sides(lhs, rhs, trivial=trivial, rounding=rounding(64 * case.mask.size, 1 / (smallest * case.mask.mean())))


MC_L6 = Statement(
    id="matrix_completion/MC-L6",
    title="The spectral start is near where its noise is small",
    says="E = P_Omega(M) / p - M is what the sample adds to M: seen entries are divided by their share p, the "
    "others are 0. If its spectral norm is below s_k, the k-th singular value of M, the k leading left "
    "singular vectors U_0 of M + E are within |E| / (s_k - |E|) of U*, and each singular value s^_i within "
    "|E| of s_i.",
    source=Derived(wedin_bound),
    tex=r"\|E\| < s_k \Rightarrow \mathrm{dist}(U_0, U^*) \le \frac{\|E\|}{s_k - \|E\|},\ |\hat s_i - s_i| \le \|E\|",
    hypotheses={"something is seen": lambda case: bool(case.mask.any())},
    instances=DENSE_CASES,
    solve=started,
    claim=Inequality(start_error, unbounded="reported singular values may be any numbers"),
    decisions=("basis",),
    free={"basis": "a basis and its negative span one space"},
    saboteurs=(
        saboteur(
            "not divided by p",
            patch=(spectral_start.rescaled, "values / values.dtype.type(seen.density)", "1.0 * values"),
        ),
        # the matrix without its last row, whose distance is a root of 1 - p, comes nearest to the bound
        saboteur("four fifths of the noise", claim=Inequality(partial(start_error, share=0.8))),
        saboteur("the next singular vectors", solve=next_vectors),
    ),
    notes="E = P_Omega(M)/p - M with the share p of entries that is seen.",
)
