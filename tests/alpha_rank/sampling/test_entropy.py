"""Entropy estimates: against the integrals by another route, closed forms, and laws whose entropy is known."""

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, special, stats

from lrtheory.alpha_rank.sampling.entropy import nsb_entropy, plug_in_entropy


def by_quadrature(counts, n_categories):
    """Adaptive quadrature over beta / (1 + beta), with sums of logarithms in place of gamma functions."""
    k, n = n_categories, sum(counts)
    counts = list(counts) + [0] * (k - len(counts))
    rising = lambda x, m: sum(math.log(x + j) for j in range(m))

    def parts(beta):
        log_rho = sum(rising(beta, c) for c in counts) - rising(k * beta, n)
        slope = k * special.zeta(2, k * beta + 1) - special.zeta(2, beta + 1)
        inner = sum((c + beta) * special.digamma(c + beta + 1) for c in counts) / (n + k * beta)
        return log_rho, slope, special.digamma(n + k * beta + 1) - inner

    peak = max(parts(b)[0] for b in np.geomspace(1e-6, 1e6, 200))

    def integrand(t, power):
        beta = t / (1 - t)
        log_rho, slope, mean = parts(beta)
        return math.exp(log_rho - peak) * slope * mean**power / (1 - t) ** 2

    options = {"limit": 400, "epsabs": 0, "epsrel": 1e-11}
    points = [1e-4, 1e-2, 0.1, 0.5, 0.9]
    top, bottom = (integrate.quad(integrand, 0, 1, args=(p,), points=points, **options)[0] for p in (1, 0))
    return top / bottom


@pytest.mark.parametrize(
    ("counts", "n_categories"),
    [
        ([1], 2),
        ([3, 1], 2),
        ([10, 0, 1], 3),
        ([1] * 10, 100),
        ([7, 3, 5, 8, 9, 1, 3, 3, 1], 20),
        ([60], 64),
        ([20, 20, 20], 3),
        ([50, 5, 3, 1, 1], 64),
    ],
)
def test_nsb_against_quadrature(counts, n_categories):
    assert nsb_entropy(counts, n_categories=n_categories) == pytest.approx(
        by_quadrature(counts, n_categories), rel=1e-8
    )


def test_nsb_averages_dirichlet_posteriors():
    """At K = 2 the mixture is sampled: xi uniform, p given beta, and the entropy weighted by the likelihood of p."""
    rng, counts = np.random.default_rng(0), np.array([6, 2])
    betas = np.geomspace(1e-9, 1e9, 4001)
    xi = special.digamma(2 * betas + 1) - special.digamma(betas + 1)
    beta = np.interp(rng.uniform(0, math.log(2), 400_000), xi, betas)
    p = np.clip(rng.beta(beta, beta), 1e-300, 1 - 1e-16)
    weight = p ** counts[0] * (1 - p) ** counts[1]
    entropy = -p * np.log(p) - (1 - p) * np.log1p(-p)
    mean = (weight * entropy).sum() / weight.sum()
    error = math.sqrt((weight**2 * (entropy - mean) ** 2).sum()) / weight.sum()
    assert abs(nsb_entropy(counts, n_categories=2) - mean) < 5 * error < 0.01


@pytest.mark.parametrize("law", [np.full(200, 1 / 200), stats.zipf(1.5).pmf(np.arange(1, 201)), [0.99, 0.01]])
def test_estimates_on_known_laws(law):
    """With fewer samples than values plug-in misses much of a flat law, and NSB does not."""
    law = np.array(law) / np.sum(law)
    truth, rng, k = stats.entropy(law), np.random.default_rng(1), len(law)
    counts = rng.multinomial(100, law, size=40)
    plug_in = np.mean([plug_in_entropy(row) for row in counts])
    nsb = np.mean([nsb_entropy(row, n_categories=k) for row in counts])
    assert plug_in < truth
    assert abs(nsb - truth) < 0.2
    assert k == 2 or abs(nsb - truth) < 0.6 * (truth - plug_in)
    many = rng.multinomial(10**6, law)
    assert nsb_entropy(many, n_categories=k) == pytest.approx(truth, abs=0.01)
    assert plug_in_entropy(many) == pytest.approx(truth, abs=0.01)


def test_entropy_of_what_is_certain_and_of_little():
    assert plug_in_entropy([5]) == 0
    assert nsb_entropy([5], n_categories=1) == 0
    assert plug_in_entropy([1, 1, 0, 2]) == pytest.approx(stats.entropy([1, 1, 2]))
    alone = [nsb_entropy([n], n_categories=64) for n in (1, 10, 100, 10_000)]
    assert (np.diff(alone) < 0).all()
    assert alone[-1] < 1e-3
    assert nsb_entropy([1, 0, 3], n_categories=64) == nsb_entropy([3, 1], n_categories=64)
    huge = [nsb_entropy([2, 1, 1, 1], n_categories=float(2**k)) for k in (4, 28, 120, 300)]
    assert (np.diff(huge) > -1e-9).all()  # it has a limit for infinitely many values
    assert huge[1] > huge[0] + 1
    assert nsb_entropy([2, 2], n_categories=Fraction(8)) == nsb_entropy([2, 2], n_categories=8)


def test_nsb_is_quick():
    counts = np.random.default_rng(0).multinomial(500, np.random.default_rng(1).dirichlet(np.ones(60)))
    nsb_entropy(counts, n_categories=64)
    start = time.perf_counter()
    for _ in range(5):
        nsb_entropy(counts, n_categories=64)
    assert (time.perf_counter() - start) / 5 < 0.05


@pytest.mark.parametrize(
    ("counts", "n_categories", "match"),
    [
        ([], 2, "`counts` must be not all 0"),
        ([0, 0], 2, "`counts` must be not all 0"),
        ([-1, 2], 2, r"`counts` must be in \[0, inf\]"),
        ([0.5, 1], 2, "`counts` must be whole numbers"),
        ([[1, 2]], 2, "`counts` must be of shape"),
        ([1, 2, 3], 2, r"`n_categories` must be in \[3, "),
        ([1, 2], 2.5, "`n_categories` must be a whole number"),
        ([1, 2], math.inf, "`n_categories`"),
    ],
)
def test_bad_input(counts, n_categories, match):
    with pytest.raises(ValueError, match=match):
        nsb_entropy(counts, n_categories=n_categories)
