"""river: heavy hitters of a stream, and drifts.

Keys are integers, whose hash in CPython is the number itself, so that no verdict depends on the process.
"""

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import ready
from lrtheory.bounds import Documented, Family, Inequality, Probability, Sides, Statement, Tight, Violated, saboteur
from river import drift, sketch

# --- instances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Observed:
    """A stream of keys that is repeated, and the parameters of the heavy hitters."""

    keys: tuple[int, ...]
    support: Fraction
    epsilon: Fraction
    fading: Fraction = Fraction(1)
    times: int = 1

    @property
    def n(self) -> int:
        """The length of the stream."""
        return len(self.keys) * self.times

    @property
    def counts(self) -> dict[int, int]:
        """The frequency of every key."""
        return {key: self.times * count for key, count in Counter(self.keys).items()}


@dataclass(frozen=True)
class Coin:
    """Tosses of a coin, and the significance of a test for drift."""

    heads: Fraction
    steps: int
    delta: Fraction

    @property
    def checks(self) -> int:
        """The number of times that the detector looks, once in 32 steps."""
        return self.steps // 32


# --- what is under test -----------------------------------------------------------------------------------------------


def heavy(observed, rng):
    """What is output, and the estimate of every key."""
    hitters = sketch.HeavyHitters(float(observed.support), float(observed.epsilon), float(observed.fading))
    for key in observed.keys * observed.times:
        hitters.update(key)
    return {
        "output": tuple(sorted(key for key, _ in hitters.most_common())),
        "estimates": {key: hitters[key] for key in observed.counts},
    }


def alarms(change):
    """Whether a drift is detected; halfway the probability of heads becomes ``change(heads)``."""

    def solve(coin, rng, n):
        found = []
        for _ in range(n):
            detector, later = drift.ADWIN(delta=float(coin.delta)), coin.steps // 2
            heads = np.where(np.arange(coin.steps) < later, float(coin.heads), float(change(coin.heads)))
            tosses, detected = (rng.random(coin.steps) < heads).astype(int), False
            for toss in tosses.tolist():
                detector.update(toss)
                detected |= detector.drift_detected
            found.append(detected)
        return np.array(found)

    return solve


# --- claims -----------------------------------------------------------------------------------------------------------


def no_false_negatives(observed, found):
    due = {key for key, count in observed.counts.items() if count > observed.support * observed.n}
    return Sides(lhs=len(due - set(found["output"])), rhs=0, trivial=len(observed.counts))


def near(share):
    """An estimate is not above the truth, and short of it by at most ``share(epsilon)`` of the stream."""

    def sides(observed, found):
        pairs = [(count, found["estimates"][key]) for key, count in observed.counts.items()]
        short = [Fraction(count) - Fraction(estimate) for count, estimate in pairs]
        lhs = [*short, *(-one for one in short)]
        rhs = [share(observed.epsilon) * observed.n] * len(pairs) + [0] * len(pairs)
        return Sides(lhs=lhs, rhs=rhs, trivial=[observed.n] * len(lhs))

    return Inequality(sides)


# --- statements -------------------------------------------------------------------------------------------------------

HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)


def observed(draws):
    keys = tuple(draws.integers(0, 4, shape=draws.integers(1, 30)).tolist())
    epsilon = Fraction(1, draws.integers(1, 6))
    return Observed(keys, epsilon * draws.choice((QUARTER, HALF, Fraction(1))), epsilon)


SHORT = [stream.keys for stream in ready.streams().smallest()[:23]]
HITTERS = Family(
    "river-hitters",
    always=(
        Observed((0,), HALF, Fraction(1)),
        *(Observed(keys, QUARTER, HALF) for keys in SHORT),
        Observed(tuple(range(200)), Fraction(1, 1000), Fraction(1, 200)),
    ),
    draw=observed,
)
HEAVY_HITTERS = Statement(
    id="river/heavy-hitters",
    title="Every item above the support is output",
    says="Of n items, none with a frequency above the support times n is missing from the output.",
    source=Documented("river", "sketch.HeavyHitters", "all items above support times n are output"),
    tex=r"f_x > s n \Rightarrow x \in \mathrm{output}",
    hypotheses={"no forgetting": lambda case: case.fading == 1},
    instances=HITTERS,
    solve=heavy,
    claim=Inequality(no_false_negatives),
    violated=Violated(
        "The constructor demands that the support is at most epsilon, and what is below epsilon n is lost"
    ),
    unread={"estimates": "they are judged by river/heavy-hitters-estimates"},
    notes="The promise rests on an epsilon far below the support, as the documentation has it; with the order that the "
    "constructor demands, the second promise, nothing below (support - epsilon) n, says nothing. With the default "
    "parameters, of 200 items that differ none is output.",
)

ESTIMATES = replace(
    HEAVY_HITTERS,
    id="river/heavy-hitters-estimates",
    title="Frequencies are too small by at most a share of the stream",
    says="Of n items without forgetting, an estimate f' of a frequency f is at most f and at least f - eps n.",
    source=Documented("river", "sketch.HeavyHitters", "frequencies are short by at most epsilon times n"),
    tex=r"0 \le f - \hat f \le \varepsilon n",
    instances=replace(HITTERS, name="river-estimates", tight=(Tight(Observed((0, 1), HALF, HALF), 1, 1),)),
    claim=near(lambda epsilon: epsilon),
    violated=None,
    unread={"output": "it is judged by river/heavy-hitters"},
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("pruned at every item", solve=lambda case, rng: heavy(replace(case, epsilon=Fraction(1)), rng)),
        saboteur("half of it", claim=near(lambda epsilon: epsilon / 2)),
        saboteur(
            "forgetting",
            breaks="no forgetting",
            instances=Family(
                "river-forgetting",
                always=(
                    Observed((0, 0), HALF, HALF, HALF),
                    Observed((0,), Fraction(1, 1000), Fraction(1, 200), Fraction(999, 1000), times=4000),
                ),
                draw=lambda draws: replace(observed(draws), fading=HALF),
            ),
        ),
    ),
    notes="With the default factor of forgetting a stream of one key alone falls short of it after thousands of items.",
)

ADWIN = Statement(
    id="river/adwin",
    title="Without a drift there is seldom an alarm",
    says="While one coin is tossed, ADWIN detects a drift with probability at most delta times the number c of checks.",
    source=Documented("river", "drift.ADWIN", "a significance delta for the test of two windows, with guarantees"),
    tex=r"P(\text{alarm}) \le c\, \delta",
    hypotheses={"some checks": lambda coin: coin.checks >= 1},
    instances=Family(
        "river-coins",
        always=tuple(Coin(heads, 200, Fraction(1, 50)) for heads in (HALF, Fraction(1, 50))),
        draw=lambda draws: Coin(Fraction(draws.integers(0, 20), 20), 200, Fraction(1, 50)),
    ),
    solve=alarms(lambda heads: heads),
    claim=Probability(lambda coin, found: found, lambda coin: float(coin.checks * coin.delta)),
    saboteurs=(
        saboteur("another coin halfway", solve=alarms(lambda heads: 1 - heads if heads < HALF else 0)),
        saboteur("an alarm at every tenth run", solve=lambda coin, rng, n: rng.random(n) < 0.2),
    ),
)
