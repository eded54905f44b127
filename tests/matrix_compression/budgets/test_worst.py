"""Ranks for the worst matrix against all ranks that could be chosen, in units of all sizes, and their certificates."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression.budgets.certificate import certificate_of, worst_certificate_of
from lrtheory.matrix_compression.budgets.spectra import Order, read_spectra
from proofs_checks.matrix_compression.budgets.worst_matrix import least_worst_energy
from tests.rules.certificates.forging import with_gap

SPECTRUM = st.lists(st.integers(0, 4), max_size=4).map(lambda x: sorted(x, reverse=True))
SPECTRA = st.lists(SPECTRUM, min_size=1, max_size=3)
COSTS = st.lists(st.integers(1, 4), min_size=3, max_size=3)


def worst(spectra: list[list[int]], ranks: Any) -> Fraction:
    """The largest squared relative error."""
    sums = [(sum(v * v for v in s[r:]), sum(v * v for v in s)) for s, r in zip(spectra, ranks, strict=True)]
    return max((Fraction(lost, whole) for lost, whole in sums if whole), default=Fraction(0))


@settings(max_examples=100, deadline=None)
@given(SPECTRA, st.integers(0, 12), st.sampled_from(["sum", "max"]))
def test_errors_of_all_and_of_each(spectra: list[list[int]], budget: int, objective: str) -> None:
    found = mc.allocate_ranks(floats(spectra), budget, objective=objective)
    squares = [[v * v for v in s] for s in spectra]
    lost = [sum(s[r:]) for s, r in zip(squares, found.ranks, strict=True)]
    whole = [sum(s) for s in squares]
    assert found.captured == sum(whole) - sum(lost)
    assert found.error == pytest.approx((sum(lost) / max(1, sum(whole))) ** 0.5, rel=1e-15)
    each = [(one / max(1, all_of_it)) ** 0.5 for one, all_of_it in zip(lost, whole, strict=True)]
    np.testing.assert_allclose(found.errors, each, rtol=1e-15)


def floats(spectra: list[list[int]]) -> list[np.ndarray]:
    return [np.array(s, float) for s in spectra]


@settings(max_examples=200, deadline=None)
@given(SPECTRA, COSTS, st.integers(0, 20))
def test_no_other_ranks_are_better_or_cheaper(spectra: list[list[int]], costs: list[int], budget: int) -> None:
    costs = costs[: len(spectra)]
    every = [r for r in itertools.product(*(range(len(s) + 1) for s in spectra)) if np.dot(r, costs) <= budget]
    least = min(worst(spectra, r) for r in every)
    found = mc.allocate_ranks(floats(spectra), budget, cost=costs, objective="max")
    assert worst(spectra, found.ranks) == least == least_worst_energy(spectra, budget, costs)
    assert found.used == min(np.dot(r, costs) for r in every if worst(spectra, r) == least)
    assert found.errors.max() == found.certificate.achieved == found.certificate.bound
    assert found.certificate.achieved == pytest.approx(float(least) ** 0.5, rel=1e-15)
    assert found.certificate.verify(floats(spectra))
    ranks = every[-1]
    given = mc.certify_ranks(floats(spectra), ranks, budget, cost=costs, objective="max")
    assert given.certificate.achieved == pytest.approx(float(worst(spectra, ranks)) ** 0.5, rel=1e-15)
    assert given.certificate.bound == found.certificate.bound
    assert given.certificate.verify(floats(spectra))


@pytest.mark.parametrize("objective", ["sum", "max"])
@pytest.mark.parametrize("small", [1e-150, 1e-200, 1e-290, 5e-324])
def test_small_matrices_beside_large_ones_have_errors_of_their_own(small: float, objective: str) -> None:
    found = mc.allocate_ranks([[1e140, 1e139], [small, small]], 2, objective=objective)
    first = [0.0, 1.0] if objective == "sum" else [0.01**0.5 / 1.01**0.5, 0.5**0.5]
    np.testing.assert_allclose(found.errors, first, rtol=1e-15)


def test_factors_in_front_of_matrices_change_nothing() -> None:
    rng = np.random.default_rng(0)
    spectra = [np.sort(rng.exponential(size=n))[::-1] for n in (4, 7, 5)]
    plain, scaled = (
        mc.allocate_ranks([s * c for s, c in zip(spectra, factors, strict=True)], 19, cost=[2, 1, 3], objective="max")
        for factors in ((1.0, 1.0, 1.0), (2.0**-900, 2.0**400, 2.0**30))
    )
    assert plain.ranks.tolist() == scaled.ranks.tolist()
    assert plain.errors.tolist() == scaled.errors.tolist()
    assert plain.certificate.bound == scaled.certificate.bound


def test_values_of_all_sizes_in_one_matrix() -> None:
    values = 10.0 ** -np.arange(0.0, 150.0, 7.0)
    for rank in range(len(values)):
        found = mc.allocate_ranks([values], rank, objective="max")
        left = np.sqrt(float(sum(Fraction(v) ** 2 for v in values[rank:]) / sum(Fraction(v) ** 2 for v in values)))
        assert (found.ranks[0], found.errors[0]) == (rank, pytest.approx(left, rel=1e-14))


def test_zeros_are_not_paid_for() -> None:
    for spectra in ([[0.0, 0.0], []], [[2.0, 0.0, 0.0], [0.0]]):
        found = mc.allocate_ranks(spectra, 1e9, cost=[3, 5], objective="max")
        assert found.ranks.tolist() == [sum(v > 0 for v in s) for s in spectra]
        assert (found.certificate.achieved, found.certificate.gap) == (0.0, 0.0)


def test_equal_errors_are_lowered_together_or_not_at_all() -> None:
    spectra = [[4.0, 3.0], [8.0, 6.0], [5.0]]
    assert [mc.allocate_ranks(spectra, b, objective="max").ranks.tolist() for b in range(6)] == [
        [0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1], [2, 2, 1],
    ]  # fmt: skip


def test_certificates_notice_other_numbers() -> None:
    spectra = [[3.0, 1.0], [2.0, 2.0, 0.5]]
    proof = mc.certify_ranks(spectra, [2, 1], 5, cost=[1.0, 2.0], objective="max").certificate
    assert isinstance(proof, mc.WorstErrorCertificate)
    assert proof.verify(spectra)
    assert proof.gap > 0
    for change in (
        {"achieved": 0.5}, {"bound": 0.1}, {"bound": 0.9}, {"ranks": np.array([1, 1])}, {"ranks": np.array([2, -1])},
        {"ranks": np.array([2.0, 1.0])}, {"budget": 3.0}, {"budget": np.inf}, {"budget": np.nan}, {"used": 1.0},
        {"cost": np.array([1.0, 1.0])}, {"cost": np.array([1.0, -2.0])}, {"achieved": np.nan},
    ):  # fmt: skip
        assert not with_gap(proof, **change).verify(spectra)
    assert not dataclasses.replace(proof, statement="matrix_compression/AB-5").verify(spectra)
    for other in ([[3.0, 1.0]], [[3.0, 1.1], [2.0, 2.0, 0.5]], [[3.0, 1.0], [2.0, 2.0]]):
        assert not proof.verify(other)


def test_negative_ranks_are_none_even_where_all_numbers_follow_from_them() -> None:
    spectra = [[3.0, 1.0], [2.0, 2.0]]
    given = read_spectra(spectra)
    assert worst_certificate_of(given, np.array([1, 1]), 2.0).verify(spectra)
    assert not worst_certificate_of(given, np.array([2, -1]), 2.0).verify(spectra)
    order = Order.of(given)
    assert not certificate_of(given, np.array([2, -1]), 2.0, order.price(order.fitting(2.0))).verify(spectra)


def test_an_adapter_for_its_worst_module() -> None:
    B, A = np.diag([3.0, 1.0, 0.5]), np.eye(3)
    modules = {"large": mc.AdapterModule(B, A), "small": mc.AdapterModule(1e-3 * np.eye(3), A)}
    lora = mc.AdapterFile(modules)
    ranks = {one: mc.compress_adapter(lora, 24, objective=one).ranks for one in ("sum", "max")}
    assert [dict(one) for one in ranks.values()] == [{"large": 3, "small": 1}, {"large": 1, "small": 3}]
    found = mc.compress_adapter(lora, 24, objective="max")
    assert found.certificate.verify(lora)
    assert isinstance(found.certificate.allocation, mc.WorstErrorCertificate)
    assert found.certificate.allocation.verify(lora.spectra())
    with pytest.raises(ValueError, match="`objective` must be 'sum' without a budget; got 'max'"):
        mc.compress_adapter(lora, rank=1, objective="max")


def test_refusals() -> None:
    for call in (
        lambda **more: mc.allocate_ranks([[1.0]], 1, **more),
        lambda **more: mc.certify_ranks([[1.0]], [1], **more),
        lambda **more: mc.compress_adapter(mc.make_adapters(1, 1, d=4, rank=1, rng=0)[0], 8, **more),
    ):
        with pytest.raises(ValueError, match="`objective` must be one of 'sum', 'max'; got 'worst'"):
            call(objective="worst")
    with pytest.raises(ValueError) as error:
        mc.allocate_ranks([[1.0]], 1, objective="max", method="dp")
    assert str(error.value) == "`method` must be 'auto' for the objective \"max\"; got 'dp'."
