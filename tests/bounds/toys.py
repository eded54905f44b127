"""Toy systems, so that the engine is not shaped by one paper: counters over a stream, experts over a long run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Expectation,
    Family,
    Identity,
    Inequality,
    Law,
    OutcomeError,
    Sides,
    Statement,
    Tight,
    always,
    saboteur,
)

#: an inequality whose sides are whatever a test needs
inequality = partial(Inequality, unbounded="the sides of a toy are whatever its test needs")

# --- a stream: Misra and Gries keep k counters -----------------------------------------------------------------------


@dataclass(frozen=True)
class Stream:
    """Items of a stream, and how many counters a summary may keep."""

    items: tuple[int, ...]
    k: int


def summaries(stream: Stream, rng: np.random.Generator) -> np.ndarray:
    """Estimated frequency of each item after each update."""
    counters: Counter[int] = Counter()
    estimates = []
    for item in stream.items:
        if item in counters or len(counters) < stream.k:
            counters[item] += 1
        else:
            counters = decremented(counters)
        estimates.append([counters[i] for i in sorted(set(stream.items))])
    return np.array(estimates).reshape(len(stream.items), -1)


def decremented(counters: Counter[int]) -> Counter[int]:
    """One less of everything, and zeros forgotten."""
    return Counter({item: count - 1 for item, count in counters.items() if count > 1})


def frequencies(stream: Stream) -> np.ndarray:
    """True frequency of each item after each update."""
    return np.cumsum([[item == i for i in sorted(set(stream.items))] for item in stream.items], axis=0)


def misra_gries(k: int) -> Fraction:
    """Error per update of a summary with k counters, 1/(k+1).

    Proof
    -----
    Each update is counted, or it takes one from k counters and is not counted itself.
    The second happens at most n/(k+1) times, since each time k+1 counts vanish for good.
    """
    return Fraction(1, k + 1)


def undercount(stream: Stream, estimates: np.ndarray, factor: Fraction = Fraction(1)) -> Sides:
    """After t updates no item is undercounted by more than t/(k+1), and none is overcounted."""
    updates = np.arange(1, len(stream.items) + 1)[:, None] + 0 * estimates
    missing = frequencies(stream) - estimates
    rhs = np.stack([updates * factor * misra_gries(stream.k), 0 * updates])
    return Sides(lhs=np.stack([missing, -missing]), rhs=rhs, trivial=np.stack([updates, updates]))


def draw_stream(draws) -> Stream:
    """A short stream over four items."""
    return Stream(tuple(int(i) for i in draws.integers(0, 3, shape=draws.integers(1, 12))), draws.integers(1, 3))


STREAMS = Family(
    "toy-streams",
    always=(Stream((0,), 1), Stream((0, 1), 1)),
    tight=(Tight(Stream((0, 1, 2), 2), 1.0, 1.0),),
    draw=draw_stream,
    climb=lambda stream, draws: replace(stream, items=(*stream.items, draws.integers(0, 3))),
)

MISRA_GRIES = Statement(
    id="toy/MG",
    title="Undercounting after every update",
    says="With k counters the summary undercounts each item i of the first t of a stream by at most t / (k + 1).",
    source=Derived(misra_gries),
    tex=r"f_t(i) - \hat f_t(i) \le t/(k+1)",
    hypotheses={"one counter": lambda stream: stream.k >= 1},
    instances=STREAMS,
    solve=summaries,
    decisions=("outcome",),
    claim=Inequality(undercount),
    saboteurs=(
        saboteur("9/10 of the bound", claim=Inequality(partial(undercount, factor=Fraction(9, 10)))),
        saboteur("forgets everything", patch=(decremented, "if count > 1", "if count > count")),
        saboteur("crashes at first", solve=lambda stream, rng: 0 * summaries(stream, rng) * (stream.items[2] >= 0)),
    ),
)

# --- a long run: Hedge against a fixed sequence of losses ------------------------------------------------------------


@dataclass(frozen=True)
class Losses:
    """Losses in [0, 1] of each expert in each round."""

    table: np.ndarray

    @property
    def step(self) -> float:
        """The step size of the theorem."""
        rounds, experts = self.table.shape
        return float(np.sqrt(8 * np.log(experts) / rounds))


def hedge(losses: Losses, rng: np.random.Generator, n: int, sign: float = -1.0) -> np.ndarray:
    """The experts that n independent runs follow, one a round, drawn by exponential weights; (n, T)."""
    past = np.vstack([np.zeros(losses.table.shape[1]), np.cumsum(losses.table, 0)[:-1]])
    weights = np.exp(sign * losses.step * (past - past.min(1, keepdims=True)).clip(0, 60))
    thresholds = np.cumsum(weights, 1) / weights.sum(1, keepdims=True)
    return (rng.random((n, len(past), 1)) > thresholds).sum(2)


def regret(losses: Losses, chosen: np.ndarray) -> np.ndarray:
    """Loss above that of the best expert in hindsight; only the claim knows what the followed experts lost."""
    if not ((chosen >= 0) & (chosen < losses.table.shape[1])).all():
        raise OutcomeError("a run follows an expert that there is not")
    return losses.table[np.arange(len(losses.table)), chosen].sum(1) - losses.table.sum(0).min()


def hedge_bound(losses: Losses) -> float:
    """sqrt(T log(n) / 2)."""
    rounds, experts = losses.table.shape
    return float(np.sqrt(rounds * np.log(experts) / 2))


def bounded_by(factor: float) -> Expectation:
    """The regret bound of Hedge, times a factor."""
    return Expectation(
        sample=regret,
        at_most=lambda losses: factor * hedge_bound(losses),
        support=lambda losses: (
            -float(losses.table.max() * len(losses.table)),
            float(losses.table.max() * len(losses.table)),
        ),
    )


def alternating(rounds: int, experts: int) -> Losses:
    """Each round another expert is right."""
    return Losses(1.0 - np.eye(experts)[np.arange(rounds) % experts])


HEDGE = Statement(
    id="toy/HEDGE",
    title="Regret of exponential weights",
    says="With n experts the expected loss E L_T over T rounds exceeds the least loss by at most sqrt(T ln(n) / 2).",
    source=Classical("Hedge", "N. Cesa-Bianchi, G. Lugosi, Prediction, Learning, and Games, 2006, Theorem 2.2"),
    tex=r"\mathbb E[L_T] - \min_i L_{i,T} \le \sqrt{T \ln(n)/2}",
    hypotheses={"losses in [0, 1]": lambda losses: losses.table.min() >= 0 and losses.table.max() <= 1},
    instances=Family(
        "toy-losses",
        always=(alternating(400, 4), Losses(np.tile([1.0, 0.0], (400, 1)))),
        draw=lambda draws: Losses(draws.floats(0.0, 1.0, shape=(50, 3))),
    ),
    decisions=("outcome",),
    solve=hedge,
    claim=bounded_by(1.0),
    saboteurs=(
        saboteur("rewards the losers", solve=partial(hedge, sign=1.0)),
        saboteur("a fiftieth of the bound", claim=bounded_by(0.02)),
        saboteur(
            "a loss of 40",
            breaks="losses in [0, 1]",
            instances=Family("toy-large-losses", always=(Losses(np.array([[40.0, 0.0]])),)),
        ),
    ),
)

# --- a law that no value check can see: one uniform sample of what is alive ------------------------------------------


@dataclass(frozen=True)
class Updates:
    """v inserts, ~v deletes."""

    ops: np.ndarray

    @property
    def alive(self) -> np.ndarray:
        """The elements that are alive in the end, in order."""
        present: set[int] = set()
        for op in self.ops.tolist():
            present = present | {op} if op >= 0 else present - {~op}
        return np.array(sorted(present))


def draw_updates(draws) -> Updates:
    """Some insertions, then a deletion."""
    n = draws.integers(2, 5)
    return Updates(np.array([*range(n), ~draws.integers(0, n - 1)]))


def samples(updates: Updates, rng: np.random.Generator, n: int) -> np.ndarray:
    """The maintained sample at the end of each of n runs."""
    return np.array([maintained(updates.ops, rng) for _ in range(n)])


def maintained(ops: np.ndarray, rng: np.random.Generator) -> int:
    """Keep one uniform element under insertions and deletions."""
    alive: list[int] = []
    sample = -1
    for op in ops.tolist():
        if op >= 0:
            alive.append(op)
            if rng.random() < 1 / len(alive):
                sample = op
        else:
            alive.remove(~op)
            if sample == ~op:
                sample = alive[int(rng.random() * len(alive))] if alive else -1
    return sample


UNIFORM = Statement(
    id="toy/UNIFORM",
    title="The maintained sample is uniform",
    says="After insertions and deletions the sample e is each living element v of V with probability 1 / |V|.",
    source=Classical("reservoir sampling", "J. Vitter, Random sampling with a reservoir, 1985"),
    tex=r"P(e = v) = 1/|V|",
    hypotheses={"something is alive": lambda updates: len(updates.alive) > 0},
    instances=Family(
        "toy-updates",
        always=(Updates(np.array([0, 1])), Updates(np.array([0, 1, 2, 3, ~1]))),
        draw=draw_updates,
    ),
    decisions=("outcome",),
    solve=samples,
    claim=Law(
        category=lambda updates, sample: np.searchsorted(updates.alive, sample),
        probabilities=lambda updates: np.full(len(updates.alive), 1 / len(updates.alive)),
        within=0.06,
    ),
    saboteurs=(
        saboteur("coin 1/(n+1)", patch=(maintained, "1 / len(alive)", "1 / (1 + len(alive))")),
        saboteur("promotes the newest", patch=(maintained, "alive[int(rng.random() * len(alive))]", "alive[-1]")),
    ),
)


# --- an identity ------------------------------------------------------------------------------------------------------


def gauss(n: int) -> Fraction:
    """Sum of the first n numbers, n (n+1) / 2.

    Proof
    -----
    The first and the last, the second and the last but one, and so on, each add to n + 1.
    There are n/2 such pairs.
    """
    return Fraction(n * (n + 1), 2)


GAUSS = Statement(
    id="toy/GAUSS",
    title="Sum of the first numbers",
    says="The numbers i from 1 to n have the sum n (n + 1) / 2.",
    source=Derived(gauss),
    tex=r"\sum_{i \le n} i = n(n+1)/2",
    hypotheses={"none": always},
    instances=Family("toy-numbers", always=tuple(range(1, 20)), draw=lambda draws: draws.integers(20, 200)),
    solve=lambda n, rng: np.arange(1, n + 1).sum(),
    claim=Identity(lambda n, total: Sides(lhs=total, rhs=gauss(n))),
    saboteurs=(
        saboteur("one short", solve=lambda n, rng: np.arange(1, n).sum()),
        saboteur("n^2/2 as printed", printed=True, claim=Identity(lambda n, total: Sides(total, Fraction(n * n, 2)))),
    ),
)

#: without draws, for tests that count
NINETEEN = Family("toy-numbers", always=tuple(range(1, 20)))

TOYS = (MISRA_GRIES, HEDGE, UNIFORM, GAUSS)
