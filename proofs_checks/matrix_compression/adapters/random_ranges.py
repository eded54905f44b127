"""Random ranges: what they miss on average, and that one as wide as the old rank misses nothing.

D = B A is an update, and a range is spanned by the columns of D W for a Gaussian matrix W. E_k(D) is the root of the
sum of the squares of all but the k largest singular values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Expectation,
    Family,
    Identity,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_compression import baselines, theory
from proofs_checks.matrix_compression.families.exact import best_error, energies, norm, product
from proofs_checks.matrix_compression.families.updates import Update, draw_factors, is_update, regauged


@dataclass(frozen=True)
class Sketched:
    """An update, the rank k, and p, the columns of the range beyond it."""

    update: Update
    oversampling: int

    @property
    def rank(self) -> int:
        """The number k."""
        return self.update.rank

    @property
    def width(self) -> int:
        """The number of columns of the range."""
        return min(*self.update.matrix.shape, self.rank + self.oversampling)


def is_sketched(case: Sketched) -> bool:
    """Decide whether there are factors of an update, a rank that it can have, and columns beyond it."""
    update = case.update
    plain = is_update(update) and update.scale == 1.0 and case.oversampling >= 0
    return bool(plain and 0 <= case.rank <= min(update.matrix.shape) and case.width >= 1)


def has_two_beyond(case: Sketched) -> bool:
    """Decide whether there are at least two columns beyond the rank, and room for all of them."""
    return bool(case.oversampling >= 2 and case.width == case.rank + case.oversampling)


def spiked(n: int, k: int, p: int, size: float) -> Sketched:
    """Make k large singular values before n - k ones."""
    return Sketched(Update(np.diag([size] * k + [1.0] * (n - k)), np.eye(n), k), p)


def draw_sketched(draws: Draws) -> Sketched:
    """Draw an update of small integers, a rank, and two or three columns more."""
    m, n = draws.integers(6, 9), draws.integers(6, 9)
    B, A = draw_factors(draws, m, 6, n)
    return Sketched(Update(B, A, draws.integers(1, 2)), draws.integers(2, 3))


SKETCHED = Family(
    "random-ranges",
    always=lambda: (spiked(60, 1, 2, 10.0), spiked(60, 1, 6, 10.0), spiked(12, 2, 2, 1.0), spiked(5, 0, 2, 1.0)),
    draw=draw_sketched,
)


def ranges(case: Sketched, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return orthonormal bases of the library's random ranges, (n, m, k + p)."""
    B, A = case.update.B, case.update.A
    found = [baselines.randomized_svd(B, A, case.width, oversampling=0, rng=rng) for _ in range(n)]
    return np.array([np.linalg.qr(one.B)[0] for one in found])


def coordinates(case: Sketched, rng: np.random.Generator, n: int) -> np.ndarray:
    """Take the last rows for the range, whatever the update is."""
    return np.stack([np.eye(len(case.update.B))[:, -case.width :]] * n)


def missed(case: Sketched, found: np.ndarray) -> np.ndarray:
    """Return |D - Q Q^T D|^2 for each basis Q; all of |D|^2 where the columns of Q are not orthonormal."""
    D = case.update.matrix
    grams = np.swapaxes(found, 1, 2) @ found
    off = np.abs(grams - np.eye(found.shape[2])).max(axis=(1, 2))
    left = D - found @ (np.swapaxes(found, 1, 2) @ D)
    return np.where(off < float(rounding(64 * sum(D.shape), 1)), (left**2).sum(axis=(1, 2)), (D**2).sum())


def mean_at_most(bound: Any) -> Expectation:
    """Make the claim that the mean of what is missed is at most a function of the instance."""
    return Expectation(
        sample=missed, at_most=bound, support=lambda case: (0.0, float((case.update.matrix**2).sum()) * (1 + 1e-12))
    )


def mean_bound(case: Sketched) -> float:
    """Return the bound of the library."""
    return float(theory.sketch_bound(case.update.tail**2, case.rank, case.oversampling))


SQ_2 = Statement(
    id="matrix_compression/SQ-2",
    title="A random range errs little on average",
    says=(
        "D is a matrix and Q an orthonormal basis of D times a Gaussian matrix of k + p columns, with p >= 2. The "
        "mean of |D - Q Q^T D|^2 is at most 1 + k / (p - 1) times E_k(D)^2, the sum of the squares of all but the k "
        "largest singular values."
    ),
    source=Classical(
        "the randomized range finder", "N. Halko, P.-G. Martinsson, J. Tropp, SIAM Review 53, 2011, theorem 10.5"
    ),
    tex=r"\mathbb E\,\|D - QQ^\top D\|^2 \le \left(1 + \tfrac{k}{p - 1}\right) E_k(D)^2",
    hypotheses={
        "an update and a rank": is_sketched,
        "two columns beyond the rank": has_two_beyond,
        "something is left at rank k": lambda case: case.update.tail > 1e-6 * norm(case.update.matrix),
    },
    instances=SKETCHED,
    solve=ranges,
    claim=mean_at_most(mean_bound),
    decisions=("outcome",),
    free={"outcome": "a basis and its negative span the same range"},
    saboteurs=(
        saboteur(
            "as good as the best of rank k on average", claim=mean_at_most(lambda case: float(case.update.tail**2))
        ),
        saboteur("coordinate vectors in the place of a range", solve=coordinates),
        saboteur(
            "a Gaussian matrix that is not multiplied by the update",
            patch=(
                baselines.randomized_svd,
                "left @ (right @ generator(rng).normal(size=(right.shape[1], width)))",
                "generator(rng).normal(size=(left.shape[0], width))",
            ),
        ),
    ),
    notes="One large value and p = 6 come to 0.87 of the bound, p = 2 to 0.7; a flat spectrum is far from it.",
)


def is_wide(case: Sketched) -> bool:
    """Decide whether the range has as many columns as the rank of the update, in exact arithmetic, or more."""
    spectrum = energies(case.update.matrix)
    return bool((spectrum > 2.0**-40 * max(spectrum[0], 1.0)).sum() <= case.width)


def wide_ranges() -> tuple[Sketched, ...]:
    """Return updates whose rank is just the width of the range, and less; the smallest, zero, and an uneven gauge."""
    B = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, -1.0], [2.0, 0.0]])
    A = np.array([[1.0, 0.0, 2.0, 1.0], [0.0, 1.0, -1.0, 3.0]])
    one = Update(B, A, 1)
    return (
        Sketched(Update(np.array([[2.0]]), np.array([[3.0]]), 1), 0),
        Sketched(one, 1),
        Sketched(replace(one, rank=2), 0),
        Sketched(replace(one, rank=0), 2),
        Sketched(one, 2),
        Sketched(Update(B, np.zeros((2, 3)), 1), 1),
        Sketched(Update(*regauged(B, A, 3), 1), 1),
        Sketched(Update(np.diag([8.0, 4.0, 2.0, 1.0])[:, ::-1].copy(), np.eye(4), 2), 2),
    )


def draw_wide(draws: Draws) -> Sketched:
    """Draw an update of inner rank q, and a range of at least q columns."""
    m, n, q = draws.integers(2, 7), draws.integers(2, 7), draws.integers(1, 4)
    B, A = draw_factors(draws, m, q, n)
    rank = draws.integers(0, min(m, n, q))
    return Sketched(Update(B, A, rank), q - rank + draws.choice((0, 0, 1)))


WIDE = Family("wide-random-ranges", always=wide_ranges, draw=draw_wide)

#: part of all sketches of which a square Gaussian block may be so near to a singular one that they are given up
UNLUCKY = 2.0**-30


@formula(q="[1, inf)", part="(0, 1)")
def gaussian_stretch(q: int, part: Number) -> float:
    r"""A matrix of Gaussians with q rows and as many columns or more has a smaller pseudoinverse but for this `part`.

    Proof
    -----
    Assumes: independent standard Gaussians.

    Proof: columns that are left out make no singular value larger, so let the matrix G be square. Row i of G^-1 has the
    norm 1 / \|<u, g_i>\|, where g_i is a column of G and u a unit vector orthogonal to all others, which does not
    depend on it. \|N(0, 1)\| has a density of at most sqrt(2 / pi) < 1, so that norm exceeds x with a probability below
    1 / x; and \|G^-1\| exceeds sqrt(q) x with a probability below q / x. At x = q / part this is `part`.
    """
    return float(q**1.5 / part)


def randomized(case: Sketched, rng: np.random.Generator) -> dict[str, Any]:
    """Return the library's factors of rank k from a random range, and its singular values; others count as 0."""
    B, A = case.update.B, case.update.A
    found = baselines.randomized_svd(B, A, case.rank, oversampling=case.oversampling, rng=rng)
    values = np.pad(found.singular_values, (0, min(case.update.matrix.shape) - len(found.singular_values)))
    return {"B": found.B, "A": found.A, "values": values, "error": found.error}


def loses_nothing(case: Sketched, found: dict[str, Any], rank: int = 0) -> Sides:
    """Compare the error with E_k(D), and the values with all singular values of D."""
    D, spectrum = case.update.matrix, np.sqrt(energies(case.update.matrix))
    least = best_error(D, max(0, case.rank - rank))
    off = norm(D - product(found))
    q = max(1, int((spectrum > 0).sum()))
    load = norm(case.update.B) * norm(case.update.A)
    allowed = float(rounding(64 * (sum(D.shape) + case.width), load * gaussian_stretch(q, UNLUCKY)))
    lhs = np.array([off, found["error"] * norm(D), *found["values"]])
    return Sides(lhs, np.array([least, least, *spectrum]), rounding=allowed)


SQ_3 = Statement(
    id="matrix_compression/SQ-3",
    title="A random range as wide as the old rank loses nothing",
    says=(
        "Factors of rank k are sought in a random range of D, the span of D times a Gaussian matrix of k + p columns. "
        "If k + p is at least the rank of D, they err by E_k(D), as the best ones do, and all singular values are "
        "those of D, with probability 1."
    ),
    source=Derived(gaussian_stretch),
    tex=r"k + p \ge \mathrm{rank}(D) \;\Rightarrow\; D = QQ^\top D \ \text{almost surely}",
    hypotheses={"an update and a rank": is_sketched, "a range as wide as the rank of D": is_wide},
    instances=WIDE,
    solve=randomized,
    claim=Identity(loses_nothing, randomness="the Gaussian matrix: all but a part of 2^-30 of them"),
    saboteurs=(
        saboteur("the error of one rank less", claim=Identity(partial(loses_nothing, rank=1))),
        saboteur(
            "one column fewer than the rank",
            patch=(baselines.randomized_svd, "right.shape[1], width)", "right.shape[1], max(1, width - 1))"),
        ),
        saboteur(
            "a range that is not orthonormal",
            patch=(baselines.randomized_svd, "basis = np.linalg.qr(Y)[0]", "basis = Y"),
        ),
    ),
    notes="Rounding is allowed for all sketches but those that are within 2^-30 of losing a direction.",
)
