"""Formulas of integer training against enumeration, scipy and closed forms."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import binom, norm

from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.integers.sums import largest_divisor
from proofs_checks.low_rank_optimizers.integers.votes import flip_probability, weight_travel


def test_sums_fit_exactly_up_to_their_limit() -> None:
    for factors, limit in ((2, 133_144), (3, 1048)):
        assert theory.safe_inputs(factors) == limit
        assert limit * 127**factors < 2**31 <= (limit + 1) * 127**factors
    assert theory.largest_product(7, 2) == 14 * 127**3


@pytest.mark.parametrize(("P", "published"), [(16, 0.0768), (64, 0.1034), (100, 0.0886), (1000, 0.1067)])
def test_sign_votes_are_binomial(P: int, published: float) -> None:
    quantile = int(16 * norm.isf(0.05))
    bound = quantile * math.isqrt(P)
    found = flip_probability([1] * P, bound)
    least = math.ceil(bound / 16)  # |2 X - P| >= least
    tail = 2 * binom.sf(math.ceil((P + least) / 2) - 1, P, 0.5)
    assert float(found) == pytest.approx(tail, rel=1e-9)
    assert float(found) == pytest.approx(published, abs=5e-5)


def test_any_vote_is_enumerated() -> None:
    chance = np.random.default_rng(0)
    for bound in (0, 100, 3000):
        z = chance.integers(-300, 300, 9).tolist()
        sums = [sum(s * x for s, x in zip(signs, z, strict=True)) for signs in product((-1, 1), repeat=9)]
        share = Fraction(sum(total != 0 and 16 * abs(total) >= bound for total in sums), 512)
        assert flip_probability(z, bound) == share
    assert flip_probability([5, 5], 0) == Fraction(1, 2)  # a vote of 0 moves nothing
    with pytest.raises(ValueError, match="`bound` must be"):
        flip_probability([5, 5], Fraction(-1, 2))


def test_quantiles_are_those_of_the_normal_law() -> None:
    for step in (0, 1, 60, 600, 100_000, 10**30):
        assert theory.vote_quantile(step) == int(16 * norm.isf(0.5 / (1 + 0.015 * step)))
    assert theory.vote_quantile(60, cooling=0.5) == int(16 * norm.isf(0.5 / 31))


def test_scores_are_too_high_by_at_most_the_floors_of_their_table() -> None:
    lost = [64 + x - 16 * math.log2(math.floor(16 * 2 ** (x / 16))) for x in range(1, 256)]
    everything = np.arange(-127, 128)
    assert theory.score_excess(everything) == pytest.approx(1 + max(lost), rel=1e-12)
    for least, published in ((-127, 1.0332), (-64, 0.0690), (-32, 0.0168), (-8, 0.0052)):
        assert theory.score_excess(everything[everything >= least]) - 1 == pytest.approx(published, abs=5e-5)


def test_logits_are_integers():
    with pytest.raises(ValueError, match="`logits` must be integers"):
        theory.score_excess([1.5])
    for call in (lambda: theory.score_excess([1], log=3), lambda: theory.entropy_rate([[1.0]], log="abc")):
        with pytest.raises(TypeError, match="`log` must be callable; got"):
            call()


def test_divisors_are_the_largest_of_the_proof():
    for bits in (8, 20, 28, 40):
        d = largest_divisor(bits)
        assert 255 * d**2 <= 2**bits < 255 * (d + 1) ** 2


def test_entropy_rates_of_known_chains() -> None:
    assert theory.entropy_rate([[0.25] * 4] * 4) == pytest.approx(2.0)
    p = 0.1
    symmetric = theory.entropy_rate([[1 - p, p], [p, 1 - p]])
    assert symmetric == pytest.approx(-p * math.log2(p) - (1 - p) * math.log2(1 - p))
    assert [str(theory.entropy_rate(P)) for P in ([[0, 1], [1, 0]], [[1.0]])] == ["0.0", "0.0"]
    with pytest.raises(ValueError, match="irreducible"):
        theory.entropy_rate([[1, 0], [0, 1]])


def test_reducible_chains_are_refused_in_any_order_of_their_states() -> None:
    half = Fraction(1, 2)
    leaving = np.array([[half, half, 0], [0, half, half], [0, 1, 0]], object)  # state 0 is left for good
    for P in (leaving, leaving.astype(float)):
        for order in permutations(range(3)):
            with pytest.raises(ValueError, match="`transitions` must be those of an irreducible chain"):
                theory.entropy_rate(P[np.ix_(order, order)])


def test_travel_ends_at_the_ends() -> None:
    assert [weight_travel(t) for t in (0, 5, 254, 300)] == [0, 5, 254, 254]
    assert theory.least_loss(Fraction(2), Fraction(1)) == Fraction(31, 16)
