r"""Low-rank fine-tuning gradients of attention: exact in linear memory, almost linear in time while logits are small.

One attention head with LoRA adapters has as its loss half the squared Frobenius norm of f X_V W_V - Y, where f =
softmax(beta X_Q W_Q W_K^T X_K^T). X_Q, X_K and X_V are the inputs of queries, keys and values, one row per token for L
tokens; W_Q, W_K and W_V are the weights with their adapters, and Y holds the outputs that the head should have. The
gradient is a chain of L x L matrices,

.. math:: c = f C_3 - Y, \quad q = c C_3^\top, \quad p = f \circ (q - r 1^\top), \quad G = \beta\, C_1^\top p\, C_2,
   \qquad dA = s\, B^\top G^\top, \; dB = s\, G^\top A^\top

where C_3 = X_V W_V, the circle is the product entry by entry, and r holds the row sums of f o q. G is the gradient of a
weight: for that of the queries C_1 = X_Q and C_2 = X_K W_K. The adapter adds s (B A)^T to this weight, with A of shape
(rank, d_in), B of shape (d_out, rank) and the scale s = alpha / rank. None of the L x L matrices has to be stored. With
a polynomial of degree g instead of exp, f becomes a product of factors with binom(g + d, d) columns, where d is the
width of the head, and p becomes one, too: the gradient then costs L times the number of columns instead of L^2. How
many columns an accuracy needs depends on the largest logit M alone: few for M below 1, and from some larger M on more
than there are tokens. In the worst case no algorithm is much faster, unless satisfiability has faster algorithms than
is believed.

* What are the gradients of my adapters?                   `lora_gradients` on a `LoRAHead`
* In which regime is my layer?                             `diagnose`, before any gradient
* How does the chain look, matrix by matrix?               `gradient_chain`
* Which polynomial, and how wrong is it?                   `exp_polynomial`, `attention_factors`
* How far can the gradients be off?                        the result's `certificate`, `theory.error_certificate`
* How many columns at least? Where is the wall?            `make_hypercube`, `theory.rank_exponent_limit`
* What makes the problem hard?                             `make_gadget`
* What would others do?                                    `baselines`: random features, landmarks, singular vectors

From a file to an answer, in the shell::

    lrtheory lora_limits diagnose tiny-model --inputs states.npz --plot heads.png

Examples
--------
The first thing to run on a layer:

>>> from lrtheory import lora_limits as ll
>>> problem = ll.make_uniform(20000, 8, bound=0.5, rng=0)
>>> found = ll.diagnose(problem.head, problem.XQ, XK=problem.XK, XV=problem.XV, epsilon=1e-4)
>>> found.regime, found.degree, found.n_features
('low-rank pays', 2, 45)

Gradients, exact ones and fast ones; `method="auto"` takes what is cheaper:

>>> small = ll.make_uniform(1000, 4, bound=0.5, rng=0)
>>> exact, fast = (ll.lora_gradients(small, method=method) for method in ("tiled", "low-rank"))
>>> bool(abs(exact.W["Q"] - fast.W["Q"]).max() < 1e-6 * abs(exact.W["Q"]).max())
True

One large token raises the degree for all tokens, unless it is kept exact:

>>> spiky = ll.make_outliers(4000, 4, factor=20.0, rng=0)
>>> ll.lora_gradients(spiky, method="hybrid").n_outliers > 0
True
"""

from __future__ import annotations

from lrtheory.lora_limits import baselines, theory
from lrtheory.lora_limits.chain import Chain, gradient_chain
from lrtheory.lora_limits.diagnosis.diagnose import Regime, diagnose
from lrtheory.lora_limits.diagnosis.whole_model import HeadRegimes, HiddenStates, ModelFile, diagnose_model
from lrtheory.lora_limits.gradients import GradientCertificate, LoRAGradients, lora_gradients
from lrtheory.lora_limits.loaders import load_attention_heads
from lrtheory.lora_limits.polynomials import Polynomial, exp_polynomial
from lrtheory.lora_limits.problem import AttentionProblem, LoRAHead, make_outliers, make_uniform
from lrtheory.lora_limits.products.features import attention_factors
from lrtheory.lora_limits.theory.gadget import make_gadget
from lrtheory.lora_limits.theory.hypercube import make_hypercube

__all__ = [
    "AttentionProblem",
    "Chain",
    "GradientCertificate",
    "HeadRegimes",
    "HiddenStates",
    "LoRAGradients",
    "LoRAHead",
    "ModelFile",
    "Polynomial",
    "Regime",
    "attention_factors",
    "baselines",
    "diagnose",
    "diagnose_model",
    "exp_polynomial",
    "gradient_chain",
    "load_attention_heads",
    "lora_gradients",
    "make_gadget",
    "make_hypercube",
    "make_outliers",
    "make_uniform",
    "theory",
]


def _warmup() -> None:
    """Compile every kernel, for both float types, on a few tokens."""
    import numpy as np

    problem = make_uniform(16, 2, bound=0.1, rng=0)
    for kind in (np.float64, np.float32):
        given = {name: getattr(problem, name).astype(kind) for name in ("XQ", "Y", "XK", "XV")}
        for method in ("tiled", "low-rank"):
            lora_gradients(AttentionProblem(problem.head, **given), adapt=("Q", "K", "V"), method=method)
    theory.hypercube_gradient(np.ones((4, 1)), np.zeros((4, 1)), gamma=1.0)
