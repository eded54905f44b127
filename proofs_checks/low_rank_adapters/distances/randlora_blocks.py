"""Distances of RandLoRA from a target."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_adapters.reach import bounds
from proofs_checks.guards import signed_square, square
from proofs_checks.low_rank_adapters.families.adapters import Case, exact_rank, nonzero
from proofs_checks.low_rank_adapters.families.spectra import values
from proofs_checks.low_rank_adapters.families.targets import (
    BASES,
    SIGNS,
    SYLVESTER,
    Aimed,
    aim,
    checked,
    only,
    reached,
    tail,
    with_bases,
)


def is_orthonormal(case: Case) -> bool:
    """Decide whether all columns of all bases of RandLoRA are orthonormal, up to rounding."""
    joint = np.concatenate(list(case.named["bases"]), axis=1)
    return bool((np.abs(joint.T @ joint - np.eye(joint.shape[1])) <= rounding(8 * sum(joint.shape), 1.0)).all())


def has_signs(case: Case) -> bool:
    """Decide whether all entries of A are 1 or -1."""
    return bool((np.abs(case.named["A"]) == 1).all())


def signs(draws: Draws, shape: tuple[int, ...]) -> np.ndarray:
    """Draw 1 and -1."""
    return np.asarray(2.0 * draws.integers(0, 1, shape=shape) - 1)


def draw_orthonormal(draws: Draws) -> Aimed:
    """Draw RandLoRA with columns of a matrix of signs as bases, and a factor of signs."""
    power, r = draws.integers(1, 3), draws.integers(1, 2)
    m = 2**power
    joint = SYLVESTER
    for _ in range(power - 1):
        joint = np.kron(SYLVESTER, joint)
    N, n = draws.integers(1, min(m // r, 3)), draws.integers(1, m)
    columns = joint[:, draws.permutation(m)[: N * r]] / np.sqrt(m)
    bases = np.ascontiguousarray(columns.reshape(m, N, r).swapaxes(0, 1))
    trained = tuple(draws.integers(-3, 3, shape=shape).astype(float) for shape in ((N, r), (N, n)))
    flipped = draws.integers(0, 1) == 1
    shape = (n, m) if flipped else (m, n)
    return aim(
        draws, Case("randlora", trained, (bases, signs(draws, (r, n))), draws.choice((1.0, -0.5)), shape, flipped)
    )


ORTHONORMAL = Family(
    "randlora-of-orthonormal-bases-and-signs",
    always=lambda: (with_bases(SIGNS), with_bases(SIGNS, 1)),
    draw=draw_orthonormal,
)

NOT_SIGNS = Family(
    "randlora-of-orthonormal-bases",
    always=lambda: (with_bases(SIGNS * np.array([[1.0, 3.0, 2.0]] * 2) + np.array([[0.0], [4.0]])),),
    draw=lambda draws: with_bases(nonzero(draws, (2, 3)) * np.array([[2.0], [1.0]])),
)

Found = dict[str, Any]


def split(case: Aimed) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the joint basis B, the target with the larger side first, and the blocks of B^+ D."""
    bases = case.named["bases"]
    joint = case.scale * np.concatenate(list(bases), axis=1)
    D = case.target.T if case.transposed else case.target
    return joint, D, np.linalg.lstsq(joint, D, rcond=None)[0].reshape(len(bases), bases.shape[2], -1)


@formula(total="[0, inf)")
def randlora_energy(total: Number, leading: ArrayLike) -> Number:
    r"""The squared distance of a target, from `total` = |D|^2.

    `leading` holds the largest singular value of A o (B_j^T D) for each basis.

    Proof
    -----
    Assumes: [B_1 .. B_N] has orthonormal columns, and all entries of A are 1 or -1 (hypotheses of the statement).

    Proof: an update is the sum of B_j (A o Z_j) with Z_j = lambda_j gamma_j^T, any matrix of rank one. Orthonormal
    columns split the squared error into that of D - P_B D and those of B_j^T D - A o Z_j; and abs(B_j^T D - A o Z_j) =
    abs(A o (B_j^T D) - Z_j) in each entry, whose least norm is that of Eckart and Young. So \|D\|^2 - \|P_B D\|^2 +
    sum_j (\|B_j^T D\|^2 - sigma_1^2) is left.
    """
    held = sum((value * value for value in numbers("leading", leading, 0)), start=0)
    if held > total:
        raise must("leading", f"numbers whose squares sum to at most `total`, {total}", leading)
    return plain(total - held)


def signed(case: Aimed, found: Found, kept: int = 1) -> Sides:
    """Compare the lower bound and the error of the nearest adapter with the formula."""
    wrong, error = checked(case, found, exact=True)
    _, D, blocks = split(case)
    size = abs(case.scale)
    leading = [x for block in blocks for x in (size * values(case.named["A"] * block))[:kept]]
    energy = min(float(sum(x * x for x in leading)), case.total)
    due = float(randlora_energy(square(D), [np.sqrt(energy)])) if energy < case.total else 0.0
    return wrong or Sides(
        np.array([signed_square(found["lower"]), error]), np.array([due, due]), rounding=8 * case.allowed
    )


RA_5 = Statement(
    id="low_rank_adapters/RA-5",
    title="With orthonormal bases and signs RandLoRA's distance is known",
    says=(
        "The bases B_j of RandLoRA have orthonormal columns all together, and A has entries 1 and -1. Then the least "
        "squared distance of a target D from its updates is |D|^2 less the sum over j of the largest squared singular "
        "value of A o (B_j^T D), with the entrywise product o. The library reports it, and attains it."
    ),
    source=Derived(randlora_energy),
    tex=r"\min\|D - \textstyle\sum_j B_j\Lambda_j A\Gamma_j\|^2 = \|D\|^2 - \sum_j\sigma_1(A\circ B_j^\top D)^2",
    hypotheses={
        "RandLoRA, and a target of its shape": only("randlora"),
        "orthonormal columns": is_orthonormal,
        "signs": has_signs,
    },
    instances=ORTHONORMAL,
    solve=reached,
    decisions=("nearest.*",),
    claim=Identity(signed),
    saboteurs=(
        saboteur("two singular values of each block", claim=Identity(partial(signed, kept=2))),
        saboteur("a factor that is not of signs", breaks="signs", instances=NOT_SIGNS),
        saboteur(
            "what lies outside of the bases is forgotten",
            patch=(bounds._entrywise, "value = math.hypot(blocks.base, inner)", "value = inner"),
        ),
    ),
)


def is_independent(case: Case) -> bool:
    """Decide whether all columns of all bases of RandLoRA are linearly independent, and A has no zero."""
    joint = np.concatenate(list(case.named["bases"]), axis=1)
    return bool((case.named["A"] != 0).all()) and exact_rank(joint) == joint.shape[1]


@formula(outside="[0, inf)", rest="[0, inf)")
def randlora_bracket(
    outside: Number, rest: Number, bases: tuple[Number, Number], entries: tuple[Number, Number]
) -> tuple[Number, Number]:
    r"""The ends between which the squared distance lies.

    `outside` is |D - P_B D|^2, `rest` is S, `bases` holds the least and the largest singular value of all bases
    together, and `entries` the least and the largest absolute value of an entry of A.

    Proof
    -----
    Assumes: B has full column rank, and A has no zero (hypotheses of the statement).

    Proof: with X the stack of the blocks A o Z_j of an update, Z_j of rank one, D - B X is the sum of D - P_B D and B
    (B^+ D - X), which are orthogonal, and B stretches lengths by factors between its singular values. Block j of B^+ D
    - X has the entries abs(A) abs(Y_j - Z_j). The least \|Y_j - Z_j\|^2 is \|Y_j\|^2 - sigma_1(Y_j)^2: below for every
    Z_j, above for the best ones.
    """
    ranges = []
    for name, pair in (("bases", bases), ("entries", entries)):
        least, most = numbers(name, pair, 0, length=2)
        if not least <= most:
            raise must(name, "a pair that does not decrease", pair)
        ranges.append((least, most))
    low, high = (outside + (b * a) * (b * a) * rest for b, a in zip(*ranges, strict=True))
    return low, high


def bracket(case: Aimed, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Return the bracket of the squared distance by the formula."""
    joint, D, blocks = split(case)
    A, s = np.abs(case.named["A"]), values(joint)
    rest = sum(tail(block / case.named["A"], 1) for block in blocks)
    outside = square(D - joint @ blocks.reshape(-1, D.shape[1]))
    edges = (float(s[-1]), float(s[0])), (float(A.min()), float(A.max()))
    low, high = randlora_bracket(outside, rest, edges[0], edges[1])
    return {"low": float(low), "high": float(high)}


def between(case: Aimed, found: dict[str, float], *, stretch: bool = False, outside: bool = True) -> Sides:
    """Compare the lower end with the errors of two updates, and the error at the best quotients with the upper end."""
    joint, D, blocks = split(case)
    parts = []
    for block in blocks:
        U, s, Vt = np.linalg.svd(block / case.named["A"], full_matrices=False)
        parts.append(case.named["A"] * (s[0] * np.outer(U[:, 0], Vt[0])))
    best = square(D - joint @ np.concatenate(parts))
    base = square(D - joint @ blocks.reshape(-1, D.shape[1]))
    low, high = found["low"], found["high"]
    if stretch:
        low = base + (low - base) * (values(joint)[0] / values(joint)[-1]) ** 2
    if not outside:
        high = high - base
    allowed = 8 * case.allowed * float(values(joint)[0] / values(joint)[-1]) ** 2
    return Sides(np.array([low, low, best]), np.array([case.error, best, high]), least=0.0, rounding=allowed)


RA_6 = Statement(
    id="low_rank_adapters/RA-6",
    title="Any independent bases bracket the distance to RandLoRA",
    says=(
        "All columns of the bases B_j of RandLoRA are independent, with singular values from b to b', and the entries "
        "of A have absolute values from a > 0 to a'. With Y_j the entrywise quotient of block j of B^+ D by A, and S "
        "the sum over j of |Y_j|^2 less its largest squared singular value, the squared distance of a target D lies "
        "between |D - P_B D|^2 + (a b)^2 S and |D - P_B D|^2 + (a' b')^2 S."
    ),
    source=Derived(randlora_bracket),
    tex=r"\|D - P_B D\|^2 + (ab)^2 S \le \mathrm{dist}^2 \le \|D - P_B D\|^2 + (a'b')^2 S",
    hypotheses={
        "RandLoRA, and a target of its shape": only("randlora"),
        "independent columns, and a factor without zeros": is_independent,
    },
    instances=BASES,
    solve=bracket,
    claim=Inequality(between),
    closed="the claim is about a formula, whose ends are compared with the errors of updates",
    saboteurs=(
        saboteur("the largest singular value in the lower end", claim=Inequality(partial(between, stretch=True))),
        saboteur("the upper end without what lies outside", claim=Inequality(partial(between, outside=False))),
        saboteur(
            "lengths for squares",
            patch=(randlora_bracket, "(b * a) * (b * a) * rest", "(b * a) * rest"),
        ),
    ),
    notes="For square random bases b is nearly 0, and the lower end says nothing; for taller ones it does.",
)
