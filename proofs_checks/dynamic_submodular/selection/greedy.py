"""Greedy selection from a fixed set: its steps, its guarantee, and an instance where that is tight."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import any_of
from lrtheory._validation import must
from lrtheory.bounds import (
    Classical,
    Derived,
    Dual,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.dynamic_submodular import Selection, make_tight_greedy, maximize
from proofs_checks.dynamic_submodular.certificates.selections import GREEDY, STEP
from proofs_checks.dynamic_submodular.families.all_functions import gaps_of_greedy, offline, shares_of_greedy, to_choose
from proofs_checks.dynamic_submodular.families.functions import draw_function, gain, value_of
from proofs_checks.dynamic_submodular.families.offline import (
    ALL,
    ALWAYS,
    CHOSEN,
    COUNTS,
    HYPOTHESES,
    OFFLINE,
    SIZES,
    TOGETHER,
    Offline,
    at_least,
    least_greedy,
    selected,
    selection_of,
    value_of_choice,
)
from proofs_checks.dynamic_submodular.families.runs import WRONG, chosen, is_set, spoiled
from proofs_checks.dynamic_submodular.families.streams import modular

SUPERMODULAR_OFFLINE = Family("supermodular-offline", always=(TOGETHER,))

NEMHAUSER = Classical("greedy maximization", "Nemhauser, Wolsey, Fisher, Mathematical Programming 14, 1978")
#: up to here (1 - 1/k)^k is computed as a Fraction, whose length is proportional to k
MOST_ROUNDS = 10**5


def whole_number(k: Number) -> Number:
    """The number k in its own kind, which has to be an integer; of a Fraction formulas return Fractions."""
    if k != int(k):
        raise must("k", "an integer of at least 1", k)
    return k


@formula(k="[1, inf)")
def greedy_ratio(k: Number) -> Number:
    """1 - (1 - 1/k)^k, which is above 1 - 1/e.

    Of a Fraction k, of at most 10^5, it is a Fraction.

    Proof
    -----
    Assumes: f is monotone and submodular with f(empty) = 0 (hypotheses of the statement).

    Proof: By `greedy_step` each of k rounds multiplies the gap to OPT, which is OPT before the first round, by at most
    1 - 1/k. After k rounds OPT - f(S) <= (1 - 1/k)^k OPT.

    References
    ----------
    .. [1] G. Nemhauser, L. Wolsey, M. Fisher, An Analysis of Approximations for Maximizing Submodular Set Functions I,
       Mathematical Programming 14, 1978.
    """
    n_rounds = whole_number(k)
    if isinstance(n_rounds, Fraction) and n_rounds > MOST_ROUNDS:
        raise must("k", f"an int or a float above {MOST_ROUNDS}, where the Fraction has millions of digits", k)
    return any_of(1 / n_rounds, int(n_rounds))


def all_functions(n: int, k: int, **options: Any) -> Dual:
    """Return the set of all monotone submodular functions of n elements, of which greedy selection takes k."""
    return Dual(
        f"monotone submodular functions of {n} elements with f(empty) = 0, of which greedy selection takes {k}",
        lambda: shares_of_greedy(n, k, greedy_ratio(Fraction(k))),
        share=greedy_ratio(Fraction(k)),
        quantity="OPT",
        terms={"the best single element": {1: 1}},
        instance=partial(offline, n, k),
        data={"n": n, "k": k},
        anchors=(Offline(modular([5.0, 4.0, 3.0, 2.0, 1.0][-n:]), k),),
        sharp=True,
        **options,
    )


DS_T14_GREEDY = Statement(
    id="dynamic_submodular/DS-T14-greedy",
    title="Greedy selection gets 1 - (1 - 1/k)^k of the optimum",
    says="Greedy selection of k elements gets at least 1 - (1 - 1/k)^k of OPT, the best value f of k elements.",
    source=NEMHAUSER,
    tex=r"f(S_{\mathrm{greedy}}) \ge (1 - (1 - 1/k)^k)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    for_all=(
        all_functions(5, 3, invisible={"seven tenths of it": "19/27, the least share, is more"}),
        all_functions(4, 2),
        GREEDY,
    ),
    solve=selected,
    claim=at_least(lambda case: greedy_ratio(Fraction(case.k))),
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the smallest marginals", solve=least_greedy),
        saboteur("all of it", claim=ALL),
        # 175/256 = .684 of the optimum at k = 4, where 1 - 1/e, the limit of the bound, is .632
        saboteur("seven tenths of it", claim=at_least(lambda case: Fraction(7, 10))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_OFFLINE),
    ),
)


@formula(value="[0, inf)", OPT="[0, inf)", k="[1, inf)")
def greedy_step(value: Number, OPT: Number, k: Number) -> Number:
    """The gap OPT - f(S) that a step leaves at most, where `value` is f(S) before it.

    Proof
    -----
    Assumes: f is monotone and submodular (hypotheses of the statement).

    Proof: Let O be an optimal set. OPT <= f(S + O), as f is monotone, and f(S + O) <= f(S) + sum_{v in O} f(v | S), as
    f is submodular. So the marginals of the at most k elements of O sum to at least OPT - f(S), the largest of them is
    at least one k-th of that, and greedy selection takes no smaller one.
    """
    return (1 - 1 / whole_number(k)) * (OPT - value)


def distances(case: Offline, found: Selection, k: int = 0) -> Sides:
    """Compare the gap to OPT after each step with what the step may leave; who stops early stays at its gap."""
    best, steps, items = case.optimum, Fraction(k or case.k), chosen(found.items)
    if value_of_choice(case, found) == WRONG:  # no selection: sides that contradict each other in every entry
        return Sides(np.full(case.k, -WRONG), np.full(case.k, best), trivial=-WRONG)
    values = [value_of(case.function, items[:i]) for i in range(case.k + 1)]
    lhs = [best - value for value in values[1:]]
    rhs = [greedy_step(value, best, steps) for value in values[:-1]]
    return Sides(np.array(lhs), np.array(rhs), trivial=best, rounding=spoiled(case.function))


DS_P7 = Statement(
    id="dynamic_submodular/DS-P7",
    title="Every greedy step closes a k-th of the gap",
    says="A greedy step from S_{i-1} to S_i closes at least a k-th of the gap to OPT, the best value f of k elements.",
    source=Derived(greedy_step),
    tex=r"\mathrm{OPT} - f(S_i) \le (1 - 1/k)(\mathrm{OPT} - f(S_{i-1}))",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    for_all=(
        Dual(
            "monotone submodular functions of 5 elements with f(empty) = 0, of which greedy selection takes 3",
            lambda: gaps_of_greedy(5, 3, greedy_step(0, 1, Fraction(3))),
            instance=partial(offline, 5, 3),
            anchors=(Offline(modular([5.0, 4.0, 3.0, 2.0, 1.0]), 3),),
            sharp=True,
        ),
        STEP,
    ),
    solve=selected,
    claim=Inequality(distances),
    decisions=("items",),
    unread={**COUNTS, "upper_bound": "DS-T14-greedy judges the bound of the same selection"},
    may_vary=SIZES,
    saboteurs=(
        saboteur("the smallest marginals", solve=least_greedy),
        saboteur("a half of the gap, whatever k is", claim=Inequality(partial(distances, k=2))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_OFFLINE),
    ),
)


#: with integer values, on which two methods decide ties alike
EXACT_OFFLINE = Family(
    "exact-offline",
    always=ALWAYS,
    draw=lambda draws: Offline(
        draw_function(draws, draws.integers(5, 8), ("coverage", "facility")), draws.integers(1, 4)
    ),
)


@dataclass(frozen=True)
class Steps:
    """The items of a selection in their order, and what each added."""

    items: np.ndarray
    gains: np.ndarray


def steps(found: Selection) -> Steps:
    """Return the items and gains of a selection."""
    return Steps(found.items, found.gains)


def plain_and_lazy(case: Offline, rng: np.random.Generator) -> tuple[Steps, Steps]:
    """Return the steps of the plain and of the lazy method."""
    return steps(selected(case, rng, method="naive")), steps(selected(case, rng, method="lazy"))


def last_first(case: Offline, rng: np.random.Generator) -> tuple[Steps, Steps]:
    """Break ties by the larger number."""
    order = np.arange(case.function.n)[::-1]
    found = steps(maximize(case.function.objective(), case.k, candidates=order))
    return found, found


def by_singletons(case: Offline, rng: np.random.Generator) -> tuple[Steps, Steps]:
    """Select the k elements of the largest single values."""
    singles = case.function.values[1 << np.arange(case.function.n)]
    found = steps(selection_of(case, np.argsort(-singles, kind="stable")[: case.k].tolist()))
    return found, found


def greedy_steps(case: Offline, found: tuple[Steps, Steps]) -> Sides:
    """Compare items and gains of both methods with the largest marginals; the smaller number wins ties."""
    items: list[int] = []
    gains = []
    for _ in range(min(case.k, case.function.n)):
        rest = [v for v in range(case.function.n) if v not in items]
        marginals = {v: gain(case.function, v, items) for v in rest}
        best = min(rest, key=lambda v: (-marginals[v], v))
        if marginals[best] <= 0:
            break
        items, gains = [*items, best], [*gains, marginals[best]]
    lhs = [2, *(x for one in found for x in (*one.items, *one.gains))]  # nothing is chosen where all is worth nothing
    rhs = [len(found), *[*items, *gains] * 2]
    return Sides(np.array(lhs), np.array(rhs)) if len(lhs) == len(rhs) else Sides([len(lhs)], [len(rhs)])


DS_T14_LAZY = Statement(
    id="dynamic_submodular/DS-T14-lazy",
    title="The lazy method makes the choice of the plain one",
    says="In round i the plain and the lazy method take the same v_i: of the elements with the largest marginal "
    "f(v|S_{i-1}) on the i - 1 chosen before, the one of the smallest number.",
    source=Classical("accelerated greedy", "M. Minoux, Optimization Techniques, 1978"),
    tex=r"v_i = \min \arg\max_v f(v|S_{i-1})",
    hypotheses=HYPOTHESES,
    instances=EXACT_OFFLINE,
    for_all=(to_choose(2),),
    solve=plain_and_lazy,
    claim=Identity(greedy_steps),
    decisions=("*.items",),
    saboteurs=(
        # the values are the same, so only the order of the items gives it away
        saboteur("the larger number of equal ones", solve=last_first),
        saboteur("stale marginals are trusted", solve=by_singletons),
    ),
)


@dataclass(frozen=True)
class TightGreedy:
    """The grid on which greedy selection gets no more than its share."""

    k: int

    def value(self, chosen: list[int]) -> int:
        """Return k^k times the value of columns 0, ..., k - 1 and rows k, ..., 2k - 1, by the weights."""
        k, columns, rows = self.k, {v for v in chosen if v < self.k}, {v for v in chosen if v >= self.k}
        weights = [(k - 1) ** j * k ** (k - 1 - j) for j in range(k)]  # of the item of column j in each row
        return len(rows) * k**k + (k - len(rows)) * sum(weights[j] for j in columns)


def taken_columns(case: TightGreedy, rng: np.random.Generator, method: Any = "lazy") -> np.ndarray:
    """Return the items that the method chooses on the grid."""
    return maximize(make_tight_greedy(case.k), method=method).items


GRIDS = Family(
    "grids", always=tuple(TightGreedy(k) for k in (2, 3, 4)), draw=lambda draws: TightGreedy(draws.integers(2, 8))
)


@formula(k="[1, inf)")
def tight_greedy_value(k: Number) -> Number:
    """The share of OPT that greedy selection gets on the grid, exactly.

    Proof
    -----
    Assumes: columns win ties (`make_tight_greedy` numbers them first).

    Proof: There are items (i, j) for i, j < k of weight (1/k)(1 - 1/k)^j, and each row i has one more item that makes
    its weight 1. The k rows are worth OPT = k. After j columns a row adds (1 - 1/k)^j, and so does the next column. So
    greedy selection takes the k columns, worth the sum of (1 - 1/k)^j over j < k, that is k (1 - (1 - 1/k)^k).
    """
    return greedy_ratio(k)


def exact_share(case: TightGreedy, items: np.ndarray) -> Sides:
    """Compare the share that greedy gets on the grid, by the formula of its weights, with its guarantee."""
    k = int(case.k)
    everything = case.value(list(range(k, 2 * k)))
    value = case.value(chosen(items)) if is_set(items, np.ones(2 * k, bool), k) else WRONG
    return Sides(np.array([Fraction(value, everything)]), np.array([tight_greedy_value(Fraction(k))]))


DS_T14_TIGHT = Statement(
    id="dynamic_submodular/DS-T14-tight",
    title="The guarantee of greedy selection is tight: rows and columns",
    says="On a grid of k rows and columns greedy selection gets exactly 1 - (1 - 1/k)^k of OPT, the value of all rows.",
    source=NEMHAUSER,
    tex=r"f(S_{\mathrm{greedy}})/\mathrm{OPT} = 1 - (1 - 1/k)^k",
    hypotheses={"k is at least 2": lambda case: case.k >= 2},
    instances=GRIDS,
    solve=taken_columns,
    claim=Identity(exact_share),
    decisions=("outcome",),
    saboteurs=(saboteur("looks at all sets", solve=partial(taken_columns, method="brute-force")),),
)
