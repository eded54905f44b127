"""Group policy gradients: what training with rewards of groups does to a policy, computed to the last digit."""

from __future__ import annotations

from lrtheory.policy_gradients import theory
from lrtheory.policy_gradients.advantages import AdvantageResult, group_advantages
from lrtheory.policy_gradients.flow import FlowResult, flow
from lrtheory.policy_gradients.gradient import GradientResult, expected_gradient
from lrtheory.policy_gradients.inner_updates import InnerResult, inner_updates
from lrtheory.policy_gradients.train import Population, TrainingResult, make_arithmetic, train

__all__ = [
    "AdvantageResult",
    "FlowResult",
    "GradientResult",
    "InnerResult",
    "Population",
    "TrainingResult",
    "expected_gradient",
    "flow",
    "group_advantages",
    "inner_updates",
    "make_arithmetic",
    "theory",
    "train",
]
