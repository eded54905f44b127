"""RandLoRA: the rank of its updates, dead columns, and what is recorded of it: RA-1, 2, 4, 7 and 7e."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Measured, Paper, Recorded, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.kinds.randlora import RandLoRA
from proofs_checks.guards import misfit
from proofs_checks.low_rank_adapters.families.adapters import Case, build, exact_rank, somewhere, update
from proofs_checks.low_rank_adapters.families.randlora import (
    EQUAL_BASES,
    SPARSE,
    TERNARY,
    Ternary,
    in_general_position,
    is_randlora,
)
from proofs_checks.low_rank_adapters.families.targets import BASES

RA_1 = Statement(
    id="low_rank_adapters/RA-1",
    title="Blocks that are fitted up to an error add up",
    says=(
        "The paper fits each of n blocks of the target up to an error epsilon, and concludes that all of them err by "
        "at most n times epsilon together. With fixed random bases B_j no block can be fitted so: |D - P_B D|^2 is "
        "left, with the projector onto the columns of the basis."
    ),
    source=Paper("2502.00987", "RandLoRA, Theorem 4.1", read="recalled"),
    tex=r"\|D_j - \Delta_j\| \le \varepsilon \Rightarrow \|D - \Delta\| \le n\varepsilon",
    hypotheses={},
    instances=BASES,
    solve=lambda case, rng: None,
    claim=Recorded(
        "the triangle inequality with a premise that random bases do not satisfy: on average they miss the share "
        "1 - r / m of a block",
        carried_by="low_rank_adapters/AD-3",
    ),
)


def moved(case: Case, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the update at a generic point, and the largest rank that the library grants to any."""
    adapter = build(somewhere(case))
    return {"update": adapter.delta(), "rank_bound": adapter.rank_bound}


def union_rank(A: np.ndarray, N: int, m: int) -> int:
    """Return min(m, N rank(A_S) + n - |S| over all sets S of columns), with exact ranks."""
    n = A.shape[1]
    sets = (chosen for size in range(1, n + 1) for chosen in combinations(range(n), size))
    return min(m, n, *(N * exact_rank(A[:, chosen]) + n - len(chosen) for chosen in sets))


def generic_rank(case: Case, found: dict[str, Any], formula: str = "union") -> Sides:
    """Compare the exact rank of the update with the formula, and the update with its own formula, entry by entry."""
    if (wrong := misfit((found["update"], tuple(case.shape)))) is not None:
        return wrong
    x = case.named
    (N, m, r), A = x["bases"].shape, x["A"]
    due = {"union": int(theory.randlora_rank(A, N, m)), "inner": r, "full": min(m, A.shape[1], N * r)}[formula]
    own = np.array([union_rank(A, N, m)]) if formula == "union" else np.array([due])
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
    source=Derived(theory.randlora_rank),
    tex=r"\mathrm{rank}\,\Delta = \min(m,\ \min_S N\,\mathrm{rank}(A_S) + n - |S|)",
    hypotheses={"RandLoRA with up to eight columns": is_randlora, "bases in general position": in_general_position},
    instances=TERNARY,
    solve=moved,
    claim=Identity(generic_rank),
    decisions=("update",),
    unread={"rank_bound": "RA-7 compares it with the rank"},
    saboteurs=(
        saboteur("the inner rank r alone", claim=Identity(partial(generic_rank, formula="inner"))),
        saboteur("as its title says: full rank", claim=Identity(partial(generic_rank, formula="full")), printed=True),
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

RA_4 = Statement(
    id="low_rank_adapters/RA-4",
    title="In draws full rank paid for flat spectra alone",
    says=(
        "At equal dimension RandLoRA with orthonormal bases and signs misses less of a target with equal singular "
        "values than LoRA, and more of targets whose singular values decay like a power i^-a with a of 1/2 or more: "
        "means over 40 draws of matrices of 24 x 24 with r = 2, 4, 6 and 12."
    ),
    source=Measured(
        "the mean relative squared errors, flat: .42 .64 .73 .82 against .71 .88 .92 .96 of LoRA; i^-1: .26 .44 .52 "
        ".66 against .06 .15 .22 .38",
        "40 draws of bases and tiled signs for each spectrum and rank",
        "lrtheory check low_rank_adapters/RA-4",
    ),
    tex=r"\mathrm{dist}_{\text{RandLoRA}} < \mathrm{dist}_{\text{LoRA}} \text{ for flat spectra alone}",
    hypotheses={},
    instances=BASES,
    solve=lambda case, rng: None,
    claim=Recorded("an observation on random draws", carried_by="low_rank_adapters/RA-5"),
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


def formula(case: Ternary, rng: np.random.Generator | None = None) -> Fraction:
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
    solve=formula,
    claim=Identity(enumerated),
    closed="the claim is about a formula, which is compared with the sum over all columns",
    saboteurs=(
        saboteur("as peft documents: 1 / q for each sign", claim=Identity(partial(enumerated, each=1)), printed=True),
        saboteur("a single row", patch=(theory.dead_share, ') ** integer("rank", rank, low=1)', ") ** 1")),
    ),
    notes="With the option very_sparse of peft, q = sqrt(768) and r = 32, 31 % of the columns are dead.",
)
