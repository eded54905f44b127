"""Falling thresholds, and one pass over a stream with a bar for each element."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Number, Statement, formula, saboteur
from lrtheory.dynamic_submodular import Selection
from lrtheory.dynamic_submodular.selection import streaming
from proofs_checks.dynamic_submodular.certificates.sieves import SIEVE, SIEVE_PP
from proofs_checks.dynamic_submodular.families.all_functions import to_choose
from proofs_checks.dynamic_submodular.families.offline import (
    ALL,
    CHOSEN,
    COUNTS,
    HYPOTHESES,
    OFFLINE,
    SIZES,
    Offline,
    at_least,
    least_greedy,
    selected,
    selection_of,
)

#: a rational number just below 1 - 1/e, so that both sides stay exact
NEARLY = at_least(lambda case: Fraction(632, 1000) - Fraction(case.epsilon))


DS_T14_THRESHOLD = Statement(
    id="dynamic_submodular/DS-T14-threshold",
    title="Falling thresholds get 1 - 1/e - epsilon of the optimum",
    says="Taking whatever reaches a threshold that falls by factors 1 - epsilon gives a set S of at most k elements "
    "worth at least 1 - 1/e - epsilon of OPT, the best value f of such a set.",
    source=Classical("threshold greedy", "A. Badanidiyuru, J. Vondrak, SODA 2014"),
    tex=r"f(S) \ge (1 - 1/e - \epsilon)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    for_all=(to_choose(3),),
    solve=partial(selected, method="threshold"),
    claim=NEARLY,
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the smallest marginals", solve=least_greedy),
        saboteur("all of it", claim=ALL),
    ),
    notes="1 - 1/e is a little more than 0.632, which is used.",
)


#: why sets of two elements do not see a sieve without its bar
BEST_FIRST = "a guess starts with the best element, which is worth half of any two"

#: a sieve that takes every element that adds something
ACCEPTS_ALL = (
    streaming.accepts,
    "bar = guess if plus_plus else (guess / 2 - value) / (k - length)",
    "bar = 1e-300",
)


def everybody(case: Offline, rng: np.random.Generator) -> Selection:
    """Select all elements, more than k."""
    found = selection_of(case, list(range(case.function.n)))
    return replace(found, upper_bound=found.value)


def first_come(case: Offline, rng: np.random.Generator) -> Selection:
    """Select the first k elements."""
    return selection_of(case, list(range(min(case.k, case.function.n))))


@formula(epsilon="[0, 1/2]")
def sieve_ratio(epsilon: Number) -> Number:
    """1/2 - epsilon, for epsilon in [0, 1/2], beyond which nothing is said.

    References
    ----------
    .. [1] A. Badanidiyuru, B. Mirzasoleiman, A. Karbasi, A. Krause, Streaming Submodular Maximization: Massive Data
       Summarization on the Fly, KDD 2014.
    .. [2] E. Kazemi, M. Mitrovic, M. Zadimoghaddam, S. Lattanzi, A. Karbasi, Submodular Streaming in All Its Glory:
       Tight Approximation, Minimum Memory and Low Adaptive Complexity, ICML 2019.
    """
    return (1 - 2 * epsilon) / 2


def half(case: Offline) -> Fraction:
    """Return one half less epsilon."""
    return sieve_ratio(case.epsilon)


DS_T14_SIEVE = Statement(
    id="dynamic_submodular/DS-T14-sieve",
    title="One pass with a sieve gets 1/2 - epsilon of the optimum",
    says="One pass over the elements in any order, with guesses of OPT of ratio 1 + epsilon, gives a set S worth at "
    "least 1/2 - epsilon of OPT, the best value f of at most k elements.",
    source=Classical("sieve-streaming", "A. Badanidiyuru et al., KDD 2014"),
    tex=r"f(S) \ge (1/2 - \epsilon)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    for_all=(to_choose(2, invisible={"every element that adds something": BEST_FIRST}), SIEVE),
    solve=partial(selected, method="sieve"),
    claim=at_least(half),
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the first k", solve=first_come),
        # subtle: the sieve itself without its bar, whose sets fill up with small elements that come first
        saboteur("every element that adds something", patch=ACCEPTS_ALL),
        saboteur("all elements", solve=everybody),
        saboteur("all of it", claim=ALL),
    ),
)


DS_T14_SIEVE_PP = Statement(
    id="dynamic_submodular/DS-T14-sieve-pp",
    title="A sieve with fixed thresholds gets 1/2 - epsilon of the optimum",
    says="One pass in which every set has a fixed threshold, on a grid of ratio 1 + epsilon, finds a set S worth at "
    "least 1/2 - epsilon of OPT, the best value f of at most k elements.",
    source=Classical("sieve-streaming++", "E. Kazemi et al., ICML 2019"),
    tex=r"f(S) \ge (1/2 - \epsilon)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    for_all=(to_choose(2), SIEVE_PP),
    solve=partial(selected, method="sieve++"),
    claim=at_least(half),
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the first k", solve=first_come),
        saboteur("all of it", claim=ALL),
    ),
)
