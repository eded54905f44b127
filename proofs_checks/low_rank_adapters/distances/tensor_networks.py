"""Distances of TeRA from a target.

U and V are the Kronecker products of the factors of both sides, whose columns have norm one: other norms may be moved
into the core C. T is U^+ D (V^+)^T as a tensor with an axis for each trained vector.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.reach import networks
from proofs_checks.guards import signed_square, square
from proofs_checks.low_rank_adapters.distances.randlora_blocks import signs
from proofs_checks.low_rank_adapters.families.adapters import Case, build, draw_network, exact_rank, one_of_each
from proofs_checks.low_rank_adapters.families.spectra import values
from proofs_checks.low_rank_adapters.families.targets import SYLVESTER, Aimed, aim, aimed, checked, only

Found = dict[str, Any]

#: four factors (2, 2) with orthonormal columns: axes, and a turn by less than a right angle in rational numbers
TURN = np.array([[0.6, -0.8], [0.8, 0.6]])
TURNS = (TURN, np.eye(2), np.eye(2), TURN.T)


def orthonormal(core: np.ndarray, tensor: np.ndarray | None = None) -> Aimed:
    """Make a TeRA of orthonormal factors around a core, and a target with given coordinates, or a fixed one."""
    case = Case("tera", (np.ones(2), np.array([1.0, -1.0]), np.ones(2), np.ones(2)), (*TURNS, core), 1.0, (4, 4))
    if tensor is None:
        return aimed(case)
    return aimed(case, np.kron(*TURNS[:2]) @ tensor @ np.kron(*TURNS[2:]).T)


def of_signs(draws: Draws) -> Aimed:
    """Draw a TeRA of axes as factors and a core of signs."""
    case = draw_network(draws, draws.choice((1.0, -0.5)), most=3)
    factors = tuple(np.eye(*one.shape) for one in case.frozen[:4])
    return aim(draws, replace(case, frozen=(*factors, signs(draws, case.frozen[4].shape))))


NETWORKS = Family(
    "networks-and-targets",
    always=lambda: (
        orthonormal(np.kron(SYLVESTER, SYLVESTER)),
        aimed(next(case for case in one_of_each() if case.kind == "tera")),
        orthonormal(np.arange(1.0, 17).reshape(4, 4)),
        replace(
            aimed(Case("tera", (*(np.ones(k) for k in (2, 3, 2, 1)),), (), 1.0, (6, 2)), np.ones((6, 2))),
            frozen=(np.eye(2), np.eye(3), np.eye(2), np.eye(1), np.ones((6, 2))),
            target=np.array([[1.0, 2], [0, 1], [3, -1], [2, 1], [-1, 2], [0, 4]]),
        ),
    ),
    tight=(
        Tight(
            orthonormal(np.kron(SYLVESTER, SYLVESTER), 2 * np.kron(SYLVESTER, SYLVESTER) + np.diag([0.0, 0, 0, 1])),
            0.9,
            1 + 1e-12,
        ),
    ),
    draw=lambda draws: aim(draws, draw_network(draws, most=2)) if draws.integers(0, 1) else of_signs(draws),
)


def reached(case: Aimed, rng: np.random.Generator | None = None) -> Found:
    """Return the bounds that the library finds, and the trained vectors that are nearest among a few runs."""
    found = distance(build(case), case.target, n_starts=3)
    nearest = tuple(np.asarray(found.nearest.params[name]) for name in case.names)
    return {"lower": found.lower, "upper": found.upper, "exact": found.exact, "nearest": nearest}


def unfoldings(T: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the matrices of all ways to put the axes of a tensor into two groups."""
    for size in range(1, T.ndim):
        for rows in itertools.combinations(range(T.ndim), size):
            columns = [axis for axis in range(T.ndim) if axis not in rows]
            yield T.transpose([*rows, *columns]).reshape(math.prod(T.shape[axis] for axis in rows), -1)


@formula(outside="[0, inf)", rest="[0, inf)", stretch="[0, inf)", entries="[0, inf)")
def network_floor(outside: Number, rest: Number, stretch: Number, entries: Number) -> Number:
    r"""No update is nearer to D than this, squared.

    `outside` is |D - P_U D P_V|^2, `rest` is |Y|^2 - s^2, `stretch` is b, and `entries` is a.

    Proof
    -----
    Assumes: the factors have independent columns, and C has no zero (hypotheses of the statement).

    Proof: D - U (C o Z) V^T, with the tensor product Z of all vectors, is the sum of D - P_U D P_V and U (T - C o Z)
    V^T, which are orthogonal, and multiplication by U and V shrinks no length by more than b. In each entry \|T - C o
    Z\| is abs(C) abs(Y - Z), which is at least a abs(Y - Z). Put the axes into two groups: Z is a matrix of rank one
    then, so \|Y - Z\|^2 >= \|Y\|^2 - sigma_1^2 (Eckart and Young), and the least sigma_1 gives the largest bound. With
    orthonormal columns and signs nothing is lost but in this last step: \|D - Delta\|^2 = \|D\|^2 - mu^2 for the best
    vectors, where mu <= s is the largest product of C o T with a tensor product of unit vectors.
    """
    return outside + (stretch * entries) * (stretch * entries) * rest


def parts(case: Aimed) -> tuple[float, np.ndarray, np.ndarray, float]:
    """Return |D - P_U D P_V|^2, the tensor T, the core with the norms of columns, and b."""
    norms = [np.sqrt((one**2).sum(axis=0)) for one in case.frozen[:4]]
    unit = [one / norm for one, norm in zip(case.frozen[:4], norms, strict=True)]
    U, V = np.kron(*unit[:2]), np.kron(*unit[2:])
    core = case.scale * case.frozen[4] * np.kron(*norms[:2])[:, None] * np.kron(*norms[2:])
    inside = np.linalg.pinv(U) @ case.target @ np.linalg.pinv(V).T
    outside = square(case.target - U @ inside @ V.T)
    sizes = [one.shape[1] for one in unit]
    return outside, inside.reshape(sizes), core.reshape(sizes), float(values(U)[-1] * values(V)[-1])


def grouped(case: Aimed, found: Found, *, kept: int = 1, split: bool = False) -> Sides:
    """Compare the lower end with the reported one, and both with the errors of two updates."""
    outside, T, core, low = parts(case)
    Y, least = T / core, float(np.abs(core).min())
    matrices = list(unfoldings(Y))
    if split:  # rows and columns that no groups of axes make
        matrices += [Y.reshape(size, -1) for size in range(2, Y.size) if Y.size % size == 0]
    s = min((values(one)[kept - 1] if len(values(one)) >= kept else 0.0) for one in matrices)
    rest = max(0.0, square(Y) - float(s) ** 2)
    due = float(network_floor(outside, rest, low, least))
    few = sum(size > 1 for size in T.shape) <= 2
    even = bool((np.abs(core) == np.abs(core).max()).all()) and abs(low - 1) < 1e-12
    wrong, error = checked(case, found, exact=few and even)
    lower = signed_square(found["lower"])
    return wrong or Sides(
        np.array([due, lower, lower]),
        np.array([lower, case.error, error]),
        trivial=np.array([case.total, np.inf, np.inf]),
        least=np.array([-1.0, 0.0, 0.0]),
        rounding=8 * case.allowed / low**2,
    )


TE_3 = Statement(
    id="low_rank_adapters/TE-3",
    title="Groups of axes bound the distance to TeRA",
    says=(
        "U and V are the Kronecker products of the left and of the right factors of TeRA, with independent columns of "
        "norm one, b the product of their least singular values, a > 0 the least absolute value of the core C, and Y "
        "the entrywise quotient of U^+ D (V^+)^T by C, as a tensor with an axis for each vector. s is the least of the "
        "largest singular values of all matrices that two groups of its axes make. The squared distance of a target "
        "D is at least |D - P_U D P_V|^2 + (a b)^2 (|Y|^2 - s^2), with the projectors onto the columns of U and V. The "
        "library, which tries all groups of up to six axes, reports a bound between this and the distance, which it "
        "knows for two axes, with a = b = 1 and signs."
    ),
    source=Derived(network_floor),
    tex=r"\mathrm{dist}^2 \ge \|D - P_U D P_V\|^2 + (ab)^2\,(\|Y\|^2 - \min_g\sigma_1(Y_g)^2)",
    hypotheses={
        "TeRA, and a target of its shape": only("tera"),
        "independent columns, and a core without zeros": lambda case: (
            bool((case.frozen[4] != 0).all()) and all(exact_rank(one) == one.shape[1] for one in case.frozen[:4])
        ),
    },
    instances=NETWORKS,
    solve=reached,
    decisions=("nearest.*",),
    claim=Inequality(grouped),
    saboteurs=(
        saboteur("the second singular value", claim=Inequality(partial(grouped, kept=2))),
        saboteur("groups that split an axis", claim=Inequality(partial(grouped, split=True))),
        saboteur(
            "the bounds of all groups are added up",
            patch=(networks.network_bound, "max(least, float(found.bound))", "least + float(found.bound)"),
        ),
        saboteur(
            "what lies outside of the factors is forgotten",
            patch=(networks.network_bound, "math.hypot(split.base, split.low", "math.hypot(0.0, split.low"),
        ),
    ),
)
