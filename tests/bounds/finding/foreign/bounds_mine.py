"""Statements that break one rule each, as authors write them, and solvers that do."""

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Classical, Family, Identity, Inequality, Law, Sides, Statement, always, saboteur


def statement(name, **changes):
    """A statement about the sum of the first n numbers, with other fields."""
    fields = {
        "title": "A rule",
        "says": "The numbers from 1 to n have the sum n (n + 1) / 2.",
        "source": Classical("sum of the first numbers", "school"),
        "tex": "s = n(n+1)/2",
        "hypotheses": {"none": always},
        "instances": Family(f"mine-{name}", always=(1, 2, 5), draw=lambda draws: draws.integers(6, 50)),
        "solve": lambda n, rng: n * (n + 1) // 2,
        "claim": Identity(lambda n, total: Sides(total, n * (n + 1) // 2)),
        "saboteurs": (saboteur("one more", solve=lambda n, rng: n * (n + 1) // 2 + 1),),
    }
    return Statement(id=f"mine/{name}", **{**fields, **changes})


SUM = statement("sum")
PAIR = statement(
    "pair",
    solve=lambda n, rng: (n * (n + 1) // 2, sum(range(n + 1))),
    claim=Identity(lambda n, both: Sides(both[0], both[1])),
    saboteurs=(saboteur("one more", solve=lambda n, rng: (n, n + 1)),),
)


@dataclass(frozen=True)
class Answer:
    """Which numbers are chosen, and what they are said to sum to."""

    chosen: np.ndarray
    value: int


def choose(n, rng):
    return Answer(np.arange(n) + 1, n * (n + 1) // 2)


def short(n, rng):
    return Answer(np.arange(n) + 1, n * (n + 1) // 2 - 1)


COVER = statement(
    "cover",
    solve=choose,
    claim=Inequality(lambda n, answer: Sides(answer.chosen.sum(), answer.value, trivial=n * n + 1)),
    decisions=("chosen",),
    may_vary={"chosen": "how many are chosen is up to the solver"},
    saboteurs=(saboteur("one less", solve=short),),
)
UNREAD = statement(
    "unread",
    solve=choose,
    claim=Identity(lambda n, answer: Sides([answer.value, answer.chosen.sum()], [n * (n + 1) // 2] * 2)),
    unread={"value": "the value is not looked at", "chosen": "neither are the numbers"},
    saboteurs=(saboteur("one less", solve=short),),
)
FREE = statement("free", free={"outcome": "a sum has no sign at all"})


def lengths(matrix, rng):
    return np.linalg.svd(matrix, compute_uv=False)


INEXACT = statement(
    "inexact",
    instances=Family(
        "mine-matrices", always=(np.array([[1.0, 2.0], [3.0, 4.0]]),), draw=lambda d: d.floats(-1, 1, (2, 2))
    ),
    solve=lengths,
    claim=Identity(lambda matrix, values: Sides(values, np.linalg.svd(matrix, compute_uv=False))),
    saboteurs=(saboteur("doubled", solve=lambda matrix, rng: 2 * lengths(matrix, rng)),),
)


def heads(n, rng, runs):
    """How many tosses each of the runs takes until heads, and the tosses themselves, as many as are needed."""
    tosses = [rng.random(64) < 0.5 for _ in range(runs)]
    return [one[: int(one.argmax()) + 1] for one in tosses]


TOSSES = statement(
    "tosses",
    instances=Family("mine-coins", always=(1,), complete="the one coin", members=1),
    solve=heads,
    claim=Law(
        category=lambda n, runs: np.array([min(len(one), 3) - 1 for one in runs]),
        probabilities=lambda n: np.array([0.5, 0.25, 0.25]),
        within=0.1,
    ),
    saboteurs=(saboteur("one toss", solve=lambda n, rng, runs: [np.ones(1, bool)] * runs),),
)


# --- solvers of a caller's -------------------------------------------------------------------------------------------


def doubled(n, rng):
    return np.array([n, n])


def real(n, rng):
    return n * (n + 1) / 2


def nothing(n, rng):
    return Answer(np.arange(n) + 1, np.nan)


def copied(n, rng, runs):
    """One run for all."""
    return heads(n, rng, 1) * runs
