"""Runs of dual mirror descent in files for Coq: which arguments of a theorem their requests and prices are."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from lrtheory.bounds import Proof, Wrong, exactly
from lrtheory.bounds.sets.proof import real, reals
from proofs_checks.dual_mirror_descent.families.paths import comparators, gradients
from proofs_checks.dual_mirror_descent.families.streams import Requests, Walk, earned, first_shortage, spent

HERE = Path(__file__).parent


def rows(lines: Iterable[Iterable[str]]) -> str:
    """A list of tuples, whose entries are texts."""
    return f"[{'; '.join('(' + ', '.join(line) + ')' for line in lines)}]"


def steps(requests: Requests) -> str:
    """Whether steps are lazy, and their size."""
    return f"{str(requests.lazy).lower()} {real(requests.step_size)}"


def is_euclidean(requests: Requests) -> bool:
    """Whether prices move by Euclidean steps, which are exact here."""
    return requests.geometry == "euclidean"


def compared(requests: Requests, walk: Walk) -> dict[int, str]:
    """The whole run, beside the price at which the last resource alone would use all rewards up."""
    g, stay = gradients(requests, walk), comparators(exactly(requests))[-1]
    parts = [
        (real(first), reals(pulls), reals(prices), real(one))
        for first, pulls, prices, one in zip(requests.init, g.T, walk.prices.T, stay, strict=True)
    ]
    return {len(comparators(requests)) * len(g) - 1: f"{steps(requests)} {rows(parts)}"}


REGRET = Proof(
    "every sequence of gradients, eager or lazy Euclidean steps of every size, every number of resources",
    file=HERE / "DMD_L3.v",
    anchor=compared,
    about="the rule",
    wrong=(
        Wrong("half of it", "=> regret stay gradients prices)", "=> 2 * regret stay gradients prices)"),
        Wrong(
            "comparison with prices below zero too",
            "0 <= stay /\\ walk",
            "stay <= 0 /\\ walk",
            lambda: "false 1 [(0, [1; 1], [0; 0; 0], -2)]",
        ),
    ),
)


def paired(requests: Requests, walk: Walk) -> dict[int, str]:
    """The whole run."""
    if not is_euclidean(requests):
        return {}
    columns = zip(requests.init, gradients(requests, walk).T, walk.prices.T, strict=True)
    parts = [(real(first), reals(pulls), reals(prices)) for first, pulls, prices in columns]
    return {requests.horizon - 1: f"{steps(requests)} {rows(parts)}"}


SLACKNESS = Proof(
    "every sequence of gradients, eager or lazy Euclidean steps of every size, every number of resources",
    file=HERE / "DMD_L10.v",
    anchor=paired,
    about="the rule",
    wrong=(
        Wrong(
            "four fifths of it",
            "sum (map (fun '(first, gradients, prices) => dot gradients prices)",
            "5 / 4 * sum (map (fun '(first, gradients, prices) => dot gradients prices)",
        ),
    ),
)


def costly(requests: Requests, walk: Walk) -> dict[int, str]:
    """The costs of the proposals and the prices of each resource, over the whole run."""
    n, m = requests.horizon, len(requests.rate)
    columns = zip(requests.rate, requests.init, spent(requests, walk.proposed).T, walk.prices.T, strict=True)
    return {
        (n - 1) * m + j: f"{steps(requests)} {real(rate)} {real(first)} {reals(costs)} {reals(prices)}"
        for j, (rate, first, costs, prices) in enumerate(columns)
    }


OVERSPENT = Proof(
    "every sequence of costs, eager or lazy Euclidean steps of every size",
    file=HERE / "DMD_R1.v",
    anchor=costly,
    about="the rule",
    wrong=(
        Wrong("half of it", "(last prices 0 - first) / step", "(last prices 0 - first) / (2 * step)"),
        Wrong(
            "prices that ignore the rate",
            "rate - cost) costs) prices",
            "cost - rate) costs) prices",
            lambda: "false 1 1 0 [2] [0; 0]",
        ),
    ),
)


def moved(requests: Requests, walk: Walk) -> dict[int, str]:
    """The last move of the prices."""
    before, after, g = walk.prices[-2], walk.prices[-1], gradients(requests, walk)[-1]
    parts = [tuple(map(real, one)) for one in zip(before, g, after, strict=True)]
    return {requests.horizon - 1: f"{real(requests.step_size)} {rows(parts)}"}


MOVEMENT = Proof(
    "every number of resources, prices at or above zero, gradients and step sizes",
    file=HERE / "DMD_L8.v",
    anchor=moved,
    about="the rule",
    wrong=(Wrong("half of it", "step * sum", "step / 2 * sum"),),
)


def proposed(requests: Requests, walk: Walk) -> dict[int, str]:
    """The proposals of a whole run as each resource sees them: rewards, costs, and what is paid for the others."""
    used, rewards, prices = spent(requests, walk.proposed), earned(requests, walk.proposed), walk.prices
    payments, n, m = used * prices[:-1], requests.horizon, len(requests.rate)
    found = {}
    for j in range(m):
        others = payments.sum(1) - payments[:, j]
        seen = rows(tuple(map(real, one)) for one in zip(rewards, used[:, j], others, strict=True))
        ends = (requests.rate[j], requests.reward_bound, requests.cost_bound[j], requests.init[j])
        found[n * m + j] = f"{steps(requests)} {' '.join(map(real, ends))} {seen} {reals(prices[:, j])}"
    return found


BOX = Proof(
    "every sequence of proposals that pay no more than their rewards, eager or lazy Euclidean steps of every size",
    file=HERE / "DMD_L4.v",
    anchor=proposed,
    about="the rule",
    wrong=(
        Wrong("an eighth less", "Rmax first (most", "7 / 8 * Rmax first (most"),
        Wrong(
            "without what one step adds",
            "+ step * Rmax",
            "+ 0 * Rmax",
            lambda: "false 1 1 (1 / 2) 2 0 [(1 / 2, 2, 0)] [0; 1]",
        ),
    ),
)


def replied(requests: Requests, walk: Walk) -> dict[int, str]:
    """The last proposal up to the stopping time beside each action."""
    last = first_shortage(requests, walk.proposed) - 1
    if last < 0:
        return {}
    price, used = walk.prices[last], spent(requests, walk.proposed)[last]
    alpha = max(Fraction(1), *map(Fraction, exactly(requests.cost_bound) / exactly(requests.rate)))
    found, n_actions = {}, requests.rewards.shape[1]
    for x in range(n_actions):
        parts = [tuple(map(real, one)) for one in zip(price, requests.rate, used, requests.costs[last, x], strict=True)]
        ends: tuple[Any, ...] = (alpha, earned(requests, walk.proposed)[last], requests.rewards[last, x])
        found[last * (n_actions + 1) + x] = f"{' '.join(map(real, ends))} {rows(parts)}"
    return found


ADVERSARY = Proof(
    "every number of resources, prices at or above zero, every request and every best reply to it",
    file=HERE / "DMD_L12.v",
    anchor=replied,
    about="the rule",
    wrong=(
        Wrong(
            "half of the largest cost over rate",
            "other <= alpha * rate",
            "other / 2 <= alpha * rate",
            lambda: "1 1 3 [(1, 1, 0, 2)]",
        ),
    ),
)
