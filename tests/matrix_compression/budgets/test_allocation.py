"""Ranks under one budget against all ranks that could be chosen, and bounds on what anybody's ranks keep."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory.matrix_compression import allocate_ranks, baselines, certify_ranks, theory
from lrtheory.matrix_compression.budgets.spectra import ranks_within, read_spectra
from proofs_checks.matrix_compression.budgets.equal_costs import best_of_equal_costs
from proofs_checks.matrix_compression.budgets.greedy_ranks import greedy_gap
from tests.rules.certificates.forging import with_gap

SPECTRUM = st.lists(st.integers(0, 4), max_size=4).map(lambda x: np.array(sorted(x, reverse=True), float))
SPECTRA = st.lists(SPECTRUM, min_size=1, max_size=3)


def energy(spectra: list[np.ndarray], ranks: Any) -> float:
    return float(sum(np.sum(s[:r] ** 2) for s, r in zip(spectra, ranks, strict=True)))


def optimum(spectra: list[np.ndarray], budget: float, costs: list[int]) -> float:
    """The most that any ranks within the budget keep, all of them tried."""
    every = itertools.product(*(range(len(s) + 1) for s in spectra))
    return max(energy(spectra, r) for r in every if np.dot(r, costs) <= budget)


@settings(max_examples=150, deadline=None)
@given(SPECTRA, st.integers(0, 12))
def test_equal_costs(spectra: list[np.ndarray], budget: int) -> None:
    found = allocate_ranks(spectra, budget)
    best = optimum(spectra, budget, [1] * len(spectra))
    assert (found.method, found.captured) == ("greedy", best)
    assert found.captured == best_of_equal_costs(spectra, budget)
    assert found.certificate.gap == 0.0
    positive = sum(int(np.count_nonzero(s)) for s in spectra)
    assert found.ranks.sum() == min(budget, positive)  # exactly the budget on ties too, and zeros never
    assert found.certificate.verify(spectra)


@settings(max_examples=150, deadline=None)
@given(SPECTRA, st.lists(st.integers(1, 5), min_size=3, max_size=3), st.integers(0, 25))
def test_unequal_costs(spectra: list[np.ndarray], costs: list[int], budget: int) -> None:
    costs = costs[: len(spectra)]
    best = optimum(spectra, budget, costs)
    table, greedy = (allocate_ranks(spectra, budget, cost=costs, method=method) for method in ("dp", "greedy"))
    assert table.captured == best
    assert greedy.captured <= best <= greedy.certificate.bound * (1 + 1e-14)
    for found in (table, greedy):
        assert found.captured == energy(spectra, found.ranks)
        assert found.used == np.dot(found.ranks, costs) <= budget
        assert found.certificate.bound >= best * (1 - 1e-14)
        assert found.certificate.verify(spectra)
    # the least dual bound, over the only prices at which it can bend
    prices = {Fraction(0)} | {Fraction(int(x) ** 2, c) for s, c in zip(spectra, costs, strict=True) for x in s}
    values = [[Fraction(int(x)) for x in s] for s in spectra]
    least = min(theory.dual_bound(values, budget, price=price, costs=costs) for price in prices)
    assert greedy.certificate.bound == pytest.approx(float(least), rel=1e-12)


@settings(max_examples=80, deadline=None)
@given(SPECTRA, st.lists(st.integers(0, 4), min_size=3, max_size=3), st.integers(0, 3))
def test_ranks_of_somebody_else(spectra: list[np.ndarray], ranks: list[int], spare: int) -> None:
    ranks = ranks[: len(spectra)]
    budget = sum(ranks) + spare
    found = certify_ranks(spectra, ranks, budget)
    assert found.captured == energy(spectra, ranks)
    assert found.certificate.bound == pytest.approx(optimum(spectra, budget, [1] * len(spectra)), rel=1e-12)
    assert found.certificate.verify(spectra)


def test_greedy_is_not_always_best_and_says_by_how_much() -> None:
    spectra, costs = [[3.0], [4.0]], [2, 4]
    greedy, table = (allocate_ranks(spectra, 4, cost=costs, method=m) for m in ("greedy", "dp"))
    assert (greedy.captured, table.captured) == (9.0, 16.0)
    assert greedy.certificate.gap == float(greedy_gap(4, 2, 4)) == 8.0


@pytest.mark.parametrize("unit", [1e-200, 1e-12, 2.0**40, 1e140])
def test_units(unit: float) -> None:
    spectra = [[3.0, 1.0], [2.0, 2.0, 0.5]]
    plain, found = (allocate_ranks([np.array(s) * u for s in spectra], 7, cost=[2, 3]) for u in (1.0, unit))
    assert found.ranks.tolist() == plain.ranks.tolist()
    assert found.error == pytest.approx(plain.error, rel=1e-12)
    if 1e-100 < unit:
        assert found.certificate.bound == pytest.approx(plain.certificate.bound * unit**2, rel=1e-12)
        assert found.certificate.verify([np.array(s) * unit for s in spectra])


def test_certificates_notice_other_spectra_and_other_numbers() -> None:
    spectra = [[3.0, 1.0], [2.0, 2.0, 0.5]]
    proof = allocate_ranks(spectra, 3).certificate
    assert proof.verify(spectra)
    assert not dataclasses.replace(proof, cost=np.array([1.0, 2.0])).verify(spectra)
    assert not proof.verify([[3.1, 1.0], [2.0, 2.0, 0.5]])
    for change in (
        {"achieved": 17.5},
        {"bound": 16.0},
        {"ranks": np.array([2, 2])},
        {"price": 8.0},
        {"price": np.nan},
        {"price": -1.0},
        {"budget": np.inf},
        {"budget": np.nan},
        {"used": 1.0},
    ):
        assert not with_gap(proof, **change).verify(spectra)
    assert not dataclasses.replace(proof, gap=-1.0).verify(spectra)


def test_certificates_of_other_units_are_refused_without_an_error() -> None:
    spectra = [np.array([3.0, 1.0]), np.array([2.0, 2.0, 0.5])]
    proofs = {unit: allocate_ranks([unit * s for s in spectra], 3).certificate for unit in (1e-180, 1.0, 1e140)}
    for unit, proof in proofs.items():
        for other in proofs:
            assert proof.verify([other * s for s in spectra]) == (unit == other)
    for change in ({"price": 1e308}, {"price": 1e308, "budget": 1e308}, {"achieved": np.inf}, {"bound": np.inf}):
        assert not dataclasses.replace(proofs[1.0], **change).verify(spectra)


def test_names_are_kept() -> None:
    found = allocate_ranks({"query": [3.0, 1.0], "value": [2.0]}, 2, cost={"value": 1, "query": 1})
    assert found.names == ("query", "value")
    assert certify_ranks({"query": [3.0], "value": [2.0]}, {"value": 1}).ranks.tolist() == [0, 1]
    assert allocate_ranks([[1.0]], 1, names=["a"]).names == ("a",)


def test_a_budget_beyond_everything_wastes_nothing() -> None:
    found = allocate_ranks([[2.0, 0.0, 0.0], [1.0]], 1e12, cost=[3, 5])
    assert (found.ranks.tolist(), found.error, found.certificate.gap) == ([1, 1], 0.0, 0.0)
    assert allocate_ranks([[0.0, 0.0], []], 5).ranks.tolist() == [0, 0]


@settings(max_examples=100, deadline=None)
@given(SPECTRA, st.floats(0, 1))
def test_the_fewest_ranks_within_an_error(spectra: list[np.ndarray], epsilon: float) -> None:
    ranks = ranks_within(read_spectra(spectra), epsilon)
    total = sum(float(np.sum(s**2)) for s in spectra)
    left = total - energy(spectra, ranks)
    assert left <= epsilon**2 * total * (1 + 1e-12) + 1e-12
    values = np.sort(np.concatenate(spectra))[::-1] ** 2
    fewest = next(j for j in range(len(values) + 1) if values[j:].sum() <= epsilon**2 * total * (1 + 1e-12))
    assert ranks.sum() in (fewest, fewest + 1 if values[fewest:].sum() >= epsilon**2 * total * (1 - 1e-12) else fewest)


def test_the_uniform_rule_is_not_better() -> None:
    rng = np.random.default_rng(0)
    shapes = [(16, 16), (64, 16), (16, 64)]
    spectra = [np.sort(rng.exponential(size=16) * c)[::-1] for c in (3.0, 1.0, 0.3)]
    uniform = baselines.uniform_ranks(spectra, shapes, ratio=2.0)
    assert uniform.ranks.tolist() == [m * n // (2 * (m + n)) for m, n in shapes]
    global_ = allocate_ranks(spectra, uniform.used, cost=[m + n for m, n in shapes])
    assert uniform.captured < global_.captured <= uniform.certificate.bound * (1 + 1e-12)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"spectra": []}, "`spectra` must be singular values of at least one matrix; got []."),
    (
        {"spectra": {"layer.0": [1.0], "layer.1": [3.0, 2.0, 1.0, 1.5]}},
        "`spectra` must be non-increasing numbers >= 0; got an increase at entry 3 of 'layer.1'.",
    ),
    ({"spectra": [[1.0, -1.0]]}, "`spectra` must be non-increasing numbers >= 0; got -1.0."),
    ({"spectra": [[1e160]]}, "`spectra` must be numbers up to 1e150, whose squares are in range; got 1e+160."),
    ({"budget": -1}, "`budget` must be in [0, inf]; got -1."),
    ({"budget": np.inf}, "`budget` must be a finite number; got inf."),
    ({"cost": [0.0]}, "`cost` must be numbers above 0; got 0.0."),
    ({"cost": [0.5], "method": "dp"}, '`cost` must be integers >= 1 for method "dp"; got 0.5.'),
    ({"method": "lp"}, "`method` must be one of 'auto', 'greedy', 'dp'; got 'lp'."),
    ({"names": 1}, "`names` must be 1 names, beside a sequence of spectra; got 1."),
    ({"names": ["a", "b"]}, "`names` must be 1 names, beside a sequence of spectra; got ['a', 'b']."),
]


@pytest.mark.parametrize(("changed", "sentence"), REFUSED)
def test_refusals(changed: dict[str, Any], sentence: str) -> None:
    call: dict[str, Any] = {"spectra": [[2.0, 1.0]], "budget": 1, **changed}
    with pytest.raises(ValueError) as error:
        allocate_ranks(call.pop("spectra"), call.pop("budget"), **call)
    assert str(error.value) == sentence


def test_a_certificate_knows_its_costs() -> None:
    spectra = [[3.0, 1.0], [2.0, 2.0]]
    proof = allocate_ranks(spectra, 5, cost=[2, 3]).certificate
    assert proof.cost.tolist() == [2.0, 3.0]
    assert proof.verify(spectra)
    assert not proof.verify([*spectra, [1.0]])
    for lie in ([1.0, 1.0], [2.0, 3.0, 1.0], [2.0, -3.0], [np.nan, 3.0]):
        assert not dataclasses.replace(proof, cost=np.array(lie)).verify(spectra)


def test_the_uniform_rule_reads_shapes_by_name() -> None:
    spectra = {"a": [3.0, 1.0], "b": [2.0, 2.0]}
    found = baselines.uniform_ranks(spectra, {"b": (8, 2), "a": (4, 4)}, ratio=1.0)
    assert (found.names, found.ranks.tolist(), found.used) == (("a", "b"), [2, 1], 26.0)
    for shapes in ({"a": (4, 4), "c": (8, 2)}, [(4, 4)], [(4, 4, 1), (8, 2, 1)], 3):
        with pytest.raises(ValueError, match="`shapes` must be a pair for each of the spectra"):
            baselines.uniform_ranks(spectra, shapes)  # type: ignore[arg-type]


def test_refused_ranks() -> None:
    with pytest.raises(ValueError, match="`ranks` must be ranks that cost at most the budget of 1; got 2"):
        certify_ranks([[1.0, 1.0]], [2], 1)
    for wrong in (3, None, "abc", np.array(3.0)):
        for call, other in ((allocate_ranks, 1), (baselines.uniform_ranks, [(1, 1)])):
            with pytest.raises(TypeError, match="`spectra` must be a sequence; got"):
                call(wrong, other)  # type: ignore[operator]
    with pytest.raises(ValueError, match="`ranks` must be a mapping with the names of the spectra; got 'c'"):
        certify_ranks({"a": [1.0]}, {"c": 1})
    with pytest.raises(ValueError, match="`ranks` must be 1 integers, one a matrix"):
        certify_ranks([[1.0]], [1, 2])


def test_a_budget_is_never_exceeded_by_the_rounding_of_its_costs() -> None:
    """Ten times .1 is 1 in decimals and more than 1 in doubles, of which a budget is made."""
    assert allocate_ranks([[1.0] * 3], 0.3, cost=[0.1]).ranks.tolist() == [2]
    rng = np.random.default_rng(0)
    for t in range(400):
        n = int(rng.integers(1, 4))
        spectra = [np.sort(rng.integers(1, 9, size=rng.integers(1, 7)).astype(float))[::-1] for _ in range(n)]
        costs = rng.choice([0.1, 0.2, 0.3, 0.7, 1 / 3, 1e-3, 1e9 + 0.1], size=n).tolist() if t % 4 else [0.1] * n
        wanted = [int(rng.integers(0, len(s) + 1)) for s in spectra]
        exact = sum((k * Fraction(c) for k, c in zip(wanted, costs, strict=True)), Fraction(0))
        nearest = float(exact)
        for budget in (nearest, np.nextafter(nearest, 0.0), np.nextafter(nearest, np.inf)):
            found = allocate_ranks(spectra, float(budget), cost=costs)
            spent = sum((int(k) * Fraction(c) for k, c in zip(found.ranks, costs, strict=True)), Fraction(0))
            assert spent <= Fraction(float(budget))
            assert found.used <= budget
            assert found.certificate.verify(spectra)
            if len(set(costs)) == 1:  # what fits is what fits exactly
                assert found.ranks.sum() == min(Fraction(float(budget)) // Fraction(costs[0]), sum(map(len, spectra)))
            fits = exact <= Fraction(float(budget))
            if fits:
                assert certify_ranks(spectra, wanted, float(budget), cost=costs).certificate.verify(spectra)
            else:
                with pytest.raises(ValueError, match="cost at most the budget"):
                    certify_ranks(spectra, wanted, float(budget), cost=costs)
        own = certify_ranks(spectra, wanted, cost=costs).certificate
        assert Fraction(own.budget) >= exact
        assert own.verify(spectra)
        if nearest < exact:  # the sum that is rounded to the budget exceeds it
            assert not dataclasses.replace(own, budget=nearest).verify(spectra)
        if own.budget > 0:
            less = dataclasses.replace(own, budget=float(np.nextafter(float(exact), 0.0)))
            assert not less.verify(spectra)


def test_costs_of_many_digits_are_added_without_rounding() -> None:
    """Integers above 2^53 are doubles, and their sums are not."""
    big = 2.0**53 + 2
    for method in ("greedy", "dp"):
        found = allocate_ranks([[1.0]] * 3, 3 * big, cost=[big, big, big], method=method)
        assert sum(int(k) * int(big) for k in found.ranks) <= int(3 * big)
        assert found.certificate.verify([[1.0]] * 3)
