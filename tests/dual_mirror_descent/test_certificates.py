"""Certificates: each field is recomputed, at the scale of the problem, and no false one is accepted."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd
from tests.dual_mirror_descent import oracles
from tests.rules.certificates.forging import forged_fields, with_gap

SCALES = ((1.0, 1.0), (1e-9, 1e9), (1e9, 1e-9), (1e-150, 1.0))


def menus(reward_factor=1.0, cost_factor=1.0, **options):
    """Forty requests, twelve types of them where asked."""
    rewards, costs = oracles.random_menus(np.random.default_rng(3), 40, 2, 2)
    budget = np.array([6.0, 7.0]) * cost_factor
    return dmd.RequestStream(rewards * reward_factor, costs * cost_factor, budget, **options)


def certificates(reward_factor, cost_factor):
    """Certificates of every kind with the problems that they are about."""
    stream = menus(reward_factor, cost_factor)
    typed = menus(reward_factor, cost_factor, types=np.random.default_rng(0).integers(40, size=60))
    yield "a run", stream, dmd.allocate(stream).certificate
    yield "types", typed, dmd.allocate(typed, geometry="capped-entropy").certificate
    yield "shares", stream, dmd.allocate(stream, step_size=0.0, on_depletion="clip").certificate
    fair = dmd.allocate(stream, geometry="scaled-euclidean", fairness=0.25 * reward_factor)
    yield "fair", stream, fair.certificate
    costs = sparse.csr_array(stream.costs[:, 0])
    thin = dmd.RequestStream(stream.rewards[:, 0], costs, stream.budget)
    yield "sparse", thin, dmd.allocate(thin).certificate
    clipped = dmd.allocate(thin, step_size=0.0, on_depletion="clip")
    assert clipped.n_clipped > 0
    yield "sparse shares", thin, clipped.certificate
    yield "greedy", stream, dmd.baselines.greedy(stream).certificate
    yield "history", stream, dmd.baselines.history_dependent(stream, every=10).certificate
    values, others = np.random.default_rng(1).uniform(0.1, 1, (2, 30)) * reward_factor
    auctions = dmd.RequestStream(values - others, others, 3 * reward_factor)
    yield "auctions", auctions, dmd.pace(values, others, 3 * reward_factor).certificate
    yield "hindsight", stream, dmd.hindsight_optimum(stream).certificate
    yield "whole requests", stream, dmd.hindsight_optimum(stream, integer=True).certificate
    counts = np.random.default_rng(2).integers(0, 5, 40).astype(float)
    told = dmd.hindsight_optimum(stream.rewards, stream.costs, stream.budget, counts=counts)
    yield "counts", stream, told.certificate
    fluid = dmd.fluid_optimum(stream, np.full(40, 1 / 40), stream.budget / 40)
    yield "fluid", replace_budget(stream, stream.budget / 40), fluid.certificate


def replace_budget(stream, budget):
    return dmd.RequestStream(stream.rewards, stream.costs, budget)


def same_up_to_rounding(one, other):
    """Whether two certificates say the same: prices that are equal but for rounding, the first of them repeated."""
    names = [field.name for field in fields(one) if field.name != "statement"]
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all(np.allclose(x, y, rtol=1e-12, atol=0) for x, y in pairs if x is not None)


@pytest.mark.parametrize(("reward_factor", "cost_factor"), SCALES)
def test_every_false_field_is_refused(reward_factor, cost_factor):
    tried = 0
    for name, problem, true in certificates(reward_factor, cost_factor):
        assert true.verify(problem), name
        for words, false in forged_fields(true):
            if same_up_to_rounding(true, false):
                continue
            assert not false.verify(problem), f"{name}: {words}"
            tried += 1
        assert not replace(true, statement="dual_mirror_descent/DMD-L3").verify(problem)
        assert not replace(true, achieved=1.1 * true.achieved).verify(problem), name
        slack = 0.5 * (true.bound - true.achieved)
        if slack > 1e-6 * true.bound:  # one between the true one and the bound
            assert not with_gap(true, achieved=true.achieved + slack).verify(problem)
    assert tried > 200


def test_a_certificate_is_about_its_own_problem():
    stream, other = menus(), menus(2.0)
    for true in (dmd.allocate(stream).certificate, dmd.hindsight_optimum(stream).certificate):
        assert not true.verify(other)
        assert not true.verify(replace_budget(stream, stream.budget / 2))
        assert not true.verify(dmd.RequestStream(stream.rewards[:20], stream.costs[:20], stream.budget))


def test_certificates_of_fractions_are_exact():
    rewards, costs = oracles.random_menus(np.random.default_rng(3), 12, 2, 2)
    stream = dmd.RequestStream(*(_fractions(x) for x in (rewards, costs, np.array([1.5, 2.0]))))
    true = dmd.allocate(stream, step_size=Fraction(1, 4)).certificate
    assert true.verify(stream)
    tiny = Fraction(1, 10**30)
    assert not replace(true, bound=true.bound + tiny, gap=true.gap + tiny).verify(stream)
    assert not replace(true, achieved=true.achieved + tiny, gap=true.gap - tiny).verify(stream)
    assert not replace(true, gap=true.gap + tiny).verify(stream)


def _fractions(table):
    exact = np.empty(table.size, dtype=object)
    exact[:] = [Fraction(x) for x in table.ravel().tolist()]
    return exact.reshape(table.shape)


def test_a_run_that_overdraws_proves_nothing():
    stream = dmd.RequestStream(np.ones(4), np.ones(4), 2.0)
    found = dmd.baselines.fast_online_lp(stream)
    assert found.consumption[0] > 2
    assert not found.certificate.verify(stream)
