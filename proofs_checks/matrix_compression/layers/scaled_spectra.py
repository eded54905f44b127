"""Scaled and shifted singular values as adapters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import hadamard

from lrtheory._numbers import plain
from lrtheory.bounds import All, Derived, Draws, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.matrix_compression import salt_to_adapter
from lrtheory.matrix_compression.layers import training as library
from proofs_checks.matrix_compression.families.exact import energies, norm, product


@dataclass(frozen=True)
class Salted:
    """A weight U diag(s) V^T, the scales a and shifts b of its leading values, X and Y for the others, and a rank."""

    U: np.ndarray
    s: np.ndarray
    Vt: np.ndarray
    a: np.ndarray
    b: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    rank: int

    @property
    def moved(self) -> np.ndarray:
        """The numbers that a and b add to the leading singular values."""
        return np.asarray((self.a - 1) * self.s[: len(self.a)] + self.b)

    @property
    def update(self) -> np.ndarray:
        """The update of the weight, from the middle matrix."""
        k, middle = len(self.a), np.zeros((len(self.s),) * 2)
        middle[:k, :k] = np.diag(self.moved)
        middle[k:, k:] = self.X @ self.Y
        return np.asarray(self.U @ middle @ self.Vt)

    @property
    def values(self) -> np.ndarray:
        """The singular values that the update has: |(a - 1) s + b| and those of X Y, the largest first."""
        inner = energies(self.X @ self.Y) if self.X.size else np.zeros(0)
        return np.sort(np.r_[np.abs(self.moved), np.sqrt(inner)])[::-1]

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the update."""
        load = np.abs(self.moved).sum() + np.linalg.norm(self.X) * np.linalg.norm(self.Y)
        load += np.abs(self.a * self.s[: len(self.a)]).sum() + np.abs(self.b).sum()
        # Gram matrices of factors in an uneven gauge may lose the root of what they can tell apart
        return float(rounding(1024 * (sum(self.U.shape) + self.Vt.shape[1] + 8), load))


def as_adapter(case: Salted, rng: np.random.Generator | None = None, whole: bool = True) -> dict[str, Any]:
    """Return the library's adapter of full rank, or that of the rank of the instance, with all its singular values."""
    factors = (case.X, case.Y) if len(case.s) > len(case.a) and case.X.shape[1] else None
    rank = None if whole else case.rank
    found = salt_to_adapter((case.U, case.s, case.Vt), case.a, case.b, factors=factors, rank=rank)
    return {"B": found.B, "A": found.A, "values": found.singular_values}


#: orthonormal vectors of halves
SIGNS = hadamard(4) / 2.0


def draw_salted(draws: Draws) -> Salted:
    """Draw a weight whose singular vectors are signs, with any number of values that are scaled."""
    p = draws.integers(1, 4)
    U = SIGNS[:, draws.permutation(4)[:p]] * draws.choice((-1.0, 1.0))
    Vt = SIGNS[draws.permutation(4)[:p]]
    s = np.sort(draws.integers(0, 6, shape=(p,)))[::-1].astype(float)
    k, r = draws.integers(0, p), draws.integers(1, 2)
    a, b = draws.integers(-2, 4, shape=(k,)) / 2.0, draws.integers(-3, 3, shape=(k,)).astype(float)
    X, Y = (draws.integers(-2, 2, shape=shape).astype(float) for shape in ((p - k, r), (r, p - k)))
    return Salted(U, s, Vt, a, b, X, Y, draws.integers(0, p))


def salts() -> tuple[Salted, ...]:
    """Return the smallest one, one that is not changed at all, and some with both parts, one of them negative."""
    one = np.array([[1.0]])
    none = np.zeros((0, 1)), np.zeros((1, 0))
    X, Y = np.array([[1.0], [2.0]]), np.array([[1.0, -1.0]])
    both = Salted(
        SIGNS, np.array([4.0, 3.0, 2.0, 1.0]), SIGNS[::-1].copy(), np.array([1.5, 0.5]), np.array([0.5, -1.0]), X, Y, 2
    )
    return (
        Salted(one, np.array([2.0]), one, np.array([2.0]), np.array([1.0]), *none, 1),
        Salted(one, np.array([2.0]), one, np.array([1.0]), np.array([0.0]), *none, 0),
        both,
        replace(both, U=-SIGNS, rank=1),
        replace(both, a=np.array([0.0, 2.0]), rank=3),
    )


SALTS = Family("scaled-spectra", always=salts, draw=draw_salted)


def two_values() -> Iterator[Salted]:
    """Yield the singular values 3 and 2, of which the first is scaled and shifted, and a number added to the second."""
    for halves, b, x in itertools.product(range(-2, 5), range(-3, 4), range(-2, 3)):
        X, Y = np.array([[float(x)]]), np.ones((1, 1))
        a, values = np.array([halves / 2]), np.array([3.0, 2.0])
        yield Salted(SIGNS[:, :2], values, SIGNS[1:3], a, np.array([float(b)]), X, Y, 1)


TWO_VALUES = All(
    "triples of a scale in halves from -1 to 2, a shift from -3 to 3 and a number from -2 to 2", two_values, members=245
)


def rectified(case: Salted, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Pass the whole middle matrix through relu, which cuts off negative entries of X Y."""
    k, middle = len(case.a), np.diag(case.s)
    middle[:k, :k] = np.diag(case.s[:k] + case.moved)
    middle[k:, k:] += case.X @ case.Y
    update = case.U @ (np.maximum(middle, 0.0) - np.diag(case.s)) @ case.Vt
    return as_adapter(case) | {"B": update, "A": np.eye(update.shape[1])}


@formula(s="k", a="k", b="k", rest="[0, inf)")
def salt_energy(s: np.ndarray, a: np.ndarray, b: np.ndarray, rest: Number = 0) -> Number:
    r"""The squared norm of the update, where `rest` is \|X Y\|^2.

    The leading values s become a s + b. Since (a_i + t / s_i, b_i - t) is the same layer, a and b have as many
    redundant directions as s has values.

    Proof
    -----
    Assumes: the layer is U [diag(a s + b), 0; 0, diag(rest of s) + X Y] V^T with the singular vectors of W.

    Proof: the update is U times a block diagonal matrix times V^T, and orthonormal factors keep the norm.
    """
    moved = (a - 1) * s + b
    return plain((moved * moved).sum() + rest)


def of_parts(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare the norm of the adapter with that of both parts, and the adapter with the change of the weight."""
    made = product(found)
    energy = float(salt_energy(case.s[: len(case.a)], case.a, case.b, norm(case.X @ case.Y) ** 2))
    lhs = np.r_[norm(made), made.ravel()]
    return Sides(lhs, np.r_[np.sqrt(energy), case.update.ravel()], rounding=case.allowed)


def without_scale(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare the norm of the adapter with that of shifts and of X Y alone."""
    return Sides(norm(product(found)), float(np.hypot(norm(case.b), norm(case.X @ case.Y))), rounding=case.allowed)


def is_salted(case: Salted) -> bool:
    """Decide whether there is a decomposition with decreasing values, and a, b, X and Y fit it."""
    shaped = all(np.ndim(x) == 1 for x in (case.s, case.a, case.b)) and all(np.ndim(x) == 2 for x in (case.X, case.Y))
    if not shaped:
        return False
    p, k = len(case.s), len(case.a)
    shapes = case.U.ndim == case.Vt.ndim == 2 and case.U.shape[1] == case.Vt.shape[0] == p and k == len(case.b) <= p
    if not shapes or case.X.shape != (p - k, case.Y.shape[0]) or case.Y.shape[1] != p - k or case.rank < 0:
        return False
    finite = all(np.isfinite(x).all() for x in (case.U, case.s, case.Vt, case.a, case.b, case.X, case.Y))
    even = all(np.abs(Q.T @ Q - np.eye(p)).max(initial=0.0) < 1e-14 for Q in (case.U, case.Vt.T))
    return bool(finite and even and (case.s >= 0).all() and (np.diff(case.s) <= 0).all())


SALTED = {"a decomposition, and parts that fit it": is_salted}


SA_1 = Statement(
    id="matrix_compression/SA-1",
    title="Scaled and shifted singular values change a weight by the sum of both parts",
    says=(
        "The singular values s_i of a weight W, up to the k-th, become a_i s_i + b_i, and X Y is added to the diagonal"
        " matrix of all others. The squared norm of the update W' - W is the sum of ((a_i - 1) s_i + b_i)^2 and of "
        "|X Y|^2, and the adapter B A that is written for it is that update."
    ),
    source=Derived(salt_energy),
    tex=r"\|W' - W\|^2 = \textstyle\sum_{i \le k}((a_i - 1)s_i + b_i)^2 + \|XY\|^2",
    hypotheses=SALTED,
    instances=SALTS,
    for_all=(TWO_VALUES,),
    solve=as_adapter,
    claim=Identity(of_parts),
    unread={"values": "SA-3 compares them with the spectrum"},
    may_vary=dict.fromkeys("BA", "of which rank the adapter is written is up to it, and the claim takes the product"),
    saboteurs=(
        saboteur("relu of the middle matrix, as one public layer has it", solve=rectified, printed=True),
        saboteur("shifts alone", claim=Identity(without_scale)),
        saboteur(
            "a shift is scaled, too", patch=(library.salt_to_adapter, "(a - 1) * s[:k] + b", "(a - 1 + b) * s[:k]")
        ),
    ),
)


def united_values(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare all singular values and their squares with those of both parts, and the adapter's error with the tail."""
    energy = salt_energy(case.s[: len(case.a)], case.a, case.b, norm(case.X @ case.Y) ** 2)
    lists = case.values, found["values"], np.sqrt(energies(case.update))
    n = max(map(len, lists))
    wanted, values, truth = (np.pad(x, (0, n - len(x))) for x in lists)
    return Sides(
        np.r_[norm(case.update - product(found)), values, truth, norm(values)],
        np.r_[norm(wanted[case.rank :]), wanted, wanted, np.sqrt(float(energy))],
        rounding=case.allowed,
    )


def leading_alone(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare the largest singular value with the largest change of a leading one: false where X Y is larger."""
    return Sides(found["values"].max(initial=0.0), np.abs(case.moved).max(initial=0.0), rounding=case.allowed)


SA_3 = Statement(
    id="matrix_compression/SA-3",
    title="Such an update is exactly an adapter, and its spectrum is known",
    says=(
        "The singular values s_i of a weight W, up to the k-th, become a_i s_i + b_i, and X Y, of rank r, is added to "
        "the others. The update has the singular values |(a_i - 1) s_i + b_i| and those of X Y, so it is an adapter of"
        " rank k + r, and one of rank j misses it by the root of the sum of the squares of all but the j largest."
    ),
    source=Derived(salt_energy),
    tex=r"\sigma(W' - W) = \{|(a_i - 1)s_i + b_i|\} \cup \sigma(XY)",
    hypotheses=SALTED,
    instances=SALTS,
    for_all=(TWO_VALUES,),
    solve=partial(as_adapter, whole=False),
    claim=Identity(united_values),
    saboteurs=(
        saboteur("leading values alone", claim=Identity(leading_alone)),
        saboteur("the others are scaled, too", patch=(library.salt_to_adapter, "U[:, k:] @ X", "U[:, k:] * s[k:] @ X")),
    ),
)
