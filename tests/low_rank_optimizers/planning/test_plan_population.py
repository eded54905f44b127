"""Plans against all alternatives, and against what populations of that size do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import plan_population


def test_quadratic_plan_is_the_least_of_all() -> None:
    m, n, budget = 10, 65, 1000
    rows = {}
    for law, c in (("gaussian", 2 * (m + n + 1)), ("sign", -2)):
        for r in range(1, 65):
            pairs = int(budget / (2 * (1 + r * (m + n) / (m * n))))
            rows[law, r] = (m * n + 1 + c / r) / pairs
    both = plan_population((m, n), n_evaluations=budget)
    assert (both.factors, both.rank) == min(rows, key=rows.__getitem__) == ("sign", 1)
    gaussian = plan_population((m, n), n_evaluations=budget, factors="gaussian")
    assert ("gaussian", gaussian.rank) == min((k for k in rows if k[0] == "gaussian"), key=rows.__getitem__)
    for plan in (both, gaussian):
        for law, rank, mse in zip(plan.table["factors"], plan.table["rank"], plan.table["mse"], strict=True):
            assert mse == pytest.approx(rows[law, rank])
        assert plan.method == "quadratic"
        assert plan.bias == 0
        assert plan.population_size == 2 * plan.pairs


def test_costs_decide_how_many_pairs_are_paid_for() -> None:
    plan = plan_population(
        (4, 4), n_evaluations=25, cost=(2, 3), factors="gaussian", max_rank=64
    )  # 1 + 3/2 r (1/4 + 1/4)
    pairs = {r: int(25 / (2 * (1 + 0.75 * r))) for r in (1, 2, 4, 8)}
    assert dict(zip(plan.table["rank"], plan.table["pairs"], strict=True)) == pairs  # none is left for 16


@pytest.mark.parametrize(("budget", "rank"), [(2_000, 1), (20_000, 4), (200_000, 8)])
def test_larger_budgets_ask_for_larger_ranks(budget: int, rank: int) -> None:
    plan = plan_population((32, 32), n_evaluations=budget, singular_values=[1.0], sigma=1.0)
    powers = [i for i, r in enumerate(plan.table["rank"]) if r & (r - 1) == 0]
    best = min(powers, key=lambda i: plan.table["mse"][i])
    assert plan.table["rank"][best] == rank
    assert plan.mse <= plan.table["mse"][best]
    assert plan.rank in plan.table["rank"]


def test_numbers_of_one_direction() -> None:
    """The squared bias of the ranks 1, 2, 4, 8, 16 in a layer of 32 x 32."""
    plan = plan_population((32, 32), n_evaluations=20_000, singular_values=[1.0], sigma=1.0, cost=(1, 0))
    rows = [plan.table["rank"].index(r) for r in (1, 2, 4, 8, 16)]
    squares = [plan.table["bias"][i] ** 2 for i in rows]
    np.testing.assert_allclose(squares, [0.064, 0.0263, 0.00894, 0.00266, 0.000732], rtol=5e-3)
    errors = [plan.table["mse"][i] for i in rows]
    np.testing.assert_allclose(errors, [0.0934, 0.0611, 0.0477, 0.0439, 0.0434], rtol=5e-3)


def test_a_plan_does_what_it_says() -> None:
    rng, (m, n), t = np.random.default_rng(4), (4, 3), 0.8
    plan = plan_population((m, n), n_evaluations=60, singular_values=[t], sigma=1.0, cost=(1, 0), max_rank=2)
    r, P = plan.rank, plan.pairs
    E = rng.normal(size=(40_000, m, r)) @ rng.normal(size=(40_000, r, n)) / math.sqrt(r)
    samples = (E * np.sin(t * E[:, 0, 0])[:, None, None])[: 40_000 // P * P].reshape(-1, P, m, n).mean(axis=1)
    target = np.zeros((m, n))
    target[0, 0] = t * math.exp(-(t**2) / 2)
    errors = np.sum((samples - target) ** 2, axis=(1, 2))
    assert abs(errors.mean() - plan.mse) < 5 * errors.std() / math.sqrt(len(errors))


def test_pilots_set_the_scale() -> None:
    G, sigma, rng = np.array([3.0, 4.0]), 0.1, np.random.default_rng(0)
    pilot = sigma * rng.normal(size=(4000, 2)) @ G
    plan = plan_population((2, 1), n_evaluations=100, pilot=pilot, sigma=sigma)
    assert plan.gradient_norm == pytest.approx(5, rel=0.05)
    assert "4000 pilot pairs" in plan.message
    told = plan_population((2, 1), n_evaluations=100, fitness_std=0.5, sigma=sigma)
    assert told.gradient_norm == pytest.approx(5)
    unit = plan_population((2, 1), n_evaluations=100)
    assert told.mse == pytest.approx(25 * unit.mse)
    still = plan_population((2, 1), n_evaluations=100, pilot=[0.0, 0.0], sigma=sigma)
    assert still.mse == 0
    assert "0 of the norm" in still.text


def test_a_plan_is_told_what_a_pilot_is_worth() -> None:
    one, two = (plan_population((2, 2), n_evaluations=30, pilot=p, sigma=1.0).message for p in ([2.0], [1.0, 3.0]))
    assert one.endswith("from 1 pilot pair")
    assert "(standard error 80 %)" in two  # squares 1 and 9: mean 5, deviation sqrt(32), over sqrt(2)


def test_steps_too_wide_for_a_gradient() -> None:
    plan = plan_population((2, 2), n_evaluations=30, singular_values=[1.0], sigma=100.0)
    assert plan.gradient_norm == 0
    assert "error inf of the norm" in plan.text


def test_spread_of_a_sine_is_its_own() -> None:
    x = np.random.default_rng(0).normal(size=200_000)
    spread = 3 * np.sin(0.5 * x).std()
    plan = plan_population((1, 1), n_evaluations=100, singular_values=[1.0], sigma=0.5, fitness_std=spread)
    assert plan.gradient_norm == pytest.approx(3 * math.exp(-0.125), rel=5e-3)  # of 3 sin(w), smoothed, at 0
    unit = plan_population((1, 1), n_evaluations=100, singular_values=[1.0], sigma=0.5)
    assert plan.variance == pytest.approx(9 * unit.variance, rel=1e-2)


def test_ranks_that_are_tried() -> None:
    alike = plan_population((2, 2), n_evaluations=1e6, cost=(1, 0), factors="gaussian")
    assert alike.table["rank"] == (1, 2, 4, 8, 16, 32, 64)
    assert "binds" in alike.message
    assert "binds" not in plan_population((2, 2), n_evaluations=30, max_rank=1).message


def test_shown() -> None:
    plan = plan_population((8, 8), n_evaluations=1e6, singular_values=[2.0], sigma=1.0, cost=(1, 0), max_rank=4)
    assert plan.rank == 4
    assert "`max_rank` binds" in plan.message
    assert repr(plan).startswith("Plan, 3 rows")
    assert "EG-1b" in plan.text
    pytest.importorskip("matplotlib").use("Agg")
    ax = plan.plot()
    assert [line.get_label() for line in ax.lines] == ["bias^2", "variance", "sum"]


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"`n_evaluations` must be at least 4, the cost of one pair of rank 1; got 3"):
        plan_population((2, 2), n_evaluations=3)
    with pytest.raises(ValueError, match="`sigma` must be given with `fitness_std` or `pilot`"):
        plan_population((2, 2), n_evaluations=30, fitness_std=1.0)
    with pytest.raises(ValueError, match="`sigma` must be given with `singular_values`"):
        plan_population((2, 2), n_evaluations=30, singular_values=[1.0])
    with pytest.raises(ValueError, match="`factors` must be "):
        plan_population((2, 2), n_evaluations=30, singular_values=[1.0], sigma=1.0, factors="sign")
    with pytest.raises(ValueError, match="`singular_values` must be 1 to 2 numbers, the largest"):
        plan_population((2, 3), n_evaluations=30, singular_values=[1.0, 1.0, 1.0], sigma=1.0)
    with pytest.raises(ValueError, match="`fitness_std, pilot` must be at most one of these"):
        plan_population((2, 2), n_evaluations=30, fitness_std=1.0, pilot=[1.0], sigma=1.0)
    for options in ({"singular_values": [1.0], "sigma": 1e-76}, {"singular_values": [1e76, 0], "sigma": 1.0}):
        with pytest.raises(ValueError, match="the largest times `sigma` in "):
            plan_population((2, 2), n_evaluations=30, **options)
    with pytest.raises(ValueError, match="`sigma` must be such that the spread of fitness over it is in"):
        plan_population((2, 2), n_evaluations=30, fitness_std=1.0, sigma=1e-300)
    with pytest.raises(ValueError, match="`max_rank` must be an integer in"):
        plan_population((2, 2), n_evaluations=30, max_rank=4097)
    with pytest.raises(ValueError, match="`cost"):
        plan_population((2, 2), n_evaluations=30, cost=(0, 1))
