r"""Group policy gradients: what training with rewards of groups does to a policy, computed to the last digit.

A model answers each prompt several times, a verifier says which answers are right, and each answer gets an advantage
within its group, as in GRPO. Success at the first answer rises; success in many answers may fall. On lists of answers
the expected update of every variant has a closed form or is a finite sum, so what a setting does can be computed
without noise, and logs of real answers can be asked what happened:

* Advantages for a trainer, and groups that carry no signal          `group_advantages`
* What does one update do to each answer, in the mean?               `expected_gradient`
* Where does training lead, and where does it come to rest?          `flow`, `stationary_points`
* Several updates from the same groups, with clipping                `inner_updates`
* A small policy on several problems, with exact success             `Population`, `train`, `make_arithmetic`
* How likely is one of k answers right?                              `pass_at_k`
* Which share of my prompts is wasted at each size of groups?        `signal_share`
* Does my training sharpen what the model knew, or add to it?        `sharpening_report`

An advantage that depends on rewards of 0 and 1 alone pushes the logits along

.. math:: E\,g = a(P)\, \nabla P, \qquad g_k = a(P)\, p_k (r_k - P),

where P is the probability of a right answer and a(P) > 0 depends on the norm and the size of groups (statement GR-1;
`theory.weight`). So of two right answers the likelier one gains, whatever the norm (GR-2), and right answers become
less even (GR-4d).

From a log of answers in the shell::

    lrtheory policy_gradients pass-at-k before.jsonl -k 1,10,100
    lrtheory policy_gradients sharpening before.jsonl after.jsonl --decided
    lrtheory policy_gradients groups before.jsonl --sizes 4,8,16

Examples
--------
Three right answers, of which one is rare; the update favours the likely one, and a penalty on likely answers helps the
rare one on:

>>> from lrtheory import policy_gradients as pg
>>> p, correct = [0.4, 0.15, 0.05, 0.4], [True, True, True, False]
>>> pg.expected_gradient(p, correct, group_size=8).gradient.round(4)
array([ 0.3011,  0.1129,  0.0376, -0.4516])
>>> pg.group_advantages([[1, 0, 0, 1]], norm="loo").advantages.round(4)
array([[ 0.6667, -0.6667, -0.6667,  0.6667]])

Two of four answers to each of three problems are right:

>>> pg.pass_at_k([4, 4, 4], [2, 2, 2], k=[1, 2]).value.round(4)
array([0.5   , 0.8333])
>>> pg.signal_share([4, 4, 4], [2, 2, 2], group_sizes=[2]).no_signal.round(4)
array([0.3333])
"""

from __future__ import annotations

from lrtheory.policy_gradients import baselines, theory
from lrtheory.policy_gradients.advantages import AdvantageResult, group_advantages
from lrtheory.policy_gradients.flow import FlowResult, flow
from lrtheory.policy_gradients.gradient import GradientResult, expected_gradient
from lrtheory.policy_gradients.inner_updates import InnerResult, inner_updates
from lrtheory.policy_gradients.pass_at_k import PassAtK, pass_at_k
from lrtheory.policy_gradients.problem import AnswerLog, Bandit, make_bandit
from lrtheory.policy_gradients.sharpening import Sharpening, SignalShare, sharpening_report, signal_share
from lrtheory.policy_gradients.stationary import StationaryResult, stationary_points
from lrtheory.policy_gradients.train import Population, TrainingResult, make_arithmetic, train

__all__ = [
    "AdvantageResult",
    "AnswerLog",
    "Bandit",
    "FlowResult",
    "GradientResult",
    "InnerResult",
    "PassAtK",
    "Population",
    "Sharpening",
    "SignalShare",
    "StationaryResult",
    "TrainingResult",
    "baselines",
    "expected_gradient",
    "flow",
    "group_advantages",
    "inner_updates",
    "make_arithmetic",
    "make_bandit",
    "pass_at_k",
    "sharpening_report",
    "signal_share",
    "stationary_points",
    "theory",
    "train",
]


def _warmup() -> None:
    """Compile the kernels of advantages, of updates and of counts."""
    group_advantages([[1.0, 0.0]])
    expected_gradient([0.5, 0.5], [True, False], group_size=2, unlikeliness=0.5)
    flow([0.5, 0.5], [True, False], group_size=2, step_size=0.1, n_steps=1)
    pass_at_k([2], [1], 1)
