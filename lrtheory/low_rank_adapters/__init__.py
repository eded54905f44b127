r"""Low-rank adapters as exact linear algebra: which updates they reach, how to start, train, convert and check them.

An adapter adds an update to a frozen weight W of shape (d_out, d_in), and trains fewer numbers than the update has
entries. Its kind decides which updates it reaches at all; four questions follow, and linear algebra answers each:

* How near does it come to the update that I need?            `distance`, with a lower end that is proved
* Which arrays bring it there, for an update or for data?     `fit`
* Which kind, for this layer and this many numbers?           `compare`
* How many of its numbers are free?                           `Adapter.dimension`
* How much of a gradient does a start or a step capture?      `initialize`, `captured_energies`
* What does training do, and what can it not reach?           `train`, `AdapterOptimizer`, `SwitchedLoRA`
* Balance it, or turn any kind into LoRA                      `refactorize`, `to_lora`
* Files of peft, in both directions                           `load_peft`, `save_peft`

The kinds are LoRA (`lora`), with its right factor frozen (`lora_fa`), with a small matrix between frozen factors
(`lora_xs`, also LoRA-SB), VeRA (`vera`), RandLoRA (`randlora`), Uni-LoRA (`uni_lora`), the Hadamard product with the
weight (`hadamard`, also HiRA), and the update itself (`full`). For an update D with singular values sigma_i,

.. math:: \min_{\operatorname{rank} \Delta \le r} \|D - \Delta\|^2 = \sum_{i > r} \sigma_i^2,

while a random linear adapter of K numbers leaves the share 1 - K / (d_out d_in) on average, whatever the spectrum
(statement AD-4): which kind is best is a matter of how fast the singular values fall.

Examples
--------
An update of rank two beside noise, and what a LoRA of rank 2 cannot reach of it:

>>> import numpy as np
>>> from lrtheory import low_rank_adapters as lra
>>> problem = lra.make_update("power", (24, 16), exponent=1.0, rng=0)
>>> adapter = lra.make_adapter("lora", (24, 16), rank=2, rng=0)
>>> found = lra.distance(adapter, problem.target)
>>> found.exact, round(1 - found.captured, 3), found.certificate.verify(problem.target)
(True, 0.21, True)

Half a step on one factor moves the weight by the gradient's projection on the other one:

>>> G = np.arange(6.0).reshape(2, 3)
>>> energies = lra.captured_energies(lra.lora([[1.0], [0.0]], [[0.0, 0.0, 1.0]]), G)
>>> energies.a_step, energies.b_step, energies.tangent, energies.total
(5.0, 29.0, 30.0, 55.0)
"""

from __future__ import annotations
