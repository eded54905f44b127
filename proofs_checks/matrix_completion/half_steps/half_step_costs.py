"""The cost of a half-step: operations counted one by one, and their growth with the rank."""

from __future__ import annotations

import math
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._array import interpreted
from lrtheory.bounds import Derived, Family, Identity, Paper, Rate, Recorded, Sides, Statement, always, saboteur
from lrtheory.matrix_completion import Observations, half_step, theory
from lrtheory.matrix_completion.entries.regressions import kernels
from proofs_checks.matrix_completion.families.samples import Ladder

FLOPS = Family(
    "flops",
    always=(Ladder(20, 1), Ladder(20, 3), Ladder(30, 5)),
    draw=lambda draws: Ladder(draws.integers(8, 14), draws.integers(1, 3), draws.choice((3.0, 4.0))),
)


def counted(
    ladder: Ladder, rng: np.random.Generator | None = None, n: int = 1, *, method: str = "cg", steps: int = 3
) -> np.ndarray:
    """Count the flops of one half-step of `steps` conjugate gradients, or of an exact one; n copies of one number."""
    inner = {} if method == "exact" else {"max_inner_iter": steps}
    found = half_step(ladder.observations, ladder.factor, axis=0, method=method, tol=1e-15, **inner)
    return np.full(n, float(found.counts["flops"]))


def both_counts(ladder: Ladder, rng: np.random.Generator) -> np.ndarray:
    """Return the flops that the library counts in an exact half-step."""
    return counted(ladder, method="exact")


class Counter:
    """A number whose additions, multiplications, divisions and roots are counted in a tally that it shares.

    Comparisons are not operations, and arithmetic between plain numbers, such as indices, is free.
    """

    def __init__(self, value: float, tally: list[int]) -> None:
        self.value, self.tally = value, tally

    def counted(self, value: float) -> Counter:
        """Wrap the result of one operation, and count it."""
        self.tally[0] += 1
        return Counter(value, self.tally)

    def __add__(self, other: Any) -> Counter:
        return self.counted(self.value + float(other))

    def __sub__(self, other: Any) -> Counter:
        return self.counted(self.value - float(other))

    def __rsub__(self, other: Any) -> Counter:
        return self.counted(float(other) - self.value)

    def __mul__(self, other: Any) -> Counter:
        return self.counted(self.value * float(other))

    def __truediv__(self, other: Any) -> Counter:
        return self.counted(self.value / float(other))

    def __gt__(self, other: Any) -> bool:
        return self.value > float(other)

    def __float__(self) -> float:
        return self.value

    __radd__, __rmul__ = __add__, __mul__


#: what the kernels take from math, for arrays of counters
MATH = SimpleNamespace(sqrt=lambda x: x.counted(math.sqrt(x.value)))


def operations_of_exact_rows(data: Observations, F: np.ndarray) -> int:
    """Count the operations of the kernel of exact half-steps on all rows, one by one."""
    tally, (m, k) = [0], (data.shape[0], F.shape[1])
    counters = lambda array: np.vectorize(lambda x: Counter(float(x), tally), otypes=[object])(array)
    lines = data.by_row._replace(values=counters(data.by_row.values))
    work = kernels.Regressions(counters(np.zeros((m, k))), np.zeros(m), np.zeros(m), np.zeros(m, np.int64))
    room = kernels.Workspace(*(np.empty((rows, k), dtype=object) for rows in (int(data.by_row.degrees.max()), k + 2)))
    rule = kernels.Rule(k, Counter(0.0, tally), Counter(float(4 * k * np.finfo(float).eps), tally), 0)
    counting = interpreted(kernels, math=MATH)
    counting._exact_lines(lines, counters(F), rule, (0, m), room, work)
    return tally[0]


def operations(ladder: Ladder, found: np.ndarray, gram: int = 1) -> Sides:
    """Compare the count of the library and its formula with operations counted one by one.

    The squares of the residuals, the ridge on the diagonal and the smallest pivot are left out on purpose.
    """
    data, m, k = ladder.observations, ladder.size, ladder.rank
    # a square and a sum for each entry; for each row the ridge on k diagonal entries and a product for the least pivot
    left_out = 2 * data.n_observed + m * (k + 1)
    formula = theory.half_step_flops(data.n_observed, m, k) + (gram - 1) * data.n_observed * k * (k + 1)
    counted = operations_of_exact_rows(data, ladder.factor) - left_out
    return Sides([int(found[0]), formula], [counted, counted])


MC_T1_FLOPS = Statement(
    id="matrix_completion/MC-T1-flops",
    title="An exact half-step costs what its formula says",
    says="An exact half-step for m rows at rank k costs 6 |Omega| k operations for the first sweep over the "
    "|Omega| seen entries, |Omega| k (k+1) for the lower triangles of the Gram matrices, and for each row k "
    "(k+1) (2k+1) / 6 for Cholesky and 2 k^2 for two triangular solves.",
    source=Derived(theory.half_step_flops),
    tex=r"\text{flops} = 6|\Omega| k + |\Omega| k(k+1) + m(k(k+1)(2k+1)/6 + 2k^2)",
    hypotheses={
        "every row is determined": lambda ladder: bool(ladder.observations.by_row.degrees.min() >= ladder.rank)
    },
    instances=FLOPS,
    solve=both_counts,
    claim=Identity(operations),
    closed="only the library's own kernel can be run on numbers that count",
    saboteurs=(
        saboteur("three conjugate gradients", solve=partial(counted, method="cg")),
        saboteur("whole Gram matrices", claim=Identity(partial(operations, gram=2))),
        # counts are integers, so a single operation too many is seen
        saboteur("one addition more", solve=lambda ladder, rng: both_counts(ladder, rng) + 1),
    ),
    notes="The kernel runs on numbers that count what is done with them.",
)


# ranks that double, so that a slope of the cost against the rank is well determined
LADDER = Family("ranks", always=tuple(Ladder(240, k) for k in (4, 8, 16, 32)))


def as_many_steps_as_unknowns(ladder: Ladder, rng: np.random.Generator, n: int) -> np.ndarray:
    """Take k steps of conjugate gradients on every row."""
    return counted(ladder, rng, n, steps=ladder.rank)


PAPER = "2302.11068"


MC_T1_RATE = Statement(
    id="matrix_completion/MC-T1-rate",
    title="An approximate half-step costs |Omega| k",
    says="With a fixed number of conjugate gradients per row the counted operations of a half-step are "
    "proportional to |Omega| k, the seen entries times the rank; an exact half-step takes about |Omega| k^2. "
    "The samples have a fixed ratio of entries to degrees of freedom.",
    source=Paper(PAPER, "main theorem", read="abstract"),
    tex=r"\text{flops of a half-step} = \Theta(|\Omega| k)",
    hypotheses={"a fixed number of inner steps": always},
    instances=LADDER,
    solve=counted,
    claim=Rate(
        cost=lambda ladder, flops: flops,
        size=lambda ladder: ladder.rank,
        over=lambda ladder: ladder.observations.n_observed * ladder.rank,
        # not exactly 0, because 12 k operations per row and step do not depend on the entries
        exponent=(-0.15, 0.15),
    ),
    saboteurs=(
        saboteur("exact half-steps", solve=partial(counted, method="exact")),
        saboteur("as many inner steps as unknowns", solve=as_many_steps_as_unknowns),
    ),
    notes="Counts, on samples with a fixed ratio of entries to degrees of freedom.",
    closed="only the library's own kernels count their operations",
)


MC_T1 = Statement(
    id="matrix_completion/MC-T1",
    title="Completion in nearly linear time",
    says="The main theorem of the paper: up to logarithms and a constant, kappa^2 mu^2 n k^4.5 uniform samples "
    "Omega of a matrix M with larger side n, rank k, condition number kappa and incoherence mu give an M^ "
    "within epsilon of M in the Frobenius norm, in a time of |Omega| k. Recorded, not checked.",
    source=Paper(PAPER, "main theorem", read="abstract"),
    tex=r"|\Omega| = \tilde O(\kappa^2\mu^2nk^{4.5})\Rightarrow \|\hat M - M\|_F \le \varepsilon,\ \tilde O(|\Omega|k)",
    hypotheses={},
    instances=LADDER,
    solve=counted,
    claim=Recorded(
        "vacuous at every size that can be run: the sample would exceed the matrix. The contraction is MC-D2 with the "
        "noise of MC-E1, and the time MC-T1-rate",
        carried_by="matrix_completion/MC-D2",
    ),
)
