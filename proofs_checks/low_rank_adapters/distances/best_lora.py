"""The best LoRA for data, for another adapter and for a sketch of a target.

The rank of the LoRA is r.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain
from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_adapters.convert.to_lora import _through_core, to_lora
from lrtheory.low_rank_adapters.fit import fit
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.reach import exact
from proofs_checks.guards import allowance, misfit, square, unlike
from proofs_checks.low_rank_adapters.families.adapters import (
    Case,
    build,
    draw_case,
    is_case,
    one_of_each,
    smallest,
    update,
    with_more,
)
from proofs_checks.low_rank_adapters.families.spectra import values


@dataclass(frozen=True)
class Data:
    """Inputs X (T, n), wanted outputs Y (T, m), a weight W (m, n), and factors of some update of a rank r."""

    X: np.ndarray
    Y: np.ndarray
    W: np.ndarray
    B: np.ndarray
    A: np.ndarray

    @property
    def missing(self) -> np.ndarray:
        """E, what the outputs of the weight lack, an example a column."""
        return np.asarray((self.Y - self.X @ self.W.T).T)

    @property
    def fitted(self) -> np.ndarray:
        """E P_X, with the projector onto the span of the inputs."""
        U, s, _ = np.linalg.svd(self.X, full_matrices=False)
        U = U[:, s > max(self.X.shape) * np.finfo(float).eps * s.max(initial=0.0)]
        return np.asarray(self.missing @ U @ U.T)

    def error(self, B: np.ndarray, A: np.ndarray) -> float:
        """The squared error of an update B A."""
        return square(self.missing - B @ (A @ self.X.T))

    @property
    def allowed(self) -> float:
        """Return the rounding that squared errors may have."""
        s = values(self.X)
        kept = s[s > max(self.X.shape) * np.finfo(float).eps * s.max(initial=0.0)]
        stretch = float(kept.max(initial=1.0) / kept.min(initial=kept.max(initial=1.0)))
        return allowance(self.Y, self.missing, self.B @ (self.A @ self.X.T)) * stretch


def is_data(case: Data) -> bool:
    """Decide whether all shapes fit, with a rank of 1 at least, and all numbers are finite."""
    (T, n), (m, r) = case.X.shape, case.B.shape
    fits = (case.Y.shape, case.W.shape, case.A.shape) == ((T, m), (m, n), (r, n)) and min(T, n, m, r) >= 1
    return fits and all(bool(np.isfinite(one).all()) for one in (case.X, case.Y, case.W, case.B, case.A))


def fitted(case: Data, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the best factors for the data, with their loss and its lower bound."""
    found = fit(lora(0 * case.B, 0 * case.A), X=case.X, Y=case.Y, weight=case.W)
    B, A = (np.asarray(found.adapter.params[name]) for name in "BA")
    return {"B": B, "A": A, "loss": found.loss, "lower": found.lower}


def draw_data(draws: Draws) -> Data:
    """Draw small integers; the inputs are stretched, or of low rank, or neither."""
    m, n, T, r = draws.integers(1, 4), draws.integers(1, 4), draws.integers(1, 6), draws.integers(1, 2)
    X, Y, W, B, A = (
        draws.integers(-3, 3, shape=shape).astype(float) for shape in ((T, n), (T, m), (m, n), (m, r), (r, n))
    )
    kind = draws.choice(("plain", "stretched", "low"))
    if kind == "stretched":
        X = X * 4.0 ** np.arange(n)
    if kind == "low":
        X = np.outer(X[:, 0], np.arange(1.0, n + 1))
    return Data(X, Y, W, B, A)


#: inputs of very different sizes, so that the best update is not the best one for the outputs
STRETCHED = Data(
    np.diag([16.0, 1.0]), np.array([[16.0, 0.0], [0.0, 8.0]]), np.zeros((2, 2)), np.ones((2, 1)), np.ones((1, 2))
)

#: one input, so that most of the outputs are out of reach
ONE_INPUT = Data(
    np.array([[1.0], [0.0], [0.0]]),
    np.array([[1.0, 0.0], [0.0, 4.0], [3.0, 0.0]]),
    np.zeros((2, 1)),
    np.ones((2, 1)),
    np.ones((1, 1)),
)

DATA = Family("data-for-a-layer", always=lambda: (STRETCHED, ONE_INPUT), draw=draw_data)


def solution_first(case: Data, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Truncate the solution of the regression, and not its fitted values: inputs of large size do not count."""
    U, s, Vt = np.linalg.svd(case.missing @ np.linalg.pinv(case.X.T), full_matrices=False)
    r, kept = case.B.shape[1], min(case.B.shape[1], len(s))
    B, A = np.zeros(case.B.shape), np.zeros((r, case.A.shape[1]))
    B[:, :kept], A[:kept] = U[:, :kept] * s[:kept], Vt[:kept]
    return {"B": B, "A": A, "loss": case.error(B, A), "lower": case.error(B, A)}


def tail_of(values: list[Number], r: int) -> Number:
    """The sum of all but the r largest squares."""
    return sum((value * value for value in sorted(values, reverse=True)[r:]), start=0)


@formula(outside="[0, inf)", r="[0, inf)")
def regression_energy(outside: Number, s: ArrayLike, r: int) -> Number:
    """The least |E - Z X|^2 of all Z of rank r.

    `outside` is |E - E P_X|^2, and s are the singular values of E P_X.

    Proof
    -----
    Assumes: nothing about X, which may be singular.

    Proof: E - Z X = E (I - P_X) + (E P_X - Z X), whose rows are orthogonal to each other. Z X has rank at most r, so
    Eckart and Young bound the second part. The truncation [E P_X]_r keeps its rows within those of X, so Z = [E P_X]_r
    X^+ has Z X = [E P_X]_r and attains the bound.
    """
    return plain(outside + tail_of(numbers("s", s, 0), r))


def regressed(case: Data, found: dict[str, Any], *, projected: bool = True) -> Sides:
    """Compare the error of the factors with the formula, and the formula with the error of another update."""
    if (off := misfit((found["B"], case.B.shape), (found["A"], case.A.shape))) is not None:
        return off
    E, P = case.missing, case.fitted
    best = regression_energy(square(E - P), values(P if projected else E), case.B.shape[1])
    error, total, allowed = case.error(found["B"], found["A"]), square(E), 8 * case.allowed
    return unlike([found["loss"] - error, found["lower"] - float(best)] if projected else [0.0], allowed) or Sides(
        np.array([error, float(best)]),
        np.array([float(best), case.error(case.B, case.A)]),
        trivial=total,
        rounding=allowed,
    )


AD_5 = Statement(
    id="low_rank_adapters/AD-5",
    title="The best adapter for data is a truncation, whatever the inputs",
    says=(
        "E holds what outputs lack for inputs X, an example a column in both, and P_X projects onto the rows of X, "
        "which may be dependent. The least |E - Z X|^2 of all updates Z of rank r is |E - E P_X|^2 plus the sum of all "
        "but the r largest squared singular values of E P_X. The library attains it."
    ),
    source=Derived(regression_energy),
    tex=r"\min_{\mathrm{rank} Z \le r}\|E - ZX\|^2 = \|E - EP_X\|^2 + \textstyle\sum_{i > r}\sigma_i(EP_X)^2",
    hypotheses={"data and factors whose shapes fit": is_data},
    instances=DATA,
    solve=fitted,
    decisions=("B", "A"),
    claim=Inequality(regressed),
    saboteurs=(
        saboteur("the solution is truncated, and not its fitted values", solve=solution_first),
        saboteur("outputs are truncated that no input reaches", claim=Inequality(partial(regressed, projected=False))),
        saboteur(
            "singular values of the inputs for their squares",
            patch=(exact._back, "np.sum(task.K**2, axis=0)", "np.sqrt(np.sum(task.K**2, axis=0))"),
        ),
    ),
    notes="For inputs of full rank this is reduced-rank regression (Izenman 1975); singular ones are derived here.",
)


@dataclass(frozen=True, kw_only=True)
class Converted(Case):
    """An adapter, and the rank of a LoRA for its update."""

    to_rank: int

    @property
    def allowed(self) -> float:
        """Return the rounding that squared errors may have."""
        return allowance(update(self), *(one for one in (*self.trained, *self.frozen) if one.ndim == 2))


def is_converted(case: Converted) -> bool:
    """Decide whether the rank is from 1 to the smaller side."""
    return 1 <= case.to_rank <= min(case.shape) and is_case(case)


def converted(case: Converted, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the factors of the LoRA, and what they leave."""
    found = to_lora(build(case), rank=case.to_rank)
    B, A = (np.asarray(found.adapter.params[name]) for name in "BA")
    return {"B": B * found.adapter.scale, "A": A, "loss": found.loss, "lower": found.lower}


def draw_converted(draws: Draws) -> Converted:
    """Draw an adapter of any kind, and a rank."""
    case = draw_case(draws, most=5)
    return with_more(Converted, case, to_rank=draws.integers(1, min(*case.shape, 3)))  # type: ignore[no-any-return]


CONVERTED = Family(
    "adapters-and-ranks",
    always=lambda: tuple(with_more(Converted, case, to_rank=1) for case in (smallest(), *one_of_each())),
    draw=draw_converted,
)


def one_sided(case: Converted, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Put all singular values into the left factor."""
    found = converted(case)
    sizes = np.linalg.norm(found["A"], axis=1)
    return found | {"B": found["B"] * sizes, "A": found["A"] / np.where(sizes > 0, sizes, 1.0)[:, None]}


@formula(r="[0, inf)")
def conversion_energy(s: ArrayLike, r: int) -> Number:
    """The nearest LoRA misses an update with the singular values s by this, squared.

    Proof
    -----
    Assumes: B = Q_B R_B and A^T = Q_A R_A with orthonormal columns of Q_B and Q_A (the caller).

    Proof: s B A = Q_B (s R_B R_A^T) Q_A^T has the singular values of its core, and its best approximation of rank r is
    Q_B times that of the core times Q_A^T (Eckart and Young).
    """
    return plain(tail_of(numbers("s", s, 0), r))


def truncated(case: Converted, found: dict[str, Any], *, scale: float | None = None) -> Sides:
    """Compare the error, and the squared norms of both factors, with those of the best balanced factors."""
    (m, n), r, D = case.shape, case.to_rank, update(case)
    if (off := misfit((found["B"], (m, r)), (found["A"], (r, n)))) is not None:
        return off
    s = values(D if scale is None else D * (scale / case.scale))
    error, allowed = square(D - found["B"] @ found["A"]), 8 * case.allowed
    due, half = float(conversion_energy(s, r)), float(s[:r].sum())
    loose = [found["loss"] - error, found["lower"] - due]
    # norms of factors are of the size of singular values, not of their squares
    size = np.sqrt(allowed * max(1.0, square(D))) if not s[0] else allowed / s[0]
    return unlike(loose, allowed) or Sides(
        np.array([error, square(found["B"]), square(found["A"])]),
        np.array([due, half, half]),
        rounding=np.array([allowed, size, size]),
    )


AD_6 = Statement(
    id="low_rank_adapters/AD-6",
    title="The nearest LoRA of any adapter is found from its factors",
    says=(
        "An adapter of any kind has the update D, with singular values sigma_i, also where it is known by two thin "
        "factors alone. The nearest LoRA B A of rank r misses it by the sum over i > r of sigma_i^2, squared, and its "
        "balanced factors both have the squared norm sum over i <= r of sigma_i."
    ),
    source=Derived(conversion_energy),
    tex=r"\|D - BA\|^2 = \textstyle\sum_{i > r}\sigma_i^2,\quad \|B\|^2 = \|A\|^2 = \sum_{i \le r}\sigma_i",
    hypotheses={"an adapter, and a rank up to its smaller side": is_converted},
    instances=CONVERTED,
    solve=converted,
    decisions=("B", "A"),
    claim=Identity(truncated),
    saboteurs=(
        saboteur("all singular values in one factor", solve=one_sided),
        saboteur("the update without its scale", claim=Identity(partial(truncated, scale=1.0))),
        saboteur(
            "the scale is dropped from the factors",
            patch=(_through_core, "product.balanced(kept, s)", "product.balanced(kept, 1.0)"),
        ),
    ),
)


@dataclass(frozen=True)
class Sketched:
    """A target D, a matrix Q with orthonormal columns, and a rank r."""

    D: np.ndarray
    Q: np.ndarray
    rank: int


def is_sketched(case: Sketched) -> bool:
    """Decide whether Q has the rows of D and orthonormal columns, up to rounding."""
    (m, k), gram = case.Q.shape, case.Q.T @ case.Q
    fits = len(case.D) == m and case.rank >= 0 and bool(np.isfinite(case.D).all())
    return fits and bool((np.abs(gram - np.eye(k)) <= rounding(8 * (m + k), 1.0)).all())


def draw_sketched(draws: Draws) -> Sketched:
    """Draw a matrix of integers, with columns of different sizes or none, and a basis that is random or leading."""
    m, n = draws.integers(2, 6), draws.integers(2, 6)
    D = draws.integers(-4, 4, shape=(m, n)) * 2.0 ** -(draws.integers(0, 2) * np.arange(n))
    k = draws.integers(1, m - 1)
    basis = np.linalg.svd(D)[0][:, :k] if draws.integers(0, 2) else draws.integers(-4, 4, shape=(m, k)).astype(float)
    return Sketched(D, np.linalg.qr(basis)[0], draws.integers(1, max(1, min(k, n) - 1)))


def last_axes(entries: list[float], k: int, rank: int) -> Sketched:
    """Make a diagonal matrix, and its last k axes."""
    return Sketched(np.diag(entries), np.eye(len(entries))[:, -k:].copy(), rank)


SKETCHES = Family(
    "targets-and-subspaces",
    always=lambda: (last_axes([3.0, 3.0, 1.0, 1.0], 2, 2), last_axes([2.0, 1.0], 1, 1)),
    tight=(Tight(replace(last_axes([3.0, 2.0, 1.0], 3, 1)), 1 - 1e-12, 1 + 1e-12),),
    draw=draw_sketched,
)


@formula(total="[0, inf)", r="[0, inf)", missed="[0, inf)", largest="[0, inf)")
def sketch_floor(total: Number, s: ArrayLike, r: int, missed: Number, largest: Number) -> Number:
    r"""No matrix of rank r misses D by less than this, squared.

    `total` is |D|^2, s are the singular values of Q^T D, `missed` is |E|^2, and `largest` the squared largest singular
    value of E, or any number above it.

    Proof
    -----
    Assumes: Q has orthonormal columns (the caller).

    Proof: singular values of Q^T D are at most those of D, place by place, which gives the first bound. D^T D is the
    sum of D^T Q Q^T D and E^T E, and the sum of the r largest eigenvalues is subadditive (Ky Fan), so the r largest of
    D sum to at most those of Q^T D plus min(\|E\|^2, r \|E\|_2^2).
    """
    values = sorted(numbers("s", s, 0), reverse=True)
    inside = tail_of(values, r)
    held = sum((value * value for value in values[:r]), start=0)
    return plain(max(inside, total - held - min(missed, r * largest)))


def claimed(case: Sketched, rng: np.random.Generator | None = None, *, once: bool = False) -> float:
    """Return the lower bound by the formula; with `once`, the norm of what is missed counts once and not r times."""
    inside, E = case.Q.T @ case.D, case.D - case.Q @ (case.Q.T @ case.D)
    largest = float(values(E)[0] ** 2) / (max(case.rank, 1) if once else 1)
    found = sketch_floor(square(case.D), values(inside), case.rank, square(E), largest)
    return float(found)


def below(case: Sketched, found: float) -> Sides:
    """Compare the bound with what the best approximation of the rank leaves."""
    rest = square(values(case.D)[case.rank :])
    return Sides(found, rest, least=0.0, rounding=4 * allowance(case.D))


AD_7 = Statement(
    id="low_rank_adapters/AD-7",
    title="A subspace certifies from below what no matrix of a rank can do",
    says=(
        "D is a target, Q has orthonormal columns, E = D - Q Q^T D, and theta_i are the singular values of Q^T D. The "
        "sum t of all but the r largest squared singular values of D is at least that of Q^T D, and at least |D|^2 "
        "less the r largest theta_i^2, less the minimum of |E|^2 and r times the largest squared singular value of E."
    ),
    source=Derived(sketch_floor),
    tex=r"t \ge \|D\|^2 - \textstyle\sum_{i \le r}\theta_i^2 - \min(\|E\|^2, r\|E\|_2^2)",
    hypotheses={"a target, and orthonormal columns of its height": is_sketched},
    instances=SKETCHES,
    solve=claimed,
    claim=Inequality(below),
    closed="the claim is about a formula, which is compared with the singular values of the target",
    saboteurs=(
        saboteur("the norm of what is missed counts once", solve=partial(claimed, once=True)),
        saboteur("what is missed is forgotten", patch=(sketch_floor, "held - min(missed, r * largest)", "held")),
    ),
)
