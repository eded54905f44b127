"""Selection from a fixed set: greedy selection and its variants, and passes over a stream."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import e

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Expectation,
    Identity,
    Inequality,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.dynamic_submodular import Selection, theory
from proofs_checks.dynamic_submodular import wrong_solvers
from proofs_checks.dynamic_submodular.families.functions import is_monotone, is_submodular, value_of
from proofs_checks.dynamic_submodular.families.offline import (
    EXACT_OFFLINE,
    GRIDS,
    OFFLINE,
    RANDOM,
    STOCHASTIC,
    SUPERMODULAR_OFFLINE,
    Offline,
    Steps,
    TightGreedy,
    plain_and_lazy,
    sampled,
    selected,
    taken_columns,
    values_of_choices,
)
from proofs_checks.dynamic_submodular.families.runs import WRONG, chosen, is_set, spoiled, worth_of
from proofs_checks.dynamic_submodular.levels import gain

NEMHAUSER = Classical("greedy maximization", "Nemhauser, Wolsey, Fisher, Mathematical Programming 14, 1978")
#: decisions of a selection: its items, and its bound, since every number from the optimum to the limit is a right one
CHOSEN = ("items", "upper_bound")
COUNTS = {"counts.queries": "how many marginals were asked for is no matter of the value; tests count them"}
SIZES = dict.fromkeys(("items", "gains"), "how many items a set has, up to k, is what it decides")
HYPOTHESES = {
    "monotone": lambda case: is_monotone(case.function),
    "submodular": lambda case: is_submodular(case.function),
}


def value_of_choice(case: Offline, found: Selection) -> Fraction | float:
    """Return f of the items by the table; WRONG where they are no set of at most k, or value or gains are false."""
    function, allowed = case.function, spoiled(case.function)
    value = worth_of(function, found.items, np.ones(function.n, bool), case.k, found.value)
    if value == WRONG or len(found.gains) != len(found.items):
        return WRONG
    items = chosen(found.items)
    off = [abs(more - gain(function, v, items[:i])) for i, (v, more) in enumerate(zip(items, found.gains, strict=True))]
    return value if all(one <= allowed for one in off) else WRONG


def bound_of_choice(case: Offline, found: Selection) -> Fraction | float:
    """Return the reported bound; WRONG where it exceeds k + 1 times the largest value."""
    # without a limit from above every infinite bound would do: f(S) and k marginals are at most k + 1 values
    most = (case.k + 1) * case.function.values.max()
    return found.upper_bound if found.upper_bound <= most + spoiled(case.function) else WRONG


def share_of_optimum(case: Offline, found: Selection, share) -> Sides:
    """Compare a share of OPT with f of the items, and OPT with the bound."""
    best = case.optimum
    rhs = [value_of_choice(case, found), bound_of_choice(case, found)]
    return Sides(np.array([share(case) * best, best]), np.array(rhs), least=0, rounding=spoiled(case.function))


def at_least(share) -> Inequality:
    """Claim that the items are worth a share of the optimum."""
    return Inequality(partial(share_of_optimum, share=share))


#: greedy selection misses it on its grid of rows and columns
ALL = at_least(lambda case: Fraction(1))

DS_T14_GREEDY = Statement(
    id="dynamic_submodular/DS-T14-greedy",
    title="Greedy selection gets 1 - (1 - 1/k)^k of the optimum",
    says="Greedy selection of k elements gets at least 1 - (1 - 1/k)^k of OPT, the best value f of k elements.",
    source=NEMHAUSER,
    tex=r"f(S_{\mathrm{greedy}}) \ge (1 - (1 - 1/k)^k)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=selected,
    claim=at_least(lambda case: theory.greedy_ratio(Fraction(case.k))),
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the smallest marginals", solve=wrong_solvers.least_greedy),
        saboteur("all of it", claim=ALL),
        # 175/256 = .684 of the optimum at k = 4, where 1 - 1/e, the limit of the bound, is .632
        saboteur("seven tenths of it", claim=at_least(lambda case: Fraction(7, 10))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_OFFLINE),
    ),
)


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
    solve=plain_and_lazy,
    claim=Identity(greedy_steps),
    decisions=("*.items",),
    saboteurs=(
        # the values are the same, so only the order of the items gives it away
        saboteur("the larger number of equal ones", solve=wrong_solvers.last_first),
        saboteur("stale marginals are trusted", solve=wrong_solvers.by_singletons),
    ),
)


def distances(case: Offline, found: Selection, k: int = 0) -> Sides:
    """Compare the gap to OPT after each step with what the step may leave; who stops early stays at its gap."""
    best, steps, items = case.optimum, Fraction(k or case.k), chosen(found.items)
    if value_of_choice(case, found) == WRONG:  # no selection: sides that contradict each other in every entry
        return Sides(np.full(case.k, -WRONG), np.full(case.k, best), trivial=-WRONG)
    values = [value_of(case.function, items[:i]) for i in range(case.k + 1)]
    lhs = [best - value for value in values[1:]]
    rhs = [theory.greedy_step(value, best, steps) for value in values[:-1]]
    return Sides(np.array(lhs), np.array(rhs), trivial=best, rounding=spoiled(case.function))


DS_P7 = Statement(
    id="dynamic_submodular/DS-P7",
    title="Every greedy step closes a k-th of the gap",
    says="A greedy step from S_{i-1} to S_i closes at least a k-th of the gap to OPT, the best value f of k elements.",
    source=Derived(theory.greedy_step),
    tex=r"\mathrm{OPT} - f(S_i) \le (1 - 1/k)(\mathrm{OPT} - f(S_{i-1}))",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=selected,
    claim=Inequality(distances),
    decisions=("items",),
    unread={**COUNTS, "upper_bound": "DS-T14-greedy judges the bound of the same selection"},
    may_vary=SIZES,
    saboteurs=(
        saboteur("the smallest marginals", solve=wrong_solvers.least_greedy),
        saboteur("a half of the gap, whatever k is", claim=Inequality(partial(distances, k=2))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_OFFLINE),
    ),
)


def exact_share(case: TightGreedy, items: np.ndarray) -> Sides:
    """Compare the share that greedy gets on the grid, by the formula of its weights, with its guarantee."""
    k = int(case.k)
    everything = case.value(list(range(k, 2 * k)))
    value = case.value(chosen(items)) if is_set(items, np.ones(2 * k, bool), k) else WRONG
    return Sides(np.array([Fraction(value, everything)]), np.array([theory.tight_greedy_value(Fraction(k))]))


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
    solve=partial(selected, method="threshold"),
    claim=NEARLY,
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the smallest marginals", solve=wrong_solvers.least_greedy),
        saboteur("all of it", claim=ALL),
    ),
    notes="1 - 1/e is a little more than 0.632, which is used.",
)


def half(case: Offline) -> Fraction:
    """Return one half less epsilon."""
    return theory.sieve_ratio(case.epsilon)


DS_T14_SIEVE = Statement(
    id="dynamic_submodular/DS-T14-sieve",
    title="One pass with a sieve gets 1/2 - epsilon of the optimum",
    says="One pass over the elements in any order, with guesses of OPT of ratio 1 + epsilon, gives a set S worth at "
    "least 1/2 - epsilon of OPT, the best value f of at most k elements.",
    source=Classical("sieve-streaming", "A. Badanidiyuru et al., KDD 2014"),
    tex=r"f(S) \ge (1/2 - \epsilon)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=partial(selected, method="sieve"),
    claim=at_least(half),
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the first k", solve=wrong_solvers.first_come),
        # subtle: the sieve itself without its bar, whose sets fill up with small elements that come first
        saboteur("every element that adds something", patch=wrong_solvers.ACCEPTS_ALL),
        saboteur("all elements", solve=wrong_solvers.everybody),
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
    solve=partial(selected, method="sieve++"),
    claim=at_least(half),
    decisions=CHOSEN,
    unread=COUNTS,
    may_vary=SIZES,
    saboteurs=(
        saboteur("the first k", solve=wrong_solvers.first_come),
        saboteur("all of it", claim=ALL),
    ),
)


# --- in expectation --------------------------------------------------------------------------------------------------


def mean_at_least(share) -> Expectation:
    """Claim E f(S) >= share OPT, written as E[OPT - f(S)] <= (1 - share) OPT."""
    # claims about expectations bound them from above; the gap lies between 0 and OPT, as the test of a mean needs
    return Expectation(
        sample=lambda instance, rows: float(instance.case.optimum) - values_of_choices(instance, rows),
        at_most=lambda instance: (1 - share(instance.case)) * float(instance.case.optimum),
        support=lambda instance: (0.0, float(instance.case.optimum)),
    )


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
    claim=mean_at_least(lambda case: theory.stochastic_ratio(case.epsilon)),
    saboteurs=(
        saboteur("one element a sample", solve=wrong_solvers.tiny_samples),
        saboteur("nearly all of it", claim=mean_at_least(lambda case: 0.99)),
    ),
)

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
        saboteur("the spoiler first", solve=wrong_solvers.spoiler_first),
        saboteur("nearly all of it", claim=mean_at_least(lambda case: 0.99)),
    ),
)
