"""`allocate` against the algorithm written out, on exact traces, and on what must hold for every stream."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent.replies.units import change_of_units
from tests.dual_mirror_descent import oracles

GEOMETRIES = ("euclidean", "scaled-euclidean", "entropy", "capped-entropy")


def fractions(array):
    exact = np.empty(np.size(array), dtype=object)
    exact[:] = [Fraction(x) for x in np.ravel(array).tolist()]
    return exact.reshape(np.shape(array))


def stream(seed, horizon=60, d=3, m=2, share=0.25):
    rng = np.random.default_rng(seed)
    rewards, costs = oracles.random_menus(rng, horizon, d, m)
    return rewards, costs, np.full(m, np.ceil(share * horizon))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("geometry", "lazy"), [*((g, False) for g in GEOMETRIES), ("euclidean", True)])
def test_equals_the_algorithm_written_out(geometry, lazy, seed):
    rewards, costs, budget = stream(seed)
    init = np.full(2, 0.25)
    found = dmd.allocate(rewards, costs, budget, geometry=geometry, lazy=lazy, step_size=0.25, init=init, record=True)
    plain = oracles.run(
        *map(oracles.lists, (rewards, costs, budget)),
        geometry=geometry,
        eta=0.25,
        init=init.tolist(),
        lazy=lazy,
        tolerance=1e-12 * budget[0],
    )
    np.testing.assert_allclose(found.trace["prices"], plain.prices, rtol=1e-9, atol=1e-12)
    assert found.proposed.tolist() == plain.proposed
    assert found.actions.tolist() == plain.actions
    assert found.stopping_time == plain.stopping_time
    np.testing.assert_allclose(found.remaining, plain.remaining, atol=1e-9)
    np.testing.assert_allclose(found.prices, np.mean(plain.prices[:-1], axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.last_prices, plain.prices[-1], rtol=1e-9, atol=1e-12)
    taken = [costs[t, a] for t, a in enumerate(plain.actions) if a >= 0]
    np.testing.assert_allclose(found.consumption, np.sum(taken, axis=0), rtol=1e-12)
    c = found.path
    np.testing.assert_allclose(
        [found.reward, c["dual_values"], c["path_regret"]],
        [plain.reward, plain.dual_values, plain.path_regret],
        rtol=1e-9,
    )


@pytest.mark.parametrize("seed", range(3))
def test_fractions_are_exact_and_agree_with_doubles(seed):
    rewards, costs, budget = stream(seed, horizon=24)
    budget = np.array([6.0, 9.0])  # the rates 1/4 and 3/8 are dyadic
    found = dmd.allocate(rewards, costs, budget, step_size=0.25, record=True)
    exact = dmd.allocate(*map(fractions, (rewards, costs, budget)), step_size=Fraction(1, 4), record=True)
    assert exact.actions.tolist() == found.actions.tolist()
    assert exact.stopping_time == found.stopping_time
    assert all(isinstance(x, (int, Fraction)) for x in exact.trace["prices"].ravel())
    assert exact.trace["prices"].astype(float).tolist() == found.trace["prices"].tolist()
    assert exact.reward == Fraction(found.reward)
    assert isinstance(exact.certificate.bound, Fraction)
    assert exact.path["dual_values"] - exact.path["path_regret"] == sum(
        Fraction(rewards[t, a]) for t, a in enumerate(exact.actions[: exact.stopping_time].tolist()) if a >= 0
    )


def test_the_short_trace():
    found = dmd.allocate([1, 0.2, 0.6], [1, 1, 1], 1.5, step_size=0.5, record=True)
    assert found.trace["prices"].ravel().tolist() == [0, 0.25, 0, 0.25]
    assert found.actions.tolist() == [0, -1, -1]
    assert found.proposed.tolist() == [0, -1, 0]
    assert (found.reward, found.stopping_time, found.n_rejected) == (1.0, 1, 1)


def test_prices_move_by_the_proposal_and_not_by_what_was_done():
    # the second request does not fit resource 0; its proposal still moves the price of resource 1
    rewards, costs = [[1.0], [1.0], [1.0]], [[[1.0, 0.0]], [[1.0, 1.0]], [[0.0, 1.0]]]
    found = dmd.allocate(rewards, costs, [1.5, 1.5], step_size=0.5, record=True)
    assert found.actions.tolist() == [0, -1, 0]
    assert found.trace["prices"].tolist() == [[0, 0], [0.25, 0], [0.5, 0.25], [0.25, 0.5]]


def test_a_request_may_use_up_the_budget_exactly():
    assert dmd.allocate([1, 1], [1, 1], 2, step_size=0).actions.tolist() == [0, 0]
    for unit, n in ((0.1, 3), (0.1, 10), (0.07, 100), (0.29, 100)):
        found = dmd.allocate(np.ones(n), np.full(n, unit), round(unit * n, 10), step_size=0)
        assert (found.actions == 0).all()
        assert found.remaining >= 0


def test_units_are_not_lost_to_rounding():
    n = 200_000
    found = dmd.allocate(np.ones(n), np.full(n, 0.1), 0.1 * (n // 2), step_size=0)
    assert (found.actions == 0).sum() == n // 2


def test_ties_and_losses_are_not_taken():
    assert dmd.allocate([1.0, 0.0], [1.0, 1.0], 2, init=1.0, step_size=0).proposed.tolist() == [-1, -1]
    assert dmd.allocate([[1.0, 1.0, 2.0, 2.0]], np.ones((1, 4, 1)), 2, step_size=0).proposed.tolist() == [2]
    assert dmd.allocate([[-1.0, -2.0]], np.zeros((1, 2, 1)), 1, step_size=0).proposed.tolist() == [-1]


@pytest.mark.parametrize(
    ("budget", "tau"), [(0.5, 0), (1, 1), (1.5, 1), (2, 1), (2.5, 2), (3, 2), (4, 3), (6, 5), (9, 6)]
)
def test_the_stopping_time(budget, tau):
    found = dmd.allocate(np.ones(6), np.ones(6), budget, step_size=0)
    assert found.stopping_time == tau
    assert (found.actions[:tau] == found.proposed[:tau]).all()


def test_an_unaffordable_first_proposal_stops_the_time_at_0():
    found = dmd.allocate([1, 1], [1, 1], 0.5, step_size=0.5)
    assert (found.reward, found.stopping_time, found.path["dual_values"]) == (0.0, 0, 0.0)


def test_no_price_falls_below_0_even_where_negative_prices_earn_the_same():
    rng = np.random.default_rng(0)
    u = rng.random(200)
    costs = np.broadcast_to(np.eye(2), (200, 2, 2))
    found = dmd.allocate(np.stack([u, 0.6 * u], 1), costs, [80.0, 180.0], step_size=200**-0.5, record=True)
    assert (found.trace["prices"] >= 0).all()
    assert (found.trace["prices"][:, 1] == 0).any()


def test_plenty_means_no_price_and_no_regret():
    rewards, costs, _ = stream(0)
    budget = np.full(2, 60.0)  # b <= rho
    found = dmd.allocate(rewards, costs, budget)
    assert found.reward == pytest.approx(dmd.hindsight_optimum(rewards, costs, budget).value)
    assert (found.last_prices == 0).all()
    assert found.n_rejected == 0


def test_nothing_to_earn():
    found = dmd.allocate(np.zeros(10), np.ones(10), 5, geometry="entropy", step_size=0.5, init=1.0, record=True)
    np.testing.assert_allclose(found.trace["prices"][:, 0], np.exp(-0.25 * np.arange(11)))
    assert dmd.allocate(np.zeros(10), np.ones(10), 5).reward == 0.0


@pytest.mark.parametrize("rule", ["reject", "clip", "restrict"])
def test_what_happens_at_depletion(rule):
    rewards, costs = [[3.0, 1.0]] * 2, [[[2.0], [1.0]]] * 2
    found = dmd.allocate(rewards, costs, 3, step_size=0, on_depletion=rule)
    assert found.proposed.tolist() == [0, 0]
    expected = {"reject": ([0, -1], 3.0), "clip": ([0, 0], 4.5), "restrict": ([0, 1], 4.0)}[rule]
    assert (found.actions.tolist(), found.reward) == expected
    assert found.consumption[0] <= 3


def test_a_cap_below_the_price_holds_it():
    found = dmd.allocate(np.ones(20), np.ones(20), 2, step_size=1.0, price_cap=0.5, record=True)
    assert found.trace["prices"].max() == 0.5
    entropy = {"geometry": "entropy", "init": 0.1}
    found = dmd.allocate(np.ones(20), np.ones(20), 2, step_size=1.0, price_cap=0.5, record=True, **entropy)
    assert found.trace["prices"].max() == pytest.approx(0.5)


def test_an_entropy_starts_again_from_its_cap():
    rewards = np.r_[np.ones(6), np.zeros(4), np.ones(4)]  # up to the cap, down from there at once, and up again
    options = {"geometry": "entropy", "step_size": 1.0, "init": 0.25, "price_cap": 0.5, "record": True}
    found = dmd.allocate(rewards, np.ones(14), 7.0, **options)
    mu = [0.25]
    for t, r in enumerate(rewards):
        assert found.proposed[t] == (0 if r > mu[-1] else -1)
        mu.append(min(0.5, mu[-1] * np.exp(-(0.5 - (r > mu[-1])))))
    np.testing.assert_allclose(found.trace["prices"].ravel(), mu)
    assert mu[6] == 0.5 > mu[7]
    lazy = dmd.allocate(rewards, np.ones(14), 7.0, lazy=True, **options)
    logs, now = np.log(0.25), 0.25
    for t, r in enumerate(rewards):
        assert lazy.trace["prices"][t, 0] == pytest.approx(now)
        logs -= 0.5 - (r > now)
        now = min(0.5, np.exp(logs))
    assert lazy.trace["prices"][8, 0] == 0.5 > mu[8]  # remembers how far above the cap it was


def test_a_lazy_capped_entropy_written_out():
    rewards, costs, budget = stream(11)
    budget = np.array([4.0, 6.0])
    found = dmd.allocate(rewards, costs, budget, geometry="capped-entropy", lazy=True, step_size=0.5, record=True)
    rate, f_bar = budget / 60, rewards.max()
    logs, shrunk = np.log(f_bar / (3 * rate)), 0
    for t in range(60):
        mu = np.exp(logs)
        if rate @ mu > f_bar:
            mu, shrunk = mu * f_bar / (rate @ mu), shrunk + 1
        np.testing.assert_allclose(found.trace["prices"][t], mu, rtol=1e-9)
        reduced = rewards[t] - costs[t] @ mu
        used = costs[t, reduced.argmax()] if reduced.max() > 0 else 0 * rate
        logs = logs - 0.5 / rate * (rate - used)  # the sum of all gradients, never rescaled
    assert shrunk > 3


def test_what_fits_is_compared_at_the_prices():
    # at the price 1 the actions are worth 2, 1/2 and 3/4; the first does not fit the second time, the last one does
    rewards, costs = [[5.0, 2.0, 1.25]] * 2, [[[3.0], [1.5], [0.5]]] * 2
    found = dmd.allocate(rewards, costs, 4.5, step_size=0, init=1.0, on_depletion="restrict")
    assert found.proposed.tolist() == [0, 0]
    assert found.actions.tolist() == [0, 2]
    dear = dmd.allocate([[5.0, 1.0]] * 2, [[[3.0], [1.5]]] * 2, 4.5, step_size=0, init=1.0, on_depletion="restrict")
    assert dear.actions.tolist() == [0, -1]  # what fits costs more than it earns


def test_plans_and_adaptive_targets():
    rewards, costs, budget = stream(1)
    rate = budget / 60
    same = dmd.allocate(rewards, costs, budget, step_size=0.25, target=np.tile(rate, (60, 1)), record=True)
    plain = dmd.allocate(rewards, costs, budget, step_size=0.25, record=True)
    np.testing.assert_array_equal(same.trace["prices"], plain.trace["prices"])
    found = dmd.allocate([1.0, 1.0, 1.0], np.ones(3), 2.0, step_size=0.5, target="adaptive", record=True)
    # shares of what remains: 2/3, 1/2, 0
    np.testing.assert_allclose(found.trace["prices"].ravel(), np.cumsum([0, 1 / 6, 1 / 4, 1 / 2]))
    assert found.actions.tolist() == [0, 0, -1]


def test_schedules_are_evaluated_before_the_run():
    rewards, costs, budget = stream(2)
    by_array = dmd.allocate(rewards, costs, budget, step_size=1 / np.arange(1, 61), record=True)
    by_call = dmd.allocate(rewards, costs, budget, step_size=lambda t: 1 / t, record=True)
    np.testing.assert_array_equal(by_array.trace["prices"], by_call.trace["prices"])


@pytest.mark.parametrize("rule", ["reject", "clip"])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("geometry", GEOMETRIES[:3])
@pytest.mark.parametrize("step_size", [0.0, 0.05])  # 0: prices stay where they are while nobody uses a resource
def test_sparse_costs_give_the_dense_run(step_size, geometry, lazy, rule):
    rng = np.random.default_rng(3)
    dense = (rng.random((200, 15)) < 0.2) * rng.integers(1, 4, (200, 15)).astype(float)
    rewards, budget = 3 * rng.random(200), np.full(15, 24.0)
    options = {"geometry": geometry, "lazy": lazy, "on_depletion": rule, "step_size": step_size, "record": True}
    expected = dmd.allocate(rewards, dense, budget, **options)
    found = dmd.allocate(rewards, sparse.csr_array(dense), budget, **options)
    assert found.actions.tolist() == expected.actions.tolist()
    assert found.proposed.tolist() == expected.proposed.tolist()
    assert found.stopping_time == expected.stopping_time
    for name in ("prices", "last_prices", "consumption"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.trace["prices"], expected.trace["prices"], rtol=1e-12, atol=1e-13)
    assert found.certificate.bound == pytest.approx(expected.certificate.bound, rel=1e-10, abs=1e-10)
    assert dict(found.path) == pytest.approx(dict(expected.path), rel=1e-10, abs=1e-10)


def test_tables_of_types_give_the_same_run():
    rng = np.random.default_rng(4)
    rewards, costs = oracles.random_menus(rng, 5, 2, 3)
    types, budget = rng.integers(5, size=80), np.full(3, 20.0)
    found = dmd.allocate(rewards, costs, budget, types=types)
    expected = dmd.allocate(rewards[types], costs[types], budget, reward_bound=rewards.max(), cost_bound=costs.max())
    assert found.actions.tolist() == expected.actions.tolist()
    assert found.certificate.bound == pytest.approx(expected.certificate.bound)
    tiled = dmd.allocate(dmd.RequestStream(rewards, costs, budget, types=types).tile())
    assert tiled.actions.tolist() == found.actions.tolist()


def nearest_fair_point(point, rate, scale, lam):
    """The projection by bisection on the multiplier of the constraint."""
    low, high = 0.0, 1e6
    for _ in range(200):
        level = (low + high) / 2
        owed = rate @ np.maximum(0, -point - level * rate * scale)
        low, high = (level, high) if owed > lam else (low, level)
    return np.where(point < 0, np.minimum(0, point + high * rate * scale), point)


def test_the_fair_projection_is_the_nearest_point():
    rng = np.random.default_rng(5)
    for _ in range(50):
        rate, point = rng.uniform(0.1, 0.5, 4), 2 * rng.normal(size=4)
        for scale in (np.ones(4), 1 / rate**2):
            state, resources = np.zeros((4, 4)), np.zeros((4, 4))
            state[0], resources[0], resources[1] = point, rate, scale
            steps.project_fair(state, resources, 0.3)
            np.testing.assert_allclose(state[0], nearest_fair_point(point, rate, scale, 0.3), atol=1e-9)
            assert (rate * np.maximum(0, -state[0])).sum() <= 0.3 + 1e-12


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("geometry", ["euclidean", "scaled-euclidean"])
def test_a_short_fair_run_written_out(geometry, lazy):
    rewards, costs, budget = [[1.0, -0.25], [-0.5, -0.5], [0.25, 0.75]] * 6, [[[1.0, 0.0], [0.0, 1.0]]] * 18, [4.5, 9.0]
    found = dmd.allocate(
        rewards, costs, budget, geometry=geometry, lazy=lazy, step_size=0.5, fairness=0.125, record=True
    )
    rate, mu, mirror = np.array([0.25, 0.5]), np.zeros(2), np.zeros(2)
    scale = np.ones(2) if geometry == "euclidean" else 1 / rate**2
    for t, (menu, used) in enumerate(zip(np.array(rewards), np.array(costs), strict=True)):
        np.testing.assert_allclose(found.trace["prices"][t], mu, atol=1e-9)
        reduced = menu - used @ mu
        best = int(reduced.argmax()) if reduced.max() > 0 else -1
        assert found.proposed[t] == best
        gradient = rate - (used[best] if best >= 0 else 0)
        mirror = (mirror if lazy else mu) - 0.5 * scale * gradient
        owed = rate @ np.maximum(0, -mirror)
        mu = nearest_fair_point(mirror, rate, scale, 0.125) if owed > 0.125 else mirror
    np.testing.assert_allclose(found.last_prices, mu, atol=1e-9)
    assert found.trace["prices"].min() < 0


def test_fairness_fills_the_emptiest_resource():
    rng = np.random.default_rng(6)
    rewards = rng.random((400, 4)) * [0.1, 1, 0.8, 0.5]
    costs, budget = np.broadcast_to(np.eye(4), (400, 4, 4)), 400 * np.array([0.1, 0.2, 0.3, 0.25])
    options = {"geometry": "scaled-euclidean", "step_size": 400**-0.5}
    fill = [
        (dmd.allocate(rewards, costs, budget, fairness=lam, **options).consumption / budget).min() for lam in (0, 0.3)
    ]
    assert fill[1] > fill[0] + 0.1
    found = dmd.allocate(rewards, costs, budget, fairness=0.3, record=True, **options)
    assert (found.trace["prices"] < 0).any()
    assert found.certificate.verify(dmd.RequestStream(rewards, costs, budget))
    assert found.certificate.achieved > found.reward


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_certificates_bound_the_optimum(geometry):
    for seed in range(5):
        rewards, costs, budget = stream(seed)
        found = dmd.allocate(rewards, costs, budget, geometry=geometry)
        best = dmd.hindsight_optimum(rewards, costs, budget).value
        assert found.reward <= best * (1 + 1e-9) <= found.certificate.bound * (1 + 2e-9)
        assert found.certificate.verify(dmd.RequestStream(rewards, costs, budget))


def test_batches_do_not_depend_on_their_number():
    few = dmd.allocate_batch(lambda rng: dmd.make_uniform(50, rng=rng), 3, rng=1)
    many = dmd.allocate_batch(lambda rng: dmd.make_uniform(50, rng=rng), 5, rng=1)
    assert many.reward[:3].tolist() == few.reward.tolist()


def test_units_of_rewards_and_resources():
    rewards, costs, budget = stream(8)
    one = dmd.allocate(rewards, costs, budget, geometry="scaled-euclidean", step_size=0.25, record=True)
    other = dmd.allocate(
        4 * rewards, costs * [2, 0.5], budget * [2, 0.5], geometry="scaled-euclidean", step_size=1.0, record=True
    )
    assert other.actions.tolist() == one.actions.tolist()
    moved = change_of_units(one.trace["prices"], 4, np.array([2, 0.5]))
    np.testing.assert_array_equal(other.trace["prices"], moved)


def test_single_precision_tables_are_served_as_they_are():
    rewards, costs, budget = stream(9)
    found = dmd.allocate(rewards.astype(np.float32), costs.astype(np.float32), budget, step_size=0.25)
    expected = dmd.allocate(rewards, costs, budget, step_size=0.25)  # eighths are exact in both
    assert found.actions.tolist() == expected.actions.tolist()
    assert found.prices.tolist() == expected.prices.tolist()


def test_a_stream_survives_pickling():
    given = dmd.RequestStream(*stream(10), names=("a", "b"))
    copied = pickle.loads(pickle.dumps(given))
    assert dmd.allocate(copied).actions.tolist() == dmd.allocate(given).actions.tolist()
    assert copied.names == ("a", "b")


# --- units -----------------------------------------------------------------------------------------------------------
