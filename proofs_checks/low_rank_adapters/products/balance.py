"""Balanced factors: least energy, least sharpness, momenta that keep the velocity, and the scale of the rank."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain, table
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Paper,
    Recorded,
    Sides,
    Statement,
    Tight,
    always,
    formula,
    saboteur,
)
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.convert.product import Product as Decomposed
from lrtheory.low_rank_adapters.convert.refactorize import refactorize
from lrtheory.low_rank_adapters.kinds.lora import lora
from proofs_checks.guards import unlike
from proofs_checks.low_rank_adapters.families.factors import allowance, beside, draw_factors, factors, norm, rank, worst
from proofs_checks.low_rank_adapters.families.rationals import flint_matrix, pseudo_inverse, rational


@dataclass(frozen=True)
class Product:
    """Factors B (m, r) and A (r, n), a scale, and the momenta of both factors."""

    B: np.ndarray
    A: np.ndarray
    scale: float
    left_momentum: np.ndarray
    right_momentum: np.ndarray

    @property
    def product(self) -> np.ndarray:
        """The product B A."""
        return np.asarray(self.B @ self.A)

    @property
    def values(self) -> np.ndarray:
        """The singular values of the product."""
        return np.linalg.svd(self.product, compute_uv=False)

    @property
    def allowed(self) -> float:
        """Return the rounding that the product may have in doubles."""
        return allowance(self.product, worst(self.B) * worst(self.A) * norm(self.B) * norm(self.A))


def balanced(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's factors of the same product, what it says of sharpness, and the momenta it carries along."""
    adapter = lora(case.B, case.A, scale=case.scale)
    found = refactorize(adapter, momentum={"B": case.left_momentum, "A": case.right_momentum})
    assert found.momentum is not None
    return {
        **{name: np.asarray(found.adapter.params[name]) for name in "BA"},
        "before": found.sharpness_before,
        "after": found.sharpness_after,
        "of_B": np.asarray(found.momentum["B"]),
        "of_A": np.asarray(found.momentum["A"]),
    }


def draw_product(draws: Draws) -> Product:
    """Draw factors of small integers, one of them in a unit of its own, and momenta."""
    case = draw_factors(draws)
    unit = 2.0 ** draws.choice((0, 0, -3, 3, 20))
    of_B, of_A = (draws.integers(-3, 3, shape=X.shape).astype(float) for X in (case.B, case.A))
    return Product(unit * case.B, case.A, case.scale, of_B * norm(case.B), of_A)


def products() -> tuple[Product, ...]:
    """Return the smallest product, and factors out of balance by rows and as a whole."""
    found = [Product(c.B, c.A, c.scale, c.B[::-1].copy(), 0.5 * c.A[:, ::-1]) for c in factors()[:5]]
    return (*found, replace(found[3], B=8 * found[3].B), replace(found[3], A=found[3].A / 8))


def even() -> Product:
    """Return factors that are balanced already."""
    X = np.array([[2.0, 0.0], [0.0, 1.0]])
    return Product(X, X.copy(), 1.0, np.ones((2, 2)), np.ones((2, 2)))


PRODUCTS = Family("adapter-products", always=products, tight=(Tight(even(), 1, 1),), draw=draw_product)


def curvature(B: np.ndarray, A: np.ndarray) -> float:
    """Return the largest eigenvalue of the operator of Gauss and Newton, from its matrix."""
    m, n = len(B), A.shape[1]
    dense = np.hstack([np.kron(np.eye(m), A.T), np.kron(B, np.eye(n))])
    return float(np.linalg.norm(dense, 2) ** 2)


def _as_found(case: Product, B: np.ndarray, A: np.ndarray) -> dict[str, Any]:
    """Say of these factors what is true of them, so that nothing but their balance is wrong."""
    given, made = (case.scale**2 * curvature(*pair) for pair in ((case.B, case.A), (B, A)))
    return {**balanced(case), "B": B, "A": A, "before": given, "after": made}


def one_sided(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Keep all singular values with the left vectors."""
    U, s, Vt = np.linalg.svd(case.product, full_matrices=False)
    r = case.B.shape[1]
    return _as_found(case, U[:, :r] * s[:r], Vt[:r])


def split_by_qr(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Make the left factor orthonormal."""
    Q, R = np.linalg.qr(case.B)
    return _as_found(case, Q, R @ case.A)


def is_product(case: Product) -> bool:
    """Decide whether factors and momenta are finite and fit, and the scale is not 0."""
    arrays = (case.B, case.A, case.left_momentum, case.right_momentum)
    if any(np.ndim(x) != 2 or np.asarray(x).dtype.kind != "f" or not np.isfinite(x).all() for x in arrays):
        return False
    fits = (
        case.B.shape == case.left_momentum.shape
        and case.A.shape == case.right_momentum.shape
        and case.B.shape[1] == len(case.A)
    )
    return bool(fits and np.isfinite(case.scale) and case.scale != 0)


def is_regular(case: Product) -> bool:
    """Decide in rational numbers whether the product has the rank r of its factors, none of it in the last digits."""
    r = case.B.shape[1]
    values = case.values
    return rank(case.B) == r == rank(case.A) and len(values) >= r and bool(values[r - 1] > 1e-6 * values[0])


REGULAR = {"factors and momenta that fit": is_product, "a product of the rank of its factors": is_regular}
SIZES = "a solver may return factors of any size"
MOMENTA = {name: "RF-3 compares the momenta" for name in ("of_B", "of_A")}


def half_energy(B: np.ndarray, A: np.ndarray) -> float:
    """Return half the sum of the squared norms of both factors."""
    return (norm(B) ** 2 + norm(A) ** 2) / 2


@formula()
def least_factor_energy(s: ArrayLike) -> Number:
    r"""The least (|A|^2 + |B|^2) / 2 of all factors of a product with the singular values s.

    Proof
    -----
    Assumes: all singular values are there (the caller).

    Proof: \|B A\|_* = tr(U^T B A V) <= \|B\| \|A\| <= (\|A\|^2 + \|B\|^2) / 2, with the singular vectors U and V, by
    Cauchy and Schwarz. Balanced factors B = U S^{1/2} and A = S^{1/2} V^T have \|A\|^2 = \|B\|^2 = tr S.

    References
    ----------
    .. [1] N. Srebro, J. Rennie, T. Jaakkola, Maximum-margin matrix factorization, NIPS 2004.
    """
    return plain(sum(numbers("s", s, 0)))


def least_energy(case: Product, found: dict[str, Any]) -> Sides:
    """Bound the energy of the given factors from below, and that of the new ones from above, by the nuclear norm."""
    least = float(least_factor_energy(case.values.tolist()))
    given, made = half_energy(case.B, case.A), half_energy(found["B"], found["A"])
    off = unlike(found["B"] @ found["A"] - case.product, case.allowed)
    return off or Sides(np.array([least, made]), np.array([given, least]), rounding=case.allowed)


RF_1 = Statement(
    id="low_rank_adapters/RF-1",
    title="Balanced factors have the least energy",
    says=(
        "For all factors B and A of a product, (|A|^2 + |B|^2) / 2 is at least the sum of the singular values of B A. "
        "The factors that refactorizing gives have the same product and attain it."
    ),
    source=Derived(least_factor_energy),
    tex=r"\tfrac12(\|A\|^2 + \|B\|^2) \ge \|BA\|_*",
    hypotheses=REGULAR,
    instances=PRODUCTS,
    solve=balanced,
    claim=Inequality(least_energy, unbounded=SIZES),
    decisions=("B", "A"),
    unread=MOMENTA | {name: "RF-2 compares the sharpness" for name in ("before", "after")},
    saboteurs=(
        saboteur("all singular values on one side", solve=one_sided),
        saboteur("triangles of QR", solve=split_by_qr),
    ),
)


def least_sharpness(case: Product, found: dict[str, Any]) -> Sides:
    """Bound the curvature of the given factors from below, and that of the new ones from above, by 2 sigma_1."""
    least = float(theory.balanced_sharpness(float(case.values[0])))
    given, made = curvature(case.B, case.A), curvature(found["B"], found["A"])
    square = case.scale**2
    told = [found["before"] / square - given, found["after"] / square - made]
    told += [float(theory.sharpness(np.linalg.norm(case.B, 2), np.linalg.norm(case.A, 2))) - given]
    allowed, curved = case.allowed, allowance(case.product, given)
    off = unlike(found["B"] @ found["A"] - case.product, allowed) or unlike(told, 4 * (allowed + curved))
    return off or Sides(np.array([least, made]), np.array([given, least]), rounding=allowed + curved)


def product_of_norms(case: Product, found: dict[str, Any]) -> Sides:
    """Compare the curvature of the given factors with twice the product of their norms: false out of balance."""
    twice = 2 * np.linalg.norm(case.B, 2) * np.linalg.norm(case.A, 2)
    return Sides(curvature(case.B, case.A), twice, rounding=case.allowed)


RF_2 = Statement(
    id="low_rank_adapters/RF-2",
    title="Balanced factors allow the largest step",
    says=(
        "The largest eigenvalue of the Gauss-Newton operator of |B A - M|^2 / 2 in both factors is |A|_2^2 + |B|_2^2 in"
        " spectral norms, and at least 2 sigma_1, twice the largest singular value of B A. Refactorizing attains that, "
        "so that the largest stable step of gradient descent, 2 over the eigenvalue, becomes as large as it can be."
    ),
    source=Derived(theory.balanced_sharpness),
    tex=r"\lambda_{\max} = \|A\|_2^2 + \|B\|_2^2 \ge 2\sigma_1(BA)",
    hypotheses=REGULAR,
    instances=PRODUCTS,
    solve=balanced,
    claim=Inequality(least_sharpness, unbounded=SIZES),
    decisions=("B", "A"),
    unread=MOMENTA,
    saboteurs=(
        saboteur("twice the product of both norms", claim=Inequality(product_of_norms)),
        saboteur("triangles of QR", solve=split_by_qr),
        saboteur(
            "three quarters of each singular value on the left",
            patch=(
                Decomposed.balanced,
                "return left, (roots[:, None]",
                "return left * roots**0.5, (roots[:, None] ** 0.5",
            ),
        ),
    ),
)


#: for identities, of which no instance is tight in a way of its own
CARRIED = Family("carried-momenta", always=lambda: (*products(), even()), draw=draw_product)


def forgetful(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Balance the factors, and set their momenta to 0."""
    return {**balanced(case), "of_B": 0 * case.left_momentum, "of_A": 0 * case.right_momentum}


@formula()
def transported_momenta(T: ArrayLike, M_B: ArrayLike, M_A: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """M_B T and T^{-1} M_A, momenta that keep the velocity of the product.

    Proof
    -----
    Assumes: T is nonsingular, which needs rank(B A) = r where T comes from `refactorize`.

    Proof: B M_A + M_B A = (B T)(T^{-1} M_A) + (M_B T)(T^{-1} A), term by term.
    """
    square = rational("T", T)
    r = len(square)
    if square.shape[1] != r or flint_matrix(square).rank() < r:
        raise must("T", "a nonsingular matrix", T)
    M_B, M_A = table("M_B", M_B, shape=("m", r)), table("M_A", M_A, shape=(r, "n"))
    return rational("M_B", M_B) @ square, np.asarray(pseudo_inverse(square) @ rational("M_A", M_A))


def keeps_velocity(case: Product, found: dict[str, Any]) -> Sides:
    """Compare the velocity of the product before and after, and both momenta with those that are transported."""
    T = np.linalg.pinv(case.B) @ found["B"]
    before = case.B @ case.right_momentum + case.left_momentum @ case.A
    after = found["B"] @ found["of_A"] + found["of_B"] @ found["A"]
    size = norm(case.B) * norm(case.right_momentum) + norm(case.left_momentum) * norm(case.A)
    margins = [case.allowed, case.allowed / (norm(case.B) * norm(case.A)) * size]
    pairs = [(found["B"] @ found["A"], case.product), (after, before)]
    of_B, of_A = (np.asarray(X, float) for X in transported_momenta(T, case.left_momentum, case.right_momentum))
    pairs += [(found["of_B"] @ found["A"], of_B @ found["A"]), (found["B"] @ found["of_A"], found["B"] @ of_A)]
    return beside(pairs, [*margins, margins[1], margins[1]])


def raw_velocity(case: Product, found: dict[str, Any]) -> Sides:
    """Compare the velocity of the product with that of new factors and old momenta."""
    before = case.B @ case.right_momentum + case.left_momentum @ case.A
    after = found["B"] @ case.right_momentum + case.left_momentum @ found["A"]
    size = norm(case.B) * norm(case.right_momentum) + norm(case.left_momentum) * norm(case.A)
    return beside([(after, before)], case.allowed / (norm(case.B) * norm(case.A)) * size)


RF_3 = Statement(
    id="low_rank_adapters/RF-3",
    title="Transported momenta keep the velocity of the product",
    says=(
        "Where refactorizing replaces B and A by B T and T^-1 A, the momenta M_B T and T^-1 M_A move the product B A as"
        " M_B and M_A did: B M_A + M_B A stays what it was."
    ),
    source=Derived(transported_momenta),
    tex=r"BM_A + M_BA = B'(T^{-1}M_A) + (M_BT)A'",
    hypotheses=REGULAR,
    instances=CARRIED,
    solve=balanced,
    claim=Identity(keeps_velocity),
    decisions=("B", "A"),
    unread={name: "RF-2 compares the sharpness" for name in ("before", "after")},
    saboteurs=(
        saboteur("momenta stay as they are", claim=Identity(raw_velocity)),
        saboteur(
            "T in the place of its inverse",
            patch=(refactorize, "inverse @ given", "T @ given"),
        ),
        saboteur("momenta begin at 0", solve=forgetful),
    ),
)


RS_1 = Statement(
    id="low_rank_adapters/RS-1",
    title="Scaling by the root of the rank keeps the first change",
    says=(
        "With updates alpha / sqrt(r) B A the first change of the outputs keeps its size when the rank r grows; the "
        "abstract of this paper calls the mechanism new, and it is that of Kalajdzievski, 2023."
    ),
    source=Paper("2603.29756", "One-for-All, scaling", read="abstract"),
    tex=r"s = \alpha/\sqrt r:\ \|s B A x\| = \Theta(1)",
    hypotheses={"a rank": always},
    instances=CARRIED,
    solve=balanced,
    claim=Recorded(
        "only the abstract was read, and its scaling is checked where it was first proved", "lora_limits/LL-S3"
    ),
)
