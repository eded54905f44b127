"""A bound on what any ranks keep, by a price per rank."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Sides, Statement, Tight, saboteur
from lrtheory.matrix_compression import certify_ranks, theory
from lrtheory.matrix_compression.budgets import certificate, spectra
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.certificates.budgets import PRICED
from proofs_checks.matrix_compression.families.budgets import (
    SMALLEST,
    UNEVEN,
    Budget,
    allowance,
    draw_budget,
    is_decreasing,
    is_payable,
)


@dataclass(frozen=True)
class Chosen:
    """A budget, and ranks within it that somebody else chose."""

    case: Budget
    ranks: tuple[int, ...]


def is_within(one: Chosen) -> bool:
    """Decide whether these are ranks, one a matrix, within the budget."""
    fits = len(one.ranks) == len(one.case.costs) and all(
        0 <= r <= len(values) for r, values in zip(one.ranks, one.case.spectra, strict=True)
    )
    return bool(fits and one.case.used(one.ranks) <= one.case.budget)


def certified(one: Chosen, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Return the library's bound for ranks of somebody else: what they keep, and what any others keep at most."""
    case = one.case
    proof = certify_ranks(case.doubles, list(one.ranks), case.budget, cost=list(case.costs)).certificate
    return {"kept": proof.achieved, "bound": proof.bound, "gap": proof.gap, "price": proof.price}


def draw_chosen(draws: Draws) -> Chosen:
    """Draw a budget, and ranks within it."""
    case = draw_budget(draws)
    ranks, left = [], case.budget
    for values, cost in zip(case.spectra, case.costs, strict=True):
        ranks.append(draws.integers(0, min(len(values), left // cost)))
        left -= cost * ranks[-1]
    return Chosen(case, tuple(ranks))


CHOSEN = Family(
    "ranks-of-others",
    always=(
        Chosen(SMALLEST[0], (1,)),
        Chosen(SMALLEST[0], (0,)),
        Chosen(UNEVEN, (2, 0, 0)),
        Chosen(UNEVEN, (0, 1, 0)),
        Chosen(Budget(((3, 1), (2, 2)), (1, 1), 3), (2, 1)),
        Chosen(replace(UNEVEN, budget=9), (2, 1, 1)),
    ),
    tight=(Tight(Chosen(Budget(((3, 1), (2, 2)), (1, 1), 3), (1, 2)), 1, 1),),
    draw=draw_chosen,
)


def all_chosen() -> Iterator[Chosen]:
    """Yield all ranks within budgets from 0 to 5 for two matrices of two values 1 or 2, whose ranks cost 1 or 2."""
    spectra = itertools.product([(1, 1), (2, 1), (2, 2)], repeat=2)
    for pair, costs, budget in itertools.product(spectra, itertools.product((1, 2), repeat=2), range(6)):
        case = Budget(pair, costs, budget)
        yield from filter(is_within, (Chosen(case, ranks) for ranks in itertools.product(range(3), repeat=2)))


#: prices at which a bound is compared with the least one, beside those of the values themselves
PRICES = 9


def dual(one: Chosen, found: dict[str, float], factor: float = 1.0) -> Sides:
    """Compare what any ranks keep with the bound, and the bound with the dual value at any price."""
    case, allowed, kept = one.case, allowance(one.case), one.case.kept(one.ranks)
    rates = [float(rate) for rate, _, _ in case.items]
    prices = [*rates, *np.linspace(0, 1.5 * max(rates, default=1.0), PRICES), found["price"]]
    *values, told = [p * case.budget + sum(max(0.0, e - p * c) for _, e, c in case.items) for p in prices]
    # greedy with a part of the next value is the optimum of the linear program
    best = float(sum(case.greedy))
    off = [found["kept"] - kept, found["bound"] - best, found["gap"] - (best - kept), told - best]
    lhs = [case.optimum, kept, *[factor * best] * len(values)]
    return unlike(np.array(off), allowed) or Sides(
        np.array(lhs, float), np.array([best, best, *values]), trivial=float(case.total), rounding=allowed
    )


def integral(one: Chosen, found: dict[str, float]) -> Sides:
    """Compare the bound with the most energy that ranks do keep: the false claim that there is no gap."""
    return Sides(found["bound"], one.case.optimum, trivial=float(one.case.total), rounding=allowance(one.case))


AB_5 = Statement(
    id="matrix_compression/AB-5",
    title="A price per rank bounds what any ranks keep",
    says=(
        "Ranks within the budget b, whoever chose them, keep at most the energy lambda b + sum max(0, sigma^2 - lambda"
        " c), for every price lambda of at least 0; the sum runs over all singular values sigma, and a rank that keeps"
        " sigma costs c. The bound that is stated is the least of these, the value of the linear program."
    ),
    source=Derived(theory.dual_bound),
    tex=r"\sum_{\mathrm{kept}}\sigma^2 \le \min_{\lambda \ge 0}\ \lambda b + \sum(\sigma^2 - \lambda c)_+",
    hypotheses={
        "decreasing spectra of integers": lambda one: is_decreasing(one.case),
        "a budget, and costs of at least 1": lambda one: is_payable(one.case),
        "ranks within the budget": is_within,
    },
    instances=CHOSEN,
    for_all=(
        All(
            "ranks within budgets from 0 to 5 for two matrices of two singular values 1 or 2, whose ranks cost 1 or 2",
            all_chosen,
            members=990,
        ),
        PRICED,
    ),
    solve=certified,
    claim=Inequality(dual),
    saboteurs=(
        saboteur("some ranks keep all of it", claim=Inequality(integral)),
        saboteur(
            "a price of 0",
            patch=(spectra.Order.price, "float(self.rates[taken]) if taken < len(self.rates) else 0.0", "0.0"),
        ),
        saboteur(
            "the budget has no price",
            patch=(
                certificate.certificate_of,
                "dual_bound([given.values], budget,",
                "dual_bound([given.values], 0 * budget,",
            ),
        ),
    ),
)
