r"""Low-rank and memory-efficient optimizers: what one step is, how biased, how noisy, and how many bytes it keeps.

Training holds weights, gradients and the state of an optimizer in memory. Several families of methods save on the last
two, and each saving changes what a step does. This system has reference implementations behind small interfaces, and
exact formulas for what the savings cost:

* Train by evaluations alone, with perturbations of low rank       `LowRankES`, `es_gradient`
* Choose rank, factors and population for a budget                 `plan_population`, `bias_bound`
* See bias and variance exactly, without sampling                  `sine_gradient`, `exact_gradient`
* Keep moments of few columns of a cosine basis                    `select_columns`, `DCTAdamW`, `Trion`
* Compare steps of optimizers, and the bytes that they keep        `SGD`, `AdamW`, `MKOR`, `AuON`, `Muon`, `Frugal`,
  `GaLore`
* Push the singular values of a matrix towards 1                   `newton_schulz`, `spectral_image`
* Train a recurrent network in integers alone                      `IntegerRNN`, `IntegerES`
* Which weights can a step in bfloat16 not move?                   `absorption`, `compare_checkpoints`
* What does rounding eat of an adapter that is merged?             `absorb_adapter`

An evolution strategy evaluates members W + sigma E and W - sigma E, where E = A B^T / sqrt(r) has r columns in each
factor. For a quadratic f in weights of shape (m, n), the estimate from P pairs has no bias, and with G its gradient the
mean squared error

.. math:: \frac{\|G\|^2}{P} \Bigl(mn + 1 + \frac{c}{r}\Bigr), \qquad c = 2 (m + n + 1) \text{ for Gaussian factors},
    \quad c = -2 \text{ for signs}

(statement EG-V), so that random signs of rank 1 are less noisy than full Gaussian noise.

From a file to an answer, in the shell::

    lrtheory low_rank_optimizers diff tiny-model tiny-tuned
    lrtheory low_rank_optimizers absorb tiny-model --step 1e-4 --plot absorbed.png

Examples
--------
A simulator that lives elsewhere is asked for the worth of members, and told what they were worth:

>>> import numpy as np
>>> from lrtheory import low_rank_optimizers as lro
>>> strategy = lro.LowRankES([(2, 3)], sigma=0.1, population_size=64, rng=0)
>>> generation, target = strategy.ask(), np.arange(6.0).reshape(2, 3)
>>> members = [generation.member(i, [np.zeros((2, 3))])[0] for i in range(64)]
>>> step = strategy.tell([-((member - target) ** 2).sum() for member in members])
>>> bool((step.update[0] * target).sum() > 0)
True

The 64 members are 32 pairs, and the factors of rank 1 that perturb them are random signs. So says the plan for a
quadratic, too:

>>> plan = lro.plan_population((2, 3), n_evaluations=64)
>>> plan.rank, plan.factors
(1, 'sign')

An optimizer says how many bytes it keeps. With error feedback, Adam in a quarter of the columns keeps more than half of
what Adam keeps:

>>> gradient = np.ones((64, 64), np.float32)
>>> full, few = lro.AdamW(step_size=0.1), lro.DCTAdamW(16, step_size=0.1, error_feedback=True)
>>> steps = [optimizer.step(gradient).update.shape for optimizer in (full, few)]
>>> full.state_bytes, few.state_bytes
(32768, 24640)
"""

from __future__ import annotations

from lrtheory.low_rank_optimizers import baselines, theory
from lrtheory.low_rank_optimizers.columns.basis import dct_basis
from lrtheory.low_rank_optimizers.columns.select_columns import ColumnCertificate, ColumnSelection, select_columns
from lrtheory.low_rank_optimizers.evolution.es_gradient import ESGradient, es_gradient
from lrtheory.low_rank_optimizers.evolution.low_rank_es import ESStep, LowRankES
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from lrtheory.low_rank_optimizers.exact_gradients.exact_gradient import ExactGradient, exact_gradient
from lrtheory.low_rank_optimizers.exact_gradients.sine_gradient import SineGradient, sine_gradient
from lrtheory.low_rank_optimizers.integer.integer_es import IntegerES
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN, TextScore
from lrtheory.low_rank_optimizers.integer.members import IntegerMembers
from lrtheory.low_rank_optimizers.integer.results import IntegerStep, IntegerTraining, Progress
from lrtheory.low_rank_optimizers.integer.texts import TextProblem, make_markov_text
from lrtheory.low_rank_optimizers.loaders import (
    load_digits_problem,
    load_encoder_weights,
    load_mnist_problem,
    load_text,
)
from lrtheory.low_rank_optimizers.makers import make_cubic, make_quadratic, make_sine
from lrtheory.low_rank_optimizers.optimizers.adamw import AdamW
from lrtheory.low_rank_optimizers.optimizers.auon import AuON
from lrtheory.low_rank_optimizers.optimizers.base import Step
from lrtheory.low_rank_optimizers.optimizers.curvature import update_curvature
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import DCTAdamW
from lrtheory.low_rank_optimizers.optimizers.frugal import Frugal
from lrtheory.low_rank_optimizers.optimizers.galore import GaLore
from lrtheory.low_rank_optimizers.optimizers.mkor import MKOR
from lrtheory.low_rank_optimizers.optimizers.muon import Muon
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import newton_schulz, spectral_image
from lrtheory.low_rank_optimizers.optimizers.sgd import SGD
from lrtheory.low_rank_optimizers.optimizers.trion import Trion
from lrtheory.low_rank_optimizers.planning.bias_bound import BiasCertificate, bias_bound
from lrtheory.low_rank_optimizers.planning.plan_population import Plan, plan_population
from lrtheory.low_rank_optimizers.problem import ClassifierProblem, PolynomialProblem, SineProblem
from lrtheory.low_rank_optimizers.rounding.absorb_adapter import AdapterAbsorption, absorb_adapter
from lrtheory.low_rank_optimizers.rounding.absorption import Absorption, AbsorptionCertificate, absorption
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
from lrtheory.low_rank_optimizers.rounding.compare_checkpoints import SparsityReport, compare_checkpoints
from lrtheory.low_rank_optimizers.theory.rounding import adam_step_bound

__all__ = [
    "MKOR",
    "SGD",
    "Absorption",
    "AbsorptionCertificate",
    "AdamW",
    "AdapterAbsorption",
    "AuON",
    "BiasCertificate",
    "ClassifierProblem",
    "ColumnCertificate",
    "ColumnSelection",
    "DCTAdamW",
    "ESGradient",
    "ESStep",
    "ExactGradient",
    "Frugal",
    "GaLore",
    "IntegerES",
    "IntegerMembers",
    "IntegerRNN",
    "IntegerStep",
    "IntegerTraining",
    "LowRankES",
    "Muon",
    "Perturbations",
    "Plan",
    "PolynomialProblem",
    "Progress",
    "SineGradient",
    "SineProblem",
    "SparsityReport",
    "Step",
    "TextProblem",
    "TextScore",
    "Trion",
    "absorb_adapter",
    "absorption",
    "adam_step_bound",
    "baselines",
    "bias_bound",
    "compare_checkpoints",
    "dct_basis",
    "es_gradient",
    "exact_gradient",
    "load_digits_problem",
    "load_encoder_weights",
    "load_mnist_problem",
    "load_text",
    "make_cubic",
    "make_markov_text",
    "make_quadratic",
    "make_sine",
    "newton_schulz",
    "plan_population",
    "rounded",
    "select_columns",
    "sine_gradient",
    "spectral_image",
    "theory",
    "update_curvature",
]


def _warmup() -> None:
    """Compile the factors and forward passes, for both kinds of floats, and the network in integers."""
    import numpy as np  # here, since names of the package are public

    network = IntegerRNN(1, 1, rng=0)
    network.score([0, 0])
    IntegerES(network, population_size=2, noise_size=64, rng=0).train([0, 0], 1, n_tokens=1)
    for kind, factors in (("float32", "sign"), ("float64", "gaussian")):
        one = np.ones((1, 1), kind)
        LowRankES([(1, 1)], sigma=1.0, population_size=2, factors=factors).ask().forward(one, one, 0)
