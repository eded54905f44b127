"""Bounds of the optimum hold, are those of the solvers or better, and no false field of a certificate verifies."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular import theory
from tests.dynamic_submodular.oracles import after, instances, optimum, toggles
from tests.rules.certificates.forging import forged_fields, with_gap

KINDS = sorted(instances())
SCALES = (1e-12, 2.0**-40, 1.0, 1e12)


@pytest.mark.parametrize("kind", KINDS)
def test_any_set_bounds_the_optimum(kind: str) -> None:
    rng = np.random.default_rng(0)
    f, formula = instances(9)[kind]
    for _ in range(30):
        k, present = int(rng.integers(1, 5)), np.flatnonzero(rng.random(9) < 0.7)
        items, witness = present[:k], rng.permutation(9)[: rng.integers(0, 7)]
        proof = ds.certify_selection(f, items, k, candidates=present, witness=witness)
        base = formula(witness)
        marginals = sorted((formula([*witness, v]) - base if v not in witness else 0.0 for v in present), reverse=True)
        assert proof.bound == pytest.approx(base + sum(marginals[:k]), rel=1e-12)
        assert proof.bound >= optimum(formula, present, k) * (1 - 1e-12)
        assert proof.achieved == pytest.approx(formula(items), rel=1e-12)
        assert proof.gap == proof.bound - proof.achieved
        assert proof.verify(f)


@pytest.mark.parametrize("method", ["lazy", "eager", "batched", "groups"])
@pytest.mark.parametrize("kind", ["coverage", "features", "logdet"])
def test_solvers_certify_at_least_the_bound_that_they_report(kind: str, method: str) -> None:
    f, formula = instances(11)[kind]
    limits, groups = [2, 1], np.arange(11) % 2
    k = ds.PartitionMatroid(groups, limits) if method == "groups" else 3
    solver = ds.DynamicSubmodular(f, k, method="lazy" if method == "groups" else method, rng=0)
    ops = toggles(11, 50, np.random.default_rng(1))
    for place, op in enumerate(ops):
        solver.update([op])
        present = sorted(after(ops[: place + 1]))
        proof = solver.certify()
        if method == "groups":
            sets = (s for size in range(4) for s in combinations(present, size))
            best = max(formula(s) for s in sets if (np.bincount(groups[list(s)], minlength=2) <= limits).all())
        else:
            best = optimum(formula, present, 3)
        assert best <= proof.bound * (1 + 1e-12)
        assert proof.bound <= solver.upper_bound * (1 + 1e-9)
        assert proof.verify(f)
        assert proof.ratio <= 1 + 1e-12
        solver.check_invariants()


def test_a_false_bound_of_a_solver_is_found() -> None:
    f, _ = instances(11)["coverage"]
    for part in (0, 1):  # the value, the bound
        solver = ds.DynamicSubmodular(f, 3, rng=0)
        solver.update(np.arange(11))
        solver._stream.answers[part] *= 0.7
        with pytest.raises(AssertionError, match="is worth|is not proved|exceeds"):
            solver.check_invariants()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("grouped", [False, True])
def test_no_false_field_verifies(grouped: bool, scale: float) -> None:
    rng = np.random.default_rng(2)
    f = ds.FacilityLocation(rng.uniform(1, 3, (8, 5)) * scale)
    k = ds.PartitionMatroid(np.arange(8) % 2, [2, 1]) if grouped else 3
    items = [0, 2, 1] if grouped else ds.maximize(f, 3).items
    proof = ds.certify_selection(f, items, k, candidates=range(7), witness=[4, 1, 2])
    assert proof.verify(f)
    words = []
    for word, forged in forged_fields(proof):
        words.append(word)
        if not word.startswith(("k:", "candidates:")):  # the same bound may be true of other sets as well
            assert not forged.verify(f), word
    assert len(words) > 20
    assert not replace(proof, statement="dynamic_submodular/DS-T1").verify(f)
    for change in ({"achieved": proof.achieved * 1.1}, {"bound": proof.bound * 1.001}, {"bound": proof.bound * 0.999}):
        assert not with_gap(proof, **change).verify(f)
    others = [v for v in range(7) if v != proof.items[0]]
    assert not replace(proof, candidates=np.array(others)).verify(f)  # an item is missing there
    assert not replace(proof, k=2).verify(f)  # too many items, and another bound
    assert not replace(proof, items=np.array([0, 2, 4, 6])).verify(f)


def test_a_certificate_of_a_stream_takes_what_is_present() -> None:
    f, _ = instances(10, 3)["coverage"]
    stream = ds.UpdateStream(f, toggles(10, 41, np.random.default_rng(3)), 3)
    found = ds.maximize(stream)
    proof = ds.certify_selection(stream, found.items)
    assert proof.verify(stream)
    assert found.value == proof.achieved <= proof.bound <= found.upper_bound
    empty = ds.certify_selection(ds.Coverage([]), [], 1)
    assert (empty.bound, empty.ratio, empty.verify(ds.Coverage([]))) == (0.0, 1.0, True)


def test_the_bound_of_marginals_is_that_of_its_groups() -> None:
    assert theory.marginal_bound(1.0, [3.0, 2.0, 5.0, 4.0], [1, 2], groups=[0, 0, 1, 1]) == 13.0
    with pytest.raises(ValueError, match=r"`groups` must be of shape \(2,\)"):
        theory.marginal_bound(1.0, [3.0, 2.0], [1], groups=[0])
