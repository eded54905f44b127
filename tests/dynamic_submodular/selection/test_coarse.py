"""Marginals in single precision: their margin against exact sums, and the choice against that of `naive`."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory._array import interpreted
from lrtheory.dynamic_submodular import offline
from lrtheory.dynamic_submodular.objectives import facility
from lrtheory.dynamic_submodular.selection import coarse
from lrtheory.dynamic_submodular.structures import prefixes

UNITS = (1.0, 1e-12, 1e12, 3e37, 1e39, 1e300, 1e-38, 1e-46, 1e-300, 1e-318)


@pytest.fixture(autouse=True)
def _small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facility, "LEAST_ENTRIES", 0)


def adversarial(seed: int) -> dict[str, np.ndarray]:
    """Rows that are hard for single precision, with entries of at most 1."""
    rng = np.random.default_rng(seed)
    n, m = 24, (7, 513, 512, 511, 1300, 40)[seed]
    base = rng.random(m)
    points = rng.normal(size=(n, 3))
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    halfway = (
        1 + (2 * rng.integers(2**22, size=(n, m)) + 1) * 2.0**-24
    )  # half-way between two numbers of single precision
    return {
        "random": rng.random((n, m)),
        "cancellation": base * (1 - rng.random((n, m)) * 2.0**-24),  # rows that differ by less than single precision
        "last digit": base * (1 + rng.integers(-2, 3, size=(n, m)) * 2.0**-52),
        "half-way": halfway / 2,
        "duplicates": np.repeat(rng.random((n // 3, m)), 3, axis=0),
        "lattice": rng.integers(4, size=(n, m)) / 4,
        "distances": np.exp(-squared),
        "wide": 10.0 ** -rng.uniform(0, 60, size=(n, m)),
        "one large": np.where(np.arange(m) == 0, 1.0, rng.random((n, m)) * 1e-9),
        "zeros": rng.random((n, m)) * (rng.random((n, m)) < 0.05),
    }


def objectives(seed: int):
    for name, rows in adversarial(seed).items():
        for unit in UNITS:
            if np.isfinite((rows * unit).sum() * 1.0):
                yield f"{name} in {unit}", ds.FacilityLocation(rows * unit)


def misses(f: ds.FacilityLocation, chosen: list[int], module=coarse) -> tuple[int, int]:
    """How many bounds are below the exact marginal of their row, and how many below the rounded one."""
    given = f.coarse()
    S = f._record.data.reshape(f.n, -1)
    exact = [[Fraction(x) for x in row] for row in S.tolist()]
    tops = [max((exact[v][j] for v in chosen), default=Fraction(0)) for j in range(S.shape[1])]
    rounded, width = f.gains(chosen), S.shape[1]
    given.peaks[:] = given.rows.reshape(f.n, width)[chosen].max(axis=0, initial=0.0)
    below = [0, 0]
    for v in range(f.n):
        marginal = coarse.rise_coarse(given.rows, v * width, width, given.peaks)
        above = float(module.bound(given, float(marginal), v, f.value(chosen)))
        below[0] += above < sum(max(Fraction(0), x - top) for x, top in zip(exact[v], tops, strict=True))
        below[1] += v not in chosen and above < rounded[v]
    return below[0], below[1]


@pytest.mark.parametrize("seed", range(2))
def test_the_margin_bounds_exact_and_rounded_marginals(seed: int) -> None:
    for name, f in objectives(seed):
        assert misses(f, [3, 1, 5]) == (0, 0), name


def test_without_the_margin_bounds_would_be_wrong() -> None:
    bare = interpreted(coarse, OF_MARGINAL=0.0, OF_SUMS=0.0, OF_UNIT=0.0, LEAST=0.0)
    found = {name: misses(f, [3, 1, 5], bare)[0] for name, f in objectives(0) if name.endswith(" in 1.0")}
    assert found["cancellation in 1.0"] > 0
    assert found["random in 1.0"] > 0


@pytest.mark.parametrize("seed", range(6))
def test_marginals_are_those_of_naive_to_the_last_digit(seed: int) -> None:
    for name, f in objectives(seed):
        assert ds.maximize(f, 9).gains.tolist() == ds.maximize(f, 9, method="naive").gains.tolist(), name


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_that_of_naive(seed: int) -> None:
    for name, f in objectives(seed):
        lazy, naive = ds.maximize(f, 9), ds.maximize(f, 9, method="naive")
        assert lazy.items.tolist() == naive.items.tolist(), name
        assert lazy.upper_bound >= naive.value, name
        some = np.random.default_rng(seed).permutation(f.n)[:15]
        lazy, naive = (ds.maximize(f, 9, candidates=some, method=method) for method in ("lazy", "naive"))
        assert lazy.items.tolist() == naive.items.tolist(), name


def test_interpreted_code_chooses_as_compiled_code_does(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {name: (f, ds.maximize(f, 9).items.tolist()) for name, f in objectives(0)}
    monkeypatch.setattr(coarse, "lazy", interpreted(coarse, prefixes=interpreted(prefixes)).lazy)
    for name, (f, items) in found.items():
        assert ds.maximize(f, 9).items.tolist() == items, name


def test_the_bound_is_above_that_of_exact_marginals_and_close_to_it() -> None:
    rng = np.random.default_rng(0)
    for k in (1, 5, 20):
        f = ds.FacilityLocation(rng.random((60, 80)))
        found = ds.maximize(f, k)
        best = found.value + np.sort(f.gains(found.items))[-k:].sum()
        assert best <= found.upper_bound
        loose = ds.maximize(ds.FacilityLocation(_sparse(f)), k)  # sparse rows have no copy in single precision
        assert loose.items.tolist() == found.items.tolist()


def _sparse(f: ds.FacilityLocation):
    from scipy import sparse

    return sparse.csr_array(f._record.data.reshape(f.n, -1))


def test_the_copy_follows_the_rows() -> None:
    rng = np.random.default_rng(1)
    f = ds.FacilityLocation(rng.random((20, 30)))
    first = f.coarse()
    assert f.coarse() is first
    ds.maximize(f, 3)
    f.append(10 * rng.random((4, 30)))
    assert f.coarse() is not first
    assert ds.maximize(f, 3).items.tolist() == ds.maximize(f, 3, method="naive").items.tolist()
    assert ds.FacilityLocation(_sparse(f)).coarse() is None


def test_most_marginals_are_asked_for_in_single_precision() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 4))
    f = ds.FacilityLocation.from_features(points, metric="rbf", gamma=0.3)
    asked = []
    gain = lambda *arguments: asked.append(1) or prefixes.gain(*arguments)
    lazy = interpreted(coarse, prefixes=SimpleNamespace(gain=gain)).lazy
    n, k = f.n, 20
    state = offline._empty(f, k, has_stairs=False)
    search = offline.offline_steps.Search(np.arange(n), k, np.full(n, np.inf), np.zeros(k + 2))
    length, queries = lazy(f._record, state, search, *np.zeros((2, n), np.int64), f.coarse())
    assert length == k
    assert len(asked) < 3 * k < (queries - n) / 2
    assert state.levels[prefixes.MEMBER, 1 : k + 1].tolist() == ds.maximize(f, k).items.tolist()


def test_all_elements_are_chosen_where_each_adds_something() -> None:
    """So that whoever falls out of the heap is missed."""
    rng = np.random.default_rng(0)
    f = ds.FacilityLocation(np.diag(1 + rng.random(12)))
    state = offline._empty(f, 12, has_stairs=False)
    search = offline.offline_steps.Search(np.arange(12), 12, np.full(12, np.inf), np.zeros(14))
    length, _ = coarse.lazy(f._record, state, search, *np.zeros((2, 13), np.int64), f.coarse())
    assert length == 12
    assert sorted(state.levels[prefixes.MEMBER, 1:13].tolist()) == list(range(12))
