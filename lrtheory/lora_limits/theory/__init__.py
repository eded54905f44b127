"""Constants and right-hand sides of the theorems, as plain functions.

============  ==================================================================================================
degrees       how well polynomials approximate exp on [-M, M], and which degree is enough
error_bounds  from a relative error of exp to rows of attention, every matrix of the chain, and gradients
logit_bounds  bounds on logits in O(L d), and rounding
costs         features, operations, break-even lengths
hypercube     attention of known spectrum: rank lower bounds, their limit, an exact gradient in L log L
gadget        attention that finds pairs of bit vectors
scalings      alpha / rank and alpha / sqrt(rank), adapters for a linear target
============  ==================================================================================================

Notation: L tokens, head width d, logits beta C1 W C2^T with the largest absolute value M, attention f, values C3,
labels Y. The inverse temperature beta is never defaulted here: 1, 1/d and 1/sqrt(d) give different thresholds.
A formula without log, exp or sqrt also takes Fractions, the others take balls where that is said.

To plan with, before anything runs:

==========================  ========================================================================================
degree_bracket              which degrees are enough, and which are not, for an absolute error of exp
sufficient_degree           which degree is enough for a relative error of exp, in closed form
adapters_for_linear_target  adapters with which layers come as close to a target as they can
==========================  ========================================================================================
"""

from __future__ import annotations

from lrtheory.lora_limits.theory.costs import as23_rank, break_even_length, flop_model, n_features, sufficient_degree
from lrtheory.lora_limits.theory.degrees import (
    chebyshev_bracket,
    chebyshev_error,
    degree_bracket,
    min_degree,
    taylor_certificate,
    taylor_error,
    taylor_value,
)
from lrtheory.lora_limits.theory.error_bounds import (
    ErrorBounds,
    adapter_factors,
    entry_error,
    error_certificate,
    gradient_bound,
    key_gradient_bound,
    relative_error_for,
    tilt_bound,
    value_gradient_bound,
)
from lrtheory.lora_limits.theory.gadget import Gadget, decide_pair, decisive_beta0, log_pair_sums, make_gadget
from lrtheory.lora_limits.theory.hypercube import (
    Hypercube,
    hypercube_gradient,
    hypercube_rank_lower_bound,
    make_hypercube,
    rank_exponent_limit,
    spectral_rank_bound,
)
from lrtheory.lora_limits.theory.logit_bounds import logit_bound, rounding_floor
from lrtheory.lora_limits.theory.scalings import adapters_for_linear_target, lora_scale, rslora_scale

__all__ = [
    "ErrorBounds",
    "Gadget",
    "Hypercube",
    "adapter_factors",
    "adapters_for_linear_target",
    "as23_rank",
    "break_even_length",
    "chebyshev_bracket",
    "chebyshev_error",
    "decide_pair",
    "decisive_beta0",
    "degree_bracket",
    "entry_error",
    "error_certificate",
    "flop_model",
    "gradient_bound",
    "hypercube_gradient",
    "hypercube_rank_lower_bound",
    "key_gradient_bound",
    "log_pair_sums",
    "logit_bound",
    "lora_scale",
    "make_gadget",
    "make_hypercube",
    "min_degree",
    "n_features",
    "rank_exponent_limit",
    "relative_error_for",
    "rounding_floor",
    "rslora_scale",
    "spectral_rank_bound",
    "sufficient_degree",
    "taylor_certificate",
    "taylor_error",
    "taylor_value",
    "tilt_bound",
    "value_gradient_bound",
]
