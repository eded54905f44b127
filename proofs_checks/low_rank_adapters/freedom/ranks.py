"""Ranks of updates that frozen arrays set: the core of TeRA, and the weight of a Hadamard adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from lrtheory._numbers import numbers
from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.low_rank_adapters.kinds.hadamard import HadamardAdapter
from lrtheory.low_rank_adapters.kinds.tera import TeRA
from proofs_checks.guards import misfit
from proofs_checks.low_rank_adapters.families.adapters import (
    Case,
    build,
    draw_network,
    exact_rank,
    is_case,
    one_of_each,
    smallest,
    update,
)
from proofs_checks.low_rank_adapters.families.rationals import flint_matrix, rational

Found = dict[str, Any]


def moved(case: Case, rng: np.random.Generator | None = None) -> Found:
    """Return the update, and the largest rank that the library grants to any."""
    adapter = build(case)
    return {"update": adapter.dense(), "rank_bound": adapter.rank_bound}


def only(kind: str) -> Any:
    """Return the predicate of an adapter of a kind."""
    return lambda case: case.kind == kind and is_case(case)


#: a core of rank 4, of which any three rows have rank 3 and any two columns rank 2
CORE = np.array([[1.0, 2, 3, 4], [2, 1, 4, -3], [3, -4, 1, 2], [1, 1, -1, 5]])
#: a core of rank 2, with the sum and the difference of its first two rows below them
SUMS = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]]) @ CORE[:2]


def network(d0: Any, d1: Any, e0: Any, e1: Any, core: np.ndarray = CORE) -> Case:
    """Make a TeRA with four factors (2, 2) around a core, and some vectors."""
    mixing = np.array([[1.0, 2.0], [1.0, -1.0]])
    trained = tuple(np.array(one, float) for one in (d0, d1, e0, e1))
    return Case("tera", trained, (mixing, mixing.T, np.eye(2), mixing, core), 1.0, (4, 4))


def draw_vectors(draws: Draws) -> Case:
    """Draw a TeRA with zeros in some vectors, and sometimes a core whose rows are repeated."""
    case = draw_network(draws, draws.choice((1.0, -0.5)), most=3)
    core = case.frozen[4] if draws.integers(0, 1) else np.repeat(case.frozen[4][:1], len(case.frozen[4]), axis=0)
    kept = tuple(one * draws.integers(0, 2, shape=one.shape).clip(0, 1) for one in case.trained)
    return replace(case, trained=kept, frozen=(*case.frozen[:4], core))


NETWORKS = Family(
    "networks-and-vectors",
    always=lambda: (
        network([1, 2], [3, 1], [1, 1], [-1, 2]),
        network([0, 2], [3, 1], [1, 1], [-1, 2]),
        network([1, 1], [1, 1], [1, 1], [1, 1], np.ones((4, 4))),
        next(case for case in one_of_each() if case.kind == "tera"),
    ),
    draw=draw_vectors,
)

#: the first left factor has two equal columns
DEPENDENT = Family(
    "networks-of-dependent-factors",
    always=lambda: (
        replace(network([1, 2], [3, 1], [1, 1], [-1, 2]), frozen=(np.ones((2, 2)), *network(*[[1, 1]] * 4).frozen[1:])),
    ),
    draw=lambda draws: replace(
        network(*[[1, 1]] * 4), frozen=(draws.integers(1, 3) * np.ones((2, 2)), *network(*[[1, 1]] * 4).frozen[1:])
    ),
)


def zero_patterns() -> Iterator[Case]:
    """Yield all ways in which the eight numbers of four vectors are 0 or not, around two cores."""
    for kept in product((0.0, 1.0), repeat=8):
        yield from (network(*np.reshape(kept, (4, 2)), core) for core in (CORE, SUMS))


@formula()
def struck_rank(core: ArrayLike, d: ArrayLike, e: ArrayLike) -> int:
    """The rank of the rows and columns of `core` at which the vectors d and e, multiplied out, are not 0.

    Proof
    -----
    Assumes: all factors have linearly independent columns (a hypothesis of the statement).

    Proof: the Kronecker products U and V of the factors have independent columns, too, so U diag(d) C diag(e) V^T has
    the rank of diag(d) C diag(e). Rows and columns that are multiplied by 0 count nothing, and others may be divided by
    their number.
    """
    C = rational("core", core)
    rows, columns = (numbers(name, one, length=size) for name, one, size in zip("de", (d, e), C.shape, strict=True))
    kept = C[np.ix_([x != 0 for x in rows], [x != 0 for x in columns])]
    return int(flint_matrix(kept).rank()) if kept.size else 0


def by_core(case: Case, found: Found, *, rule: str = "struck") -> Sides:
    """Compare the exact rank of the update with that of what zeros leave of the core, and the library's with all."""
    if (wrong := misfit((found["update"], tuple(case.shape)))) is not None:
        return wrong
    x = case.named
    d, e = np.kron(x["d0"], x["d1"]), np.kron(x["e0"], x["e1"])
    whole, zeros = exact_rank(x["C"]), sum(int((one == 0).sum()) for one in case.trained)
    due = {
        "struck": struck_rank(x["C"], d, e),
        "one a zero": max(0, whole - zeros),
        "sides": min(x["C"].shape) if not zeros else struck_rank(x["C"], d, e),
    }[rule]
    own = exact_rank(d[:, None] * x["C"] * e)
    lhs = np.concatenate([[exact_rank(found["update"]), due, found["rank_bound"]], np.ravel(found["update"])])
    return Sides(lhs, np.concatenate([[due, own, whole], update(case).ravel()]), rounding=0.0)


TE_1 = Statement(
    id="low_rank_adapters/TE-1",
    title="The frozen core of TeRA sets the rank",
    says=(
        "All factors U_k and V_k of TeRA have independent columns. With no zero among the trained numbers its update "
        "has the rank of the frozen core C. Zeros strike out the rows and columns of C at which the products d of all "
        "d_k and e of all e_k are 0, a whole slice for each zero, and the rank is that of what is left."
    ),
    source=Derived(struck_rank),
    tex=r"\mathrm{rank}\,\Delta = \mathrm{rank}\,(C_{ij})_{d_i \ne 0,\ e_j \ne 0}",
    hypotheses={
        "TeRA": only("tera"),
        "factors with independent columns": lambda case: all(
            exact_rank(one) == one.shape[1] for one in case.frozen[:4]
        ),
    },
    instances=NETWORKS,
    for_all=(
        All("zeros among the eight numbers of four vectors, around cores of ranks 4 and 2", zero_patterns, members=512),
    ),
    solve=moved,
    claim=Identity(by_core),
    decisions=("update",),
    saboteurs=(
        saboteur("each zero costs a rank of one", claim=Identity(partial(by_core, rule="one a zero"))),
        saboteur("the smaller side of the core", claim=Identity(partial(by_core, rule="sides"))),
        saboteur("dependent factors", breaks="factors with independent columns", instances=DEPENDENT),
        saboteur(
            "the vectors of a side are multiplied out in the wrong order",
            patch=(TeRA._scaled, "found[:, None] * value[None, :]", "value[:, None] * found[None, :]"),
        ),
        saboteur("the core counts for nothing", patch=(TeRA.rank_bound, ', numerical_rank(self.frozen["C"])', "")),
    ),
    notes="All numbers are integers, halves at most, so doubles hold every update exactly.",
)


def weighed(W: Any, B: Any, A: Any) -> Case:
    """Make a Hadamard adapter."""
    W, B, A = (np.array(one, float) for one in (W, B, A))
    return Case("hadamard", (B, A), (W,), 1.0, W.shape)


def draw_weighed(draws: Draws) -> Case:
    """Draw a Hadamard adapter whose weight has rank one or two."""
    m, n, r, p = (draws.integers(1, most) for most in (6, 6, 2, 2))
    W = draws.integers(-2, 3, shape=(m, p)) @ draws.integers(-2, 3, shape=(p, n))
    B, A = draws.integers(-3, 3, shape=(m, r)), draws.integers(-3, 3, shape=(r, n))
    return replace(weighed(W, B, A), scale=draws.choice((1.0, 2.0)))


#: powers of six numbers: those of exponents 0 to 2, times those of 0 and 3, have six different exponents
POWERS = np.arange(1.0, 7)[:, None] ** np.arange(4)

LOW_RANKS = Family(
    "hadamard-of-low-rank-weights",
    always=lambda: (
        smallest("hadamard"),
        next(case for case in one_of_each() if case.kind == "hadamard"),
        weighed(np.zeros((2, 3)), np.ones((2, 1)), np.ones((1, 3))),
    ),
    tight=(Tight(weighed(POWERS[:, :3] @ POWERS[:, :3].T, POWERS[:, ::3], POWERS[:, ::3].T), 1, 1),),
    draw=draw_weighed,
)


@formula(w="[0, inf)", r="[0, inf)")
def hadamard_rank(w: int, r: int) -> int:
    """The product of the rank w of W and the rank r of B A.

    Proof
    -----
    Assumes: nothing.

    Proof: W o (b a^T) = diag(b) W diag(a) has at most the rank of W, and the update is a sum of r such terms. Used
    backwards it multiplies by W without forming the update: (W o (B A)) x is the sum of all b_k o (W (a_k o x)).
    """
    return w * r


def multiplied(case: Case, found: Found, *, rule: str = "product") -> Sides:
    """Compare the rank of the update with the reported bound, and this with the product of ranks."""
    if (wrong := misfit((found["update"], tuple(case.shape)))) is not None:
        return wrong
    if (found["update"] != update(case)).any():
        return Sides(1.0, 0.0, trivial=2.0, rounding=0.0)
    w, z, r = exact_rank(case.named["W"]), exact_rank(case.named["B"] @ case.named["A"]), case.rank
    rank, bound = exact_rank(found["update"]), found["rank_bound"]
    free = {"product": hadamard_rank(w, r), "sum": w + r}[rule]
    now = {"product": hadamard_rank(w, z), "sum": w + z}[rule]
    lhs, rhs = [rank, rank, bound], [now, bound, min(free, *case.shape)]
    most = float(min(case.shape)) + 1.0
    return Sides(np.array(lhs, float), np.array(rhs, float), trivial=most, rounding=0.0)


HU_1 = Statement(
    id="low_rank_adapters/HU-1",
    title="An entrywise product has at most the product of ranks",
    says=(
        "The update of a Hadamard adapter of rank r is W o (B A), with the entrywise product o. Its rank is at most "
        "rank(W) times that of B A. The bound that the library reports for all its updates is at least the rank of "
        "each, and at most r rank(W) and the smaller side."
    ),
    source=Derived(hadamard_rank),
    tex=r"\mathrm{rank}(W\circ BA) \le \mathrm{rank}(W)\,\mathrm{rank}(BA)",
    hypotheses={"a Hadamard adapter": only("hadamard")},
    instances=LOW_RANKS,
    solve=moved,
    claim=Inequality(multiplied),
    decisions=("update",),
    saboteurs=(
        saboteur("the sum of ranks", claim=Inequality(partial(multiplied, rule="sum"))),
        saboteur("the rank of LoRA", patch=(HadamardAdapter.rank_bound, "r * numerical_rank(W)", "r")),
        saboteur("the entries of the weight are forgotten", patch=(HadamardAdapter._delta, 'self.frozen["W"]', "1.0")),
    ),
)
