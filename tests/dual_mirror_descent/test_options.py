"""Options by method: what a method does not use is refused, and what it uses is accepted."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import dual_mirror_descent as dmd
from lrtheory.dual_mirror_descent import baselines, batch
from lrtheory.dual_mirror_descent.duality import optimum
from lrtheory.dual_mirror_descent.runs import setup
from lrtheory.dual_mirror_descent.theory import regret

ONES = np.ones(4)


def hindsight(method, options):
    return dmd.hindsight_optimum(ONES, ONES, 2.0, method=method, **options)


def allocated(geometry, options):
    return dmd.allocate(ONES, ONES, 2.0, geometry=geometry, **options)


def one_by_one(geometry, options):
    return dmd.DualMirrorDescent(2.0, 4, geometry=geometry, reward_bound=1.0, cost_bound=1.0, **options)


def table_in(geometry, options):
    return dmd.allocate_batch(dmd.RequestStream([1.0], [1.0], 2.0, types=[[0] * 4]), geometry=geometry, **options)


def streams(way, options):
    table = dmd.RequestStream([1.0], [1.0], 1.0, types=[[0, 0]])
    return dmd.allocate_batch(table if way == "table" else one_stream, 1, **options)


def one_stream(rng):
    return dmd.RequestStream([rng.random()], [1.0], 1.0)


def rounded(rounding, options):
    return dmd.baselines.resolve([2.0, 1.0], [1.0, 1.0], 2.0, types=[0, 1, 1], rounding=rounding, **options)


def bounded(input_model, options):
    law = {"horizon": 8, "rate": [0.5], "reward_bound": 1.0, "cost_bound": 1.0}
    return dmd.theory.regret_bound(input_model, **law, **options)


TABLES = [
    (hindsight, "method", optimum.OPTIONS, {"integer": True}),
    (allocated, "geometry", setup.OPTIONS, {"fairness": 0.5, "price_cap": 1.0}),
    (one_by_one, "geometry", setup.OPTIONS, {"fairness": 0.5, "price_cap": 1.0}),
    (table_in, "geometry", setup.OPTIONS, {"fairness": 0.5, "price_cap": 1.0}),
    (streams, "`make` as a", batch.OPTIONS, {"rng": 0, "n_jobs": 1}),
    (rounded, "rounding", baselines.OPTIONS, {"rng": 0}),
    (bounded, "input_model", regret.OPTIONS, {"alpha": 2, "total_variation": 0, "lag": 0, "mixing": 0, "period": 1}),
]
CASES = [
    pytest.param(call, argument, method, name, value, name in used, id=f"{call.__name__}-{method}-{name}")
    for call, argument, table, options in TABLES
    for method, used in table.items()
    for name, value in options.items()
]


@pytest.mark.parametrize(("call", "argument", "method", "name", "value", "is_used"), CASES)
def test_an_option_is_used_or_refused(call, argument, method, name, value, is_used):
    if is_used:
        call(method, {name: value})
    else:
        with pytest.raises(ValueError, match=f"`{name}` must be left out with {argument} .{method}."):
            call(method, {name: value})


@pytest.mark.parametrize(
    ("call", "argument", "table", "options"), TABLES, ids=lambda value: getattr(value, "__name__", "")
)
def test_each_option_is_used_by_some_method_and_tested(call, argument, table, options):
    assert set().union(*table.values()) == set(options)


def test_a_fair_objective_has_no_cap():
    with pytest.raises(ValueError, match="`price_cap` must be left out with `fairness`"):
        dmd.allocate(ONES, ONES, 2.0, fairness=0.5, price_cap=1.0)
