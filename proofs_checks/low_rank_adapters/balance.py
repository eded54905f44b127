"""Balanced factors: least energy, least sharpness, momenta that keep the velocity, and the scale of the rank: RF-*."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Paper, Recorded, Sides, Statement, always, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.convert.product import Product as Decomposed
from lrtheory.low_rank_adapters.convert.refactorize import refactorize
from proofs_checks.guards import unlike
from proofs_checks.low_rank_adapters.families.factors import allowance, beside, norm
from proofs_checks.low_rank_adapters.families.products import (
    CARRIED,
    PRODUCTS,
    Product,
    balanced,
    curvature,
    is_product,
    is_regular,
)
from proofs_checks.low_rank_adapters.wrong_solvers import products as wrong

REGULAR = {"factors and momenta that fit": is_product, "a product of the rank of its factors": is_regular}
SIZES = "a solver may return factors of any size"
MOMENTA = {name: "RF-3 compares the momenta" for name in ("of_B", "of_A")}


def half_energy(B: np.ndarray, A: np.ndarray) -> float:
    """Return half the sum of the squared norms of both factors."""
    return (norm(B) ** 2 + norm(A) ** 2) / 2


def least_energy(case: Product, found: dict[str, Any]) -> Sides:
    """Bound the energy of the given factors from below, and that of the new ones from above, by the nuclear norm."""
    least = float(theory.least_factor_energy(case.values.tolist()))
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
    source=Derived(theory.least_factor_energy),
    tex=r"\tfrac12(\|A\|^2 + \|B\|^2) \ge \|BA\|_*",
    hypotheses=REGULAR,
    instances=PRODUCTS,
    solve=balanced,
    claim=Inequality(least_energy, unbounded=SIZES),
    decisions=("B", "A"),
    unread=MOMENTA | {name: "RF-2 compares the sharpness" for name in ("before", "after")},
    saboteurs=(
        saboteur("all singular values on one side", solve=wrong.one_sided),
        saboteur("triangles of QR", solve=wrong.split_by_qr),
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
        saboteur("triangles of QR", solve=wrong.split_by_qr),
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


def keeps_velocity(case: Product, found: dict[str, Any]) -> Sides:
    """Compare the velocity of the product before and after, and both momenta with those that are transported."""
    T = np.linalg.pinv(case.B) @ found["B"]
    before = case.B @ case.right_momentum + case.left_momentum @ case.A
    after = found["B"] @ found["of_A"] + found["of_B"] @ found["A"]
    size = norm(case.B) * norm(case.right_momentum) + norm(case.left_momentum) * norm(case.A)
    margins = [case.allowed, case.allowed / (norm(case.B) * norm(case.A)) * size]
    pairs = [(found["B"] @ found["A"], case.product), (after, before)]
    of_B, of_A = (np.asarray(X, float) for X in theory.transported_momenta(T, case.left_momentum, case.right_momentum))
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
    source=Derived(theory.transported_momenta),
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
        saboteur("momenta begin at 0", solve=wrong.forgetful),
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
