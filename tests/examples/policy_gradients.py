"""One small call of every public function of `policy_gradients`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory.policy_gradients import AnswerLog, Population
from tests.examples import Call, call

P = np.array([0.5, 0.125, 0.375])
CORRECT = np.array([True, True, False])
REWARDS = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
SMALL = Population(CORRECT[None], np.eye(3), np.zeros(3), own=np.zeros((1, 3)))
LOG = AnswerLog(["a"] * 4, [1, 1, 1, 0], answers=["x", "x", "y", "z"])

CALLS: dict[str, Callable[[], Call]] = {
    "baselines.enumerate_groups": lambda: call(P, CORRECT, group_size=2),
    "baselines.reinforce": lambda: call(P, CORRECT),
    "baselines.sampled_gradient": lambda: call(P, CORRECT, group_size=2, n_groups=3, rng=0),
    "expected_gradient": lambda: call(P, CORRECT, group_size=4, unlikeliness=0.5),
    "flow": lambda: call(P, CORRECT, group_size=4, step_size=0.5, n_steps=2),
    "group_advantages": lambda: call(REWARDS, log_probs=-REWARDS - 1, unlikeliness=0.5),
    "inner_updates": lambda: call(P, CORRECT, group_size=4, n_updates=2, step_size=0.5),
    "make_arithmetic": lambda: call(rng=0),
    "make_bandit": lambda: call(3, 2, rng=0),
    "pass_at_k": lambda: call(np.array([4, 2]), np.array([1, 2]), [1, 2]),
    "sharpening_report": lambda: call(LOG, LOG),
    "signal_share": lambda: call(np.array([4, 2]), np.array([1, 2]), group_sizes=[2, 4]),
    "stationary_points": lambda: call(P, CORRECT, lam=0.5, group_size=4),
    "theory.best_n": lambda: call(0.125, uplift=0.5),
    "theory.no_signal_probability": lambda: call(0.25, group_size=4),
    "theory.stationary_success": lambda: call(0.25, lam=0.5, group_size=4),
    "theory.unlikeliness_threshold": lambda: call(
        (0.5, 0.125, 0.375), (True, True, False), likely=0, rare=1, group_size=4
    ),
    "theory.weight": lambda: call(0.25, group_size=4, std_offset=0.125),
    "theory.weight_bounds": lambda: call(0.25, group_size=4),
    "train": lambda: call(SMALL, group_size=4, n_steps=2, rng=0),
}
