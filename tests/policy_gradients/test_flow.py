"""Flows: single steps, constants of motion, orders of convergence, several problems, and bad input."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lrtheory.policy_gradients import expected_gradient, flow

P, RIGHT = np.array([0.2, 0.14, 0.06, 0.4, 0.2]), np.array([True, True, True, False, False])
REFERENCE = np.array([0.1, 0.2, 0.3, 0.2, 0.2])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"norm": "mean", "std_offset": 0.1},
        {"unlikeliness": 0.5},
        {"norm": "loo", "lengths": [5, 1, 2, 1, 9]},
        {"kl": "forward", "lam": 0.3, "ref": REFERENCE},
    ],
)
def test_steps_follow_the_gradient(settings):
    found = flow(P, RIGHT, group_size=4, step_size=0.7, n_steps=5, **settings)
    logits = np.log(P)
    for step in range(5):
        law = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(found.p[step], law, rtol=1e-12)
        logits = logits + 0.7 * expected_gradient(law, RIGHT, group_size=4, **settings).gradient
    assert found.success[-1] == pytest.approx(found.p[-1, :3].sum())
    assert found.time.tolist() == pytest.approx([0, 0.7, 1.4, 2.1, 2.8, 3.5])
    q = found.p[-1, :3] / found.p[-1, :3].sum()
    assert found.entropy_correct[-1] == pytest.approx(-(q * np.log(q)).sum())
    u = found.p[-1, 3:] / found.p[-1, 3:].sum()
    assert found.entropy_wrong[-1] == pytest.approx(-(u * np.log(u)).sum())
    np.testing.assert_allclose(found.pass_at([1, 4])[2], 1 - (1 - found.success[2]) ** np.array([1, 4]))


def constants(p):
    """Ratios of differences of 1/p within the right answers, and across both kinds the same with a common factor."""
    inverse = 1 / p
    right, wrong = inverse[..., 0] - inverse[..., 2], inverse[..., 3] - inverse[..., 4]
    return np.stack([(inverse[..., 0] - inverse[..., 1]) / right, wrong / right], axis=-1)


@pytest.mark.parametrize("settings", [{}, {"norm": "none"}, {"norm": "mean", "std_offset": 0.2}, {"lengths": [1] * 5}])
def test_what_the_flow_conserves(settings):
    """Statement GR-4; the fourth order keeps it to ten digits, steps of the first one do not."""
    found = flow(P, RIGHT, group_size=8, step_size=0.05, n_steps=160, method="rk4", **settings)
    assert np.ptp(constants(found.p), axis=0).max() < 1e-9
    steps = flow(P, RIGHT, group_size=8, step_size=0.05, n_steps=160, **settings)
    assert np.ptp(constants(steps.p), axis=0).max() > 1e-5


def test_orders():
    """Steps leave the constants by a multiple of their size (statement GR-17), Runge and Kutta by its fourth power."""
    slopes = {}
    for method, sizes in (("steps", (0.2, 0.1, 0.05)), ("rk4", (0.8, 0.4, 0.2))):
        paths = [flow(P, RIGHT, group_size=8, step_size=h, n_steps=round(4 / h), method=method) for h in sizes]
        off = [abs(constants(one.p[-1]) - constants(P)).max() for one in paths]
        slopes[method] = [math.log2(a / b) for a, b in itertools.pairwise(off)]
    assert all(0.9 < one < 1.15 for one in slopes["steps"])
    assert all(3.5 < one < 5 for one in slopes["rk4"])


def test_both_kinds_of_code_make_one_path():
    """The compiled loop for rewards alone, and the one for any update, here with lengths of 1."""
    for method in ("steps", "rk4"):
        options = {"group_size": 5, "step_size": 0.9, "n_steps": 30, "method": method}
        one, other = flow(P, RIGHT, **options), flow(P, RIGHT, lengths=np.ones(5), **options)
        np.testing.assert_allclose(one.p, other.p, rtol=1e-12)


def test_several_problems_do_not_meet():
    laws = np.array([P, P[::-1], REFERENCE])
    rights = np.array([RIGHT, ~RIGHT, RIGHT])
    options = {"group_size": 6, "step_size": 0.5, "n_steps": 7, "every": 3}
    found = flow(laws, rights, **options)
    assert found.p.shape == (4, 3, 5)
    assert found.time.tolist() == [0, 1.5, 3, 3.5]
    assert found.pass_at([1, 2]).shape == (4, 3, 2)
    for b in range(3):
        alone = flow(laws[b], rights[b], **options)
        np.testing.assert_array_equal(found.p[:, b], alone.p)
        np.testing.assert_allclose(found.success[:, b], alone.success, rtol=1e-14)
    np.testing.assert_array_equal(flow(laws, RIGHT, **options).p[:, 0], found.p[:, 0])


def test_no_step_lowers_the_success_and_the_likeliest_gain():
    """Statement GR-4d, with steps up to 100."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        p, right = rng.dirichlet(np.full(4, 0.7)), np.array([True, True, False, rng.random() < 0.5])
        step = float(10 ** rng.uniform(-2, 2))
        new = flow(p, right, group_size=int(rng.integers(2, 9)), step_size=step, n_steps=1).p[-1]
        assert new[right].sum() >= p[right].sum() - 1e-14
        order = np.argsort(-p[right])
        before, after = (one[right][order].cumsum() / one[right].sum() for one in (p, new))
        assert (after >= before - 1e-12).all()


def test_ends():
    dead = flow([0.5, 0.5, 0.0], [1, 0, 1], group_size=4, step_size=1.0, n_steps=3)
    assert (dead.p[:, 2] == 0).all()
    for right in ([0, 0], [1, 1]):
        still = flow([0.3, 0.7], right, group_size=4, step_size=1.0, n_steps=3)
        np.testing.assert_allclose(still.p, [[0.3, 0.7]] * 4, rtol=1e-15)
    assert flow([0.3, 0.7], [1, 0], group_size=1, step_size=1.0, n_steps=2).p[-1].tolist() == pytest.approx([0.3, 0.7])
    assert len(flow([0.3, 0.7], [1, 0], group_size=2, step_size=1.0, n_steps=0).p) == 1
    far = flow([1e-300, 1 - 1e-300], [1, 0], group_size=4, step_size=1e4, n_steps=3)
    assert np.isfinite(far.p).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"step_size": 0.0}, "`step_size` must be in"),
        ({"n_steps": -1}, "`n_steps` must be an integer"),
        ({"every": 0}, "`every` must be an integer"),
        ({"method": "euler"}, "`method` must be one of"),
        ({"p": [[0.5, 0.5], [0.5, 0.4]]}, "`p` must sum to 1 for each problem; got 0.9 for problem 1."),
        ({"p": np.ones((1, 1, 1))}, "`p` must be of shape"),
        ({"p": [[0.5, 0.5]], "correct": [[1, 0], [1, 0]]}, "`correct` must be of shape"),
        ({"correct": [1, 2]}, "`correct` must be boolean; got 2.0."),
        ({"norm": "batch"}, "`norm` must be one of"),
    ],
)
def test_bad_input(options, said):
    with pytest.raises(ValueError, match=said):
        flow(**{"p": [0.5, 0.5], "correct": [1, 0], "group_size": 4, "step_size": 1.0, "n_steps": 1, **options})
