"""Ranks of the updates of RandLoRA, and dead columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations, combinations_with_replacement, permutations, product
from typing import Any

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import All, Derived, Draws, Family, Identity, Inequality, Sides, Statement, formula, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.kinds.randlora import RandLoRA
from proofs_checks.guards import misfit
from proofs_checks.low_rank_adapters.families.adapters import (
    Case,
    build,
    exact_rank,
    is_case,
    nonzero,
    somewhere,
    update,
)
from proofs_checks.low_rank_adapters.families.rationals import flint_matrix, rational
from proofs_checks.orbits import Symmetry


def is_randlora(case: Case) -> bool:
    """Decide whether it is an adapter of this kind, with few enough columns for all their sets."""
    return case.kind == "randlora" and is_case(case) and case.named["A"].shape[1] <= 8


def in_general_position(case: Case) -> bool:
    """Decide whether any columns of the bases, as many as these have rows at most, are linearly independent."""
    joint = np.concatenate(list(case.named["bases"]), axis=1)
    size = min(joint.shape)
    return all(exact_rank(joint[:, chosen]) == size for chosen in combinations(range(joint.shape[1]), size))


def randomly(draws: Draws, A: np.ndarray, N: int, m: int, scale: float = 1.0) -> Case:
    """Draw bases and trained numbers around a factor."""
    r, n = A.shape
    bases = np.asarray(draws.integers(-20, 20, shape=(N, m, r)), float)
    return Case("randlora", (nonzero(draws, (N, r)), nonzero(draws, (N, n))), (bases, A), scale, (m, n))


def draw_ternary(draws: Draws) -> Case:
    """Draw a factor of entries 0, 1 and -1, with bases as tall as its rows are long at least."""
    r, n, N = draws.integers(1, 2), draws.integers(1, 4), draws.integers(1, 3)
    A = draws.integers(-1, 1, shape=(r, n)).astype(float)
    return randomly(draws, A, N, draws.integers(n, 5), draws.choice((1.0, -0.5)))


def vandermonde(A: np.ndarray, N: int, m: int) -> Case:
    """Make bases of powers of different numbers, of which any m are independent, around a factor."""
    r, n = A.shape
    joint = np.arange(1.0, N * r + 1)[None, :] ** np.arange(m)[:, None]
    bases = np.ascontiguousarray(joint.reshape(m, N, r).swapaxes(0, 1))
    return Case("randlora", (np.ones((N, r)), np.ones((N, n))), (bases, A), 1.0, (m, n))


ALL_ONES = np.ones((2, 2))
SPLIT = np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
DEAD = np.array([[1.0, 0.0, -1.0], [1.0, 0.0, 2.0]])

TERNARY = Family(
    "randlora-of-ternary-factors",
    always=lambda: (
        vandermonde(np.ones((1, 1)), 1, 1),
        vandermonde(ALL_ONES, 1, 2),
        vandermonde(SPLIT, 2, 4),
        vandermonde(DEAD, 2, 3),
    ),
    draw=draw_ternary,
)


def all_ternary() -> Iterator[Case]:
    """Yield 1 to 3 bases and factors of two rows of 0, 1 and -1, up to the order and the signs of their columns."""
    columns = [(0.0, 0.0), (0.0, 1.0), (1.0, -1.0), (1.0, 0.0), (1.0, 1.0)]
    for n in range(1, 5):
        for chosen in combinations_with_replacement(columns, n):
            yield from (vandermonde(np.array(chosen).T, N, 4) for N in (1, 2, 3))


def signed(case: Case) -> Iterator[tuple[tuple[float, ...], ...]]:
    """Yield the columns of a factor in every order and with all signs."""
    columns = [tuple(column) for column in case.named["A"].T.tolist()]
    for chosen in product(*((column, tuple(-x for x in column)) for column in columns)):
        yield from permutations(chosen)


ALL_TERNARY = All(
    "pairs of a number of bases, one to three, and a factor of two rows and up to four columns of 0, 1 and -1",
    all_ternary,
    members=375,
    orbit=Symmetry(signed).size,
    total=3 * sum(9**n for n in range(1, 5)),
    up_to="the order and signs of columns",
)


def dependent(A: np.ndarray) -> Case:
    """Make two bases whose columns are all equal."""
    r, n = A.shape
    return Case("randlora", (np.ones((2, r)), np.ones((2, n))), (np.ones((2, 3, r)), A), 1.0, (3, n))


EQUAL_BASES = Family(
    "randlora-of-dependent-bases",
    always=lambda: (dependent(DEAD[:, ::2]),),
    draw=lambda draws: dependent(nonzero(draws, (2, 2))),
)


def moved(case: Case, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the update at a generic point, and the largest rank that the library grants to any."""
    adapter = build(somewhere(case))
    return {"update": adapter.dense(), "rank_bound": adapter.rank_bound}


def union_rank(A: np.ndarray, N: int, m: int) -> int:
    """Return min(m, N rank(A_S) + n - |S| over all sets S of columns), with exact ranks."""
    n = A.shape[1]
    sets = (chosen for size in range(1, n + 1) for chosen in combinations(range(n), size))
    return min(m, n, *(N * exact_rank(A[:, chosen]) + n - len(chosen) for chosen in sets))


@formula(N="[1, inf)", m="[1, inf)")
def randlora_rank(A: ArrayLike, N: int, m: int) -> int:
    r"""The rank of a generic update with the factor A, N bases and m rows.

    A has at most 12 columns, since all sets of its columns are compared. The rank is at most the number of columns of A
    that are not 0, and min(m, n) where the columns split into N independent sets.

    Proof
    -----
    Assumes: any columns of [B_1 .. B_N], at most m of them, are linearly independent (a hypothesis of the statement).

    Proof: the update is [B_1 L_1 .. B_N L_N] times the matrix that stacks A G_1, .., A G_N. With generic diagonals G_j
    the stack represents the union of N copies of the matroid of the columns of A, and Edmonds gives its rank as the
    minimum over S. A minor of the update is a sum over sets of rows of the stack of a minor of [B_1 .. B_N], times the
    product of the entries of L_j in these rows, times a minor of the stack (Cauchy and Binet); different sets have
    different products, so nothing cancels, and the rank is the smaller one of m and that of the stack. With S the set
    of all zero columns N rank(A_S) + n - \|S\| is the number of the others.
    """
    columns = rational("A", A)
    n = columns.shape[1]
    if n > 12:
        raise must("A", "a matrix of at most 12 columns", A)
    found = n
    for size in range(1, n + 1):
        for chosen in combinations(range(n), size):
            found = min(found, N * int(flint_matrix(columns[:, chosen]).rank()) + n - size)
    return min(m, found)


def generic_rank(case: Case, found: dict[str, Any], due_by: str = "union") -> Sides:
    """Compare the exact rank of the update with the formula, and the update with its own formula, entry by entry."""
    if (wrong := misfit((found["update"], tuple(case.shape)))) is not None:
        return wrong
    x = case.named
    (N, m, r), A = x["bases"].shape, x["A"]
    due = {"union": int(randlora_rank(A, N, m)), "inner": r, "full": min(m, A.shape[1], N * r)}[due_by]
    own = np.array([union_rank(A, N, m)]) if due_by == "union" else np.array([due])
    lhs = np.concatenate([[exact_rank(found["update"]), due], np.ravel(found["update"])])
    return Sides(lhs, np.concatenate([[due, own[0]], update(somewhere(case)).ravel()]), rounding=0.0)


RA_2 = Statement(
    id="low_rank_adapters/RA-2",
    title="The rank of RandLoRA is that of a union of matroids",
    says=(
        "RandLoRA has N bases with m rows, whose columns are in general position, and a factor A with n columns. The "
        "rank of a generic update is the smallest of m and of N rank(A_S) + n - |S| over all sets S of columns of A. "
        "Repeated columns lower it, so it is not always min(m, n), even if N r is large enough."
    ),
    source=Derived(randlora_rank),
    tex=r"\mathrm{rank}\,\Delta = \min(m,\ \min_S N\,\mathrm{rank}(A_S) + n - |S|)",
    hypotheses={"RandLoRA with up to eight columns": is_randlora, "bases in general position": in_general_position},
    instances=TERNARY,
    for_all=(ALL_TERNARY,),
    solve=moved,
    claim=Identity(generic_rank),
    decisions=("update",),
    unread={"rank_bound": "RA-7 compares it with the rank"},
    saboteurs=(
        saboteur("the inner rank r alone", claim=Identity(partial(generic_rank, due_by="inner"))),
        saboteur("as its title says: full rank", claim=Identity(partial(generic_rank, due_by="full")), printed=True),
        saboteur("dependent bases", breaks="bases in general position", instances=EQUAL_BASES),
        saboteur(
            "all bases share the vector of columns",
            patch=(
                RandLoRA._factors,
                'self.params["gammas"][:, None, :]',
                '(0 * self.params["gammas"] + self.params["gammas"][:1])[:, None, :]',
            ),
        ),
    ),
    notes="All numbers are integers below 2^53, on which doubles are exact.",
)


def alive(case: Case, found: dict[str, Any], *, full: bool = False) -> Sides:
    """Compare the rank of the update with the reported bound, and this with the columns of A that are not 0."""
    if (wrong := misfit((found["update"], tuple(case.shape)))) is not None:
        return wrong
    if (found["update"] != update(somewhere(case))).any():
        return Sides(1.0, 0.0, trivial=2.0, rounding=0.0)
    live, rank, bound = int((case.named["A"] != 0).any(axis=0).sum()), exact_rank(found["update"]), found["rank_bound"]
    if full:
        return Sides(float(min(case.shape)), float(rank), least=0.0, rounding=0.0)
    most = float(min(case.shape)) + 1.0
    return Sides(np.array([rank, bound], float), np.array([bound, live], float), trivial=most, rounding=0.0)


RA_7 = Statement(
    id="low_rank_adapters/RA-7",
    title="Zero columns of the shared factor are dead for ever",
    says=(
        "Where a column of the frozen factor A of RandLoRA is 0, that column of every update is 0. So the rank of "
        "an update Delta is at most the number of columns of A that are not 0, and the bound that the library reports "
        "lies between both numbers."
    ),
    source=Derived(theory.dead_share),
    tex=r"\mathrm{rank}\,\Delta \le |\{c : a_c \ne 0\}|",
    hypotheses={"RandLoRA with up to eight columns": is_randlora},
    instances=TERNARY,
    for_all=(ALL_TERNARY,),
    solve=moved,
    claim=Inequality(alive),
    decisions=("update",),
    saboteurs=(
        saboteur("full rank whatever the factor", claim=Inequality(partial(alive, full=True))),
        saboteur(
            "columns with zeros in every row count, too",
            patch=(RandLoRA._live_columns, "!= 0).any(axis=0)", ">= -9).any(axis=0)"),
        ),
    ),
)


@dataclass(frozen=True)
class Ternary:
    """A row length r, and q: entries are 0 with probability 1 - 1 / q, and 1 or -1 with half of the rest each."""

    rank: int
    sparsity: int


SPARSE = Family(
    "ternary-columns",
    always=(Ternary(1, 2), Ternary(3, 4)),
    draw=lambda draws: Ternary(draws.integers(1, 4), draws.integers(2, 30)),
)


def dead_share_of(case: Ternary, rng: np.random.Generator | None = None) -> Fraction:
    """Return the formula."""
    return Fraction(theory.dead_share(case.sparsity, case.rank))  # type: ignore[call-overload]


def enumerated(case: Ternary, found: Fraction, *, each: int = 2) -> Sides:
    """Compare the formula with the chance of a column of zeros, over all columns; `each` is 1 / (q P(1))."""
    nonzero = Fraction(1, each * case.sparsity)
    chances = {-1: nonzero, 0: 1 - 2 * nonzero, 1: nonzero}
    dead = Fraction(0)
    for column in product(chances, repeat=case.rank):
        chance = Fraction(1)
        for entry in column:
            chance *= chances[entry]
        dead += chance if not any(column) else 0
    return Sides(Fraction(found), dead)


RA_7E = Statement(
    id="low_rank_adapters/RA-7e",
    title="A sparse factor has a known share of dead columns",
    says=(
        "The entries of A are independent, 0 with probability 1 - 1 / q, and 1 or -1 with probability 1 / (2 q) each. "
        "A column of the r rows is 0 with probability (1 - 1 / q)^r, which is the expected share of columns that no "
        "training revives."
    ),
    source=Derived(theory.dead_share),
    tex=r"P(a_c = 0) = (1 - 1/q)^r",
    hypotheses={"r and q of 1 at least": lambda case: case.rank >= 1 and case.sparsity >= 1},
    instances=SPARSE,
    for_all=(
        All(
            "pairs of a rank up to 5 and a sparsity up to 40",
            lambda: (Ternary(r, q) for r, q in product(range(1, 6), range(1, 41))),
            members=200,
        ),
    ),
    solve=dead_share_of,
    claim=Identity(enumerated),
    closed="the claim is about a formula, which is compared with the sum over all columns",
    saboteurs=(
        saboteur("as peft documents: 1 / q for each sign", claim=Identity(partial(enumerated, each=1)), printed=True),
        saboteur("a single row", patch=(theory.dead_share, ") ** rank", ") ** 1")),
    ),
    notes="With the option very_sparse of peft, q = sqrt(768) and r = 32, 31 % of the columns are dead.",
)
