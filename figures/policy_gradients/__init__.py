"""Policy gradients of groups: published curves, weights, one curve of sharpening, penalties, rest, clips and sums."""

from figures.policy_gradients.arithmetic import ARITHMETIC
from figures.policy_gradients.inner_loop import INNER_LOOP
from figures.policy_gradients.one_curve import ONE_CURVE
from figures.policy_gradients.published import PUBLISHED
from figures.policy_gradients.stationary import STATIONARY
from figures.policy_gradients.unlikeliness import UNLIKELINESS
from figures.policy_gradients.uplift import UPLIFT
from figures.policy_gradients.weight import WEIGHT

__all__ = [
    "ARITHMETIC",
    "INNER_LOOP",
    "ONE_CURVE",
    "PUBLISHED",
    "STATIONARY",
    "UNLIKELINESS",
    "UPLIFT",
    "WEIGHT",
]
