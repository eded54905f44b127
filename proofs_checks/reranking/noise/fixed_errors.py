"""A judge that errs once for ever: asking again changes nothing, and counting wins repairs what is far apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, OutcomeError, Probability, Statement, saboteur
from lrtheory.reranking.baselines import copeland_order
from lrtheory.reranking.theory import copeland_gap


@dataclass(frozen=True)
class Fixed:
    """The places of n documents, the probability of an error, and the probability delta that is allowed."""

    places: tuple[int, ...]
    error: float
    delta: float

    @property
    def n(self) -> int:
        """The number of documents."""
        return len(self.places)


def answers(case: Fixed, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return who wins each pair in each run, (n, documents, documents) bool."""
    places = np.array(case.places)
    wrong = rng.random((n, case.n, case.n)) < case.error
    wrong = np.triu(wrong, 1)
    wrong |= wrong.transpose(0, 2, 1)
    return (places[:, None] < places[None, :]) ^ (wrong & ~np.eye(case.n, dtype=bool))


def by_wins(case: Fixed, rng: np.random.Generator, n: int, share: float = 1.0) -> np.ndarray:
    """Return the library's order by wins in each run; with `share` below 1 that many of all pairs are asked."""
    wins = answers(case, rng, n).astype(float)
    if share < 1:
        asked = np.triu(rng.random(wins.shape) < share, 1)
        wins[~(asked | asked.transpose(0, 2, 1))] = 0.5
    return np.array([copeland_order(beats) for beats in wins])


def far_pair_is_wrong(case: Fixed, found: np.ndarray, part: int = 1) -> np.ndarray:
    """Mark the runs in which two documents whose places differ by h, or a part of it, are in the wrong order."""
    orders = np.asarray(found)
    if orders.shape[1:] != (case.n,) or not (np.sort(orders, axis=1) == np.arange(case.n)).all():
        raise OutcomeError(f"an outcome must be an order of {case.n} documents for each run")
    gap = copeland_gap(case.n, case.error, case.delta) / part
    places = np.array(case.places)[orders]
    # a document is too late if one stands before it that is worse by the gap
    return (np.maximum.accumulate(places, axis=1) - places >= gap).any(axis=1)


def at_most_delta(part: int = 1) -> Probability:
    """Return the claim, or the stronger one with a part of the difference."""
    return Probability(event=partial(far_pair_is_wrong, part=part), at_most=lambda case: case.delta)


def is_far(case: Fixed) -> bool:
    """Decide whether some places differ by h, so that the claim says something."""
    return case.error < 0.5 and copeland_gap(case.n, case.error, case.delta) <= case.n - 1


def draw_fixed(draws: Draws) -> Fixed:
    """Draw forty to fifty documents and an error of 1/20 to 1/5."""
    return Fixed(tuple(draws.permutation(draws.integers(40, 50)).tolist()), draws.integers(1, 4) / 20, 0.1)


FIXED = Family(
    "fixed-errors",
    always=(Fixed(tuple(range(39, -1, -1)), 0.1, 0.1), Fixed(tuple(np.roll(range(40), 7).tolist()), 0.2, 0.1)),
    draw=draw_fixed,
)

RK_N3 = Statement(
    id="reranking/RK-N3",
    title="Errors that repeat are repaired by counting wins",
    says=(
        "Every pair of n documents is asked once and answered wrongly with probability eps < 1/2, independently and "
        "for ever. The order by the numbers of wins is right on all pairs whose true places differ by at least "
        "h = sqrt(n ln(n^2 / (2 delta))) / (1 - 2 eps), with probability at least 1 - delta."
    ),
    source=Derived(copeland_gap),
    tex=r"h = \sqrt{n \ln(n^2 / (2 \delta))} / (1 - 2 \varepsilon)",
    hypotheses={"some places differ by h": is_far},
    instances=FIXED,
    solve=by_wins,
    claim=at_most_delta(),
    decisions=("outcome",),
    saboteurs=(
        saboteur("a twentieth of all pairs", solve=partial(by_wins, share=0.05)),
        saboteur("the most wins last", patch=(copeland_order, "argsort(-wins", "argsort(wins")),
        saboteur("a quarter of the difference", claim=at_most_delta(4)),
    ),
    notes=(
        "The probability must be eps and not only at most eps: documents beyond both may add up to "
        "-eps each, and then h >= (sqrt(n ln(n^2 / (2 delta))) + (n - 1) eps) / (1 - eps) is enough. Votes of one "
        "judge at temperature 0 change nothing."
    ),
)
