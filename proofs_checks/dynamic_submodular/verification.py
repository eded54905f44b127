"""Verification: a probe for counterexamples of a function, and a bound of the optimum that any set proves."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Probability, Sides, Statement, saboteur
from lrtheory.dynamic_submodular import SubmodularCertificate, theory
from proofs_checks.dynamic_submodular import wrong_solvers
from proofs_checks.dynamic_submodular.families.bounded import BOUNDED, Bounded, proved
from proofs_checks.dynamic_submodular.families.functions import is_monotone, is_submodular, value_of
from proofs_checks.dynamic_submodular.families.offline import (
    GUILTY,
    INNOCENT,
    MODULAR,
    SQUARE,
    accusations,
    complaints_with_control,
    misses,
)
from proofs_checks.dynamic_submodular.families.runs import WRONG, chosen, spoiled, worth_of
from proofs_checks.dynamic_submodular.offline import HYPOTHESES

# --- the probe -------------------------------------------------------------------------------------------------------


DS_P6 = Statement(
    id="dynamic_submodular/DS-P6",
    title="The probe accuses no function that is monotone and submodular",
    says="If f(v|A) >= f(v|B) >= 0 for all sets A inside B and all v outside B, the probe reports no counterexample.",
    source=Classical("submodularity", "definition"),
    tex=r"f(v|A) \ge f(v|B) \ge 0 \text{ for } A \subseteq B \Rightarrow \text{no counterexample}",
    hypotheses={
        "monotone": lambda suspect: is_monotone(suspect.function),
        "submodular": lambda suspect: is_submodular(suspect.function),
    },
    instances=INNOCENT,
    solve=complaints_with_control,
    claim=Identity(lambda suspect, found: Sides(np.array(found), np.array([0, 1]))),
    decisions=("0", "1"),
    saboteurs=(
        saboteur("accuses everybody", solve=wrong_solvers.accuses_all),
        saboteur("a square", breaks="submodular", instances=SQUARE),
    ),
    # a probe that never accuses anybody would pass, were it not for the square beside each function
    notes="Beside each function runs a square of the cardinality, which must be found.",
)

DS_P6_FINDS = Statement(
    id="dynamic_submodular/DS-P6-finds",
    title="The probe finds a function that is not",
    says="If one probe in ten or more meets a counterexample, 40 probes meet none with probability at most 1/20.",
    source=Classical("submodularity", "definition"),
    tex=r"P[\text{no counterexample in 40 probes}] \le 1/20",
    hypotheses={"one probe in ten meets a counterexample": lambda suspect: suspect.chance >= Fraction(1, 10)},
    instances=GUILTY,
    solve=accusations,
    # (9/10)^40 is less than 0.015
    claim=Probability(event=misses, at_most=lambda suspect: 0.05, exact=lambda suspect: suspect.miss),
    decisions=("A", "B", "v"),
    saboteurs=(
        # about half of the probes of a square meet a counterexample, so one probe alone misses it too often
        saboteur("one probe", solve=wrong_solvers.one_probe),
        saboteur("innocent functions", breaks="one probe in ten meets a counterexample", instances=MODULAR),
    ),
)


# --- any set proves a bound ------------------------------------------------------------------------------------------


def bounds_optimum(bounded: Bounded, found: SubmodularCertificate, share: Fraction = Fraction(1)) -> Sides:
    """Compare OPT less f(A) with the bound less f(A), A the witness; all else must follow from items and witness."""
    function, allowed = bounded.function, spoiled(bounded.function)
    there = np.zeros(function.n, bool)
    there[np.asarray(bounded.present, dtype=int)] = True
    # value, bound and gap follow from items and witness, and a report that does not is as bad as a false bound
    value = worth_of(function, found.items, there, bounded.k, found.achieved)
    sets = ((found.items, bounded.items), (found.witness, bounded.witness), (found.candidates, bounded.present))
    is_own = all(chosen(one) == chosen(own) for one, own in sets) and found.k == bounded.k
    is_bound = abs(found.bound - bounded.bound) <= allowed and abs(found.bound - value - found.gap) <= allowed
    base = value_of(function, bounded.witness)
    # f(A) is taken off both sides, or a share of the bound would be dominated by a part that is known anyway
    rhs = share * (bounded.bound - base) if is_own and is_bound and value != WRONG else WRONG
    return Sides(np.array([bounded.optimum - base]), np.array([rhs]), least=0, rounding=allowed)


DS_P8 = Statement(
    id="dynamic_submodular/DS-P8",
    title="Any set bounds the optimum by its value and the best marginals on top",
    says="For every set A, the best value OPT of at most k elements is at most f(A) plus the largest sum of "
    "marginals f(v|A) over the elements v of a set O of at most k elements.",
    source=Derived(theory.marginal_bound),
    tex=r"\mathrm{OPT} \le f(A) + \max_{|O| \le k} \textstyle\sum_{v \in O} f(v|A)",
    hypotheses=HYPOTHESES,
    instances=BOUNDED,
    solve=proved,
    claim=Inequality(bounds_optimum),
    decisions=("items", "witness"),
    saboteurs=(
        saboteur("one marginal less", solve=wrong_solvers.smaller_bound),
        saboteur("nine tenths", claim=Inequality(partial(bounds_optimum, share=Fraction(9, 10)))),
    ),
)
