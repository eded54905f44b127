"""Several updates from one batch: against a loop over samples, known traces, what holds at rest, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory.policy_gradients import inner_updates

P, RIGHT = [0.2, 0.05, 0.0125, 0.4, 0.3375], [True, True, True, False, False]


@pytest.mark.parametrize(
    ("clip", "trace"),
    [
        (0.2, [(1.20, 1.08, 1.05), (1.27, 1.15, 1.08), (1.41, 1.26, 1.14), (1.68, 1.32, 1.21)]),
        (None, [(1.20, 1.08, 1.05), (1.46, 1.14, 1.08), (2.14, 1.22, 1.09), (3.55, 0.98, 0.82)]),
    ],
)
def test_the_trace(clip, trace):
    """Ratios of the right answers after 1, 2, 4 and 8 updates, as independent code has them."""
    for n, due in zip((1, 2, 4, 8), trace, strict=True):
        found = inner_updates(P, RIGHT, group_size=8, n_updates=n, clip=clip, step_size=0.5)
        np.testing.assert_allclose(found.ratios[:3], due, atol=0.006)
    if clip:
        assert inner_updates(P, RIGHT, group_size=8, n_updates=100, clip=clip, step_size=0.5).converged


def looped(law, right, groups, clip, step, n_updates):
    """Sample by sample, with the population deviation of each group."""
    low, high = (0, math.inf) if clip is None else (1 - clip[0], 1 + clip[1])
    logits, K = [math.log(one) for one in law], len(law)
    samples = []
    for group in groups:
        s = sum(right[k] for k in group)
        spread = math.sqrt(s * (len(group) - s)) / len(group)
        samples += [(k, (right[k] - s / len(group)) / spread if spread else 0.0) for k in group]
    for _ in range(n_updates):
        weights = [math.exp(one) for one in logits]
        p = [one / sum(weights) for one in weights]
        slope = [0.0] * K
        for k, a in samples:
            rho = p[k] / law[k]
            if (a > 0 and rho <= high) or (a < 0 and rho >= low):
                for j in range(K):
                    slope[j] += a * rho * ((j == k) - p[j]) / len(samples)
        logits = [one + step * g for one, g in zip(logits, slope, strict=True)]
    weights = [math.exp(one) for one in logits]
    return [one / sum(weights) for one in weights]


@pytest.mark.parametrize("clip", [(0.2, 0.2), (0.1, 0.4), None])
@pytest.mark.parametrize("n_updates", [1, 7, 60])
def test_groups_that_were_drawn(clip, n_updates):
    law, right = [0.3, 0.1, 0.05, 0.55], [1, 0, 1, 0]
    groups = np.random.default_rng(4).choice(4, (3, 6), p=law)
    found = inner_updates(law, right, group_size=6, groups=groups, n_updates=n_updates, clip=clip, step_size=0.8)
    due = looped(law, right, groups.tolist(), clip, 0.8, n_updates)
    np.testing.assert_allclose(found.p, due, rtol=1e-9)
    np.testing.assert_allclose(found.ratios, np.array(due) / law, rtol=1e-9)


@pytest.mark.parametrize(("clip", "rests"), [(0.2, True), (None, False)])
def test_at_rest_all_sampled_answers_have_passed_the_clip(clip, rests):
    """Statement GR-12 on a likely, a rare and eight wrong answers; without a clip there is no rest."""
    law, right = [0.6, 0.02, *[0.0475] * 8], [1, 1, *[0] * 8]
    found = inner_updates(law, right, group_size=8, n_updates=200, clip=clip, step_size=1.0)
    assert found.converged == rests == (not found.active.any())
    if rests:
        assert found.n_iter == 41
        np.testing.assert_allclose(found.ratios[:3], [1.209, 1.231, 0.658], atol=0.001)
        again = inner_updates(law, right, group_size=8, n_updates=5000, clip=clip, step_size=1.0)
        np.testing.assert_array_equal(again.p, found.p)


def test_ends():
    still = inner_updates(P, RIGHT, group_size=1, n_updates=5, step_size=1.0)
    assert (still.ratios == 1).all()
    assert still.converged
    none = inner_updates(P, RIGHT, group_size=8, n_updates=0, step_size=1.0)
    assert (none.n_iter, none.converged) == (0, False)
    dead = inner_updates([0.5, 0.5, 0.0], [1, 0, 1], group_size=4, n_updates=50, step_size=0.5)
    assert dead.p[2] == 0
    assert dead.ratios[2] == 1
    for norm, size in (("loo", 2), ("none", 4), ("mean", 4), ("sample", 4)):
        found = inner_updates(P, RIGHT, group_size=size, n_updates=3000, step_size=0.5, norm=norm)
        assert found.converged
        assert (found.ratios[:3] > 1.2).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_updates": -1}, "`n_updates` must be an integer"),
        ({"step_size": -1.0}, "`step_size` must be in"),
        ({"clip": 0.0}, "`clip` must be in"),
        ({"clip": (0.1, 0.2, 0.3)}, "`clip` must be a number, a pair of numbers, or None"),
        ({"norm": "batch"}, "`norm` must be one of"),
        ({"std_offset": 0.1}, "`std_offset` must be left out without `groups`"),
        ({"groups": [[0, 1]]}, "`groups` must be of shape"),
        ({"groups": [[0, 1, 2, 5]]}, "`groups` must be at least one group of integers in"),
        ({"groups": [[0, 1, 2, 0.5]]}, "`groups` must be at least one group of integers in"),
        ({"groups": np.empty((0, 4))}, "`groups` must be at least one group"),
        ({"p": [0.5, 0.5, 0, 0, 0], "groups": [[0, 1, 2, 1]]}, "`groups` must be free of answers of probability 0"),
    ],
)
def test_bad_input(options, said):
    with pytest.raises(ValueError, match=said):
        inner_updates(**{"p": P, "correct": RIGHT, "group_size": 4, "n_updates": 1, "step_size": 1.0, **options})


@pytest.mark.parametrize("clip", [1.0, 1.5, (1.5, 0.2), (0.2, 1.5), (0.2, 1.0), (0.0, 0.2)])
def test_a_clip_lies_between_0_and_1_on_both_sides(clip):
    with pytest.raises(ValueError, match=r"`clip` must be in \(0, 1\); got"):
        inner_updates(P, RIGHT, group_size=4, n_updates=1, clip=clip, step_size=0.5)
