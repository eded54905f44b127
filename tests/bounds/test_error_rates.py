"""False alarms and misses of every checker of random claims, measured at alpha = 0.01 on laws with known answers.

Each law is judged as the engine judges it: chunk after chunk, with a look after each. A rate of wrong verdicts is
refuted by an exact binomial test when it exceeds alpha; a checker may miss in at most one run of a hundred.
"""

import numpy as np
import pytest
from scipy.stats import binom

from lrtheory.bounds import Expectation, Law, Probability, Rate
from lrtheory.bounds.claims import Level
from lrtheory.bounds.session import chunks

ALPHA = 0.01
REPETITIONS = 1000
CAP = 2048
LOOKS = chunks(CAP)
LEVEL = Level(ALPHA, 1, len(LOOKS))
MOST_ERRORS = int(binom.ppf(1 - 1e-6, REPETITIONS, ALPHA))


def verdict(claim, draw, rng):
    seen = []
    for size in LOOKS:
        seen.append(claim.observe(None, draw(rng, size)))
        judged = claim.judge(None, np.concatenate(seen), LEVEL).verdict
        if judged != "inconclusive":
            return judged
    return "inconclusive"


def rates(claim, draw):
    """Counts of the verdicts on independent repetitions."""
    streams = np.random.SeedSequence(20).spawn(REPETITIONS)
    verdicts = [verdict(claim, draw, np.random.default_rng(stream)) for stream in streams]
    return {name: verdicts.count(name) for name in ("supported", "refuted", "inconclusive")}


def probability(delta):
    return Probability(event=lambda _, x: x, at_most=lambda _: delta)


def expectation(bound, high=1.0):
    return Expectation(sample=lambda _, x: x, at_most=lambda _: bound, support=lambda _: (0.0, high))


def equality(value, within):
    return Expectation(
        sample=lambda _, x: x, equals=lambda _: value, within=lambda _: within, support=lambda _: (0.0, 1.0)
    )


def law(*p, within=0.12):
    return Law(category=lambda _, x: x, probabilities=lambda _: np.array(p), within=within)


def bernoulli(p):
    return lambda rng, n: rng.random(n) < p


def beta(a, b):
    return lambda rng, n: rng.beta(a, b, n)


def exponential(mean):
    return lambda rng, n: rng.exponential(mean, n)


def pareto(mean):  # shape 3, so the variance is finite and the third moment is not
    return lambda rng, n: mean * 2 / 3 * (1 + rng.pareto(3, n))


def point(value):
    return lambda rng, n: np.full(n, value)


def discrete(*p):
    return lambda rng, n: rng.choice(len(p), n, p=p)


TRUE = {
    "Bernoulli on the edge": (probability(0.1), bernoulli(0.1)),
    "Bernoulli just inside": (probability(0.1), bernoulli(0.095)),
    "Bernoulli, small delta, on the edge": (probability(0.01), bernoulli(0.01)),
    "never": (probability(0.05), bernoulli(0.0)),
    "Beta on the edge": (expectation(0.5), beta(2, 2)),
    "Beta just inside": (expectation(0.51), beta(2, 2)),
    "skewed Beta on the edge": (expectation(1 / 11), beta(0.1, 1.0)),
    "two-point law on the edge": (expectation(0.02), bernoulli(0.02)),
    "point mass on the edge": (expectation(0.5), point(0.5)),
    "exponential on the edge": (expectation(1.0, np.inf), exponential(1.0)),
    "Pareto on the edge": (expectation(1.0, np.inf), pareto(1.0)),
    "equal mean": (equality(0.5, 0.1), beta(2, 2)),
    "equal to the upper end": (equality(1.0, 0.1), point(1.0)),
    "equal to the lower end": (equality(0.0, 0.1), point(0.0)),
    "uniform law": (law(0.25, 0.25, 0.25, 0.25), discrete(0.25, 0.25, 0.25, 0.25)),
    "uneven law": (law(0.9, 0.09, 0.01), discrete(0.9, 0.09, 0.01)),
}
FALSE = {
    "Bernoulli on the edge": (probability(0.1), bernoulli(0.1001)),
    "Bernoulli just outside": (probability(0.1), bernoulli(0.105)),
    "Beta on the edge": (expectation(0.4999), beta(2, 2)),
    "two-point law just outside": (expectation(0.02), bernoulli(0.022)),
    "point mass just outside": (expectation(0.4999), point(0.5)),
    "Pareto just outside": (expectation(0.98, np.inf), pareto(1.0)),
    "mean on the edge of the tolerance": (equality(0.4, 0.1), beta(2, 2)),
    "mean on the edge of the tolerance of an end": (equality(1.0, 0.1), bernoulli(0.9)),
    "one run in three hundred off the end": (equality(1.0, 0.003), bernoulli(299 / 300)),
    "law on the edge of the tolerance": (law(0.5, 0.5, within=0.1), discrete(0.6, 0.4)),
}
CLEARLY_TRUE = {
    "Bernoulli": (probability(0.1), bernoulli(0.05)),
    "never": (probability(0.05), bernoulli(0.0)),
    "Beta": (expectation(0.6), beta(2, 2)),
    "skewed Beta": (expectation(0.15), beta(0.1, 1.0)),
    "point mass": (expectation(0.55), point(0.5)),
    "equal mean": (equality(0.5, 0.1), beta(2, 2)),
    "equal to the upper end": (equality(1.0, 0.1), point(1.0)),
    "equal to the lower end": (equality(0.0, 0.1), point(0.0)),
    "nearer to the end than the tolerance": (equality(0.95, 0.1), bernoulli(0.95)),
    "uniform law": (law(0.25, 0.25, 0.25, 0.25), discrete(0.25, 0.25, 0.25, 0.25)),
}
CLEARLY_FALSE = {
    "Bernoulli": (probability(0.1), bernoulli(0.2)),
    "always": (probability(0.5), bernoulli(1.0)),
    "Beta": (expectation(0.4), beta(2, 2)),
    "exponential": (expectation(0.7, np.inf), exponential(1.0)),
    "Pareto": (expectation(0.7, np.inf), pareto(1.0)),
    "point mass": (expectation(0.4), point(0.5)),
    "mean elsewhere": (equality(0.35, 0.01), beta(2, 2)),
    "one run in a hundred off the end": (equality(1.0, 0.005), bernoulli(0.99)),
    "outside of the range": (equality(1.5, 0.1), bernoulli(1.0)),
    "uneven, said to be even": (law(0.5, 0.5, within=0.09), discrete(0.6, 0.4)),
    "an impossible category": (law(0.5, 0.5, 0.0), discrete(0.4, 0.4, 0.2)),
}


def cases(table):
    return pytest.mark.parametrize(("claim", "draw"), table.values(), ids=table.keys())


@cases(TRUE)
def test_a_true_claim_is_refuted_no_more_often_than_alpha(claim, draw):
    assert rates(claim, draw)["refuted"] <= MOST_ERRORS


@cases(FALSE)
def test_a_false_claim_is_supported_no_more_often_than_alpha(claim, draw):
    assert rates(claim, draw)["supported"] <= MOST_ERRORS


@cases(CLEARLY_TRUE)
def test_a_clearly_true_claim_is_supported(claim, draw):
    assert rates(claim, draw)["supported"] >= 0.99 * REPETITIONS


@cases(CLEARLY_FALSE)
def test_a_clearly_false_claim_is_refuted(claim, draw):
    assert rates(claim, draw)["refuted"] >= 0.99 * REPETITIONS


def test_an_unbounded_range_is_never_supported():
    assert rates(expectation(5.0, np.inf), exponential(1.0))["supported"] == 0


def test_a_mean_that_rounding_carries_over_an_end_is_that_end():
    below = 0.3 - 0.1 - 0.2
    assert below < 0
    for claim in (expectation(below), equality(below, 0.1)):
        assert claim.judge(None, np.zeros(64), LEVEL).verdict != "refuted"
        assert claim.judge(None, np.eye(1, 64)[0], LEVEL).verdict == "refuted"


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (expectation(5.0, np.inf), "the range has no upper end"),
        (expectation(0.0), "is an Identity of each run"),
        (equality(1.0, 1e-4), "`within` is 0.0001, which is out of reach within 2048 runs"),
        (expectation(1e-3), ""),
        (equality(1.0, 0.1), ""),
        (equality(0.0, 0.1), ""),
        (equality(0.5, 0.1), ""),
        (equality(1.5, 1e-4), ""),  # which the range alone refutes
    ],
)
def test_what_no_runs_can_support_is_said(claim, reason):
    found = claim.never(None, CAP, LEVEL)
    assert reason in found
    assert bool(reason) == bool(found)


# --- rates ------------------------------------------------------------------------------------------------------------

SIZES = np.array([64.0, 256.0, 1024.0, 4096.0])


def ladder_verdict(cost, over, exponent, rng):
    claim = Rate(cost=lambda size, costs: costs, size=float, over=over, exponent=exponent)
    rungs = [np.empty(0)] * len(SIZES)
    for size in LOOKS:
        rungs = [np.concatenate([x, cost(s, rng, size) / over(s)]) for x, s in zip(rungs, SIZES, strict=True)]
        judged = claim.judge_ladder(SIZES, rungs, LEVEL)[0].verdict
        if judged != "inconclusive":
            return judged
    return "inconclusive"


def noisy(median):
    """Cost with the given median and a heavy right tail."""
    return lambda s, rng, n: median(s) * np.exp(np.abs(rng.standard_normal(n)) * rng.choice([-0.3, 0.9], n))


def counted(median):
    """A ladder without noise, as counts of one seed are."""
    return lambda s, rng, n: np.full(n, median(s))


def n_log_n(s):
    return s * np.log(s)


@pytest.mark.parametrize(
    ("cost", "over", "exponent", "due"),
    [
        (noisy(n_log_n), n_log_n, (-0.15, 0.15), "supported"),
        (noisy(n_log_n), lambda s: s, (-0.05, 0.05), "refuted"),
        (noisy(lambda s: s**1.5), n_log_n, (-0.15, 0.15), "refuted"),
        (noisy(lambda s: s**2), lambda s: s**2, (-0.15, 0.15), "supported"),
        (noisy(lambda s: s**2), lambda s: s, (-0.15, 0.15), "refuted"),
        (counted(n_log_n), n_log_n, (-1e-9, 1e-9), "supported"),
        (counted(lambda s: s**1.1), n_log_n, (-0.05, 0.05), "refuted"),
        (counted(lambda s: s), lambda s: s**1.001, (0.0, 0.1), "refuted"),
    ],
)
def test_exact_ladders(cost, over, exponent, due):
    streams = np.random.SeedSequence(21).spawn(60)
    verdicts = [ladder_verdict(cost, over, exponent, np.random.default_rng(stream)) for stream in streams]
    assert verdicts.count(due) == len(verdicts)


@pytest.mark.parametrize(("slope", "wrong"), [(0.15, "refuted"), (0.1501, "supported")])
def test_ladders_on_the_edge_err_no_more_often_than_alpha(slope, wrong):
    streams = np.random.SeedSequence(22).spawn(REPETITIONS // 2)
    cost = noisy(lambda s: s ** (1 + slope))
    verdicts = [ladder_verdict(cost, lambda s: s, (-0.15, 0.15), np.random.default_rng(s)) for s in streams]
    assert verdicts.count(wrong) <= int(binom.ppf(1 - 1e-6, len(streams), ALPHA))


@pytest.mark.parametrize(("bound", "verdict"), [(2.0, "supported"), (3.0, "supported"), (1.0, "refuted")])
def test_a_sample_that_is_almost_surely_one_number_is_its_own_mean(bound, verdict):
    claim = Expectation(sample=lambda _, x: x, at_most=lambda _: bound, support=lambda _: (2.0, 2.0))
    assert claim.judge(None, np.full(64, 2.0), Level()).verdict == verdict
    claim = Expectation(
        sample=lambda _, x: x, equals=lambda _: bound, within=lambda _: 0.5, support=lambda _: (2.0, 2.0)
    )
    assert (claim.judge(None, np.full(64, 2.0), Level()).verdict == "supported") == (bound == 2.0)
