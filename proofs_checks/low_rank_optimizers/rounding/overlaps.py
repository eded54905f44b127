"""Weights that two runs change both by chance, where steps are rounded to sixteen bits."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, numbers, plain
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Expectation, Family, Number, Statement, formula, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
from lrtheory.low_rank_optimizers.theory.rounding import crossed
from proofs_checks.low_rank_optimizers.families.roundings import Table, at_random, value_of


def is_table(case: Table) -> bool:
    """Decide whether all weights are finite, and the deviation is above 0."""
    magnitude = np.asarray(case.codes) & 0x7FFF
    return bool(magnitude.ndim == 1 and magnitude.size and (magnitude < 0x7F80).all() and case.step_std > 0)


def are_independent(case: Table) -> bool:
    """Decide whether the steps of the two runs have nothing in common."""
    return case.correlation == 0


def masks(case: Table, rng: np.random.Generator, n: int, keep: Any = rounded) -> np.ndarray:
    """Return which weights change in each of two runs, (n, 2, K)."""
    w, K = value_of(case.codes), len(case.codes)
    common, own = rng.normal(size=(n, 1, K)), rng.normal(size=(n, 2, K))
    steps = case.step_std * (case.correlation**0.5 * common + (1 - case.correlation) ** 0.5 * own)
    return np.asarray(keep(w + steps)) != w


def draw_table(draws: Draws) -> Table:
    """Draw weights of several binades around one whose gaps are as large as the steps."""
    K, exponent = draws.integers(24, 48), draws.integers(90, 160)
    codes = ((exponent + draws.integers(-4, 3, K)) << 7) + draws.integers(0, 127, K) + 0x8000 * draws.integers(0, 1, K)
    return Table(codes, 2.0 ** (exponent - 127 - 9) * draws.floats(0.5, 1.0))


SPREAD = ((np.arange(32) // 4 + 122) << 7) + 29 * np.arange(32) % 128


TABLES = Family(
    "weights-and-random-steps",
    always=[
        Table(SPREAD, 2.0**-10),
        Table(np.full(32, 127 << 7), 2.0**-9),  # powers of two
        Table((127 << 7) + 3 * np.arange(1, 33), 2.0**-9),  # one binade, where all are changed equally often
        Table(np.append(SPREAD, [0, 0x8000, 1]), 2.0**-9),
    ],
    draw=draw_table,
)


CORRELATED = Family("weights-and-common-steps", always=[Table(SPREAD, 2.0**-10, 0.81)])


def drawn_at_random(case: Table, rng: np.random.Generator, n: int) -> np.ndarray:
    """Round at random in both runs."""
    return masks(case, rng, n, keep=partial(at_random, seed=int(rng.integers(1 << 30))))


def same_steps(case: Table, rng: np.random.Generator, n: int) -> np.ndarray:
    """Take the steps of the first run in the second one too."""
    return masks(case, rng, n)[:, :1].repeat(2, axis=1)


@formula(sd="(0, inf)")
def change_probability(w: ArrayLike | float, sd: Number, dtype: str = "bfloat16") -> Array | float:
    """The probability that a normal step of standard deviation `sd` changes a weight w of the format `dtype`."""
    gaps = theory.half_gaps(w, dtype=dtype)
    return plain(crossed(np.asarray(gaps.inward), np.asarray(gaps.outward), sd))


@formula()
def random_density(q: ArrayLike) -> Number:
    """The expected share of weights that change in steps without a signal. Each changes with its probability in q.

    It is also how often a changed weight is changed in an independent run by chance, if changes are spread evenly.
    """
    q = numbers("q", q, 0, 1)
    return plain(sum(q, start=0) / len(q))


@formula()
def random_overlap(q: ArrayLike, others: ArrayLike | None = None) -> Number:
    """The share of the changed weights that a second run changes too, in steps without a signal.

    The probabilities of each weight are q and `others`, which are the same where it is None.

    Proof
    -----
    Assumes: that the steps of the two runs are independent; a weight of number i changes with probability q_i in each.

    Proof: Both change it with probability q_i^2, and the expected number of weights that a run changes is the sum of
    q_i. By Jensen's inequality the mean of q^2 is at least the square of the mean of q, so that the quotient is at
    least the mean of q, which is chance; they are equal exactly where all q_i are.
    """
    q = numbers("q", q, 0, 1)
    second = q if others is None else numbers("others", others, 0, 1, length=len(q))
    if not any(q):
        raise must("q", "not all 0", q)
    total = exact(sum(q, start=0))
    return plain(sum((a / total * b for a, b in zip(q, second, strict=True)), start=0))


def mean_square(case: Table) -> float:
    """Return the mean of q^2."""
    q = np.asarray(change_probability(value_of(case.codes), case.step_std))
    return float(random_overlap(q)) * float(random_density(q))


def even_spread(case: Table) -> float:
    """Return what the mean would be if changes hit all weights alike."""
    q = np.asarray(change_probability(value_of(case.codes), case.step_std))
    return float(random_density(q)) ** 2


def alike_on_both_sides(case: Table) -> float:
    """Return the mean of q^2 without the shorter gap below a power of two."""
    outward = np.asarray(theory.half_gaps(value_of(case.codes)).outward)
    return float((crossed(outward, outward, case.step_std) ** 2).mean())


def both_change(case: Table, found: np.ndarray) -> np.ndarray:
    """Return the share of weights that both runs change, for each pair of runs."""
    return np.asarray((found[:, 0] & found[:, 1]).mean(axis=1))


def overlap_is(share: Any) -> Expectation:
    """Make the claim that the mean share of weights that both runs change is a formula."""
    return Expectation(sample=both_change, equals=share, within=lambda case: 0.02, support=lambda case: (0.0, 1.0))


RN_4 = Statement(
    id="low_rank_optimizers/RN-4",
    title="Two runs without a signal overlap at least as by chance",
    says=(
        "Two runs add independent normal steps to the same weights in bfloat16 and round. The expected share of "
        "weights that both change is the mean of q(w)^2, with the probability q(w) that a step crosses half of the gap "
        "on its side. So a changed weight changes in the other run too with mean q^2 / mean q, which is at least mean "
        "q, the share by chance, and equal to it where q is the same for all."
    ),
    source=Derived(random_overlap),
    tex=r"\mathbb E|I_1 \cap I_2| = \sum_w q(w)^2,\quad \frac{\sum q^2}{\sum q} \ge \frac1N\sum q",
    hypotheses={"finite weights and a deviation": is_table, "independent steps": are_independent},
    instances=TABLES,
    solve=masks,
    claim=overlap_is(mean_square),
    saboteurs=(
        saboteur("the hypergeometric overlap", claim=overlap_is(even_spread)),
        saboteur("both half gaps alike", claim=overlap_is(alike_on_both_sides)),
        saboteur("both runs take the same steps", solve=same_steps),
        saboteur("rounded at random", solve=drawn_at_random),
        saboteur("steps with a common part", breaks="independent steps", instances=CORRELATED),
    ),
)
