"""The best elements at once: greedy selection and its relatives, passes over a stream, and the probe of a function."""

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
    Probability,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.dynamic_submodular import Selection, theory
from proofs_checks.dynamic_submodular import mutants
from proofs_checks.dynamic_submodular.families.functions import is_monotone, is_submodular, value_of
from proofs_checks.dynamic_submodular.families.offline import (
    EXACT_OFFLINE,
    GRIDS,
    GUILTY,
    INNOCENT,
    MODULAR,
    OFFLINE,
    RANDOM,
    SQUARE,
    STOCHASTIC,
    SUPERMODULAR_OFFLINE,
    Offline,
    TightGreedy,
    complaints_with_control,
    misses,
    plain_and_lazy,
    sampled_values,
    selected,
    taken_columns,
)
from proofs_checks.dynamic_submodular.families.runs import spoiled
from proofs_checks.dynamic_submodular.levels import gain

NEMHAUSER = Classical("greedy maximization", "Nemhauser, Wolsey, Fisher, Mathematical Programming 14, 1978")
HYPOTHESES = {
    "monotone": lambda case: is_monotone(case.function),
    "submodular": lambda case: is_submodular(case.function),
}


def share_of_optimum(case: Offline, found: Selection, share) -> Sides:
    """A share of OPT against the value by the table, this against the reported one, OPT against the bound."""
    value, best = value_of(case.function, found.items), case.optimum
    lhs = [share(case) * best, value, found.value, best, len({int(v) for v in found.items}), found.upper_bound]
    rhs = [value, found.value, value, found.upper_bound, case.k, (case.k + 1) * case.function.values.max()]
    return Sides(np.array(lhs), np.array(rhs), rounding=spoiled(case.function))


def at_least(share) -> Inequality:
    """The claim of a share of the optimum."""
    return Inequality(partial(share_of_optimum, share=share))


ALL = at_least(lambda case: Fraction(1))

DS_T14_GREEDY = Statement(
    id="dynamic_submodular/DS-T14-greedy",
    title="Greedy selection gets 1 - (1 - 1/k)^k of the optimum",
    source=NEMHAUSER,
    tex=r"f(S_{\mathrm{greedy}}) \ge (1 - (1 - 1/k)^k)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=selected,
    claim=at_least(lambda case: theory.greedy_ratio(Fraction(case.k))),
    saboteurs=(
        saboteur("the smallest marginals", solve=mutants.least_greedy),
        saboteur("all of it", claim=ALL),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_OFFLINE),
    ),
)


def greedy_steps(case: Offline, found: tuple[Selection, Selection]) -> Sides:
    """Items and gains of the plain and of the lazy method against the largest marginals, the smaller number first."""
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
    source=Classical("accelerated greedy", "M. Minoux, Optimization Techniques, 1978"),
    tex=r"v_i = \min \arg\max_v f(v|S_{i-1})",
    hypotheses=HYPOTHESES,
    instances=EXACT_OFFLINE,
    solve=plain_and_lazy,
    claim=Identity(greedy_steps),
    saboteurs=(
        saboteur("the larger number of equal ones", solve=mutants.last_first),
        saboteur("stale marginals are trusted", solve=mutants.by_singletons),
    ),
)


def distances(case: Offline, found: Selection, k: int = 0) -> Sides:
    """Distance to the optimum after each step against what the step may leave of it; the end by the table."""
    values = [sum(found.gains[:i], Fraction(0)) for i in range(len(found.gains) + 1)]
    best, steps = case.optimum, Fraction(k or case.k)
    lhs = [best - value for value in values[1:]]
    rhs = [theory.greedy_step(value, best, steps) for value in values[:-1]]
    end = value_of(case.function, found.items)
    lhs, rhs = [*lhs, end, found.value, len({int(v) for v in found.items})], [*rhs, found.value, end, case.k]
    return Sides(np.array(lhs), np.array(rhs), rounding=spoiled(case.function))


DS_P7 = Statement(
    id="dynamic_submodular/DS-P7",
    title="Every greedy step closes a k-th of the gap",
    source=Derived(theory.greedy_step),
    tex=r"\mathrm{OPT} - f(S_i) \le (1 - 1/k)(\mathrm{OPT} - f(S_{i-1}))",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=selected,
    claim=Inequality(distances),
    saboteurs=(
        saboteur("the smallest marginals", solve=mutants.least_greedy),
        saboteur("a half of the gap, whatever k is", claim=Inequality(partial(distances, k=2))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_OFFLINE),
    ),
)


def exact_share(case: TightGreedy, found: Fraction) -> Sides:
    """What greedy gets on the grid against its guarantee."""
    return Sides(np.array([found]), np.array([theory.tight_greedy_value(Fraction(case.k))]))


DS_T14_TIGHT = Statement(
    id="dynamic_submodular/DS-T14-tight",
    title="The guarantee of greedy selection is tight: rows and columns",
    source=NEMHAUSER,
    tex=r"f(S_{\mathrm{greedy}})/\mathrm{OPT} = 1 - (1 - 1/k)^k",
    hypotheses={"k is at least 2": lambda case: case.k >= 2},
    instances=GRIDS,
    solve=taken_columns,
    claim=Identity(exact_share),
    saboteurs=(saboteur("looks at all sets", solve=partial(taken_columns, method="brute-force")),),
)

NEARLY = at_least(lambda case: Fraction(632, 1000) - Fraction(case.epsilon))

DS_T14_THRESHOLD = Statement(
    id="dynamic_submodular/DS-T14-threshold",
    title="Falling thresholds get 1 - 1/e - epsilon of the optimum",
    source=Classical("threshold greedy", "A. Badanidiyuru, J. Vondrak, SODA 2014"),
    tex=r"f(S) \ge (1 - 1/e - \epsilon)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=partial(selected, method="threshold"),
    claim=NEARLY,
    saboteurs=(
        saboteur("the smallest marginals", solve=mutants.least_greedy),
        saboteur("all of it", claim=ALL),
    ),
    notes="1 - 1/e is a little more than 0.632, which is used.",
)


def half(case: Offline) -> Fraction:
    """One half, less epsilon."""
    return theory.sieve_ratio(case.epsilon)


DS_T14_SIEVE = Statement(
    id="dynamic_submodular/DS-T14-sieve",
    title="One pass with a sieve gets 1/2 - epsilon of the optimum",
    source=Classical("sieve-streaming", "A. Badanidiyuru et al., KDD 2014"),
    tex=r"f(S) \ge (1/2 - \epsilon)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=partial(selected, method="sieve"),
    claim=at_least(half),
    saboteurs=(
        saboteur("the first k", solve=mutants.first_come),
        saboteur("every element that adds something", patch=mutants.ACCEPTS_ALL),
        saboteur("all elements", solve=mutants.everybody),
        saboteur("all of it", claim=ALL),
    ),
)

DS_T14_SIEVE_PP = Statement(
    id="dynamic_submodular/DS-T14-sieve-pp",
    title="A sieve with fixed thresholds gets 1/2 - epsilon of the optimum",
    source=Classical("sieve-streaming++", "E. Kazemi et al., ICML 2019"),
    tex=r"f(S) \ge (1/2 - \epsilon)\,\mathrm{OPT}",
    hypotheses=HYPOTHESES,
    instances=OFFLINE,
    solve=partial(selected, method="sieve++"),
    claim=at_least(half),
    saboteurs=(
        saboteur("the first k", solve=mutants.first_come),
        saboteur("all of it", claim=ALL),
    ),
)


# --- in expectation --------------------------------------------------------------------------------------------------


def mean_at_least(share) -> Expectation:
    """E f(S) >= share OPT, as E[OPT - f(S)] <= (1 - share) OPT."""
    return Expectation(
        sample=lambda instance, values: instance.case.optimum - values,
        at_most=lambda instance: (1 - share(instance.case)) * float(instance.case.optimum),
        support=lambda instance: (0.0, float(instance.case.optimum)),
    )


DS_T14_STOCHASTIC = Statement(
    id="dynamic_submodular/DS-T14-stochastic",
    title="Greedy selection from samples gets 1 - 1/e - epsilon in expectation",
    source=Classical("stochastic greedy", "B. Mirzasoleiman et al., AAAI 2015"),
    tex=r"\mathbb E f(S) \ge (1 - 1/e - \epsilon)\,\mathrm{OPT}",
    hypotheses={
        "monotone": lambda instance: is_monotone(instance.case.function),
        "submodular": lambda instance: is_submodular(instance.case.function),
    },
    instances=STOCHASTIC,
    solve=sampled_values,
    claim=mean_at_least(lambda case: theory.stochastic_ratio(case.epsilon)),
    saboteurs=(
        saboteur("one element a sample", solve=mutants.tiny_samples),
        saboteur("nearly all of it", claim=mean_at_least(lambda case: 0.99)),
    ),
)

DS_T14_RANDOM = Statement(
    id="dynamic_submodular/DS-T14-random",
    title="Random greedy selection gets 1/e in expectation, without monotonicity",
    source=Classical("random greedy", "N. Buchbinder et al., SODA 2014"),
    tex=r"\mathbb E f(S) \ge \mathrm{OPT}/e",
    hypotheses={"submodular": lambda instance: is_submodular(instance.case.function)},
    instances=RANDOM,
    solve=sampled_values,
    claim=mean_at_least(lambda case: 1 / e),
    saboteurs=(
        saboteur("the spoiler first", solve=mutants.spoiler_first),
        saboteur("nearly all of it", claim=mean_at_least(lambda case: 0.99)),
    ),
)


# --- the probe -------------------------------------------------------------------------------------------------------


DS_P6 = Statement(
    id="dynamic_submodular/DS-P6",
    title="The probe accuses no function that is monotone and submodular",
    source=Classical("submodularity", "definition"),
    tex=r"f(v|A) \ge f(v|B) \ge 0 \text{ for } A \subseteq B \Rightarrow \text{no counterexample}",
    hypotheses={
        "monotone": lambda suspect: is_monotone(suspect.function),
        "submodular": lambda suspect: is_submodular(suspect.function),
    },
    instances=INNOCENT,
    solve=complaints_with_control,
    claim=Identity(lambda suspect, found: Sides(np.array(found), np.array([0, 1]))),
    saboteurs=(
        saboteur("accuses everybody", solve=mutants.accuses_all),
        saboteur("a square", breaks="submodular", instances=SQUARE),
    ),
    notes="Beside each function runs a square of the cardinality, which must be found.",
)

DS_P6_FINDS = Statement(
    id="dynamic_submodular/DS-P6-finds",
    title="The probe finds a function that is not",
    source=Classical("submodularity", "definition"),
    tex=r"P[\text{no counterexample in 40 probes}] \le 1/20",
    hypotheses={"not both": lambda suspect: not (is_monotone(suspect.function) and is_submodular(suspect.function))},
    instances=GUILTY,
    solve=misses,
    claim=Probability(event=lambda suspect, missed: missed, at_most=lambda suspect: 0.05),
    saboteurs=(
        saboteur("one probe", solve=mutants.one_probe),
        saboteur("innocent functions", breaks="not both", instances=MODULAR),
    ),
)
