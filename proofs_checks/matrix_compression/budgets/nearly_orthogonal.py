"""Masks of triplets P diag(l) Q whose factors are nearly orthogonal, as training with a penalty leaves them.

P has q columns, Q has q rows, and l holds q numbers of either sign. Let d_P = |P^T P - I|_2 and d_Q = |Q Q^T - I|_2.
A mask sets some numbers of l to 0. E_j is the error of the best approximation of rank j in the Frobenius norm.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory._numbers import inexact
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, norm

LARGEST_DEFECT = 0.9375


@dataclass(frozen=True)
class Triplets:
    """P (m, q), l (q,), Q (q, n), and j, how many numbers of l a mask keeps."""

    P: np.ndarray
    values: np.ndarray
    Q: np.ndarray
    rank: int

    @property
    def matrix(self) -> np.ndarray:
        """P diag(l) Q."""
        return (self.P * self.values) @ self.Q

    @property
    def defects(self) -> tuple[float, float]:
        """d_P and d_Q."""
        grams = self.P.T @ self.P, self.Q @ self.Q.T
        left, right = (float(np.abs(np.linalg.eigvalsh(G - np.eye(len(G)))).max()) for G in grams)
        return left, right

    @property
    def largest(self) -> np.ndarray:
        """The mask that keeps the j largest of all |l|, the first of those that are equal."""
        order = np.argsort(-np.abs(self.values), kind="stable")
        return np.isin(np.arange(len(order)), order[: self.rank])

    @property
    def size(self) -> float:
        """No mask changes the matrix by more than this."""
        return norm(self.P) * norm(self.values) * norm(self.Q)

    @property
    def allowed(self) -> float:
        """The rounding of errors in doubles, and of the factor in front of them, which d_P and d_Q near 1 raise."""
        gap = min(1 - d for d in self.defects)
        return float(rounding(64 * (sum(self.P.shape) + sum(self.Q.shape)), 1 + self.size)) / gap**2

    @property
    def worst(self) -> float:
        """The largest error of a mask that keeps j numbers."""
        q = np.arange(len(self.values))
        return max(self.error(np.isin(q, kept)) for kept in itertools.combinations(q, self.rank))

    def error(self, kept: np.ndarray) -> float:
        """The change by a mask, in the Frobenius norm."""
        return norm((self.P * np.where(kept, 0.0, self.values)) @ self.Q)


def are_triplets(case: Triplets) -> bool:
    """Decide whether the arrays are finite and fit, and a mask can keep j numbers."""
    P, values, Q = (np.asarray(one) for one in (case.P, case.values, case.Q))
    fits = P.ndim == Q.ndim == 2 and values.ndim == 1 and P.shape[1] == len(values) == len(Q) and 0 not in P.shape
    finite = all(np.isfinite(one).all() for one in (P, values, Q))
    return bool(fits and Q.shape[1] and finite and 0 <= case.rank <= len(values))


def are_nearly_orthogonal(case: Triplets) -> bool:
    """Decide whether d_P and d_Q are at most 15/16, so that what is divided by 1 - d keeps its digits."""
    return max(case.defects) <= LARGEST_DEFECT


def skewed(part: float) -> np.ndarray:
    """Return two columns of about unit length whose inner product is about twice this."""
    return np.array([[1.0, part], [part, 1.0]])


def triplets() -> tuple[Triplets, ...]:
    """Return the smallest triplets, orthogonal ones, ties, signs, a zero, and skewed or stretched columns."""
    noise = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, -1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]]) / 8
    three = Triplets(np.eye(4, 3) + noise, np.array([1.0, -3.0, 2.0]), np.eye(3, 5) - noise.T @ np.eye(4, 5), 1)
    return (
        Triplets(np.eye(1), np.array([2.0]), np.eye(1), 0),
        Triplets(np.eye(2), np.array([-2.0, 1.0]), np.eye(2)[::-1].copy(), 1),
        Triplets(skewed(0.125), np.array([1.0, 1.0]), np.eye(2), 1),
        Triplets(skewed(0.25), np.array([1.0, -9.0]), skewed(-0.25), 1),
        Triplets(skewed(0.375), np.array([1.0, 9.0]), skewed(0.375), 1),
        # both factors stretch, or shrink, what is dropped
        Triplets(1.25 * np.eye(2), np.array([1.0, -9.0]), 1.25 * np.eye(2), 1),
        Triplets(0.75 * np.eye(2), np.array([1.0, -9.0]), 0.75 * np.eye(2), 1),
        three,
        replace(three, rank=2),
        replace(three, values=np.array([0.0, 5.0, -5.0])),  # one of two that are as large
    )


def draw_triplets(draws: Draws) -> Triplets:
    """Draw columns and rows of unit matrices with a noise of sixteenths, and numbers of several sizes between them."""
    q = draws.integers(2, 4)
    m, n = q + draws.integers(0, 2), q + draws.integers(0, 2)
    P, Q = (np.eye(*shape) + draws.integers(-1, 1, shape=shape) / 16 for shape in ((m, q), (q, n)))
    # the sizes are far apart, so that most masks are bad ones
    sizes = 4.0 ** np.array(draws.choice(tuple(itertools.permutations(range(q)))))
    return Triplets(P, np.array([draws.choice((-size, size)) for size in sizes]), Q, draws.integers(1, q - 1))


TRIPLETS = Family(
    "triplets",
    always=triplets,
    # orthogonal factors: the mask leaves the norm of what it drops, and is the best truncation
    tight=(Tight(Triplets(np.eye(2), np.array([-2.0, 1.0]), np.eye(2), 1), 1 - 1e-12, 1),),
    draw=draw_triplets,
)


def small_triplets() -> Iterator[Triplets]:
    """Yield all pairs of two by two matrices with entries 0, 1/4 and 1 that are near enough to orthogonal ones."""
    tables = (np.array(x).reshape(2, 2) for x in itertools.product((0.0, 0.25, 1.0), repeat=4))
    near = [P for P in tables if np.abs(np.linalg.eigvalsh(P.T @ P - np.eye(2))).max() <= LARGEST_DEFECT]
    for P, Q in itertools.product(near, repeat=2):
        yield from (Triplets(P, np.array(values), Q, 1) for values in ((1.0, 9.0), (-9.0, 1.0), (-9.0, 4.0)))


SMALL = All(
    "masks that keep one of two triplets with l = (1, 9), (-9, 1) or (-9, 4) and entries 0, 1/4 and 1 of P and Q",
    small_triplets,
    members=588,
)
GIVEN = {"triplets that fit": are_triplets, "factors that are nearly orthogonal": are_nearly_orthogonal}


@formula(l="[0, inf)", d_P="[0, 1)", d_Q="[0, 1)")
def masked_bracket(l: Number, d_P: Number, d_Q: Number) -> tuple[Number, Number]:  # noqa: E741
    r"""Between these two numbers lies what a mask changes, where l is the root of the sum of squares that it drops.

    Proof
    -----
    Assumes: d_P = \|P^T P - I\|_2 and d_Q = \|Q Q^T - I\|_2 are not too small (the caller).

    Proof: with D the diagonal matrix of what is dropped, \|P D Q\|^2 = tr(D P^T P D Q Q^T). Eigenvalues of P^T P lie
    in [1 - d_P, 1 + d_P], and those of Q Q^T in [1 - d_Q, 1 + d_Q]. The trace of a product of two positive semidefinite
    matrices grows with each of them, so this one lies between (1 - d_P)(1 - d_Q) and (1 + d_P)(1 + d_Q) times \|D\|^2.
    """
    less, more = (1 - inexact(d_P)) * (1 - d_Q), (1 + inexact(d_P)) * (1 + d_Q)
    return np.sqrt(less) * l, np.sqrt(more) * l


def bracketed(case: Triplets, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Return the bracket of what the mask changes, from the numbers that it drops and the two defects."""
    least, most = masked_bracket(norm(case.values[~case.largest]), *case.defects)
    return {"least": float(least), "most": float(most)}


def unaware(case: Triplets, rng: np.random.Generator | None = None, least: bool = False) -> dict[str, float]:
    """Answer with the norm of what is dropped, as though the factors were orthogonal, for one end of the bracket."""
    return bracketed(case) | {"least" if least else "most": norm(case.values[~case.largest])}


def one_defect(case: Triplets, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Answer with a bracket that looks at P alone."""
    least, most = masked_bracket(norm(case.values[~case.largest]), case.defects[0], 0.0)
    return {"least": float(least), "most": float(most)}


def within(case: Triplets, found: dict[str, float]) -> Sides:
    """Compare what the mask changes with both ends of the bracket."""
    error = case.error(case.largest)
    return Sides(
        np.array([found["least"], error]),
        np.array([error, found["most"]]),
        trivial=np.array([np.inf, case.size * 1.001]),
        least=np.array([0.0, -np.inf]),
        rounding=case.allowed,
    )


AB_3 = Statement(
    id="matrix_compression/AB-3",
    title="A mask changes about what it drops, if the factors are nearly orthogonal",
    says=(
        "A mask drops the numbers l_i, i in Z, of P diag(l) Q. The change in the Frobenius norm lies between "
        "sqrt((1 - d_P)(1 - d_Q)) and sqrt((1 + d_P)(1 + d_Q)) times |l_Z|, the root of the sum of their squares; d_P "
        "= |P^T P - I|_2 and d_Q = |Q Q^T - I|_2, both below 1, say how far the factors are from orthogonal ones."
    ),
    source=Derived(masked_bracket),
    tex=r"\sqrt{(1-d_P)(1-d_Q)}\,|l_Z| \le \|P\,\mathrm{diag}(l_Z)\,Q\| \le \sqrt{(1+d_P)(1+d_Q)}\,|l_Z|",
    hypotheses=GIVEN,
    instances=TRIPLETS,
    for_all=(SMALL,),
    solve=bracketed,
    claim=Inequality(within),
    closed="the claim is about the formula `masked_bracket`, for whatever a mask drops",
    saboteurs=(
        saboteur("at most the norm of what is dropped", solve=unaware),
        saboteur("at least the norm of what is dropped", solve=partial(unaware, least=True)),
        saboteur("the defect of one factor", solve=one_defect),
    ),
    notes="The mask keeps the largest numbers; the bracket holds for any.",
)


@formula(d_P="[0, 1)", d_Q="[0, 1)")
def mask_factor(d_P: Number, d_Q: Number) -> Number:
    r"""The mask that keeps the j largest \|l\| errs by at most this factor times E_j.

    Proof
    -----
    Assumes: d_P = \|P^T P - I\|_2 and d_Q = \|Q Q^T - I\|_2 are not too small (the caller).

    Proof: write P = U N and Q = M V with U^T U = V V^T = I, N^2 = P^T P and M^2 = Q Q^T. Then P D Q and N D M have the
    same singular values, and sigma_i(N D M) >= sigma_min(N) sigma_i(D) sigma_min(M) >= sqrt((1 - d_P)(1 - d_Q))
    sigma_i(D). With D = diag(l), the sum over i > j of the squares is E_j^2 on the left, and on the right it is (1 -
    d_P)(1 - d_Q) times what the mask drops. By `masked_bracket` its error is at most sqrt((1 + d_P)(1 + d_Q)) times the
    root of that.
    """
    return np.sqrt((1 + inexact(d_P)) * (1 + d_Q) / ((1 - inexact(d_P)) * (1 - d_Q)))


def masked(case: Triplets, rng: np.random.Generator | None = None) -> np.ndarray:
    """Keep the j largest of all |l|."""
    return case.largest


def by_signed(case: Triplets, rng: np.random.Generator | None = None) -> np.ndarray:
    """Keep the j largest numbers, of which negative ones count as small."""
    order = np.argsort(-case.values, kind="stable")
    return np.isin(np.arange(len(order)), order[: case.rank])


def nearly_best(case: Triplets, kept: np.ndarray, factor: float | None = None) -> Sides:
    """Compare the error of a mask of j numbers with that of the best approximation of rank j times the factor."""
    kept = np.asarray(kept)
    known = mask_factor(*case.defects) if factor is None else factor
    return unlike(kept.sum() - case.rank, 0.0) or Sides(
        case.error(kept),
        float(known) * best_error(case.matrix, case.rank),
        trivial=case.worst,
        rounding=case.allowed,
    )


AB_4 = Statement(
    id="matrix_compression/AB-4",
    title="A mask of triplets is nearly the best truncation, if the factors are nearly orthogonal",
    says=(
        "The mask that keeps the j largest |l_i| of P diag(l) Q errs by at most sqrt((1 + d_P)(1 + d_Q) / ((1 - d_P)(1 "
        "- d_Q))) times E_j, the error of the best matrix of rank j in the Frobenius norm; d_P = |P^T P - I|_2 and d_Q"
        " = |Q Q^T - I|_2, both below 1. So two small norms certify the mask."
    ),
    source=Derived(mask_factor),
    tex=r"\|P\,\mathrm{diag}(l_{Z})\,Q\| \le \sqrt{\frac{(1+d_P)(1+d_Q)}{(1-d_P)(1-d_Q)}}\;E_j(P\,\mathrm{diag}(l)\,Q)",
    hypotheses=GIVEN,
    instances=TRIPLETS,
    for_all=(SMALL,),
    solve=masked,
    claim=Inequality(nearly_best),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the mask is the best truncation", claim=Inequality(partial(nearly_best, factor=1.0))),
        saboteur("the largest signed numbers", solve=by_signed),
    ),
    notes="A mask that keeps other numbers may pass: the statement bounds its error, and does not name it.",
)
