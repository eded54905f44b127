r"""Low-rank adapters as exact linear algebra: which updates they reach, how to start, train, convert and check them.

An adapter adds an update to a frozen weight W of shape (d_out, d_in), and trains fewer numbers than the update has
entries. Its kind decides which updates it reaches at all. Linear algebra answers the questions that follow:

* How near does it come to the update that I need?            `distance`, with a lower end that is proved
* Which arrays bring it there, for an update or for data?     `fit`
* Which kind, for this layer and this many numbers?           `compare`
* How many of its numbers are free?                           `Adapter.dimension`
* How much of a gradient does a start or a step capture?      `initialize`, `captured_energies`
* What does training do, and what can it not reach?           `train`, `AdapterOptimizer`, `SwitchedLoRA`
* Balance it, or turn any kind into LoRA                      `refactorize`, `to_lora`
* Files of peft, in both directions                           `load_peft`, `save_peft`

The kinds are LoRA (`lora`), with its right factor frozen (`lora_fa`), with a small matrix between frozen factors
(`lora_xs`, also LoRA-SB), VeRA (`vera`), RandLoRA (`randlora`), Uni-LoRA (`uni_lora`), TeRA (`tera`), Queryable LoRA
for one query (`queryable`), the Hadamard product with the weight (`hadamard`, also HiRA), and the update itself
(`full`). For an update D with singular values sigma_i,

.. math:: \min_{\operatorname{rank} \Delta \le r} \|D - \Delta\|^2 = \sum_{i > r} \sigma_i^2,

while a random linear adapter of K numbers leaves the share 1 - K / (d_out d_in) on average, whatever the spectrum
(statement AD-4): which kind is best is a matter of how fast the singular values fall.

From a file to an answer, in the shell::

    lrtheory low_rank_adapters extract tiny-model tiny-tuned --rank 2 -o as-lora
    lrtheory low_rank_adapters convert tiny-uni-lora --rank 2 -o as-lora
    lrtheory low_rank_adapters compare tiny-model tiny-tuned --max-parameters 100 --plot kinds.png

Examples
--------
An update of rank two beside noise, and what a LoRA of rank 2 cannot reach of it:

>>> import numpy as np
>>> from lrtheory import low_rank_adapters as lra
>>> problem = lra.make_update("power", (24, 16), exponent=1.0, rng=0)
>>> adapter = lra.make_adapter("lora", (24, 16), rank=2, rng=0)
>>> found = lra.distance(adapter, problem.target)
>>> found.exact, round(1 - found.captured, 3), found.certificate.verify(problem.target)
(True, 0.211, True)

Half a step on one factor moves the weight by the gradient's projection on the other one:

>>> G = np.arange(6.0).reshape(2, 3)
>>> energies = lra.captured_energies(lra.lora([[1.0], [0.0]], [[0.0, 0.0, 1.0]]), G)
>>> energies.a_step, energies.b_step, energies.tangent, energies.total
(5.0, 29.0, 30.0, 55.0)
"""

from __future__ import annotations

from lrtheory._files.adapters import AdapterFile
from lrtheory.low_rank_adapters import baselines, theory
from lrtheory.low_rank_adapters.compare import Comparison, ComparisonRow, compare
from lrtheory.low_rank_adapters.convert import ConversionCertificate, Refactorized, refactorize, to_lora
from lrtheory.low_rank_adapters.distance import Reach, distance
from lrtheory.low_rank_adapters.files.load import load_peft
from lrtheory.low_rank_adapters.files.save import save_peft
from lrtheory.low_rank_adapters.fit import FitResult, FitState, fit
from lrtheory.low_rank_adapters.kinds.base import Adapter, Merged
from lrtheory.low_rank_adapters.kinds.hadamard import hadamard
from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.kinds.queryable import queryable
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.tera import tera
from lrtheory.low_rank_adapters.kinds.uni_lora import balanced_assignment, uni_lora
from lrtheory.low_rank_adapters.kinds.vera import vera
from lrtheory.low_rank_adapters.loaders import load_update
from lrtheory.low_rank_adapters.problem import UpdateProblem, make_update
from lrtheory.low_rank_adapters.reach.certificate import FitCertificate
from lrtheory.low_rank_adapters.training.energies import Energies, captured_energies
from lrtheory.low_rank_adapters.training.initialize import Start, StartCertificate, initialize
from lrtheory.low_rank_adapters.training.optimizer import AdapterOptimizer
from lrtheory.low_rank_adapters.training.switched import SwitchedLoRA
from lrtheory.low_rank_adapters.training.train import TrainResult, TrainState, train

__all__ = [
    "Adapter",
    "AdapterFile",
    "AdapterOptimizer",
    "Comparison",
    "ComparisonRow",
    "ConversionCertificate",
    "Energies",
    "FitCertificate",
    "FitResult",
    "FitState",
    "Merged",
    "Reach",
    "Refactorized",
    "Start",
    "StartCertificate",
    "SwitchedLoRA",
    "TrainResult",
    "TrainState",
    "UpdateProblem",
    "balanced_assignment",
    "baselines",
    "captured_energies",
    "compare",
    "distance",
    "fit",
    "full",
    "hadamard",
    "initialize",
    "load_peft",
    "load_update",
    "lora",
    "lora_fa",
    "lora_xs",
    "make_adapter",
    "make_update",
    "queryable",
    "randlora",
    "refactorize",
    "save_peft",
    "tera",
    "theory",
    "to_lora",
    "train",
    "uni_lora",
    "vera",
]


def _warmup() -> None:
    """Compile the one kernel, for both kinds of floats."""
    import numpy as np

    from lrtheory.low_rank_adapters.kinds.uni_lora import group_sums

    for kind in (np.float32, np.float64):
        group_sums(np.ones(2, kind), np.array([0, 0]), 1)
