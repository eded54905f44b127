"""What others would do agrees with the closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.policy_gradients import baselines, expected_gradient

P, RIGHT = [0.3, 0.2, 0.1, 0.4], [True, True, False, False]


@pytest.mark.parametrize("norm", ["std", "sample", "none", "loo", "mean"])
def test_a_list_of_groups_and_draws_agree_with_the_closed_form(norm):
    due = expected_gradient(P, RIGHT, group_size=3, norm=norm).gradient
    np.testing.assert_allclose(baselines.enumerate_groups(P, RIGHT, group_size=3, norm=norm), due, atol=1e-15)
    drawn = baselines.sampled_gradient(P, RIGHT, group_size=3, n_groups=40_000, norm=norm, rng=0)
    np.testing.assert_allclose(drawn, due, atol=0.01)


def test_learning_from_rewards_themselves_and_what_is_too_large():
    plain = baselines.reinforce(P, RIGHT)
    np.testing.assert_allclose(plain, expected_gradient(P, RIGHT, group_size=4, norm="loo").gradient)
    np.testing.assert_allclose(baselines.enumerate_groups(P, RIGHT, group_size=3, norm="loo"), plain, atol=1e-15)
    with pytest.raises(ValueError, match="`group_size` must be such that there are at most 1,000,000 groups"):
        baselines.enumerate_groups(P, RIGHT, group_size=20)
