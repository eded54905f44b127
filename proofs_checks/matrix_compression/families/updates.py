"""Updates s B A in any gauge: instances of the statements about adapters, and what the library makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.matrix_compression import baselines, squeeze
from proofs_checks.matrix_compression.families.exact import energies
from proofs_checks.matrix_compression.families.stacks import nudged

#: the least ratio of eigenvalues of a Gram matrix at which "auto" takes it, as the documentation of squeeze has it
GUARD = 1e-8


@dataclass(frozen=True)
class Update:
    """s B A, the rank r of its new factors, and the scale s' in front of them."""

    B: np.ndarray
    A: np.ndarray
    rank: int
    scale: float = 1.0
    out_scale: float = 1.0

    @property
    def matrix(self) -> np.ndarray:
        """The update itself: exact where factors are integers, times a power of two."""
        return self.scale * (self.B @ self.A)

    @property
    def spectrum(self) -> np.ndarray:
        """The singular values of B A, the largest first, from certified arithmetic."""
        return np.sqrt(energies(self.B @ self.A))

    @property
    def tail(self) -> float:
        """E_r of the update."""
        return abs(self.scale) * float(np.sqrt((self.spectrum[self.rank :] ** 2).sum()))

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the update, and of factors found for it."""
        return abs(self.scale) * allowance(self.B, self.A)


def allowance(B: np.ndarray, A: np.ndarray, gram: bool = True) -> float:
    """Return what B A, its singular values and its best factors may err by in doubles.

    Each inner index rounds by the norms of its column and its row; where the eigenvalues of the Gram matrices of evenly
    scaled factors are close enough for these to be used, they lose the root of the quotient of these. A solver
    that takes QR alone loses nothing (`gram` is False).
    """
    columns, rows = np.linalg.norm(B, axis=0), np.linalg.norm(A, axis=1)
    used = columns * rows > 0
    spread = 1.0
    if gram and used.any() and used.sum() <= min(B.shape[0], A.shape[1]):
        left, right = B[:, used] / columns[used], A[used].T / rows[used]
        values = [np.linalg.eigvalsh(X.T @ X) for X in (left, right)]
        spread = min(float(one[0] / one[-1]) for one in values)
    loss = 1 / np.sqrt(spread) if spread >= GUARD / 2 else 1.0
    return float(loss * rounding(16 * (B.shape[0] + A.shape[1] + B.shape[1] + 8), (columns * rows).sum()))


def is_update(case: Any) -> bool:
    """Decide whether an instance has factors B and A of an update."""
    return are_factors(np.asarray(case.B), np.asarray(case.A))


def are_factors(B: np.ndarray, A: np.ndarray) -> bool:
    """Decide whether two factors of finite numbers have one inner rank and a product with entries."""
    fits = B.ndim == A.ndim == 2 and B.shape[1] == A.shape[0] and 0 not in (B.shape[0], A.shape[1])
    return bool(fits and np.isfinite(B).all() and np.isfinite(A).all())


def has_scales(case: Any) -> bool:
    """Decide whether both scales are numbers other than 0, and the rank is not negative."""
    scales = np.array([case.scale, case.out_scale], float)
    return bool(np.isfinite(scales).all() and (scales != 0).all() and case.rank >= 0)


def squeezed(case: Update, rng: np.random.Generator | None = None, more: int = 0, **options: Any) -> dict[str, Any]:
    """Return the library's factors of rank r, with all singular values and the relative error that it reports."""
    made = {"scale": case.scale, "out_scale": case.out_scale} | options
    found = squeeze(case.B, case.A, case.rank + more, **made)
    return {
        "B": found.B,
        "A": found.A,
        "scale": found.scale,
        "values": found.singular_values,
        "error": found.error,
    }


@dataclass(frozen=True)
class Panel:
    """Factors of rank r by several tools, and the bounds in the certificate of each."""

    B: tuple[np.ndarray, ...]
    A: tuple[np.ndarray, ...]
    brackets: np.ndarray


def panel(case: Update, rng: np.random.Generator, more: int = 0) -> Panel:
    """Return factors by squeezing, from the product, and by two random ranges, with their scales in them."""
    r, scale = case.rank + more, {"scale": case.scale}
    seed = int(rng.integers(2**31))
    found = [
        squeeze(case.B, case.A, r, **scale, out_scale=case.out_scale),
        baselines.dense_svd(case.B, case.A, r, **scale),
        baselines.randomized_svd(case.B, case.A, r, **scale, oversampling=0, rng=seed),
        baselines.randomized_svd(case.B, case.A, r, **scale, oversampling=2, n_powers=1, rng=seed),
    ]
    bounds = [(one.certificate.bound, one.certificate.achieved) for one in found]
    return Panel(
        tuple(one.scale * np.asarray(one.B) for one in found),
        tuple(np.asarray(one.A) for one in found),
        np.array(bounds),
    )


def regauged(B: np.ndarray, A: np.ndarray, g: int) -> tuple[np.ndarray, np.ndarray]:
    """Return B X and X^-1 A for an integer matrix X of determinant 1 that mixes the first two inner indices."""
    X, inverse = np.array([[1 + g * g, g], [g, 1]]), np.array([[1, -g], [-g, 1 + g * g]])
    left, right = B.copy(), A.copy()
    left[:, :2], right[:2] = B[:, :2] @ X, inverse @ A[:2]
    return left, right


def draw_factors(draws: Draws, m: int, q: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw factors (m, q) and (q, n) of small integers."""
    B, A = (draws.integers(-4, 4, shape=shape).astype(float) for shape in ((m, q), (q, n)))
    return B, A


def draw_update(draws: Draws) -> Update:
    """Draw integer factors of up to six inner indices in a gauge, with scales of either sign."""
    m, n, q = draws.integers(1, 6), draws.integers(1, 6), draws.integers(1, 6)
    B, A = draw_factors(draws, m, q, n)
    if q >= 2 and draws.choice((False, True)):
        B, A = regauged(B, A, draws.choice((1, 3, 100)))
    power = draws.choice((0, 0, 7, -40))  # a diagonal gauge, and another unit
    B, A = B * 2.0 ** (power + draws.choice((0, 30))), A * 2.0**-power
    scale, out_scale = draws.choice((1.0, -0.5, 2.0, 0.25)), draws.choice((1.0, -1.0, 4.0))
    return Update(B, A, draws.integers(0, min(m, n)), scale, out_scale)


def climb_update(case: Update, draws: Draws) -> Update:
    """Change one entry of B."""
    return replace(case, B=nudged(case.B, draws))


def examples() -> tuple[Update, ...]:
    """Return the smallest updates, and those at the borders of what factors can be."""
    B = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, -1.0]])
    A = np.array([[1.0, 2.0, 0.0, 1.0], [-1.0, 1.0, 3.0, 0.0]])
    wide = np.array([[1.0, 2.0, 0.0, -1.0], [2.0, 1.0, 0.0, 3.0]])  # more inner indices than rows, one of them zero
    return (
        Update(np.array([[2.0]]), np.array([[3.0]]), 1, 0.5, 2.0),
        Update(np.array([[2.0]]), np.array([[3.0]]), 0),
        Update(B, A, 1, 2.0, 1.0),
        Update(B[::-1].copy(), 2 * A, 1, -0.5, 2.0),
        Update(B, A, 2, 0.25, -1.0),
        Update(wide, wide.T.copy(), 1),
        Update(wide, wide.T.copy(), 3, 4.0, 1.0),
        Update(*regauged(B, A, 64), 1),
        Update(2.0**-300 * B, 2.0**260 * A, 1),
        Update(np.diag([1.0, 2.0]), np.diag([4.0, 1.0]), 1),
    )


def halved() -> Update:
    """Make the identity of two rows with r = 1, of which any best factors leave one half."""
    return Update(np.eye(2), np.eye(2), 1)


UPDATES = Family("updates-of-weights", always=examples, draw=draw_update, climb=climb_update)
#: some error is left, so that factors of others can be worse
LEFT_OVER = replace(
    UPDATES,
    name="truncated-updates",
    always=lambda: [one for one in examples() if one.tail > 0],
    tight=(Tight(halved(), 1 - 1e-12, 1),),
)
