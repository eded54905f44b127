"""Selections that draw, and their expected value."""

from __future__ import annotations

import math
from math import e
from typing import Any

import numpy as np

from lrtheory._numbers import number
from lrtheory.bounds import Classical, Draws, Expectation, Family, Number, Statement, formula, saboteur
from lrtheory.dynamic_submodular import maximize
from proofs_checks.dynamic_submodular.families.functions import (
    SetFunction,
    draw_function,
    is_monotone,
    is_submodular,
    mask_of,
)
from proofs_checks.dynamic_submodular.families.offline import Offline, Stochastic, accuracy_of, cut
from proofs_checks.dynamic_submodular.families.runs import chosen, filled, is_set
from proofs_checks.dynamic_submodular.families.streams import modular, spoilsport


def sampled(instance: Stochastic, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return n selections, (n, k), filled up with -1."""
    case = instance.case
    objective = case.function.objective()
    options: dict[str, Any] = {"method": instance.method, "epsilon": accuracy_of(case, instance.method), "rng": rng}
    return filled([maximize(objective, case.k, **options).items for _ in range(n)], case.k)


def hidden_block(n: int = 12) -> SetFunction:
    """Return two elements of value 16 among n - 2 of value 1, as a sum."""
    return modular([16.0, 16.0] + [1.0] * (n - 2))  # samples that are too small miss both large elements


def draw_stochastic(draws: Draws) -> Stochastic:
    """Draw six to eight elements, of which up to three are to be chosen."""
    case = Offline(draw_function(draws, draws.integers(6, 8)), draws.integers(1, 3), draws.choice((0.25, 0.375, 0.5)))
    return Stochastic(case, "stochastic")


STOCHASTIC = Family(
    "stochastic",
    always=(Stochastic(Offline(hidden_block(), 2, 0.25), "stochastic"),),
    draw=draw_stochastic,
)


def tiny_samples(instance: Stochastic, rng: np.random.Generator, n: int) -> np.ndarray:
    """Select a random element in each step."""
    case = instance.case
    return filled([rng.permutation(case.function.n)[: case.k] for _ in range(n)], case.k)


def in_front(row: np.ndarray) -> bool:
    """Return whether the elements of a row stand before the -1 that fill it up."""
    return bool((np.diff((row >= 0).astype(int)) <= 0).all())


def values_of_choices(instance: Stochastic, rows: np.ndarray) -> np.ndarray:
    """Return f of each selection by the table, 0 where it is no set of at most k elements."""
    case = instance.case
    values, everybody = case.function.values.astype(float), np.ones(case.function.n, bool)
    # a worth of 0 for what is no selection: the largest gap to OPT that there is
    masks = [mask_of(chosen(row)) if is_set(row, everybody, case.k) and in_front(row) else -1 for row in rows]
    return np.where(np.array(masks) >= 0, values[masks], 0.0)


def mean_at_least(share) -> Expectation:
    """Claim E f(S) >= share OPT, written as E[OPT - f(S)] <= (1 - share) OPT."""
    # claims about expectations bound them from above; the gap lies between 0 and OPT, as the test of a mean needs
    return Expectation(
        sample=lambda instance, rows: float(instance.case.optimum) - values_of_choices(instance, rows),
        at_most=lambda instance: (1 - share(instance.case)) * float(instance.case.optimum),
        support=lambda instance: (0.0, float(instance.case.optimum)),
    )


@formula(epsilon="[0, inf)")
def stochastic_ratio(epsilon: Number) -> Number:
    """1 - 1/e - epsilon, for epsilon in [0, 1 - 1/e], beyond which nothing is said.

    References
    ----------
    .. [1] B. Mirzasoleiman, A. Badanidiyuru, A. Karbasi, J. Vondrak, A. Krause, Lazier Than Lazy Greedy, AAAI 2015.
    .. [2] A. Badanidiyuru, J. Vondrak, Fast Algorithms for Maximizing Submodular Functions, SODA 2014.
    """
    most = 1 - math.exp(-1)
    return most - number("epsilon", epsilon, 0, most)


DS_T14_STOCHASTIC = Statement(
    id="dynamic_submodular/DS-T14-stochastic",
    title="Greedy selection from samples gets 1 - 1/e - epsilon in expectation",
    says="If each greedy step looks at a random sample, whose size epsilon sets, the chosen set S is worth at least "
    "1 - 1/e - epsilon of OPT in expectation; OPT is the best value f of at most k elements.",
    source=Classical("stochastic greedy", "B. Mirzasoleiman et al., AAAI 2015"),
    tex=r"\mathbb E f(S) \ge (1 - 1/e - \epsilon)\,\mathrm{OPT}",
    hypotheses={
        "monotone": lambda instance: is_monotone(instance.case.function),
        "submodular": lambda instance: is_submodular(instance.case.function),
    },
    instances=STOCHASTIC,
    solve=sampled,
    decisions=("outcome",),
    claim=mean_at_least(lambda case: stochastic_ratio(case.epsilon)),
    saboteurs=(
        saboteur("one element a sample", solve=tiny_samples),
        saboteur("nearly all of it", claim=mean_at_least(lambda case: 0.99)),
    ),
)


def draw_cut(draws: Draws) -> Stochastic:
    """Draw the cut of a graph of four or five nodes, with directed edges of integer weights."""
    n = draws.integers(4, 5)
    weights = draws.integers(0, 4, shape=(n, n)) * (1 - np.eye(n, dtype=int))
    return Stochastic(Offline(cut(weights.astype(float)), draws.integers(1, 2)), "random")


#: a spoiler, and large elements after many small ones
RANDOM = Family(
    "random-greedy",
    always=(
        Stochastic(Offline(spoilsport(6), 3), "random"),
        Stochastic(Offline(modular([1.0] * 8 + [16.0] * 2), 2), "random"),
    ),
    draw=draw_cut,
)


def spoiler_first(instance: Stochastic, rng: np.random.Generator, n: int) -> np.ndarray:
    """Select element 0 alone, which spoils all others."""
    return filled([np.zeros(1, int)] * n, instance.case.k)


DS_T14_RANDOM = Statement(
    id="dynamic_submodular/DS-T14-random",
    title="Random greedy selection gets 1/e in expectation, without monotonicity",
    says="If each of k rounds takes a random one of the k largest marginals, the chosen set S is worth at least "
    "OPT/e in expectation, where OPT is the best value of at most k elements.",
    source=Classical("random greedy", "N. Buchbinder et al., SODA 2014"),
    tex=r"\mathbb E f(S) \ge \mathrm{OPT}/e",
    hypotheses={
        "submodular": lambda instance: is_submodular(instance.case.function),
        "not negative": lambda instance: instance.case.function.values.min() >= 0 == instance.case.function.values[0],
    },
    instances=RANDOM,
    solve=sampled,
    decisions=("outcome",),
    claim=mean_at_least(lambda case: 1 / e),
    saboteurs=(
        saboteur("the spoiler first", solve=spoiler_first),
        saboteur("nearly all of it", claim=mean_at_least(lambda case: 0.99)),
    ),
)
