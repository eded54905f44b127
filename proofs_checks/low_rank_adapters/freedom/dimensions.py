"""Free numbers of adapters of every kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory._validation import choice, pair
from lrtheory.bounds import All, Derived, Family, Identity, Sides, Statement, formula, saboteur
from lrtheory.low_rank_adapters.kinds.vera import VeRA
from proofs_checks.low_rank_adapters.families.adapters import (
    KINDS,
    Case,
    build,
    derivatives,
    draw_case,
    exact_rank,
    is_case,
    nonzero,
    one_of_each,
    smallest,
    somewhere,
)

#: B of VeRA with nonzeros that fall into two parts, so that it has two rescalings
TWO_PARTS = Case(
    "vera",
    (np.ones(4), np.ones(4)),
    (np.kron(np.eye(2), np.ones((2, 2))), np.tril(np.ones((4, 5)))),
    1.0,
    (4, 5),
)

FREE = tuple(kind for kind in KINDS if kind not in ("uni-lora", "queryable"))

FREE_NUMBERS = Family(
    "adapters-by-kind",
    always=lambda: (
        smallest(),
        smallest("hadamard"),
        *(case for case in one_of_each() if case.kind in FREE),
        TWO_PARTS,
        Case("lora", (np.ones((2, 3)), np.ones((3, 2))), (), 1.0, (2, 2)),  # a larger rank than sides
    ),
    draw=lambda draws: draw_case(draws, most=5, kinds=FREE),
)

#: twice the same basis of RandLoRA
TWICE = Case(
    "randlora",
    (np.ones((2, 2)), np.ones((2, 4))),
    (np.array([np.eye(5)[:, :2]] * 2), np.array([[1.0, 2.0, 3.0, 1.0], [2.0, 1.0, 1.0, 3.0]])),
    1.0,
    (5, 4),
)

SAME_BASES = Family(
    "randlora-with-equal-bases",
    always=(TWICE,),
    draw=lambda draws: replace(
        TWICE,
        frozen=(np.array([nonzero(draws, (5, 2))] * 2), nonzero(draws, (2, 4))),
    ),
)


def all_graphs() -> Iterator[Case]:
    """Yield VeRA with a left factor (3, 2) of 0 and 1, and RandLoRA with such a factor (2, 3) and one or two bases."""
    rows, bases = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]), np.arange(1.0, 5.0) ** np.arange(4)[:, None]
    for entries in itertools.product((0.0, 1.0), repeat=6):
        B = np.reshape(entries, (3, 2))
        yield Case("vera", (np.ones(3), np.ones(2)), (B, rows), 1.0, (3, 3))
        for N in (1, 2):
            frozen = (bases.reshape(4, 2, 2).swapaxes(0, 1)[:N], B.T)
            yield Case("randlora", (np.ones((N, 2)), np.ones((N, 3))), frozen, 1.0, (4, 3))


def counted(case: Case, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Return the free and the trained numbers that the library reports."""
    adapter = build(case)
    return {"dimension": adapter.dimension, "n_parameters": adapter.n_parameters}


def components(matrix: np.ndarray) -> int:
    """Count the connected components of the graph of nonzeros, whose nodes are the rows and columns."""
    m, n = matrix.shape
    group = list(range(m + n))
    for i, k in zip(*np.nonzero(matrix), strict=True):
        old, new = group[i], group[m + k]
        group = [new if one == old else one for one in group]
    return len(set(group))


@formula(r="[1, inf)", N="[1, inf)", c="[1, inf)", d="[1, inf)")
def adapter_dimension(kind: str, shape: tuple[int, int], r: int = 1, N: int = 1, c: int = 1, d: int = 1) -> int:
    """The rank of the derivative of the update at a generic point, and for Uni-LoRA an upper bound.

    `kind` is one of ``"lora"``, ``"lora-fa"``, ``"lora-xs"``, ``"vera"``, ``"randlora"``, ``"uni-lora"``, ``"tera"``,
    ``"hadamard"`` and ``"full"``, and `shape` the pair of its outputs and inputs. It has the rank r, RandLoRA has N
    bases, Uni-LoRA a vector of length d, and TeRA N vectors, whose lengths sum to d. The graph whose nodes are rows and
    columns, and whose edges are the nonzeros, of B of VeRA or of A of RandLoRA, has c connected components: 1 for
    matrices without zeros.

    Proof
    -----
    Assumes: frozen factors of full rank, and no zero in W of a Hadamard adapter and in C of TeRA; RandLoRA: all columns
    of its bases are linearly independent; VeRA: the rows of A are (hypotheses of the statement). Beyond these limits
    the number is an upper bound.

    Proof: the rank is at most the trained numbers less the dimension of the changes of them that keep the update, and
    at most d_out d_in. LoRA: with q = min(r, d_out, d_in) the updates near a generic one are all matrices of rank q, a
    manifold of dimension q (d_out + d_in - q); multiplication by W without zeros is injective. One or two frozen
    factors: B -> B A and R -> B R A are linear of rank d_out rank(A) and rank(B) rank(A). VeRA: A is injective from the
    right, so a change without effect has db_i / b_i = -dd_k / d_k wherever B_ik is not 0, which leaves one number for
    each component. RandLoRA: the joint basis is injective, so the blocks A o (lambda gamma^T) are independent, and each
    has r + side - c directions by the same argument. TeRA: its factors are injective on tensors, and so is
    multiplication by C. A change of the vectors x_j keeps their tensor product where the sum of all dx_j / x_j is 0 at
    each of its entries: each quotient is a constant then, and the N constants sum to 0.
    """
    m, n = pair("shape", shape)
    q = min(r, m, n)
    counts = {
        "lora": q * (m + n - q),
        "lora-fa": m * min(r, n),
        "lora-xs": min(r, m) * min(r, n),
        "vera": m + r - c,
        "randlora": N * (r + min(m, n) - c),
        "uni-lora": d,
        "tera": d - N + 1,
        "hadamard": q * (m + n - q),
        "full": m * n,
    }
    return min(m * n, counts[choice("kind", kind, tuple(counts))])


def free_numbers(case: Case, found: dict[str, int], gauges: int | None = None, kinds: tuple[str, ...] = FREE) -> Sides:
    """Compare the reported numbers, and the formula of the kind, with the exact rank of the derivative."""
    truth = exact_rank(derivatives(replace(somewhere(case), scale=1.0)))
    size = sum(one.size for one in case.trained)
    if gauges is not None:
        return Sides(truth, min(size - gauges, int(np.prod(case.shape))) if case.kind in kinds else truth)
    graph = {"vera": "B", "randlora": "A"}.get(case.kind)
    told = adapter_dimension(
        case.kind,
        case.shape,
        case.rank,
        len(case.named["bases"]) if case.kind == "randlora" else len(case.trained),
        components(case.named[graph]) if graph else 1,
        max(size, len(case.trained)),
    )
    # a middle matrix has two ranks, and the formula is for one
    told = truth if case.kind == "lora-xs" else told
    return Sides(np.array([found["dimension"], found["n_parameters"], told]), np.array([truth, size, truth], dtype=int))


def is_generic(case: Case) -> bool:
    """Decide whether frozen arrays are as the formulas need them: independent rows, and a weight without 0."""
    x = case.named
    if case.kind == "hadamard":
        return bool((x["W"] != 0).all())
    if case.kind == "tera":
        return bool((x["C"] != 0).all()) and all(exact_rank(one) == one.shape[1] for one in case.frozen[:4])
    if case.kind == "randlora":
        joint = np.concatenate(list(x["bases"]), axis=1)
        return exact_rank(joint) == joint.shape[1]
    if case.kind == "lora-xs":
        return exact_rank(x["B"]) == min(x["B"].shape) and exact_rank(x["A"]) == min(x["A"].shape)
    return case.kind not in ("vera", "lora-fa") or exact_rank(x["A"]) == len(x["A"])


AD_2 = Statement(
    id="low_rank_adapters/AD-2",
    title="Free numbers are trained numbers less rescalings",
    says=(
        "The dimension of an adapter is the rank of the derivative J of its update at a generic point theta: the "
        "number p of its trained numbers less the dimension g of the changes of them that keep the update, such as "
        "rescalings of one factor against the other. The library reports it for every kind but Uni-LoRA and Queryable "
        "LoRA, whose numbers are not free."
    ),
    source=Derived(adapter_dimension),
    tex=r"\mathrm{rank}\,J(\theta) = p - g",
    hypotheses={
        "an adapter of another kind than Uni-LoRA and Queryable LoRA": lambda case: is_case(case) and case.kind in FREE,
        "frozen arrays in general position": is_generic,
    },
    instances=FREE_NUMBERS,
    for_all=(
        All(
            "factors of 0 and 1: left ones of VeRA, of shape (3, 2), and right ones of RandLoRA, of shape (2, 3), with "
            "one or two bases",
            all_graphs,
            members=192,
        ),
    ),
    solve=counted,
    claim=Identity(free_numbers),
    saboteurs=(
        saboteur("no rescaling is subtracted", claim=Identity(partial(free_numbers, gauges=0))),
        saboteur(
            "a single rescaling for all bases", claim=Identity(partial(free_numbers, gauges=1, kinds=("randlora",)))
        ),
        saboteur(
            "one rescaling where the graph has two parts",
            patch=(VeRA.dimension, "gauge_count(B * (A != 0).any(axis=1))", "1"),
        ),
        saboteur("twice the same basis", breaks="frozen arrays in general position", instances=SAME_BASES),
    ),
)
