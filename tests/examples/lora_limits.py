"""One small call of every public function of `lora_limits`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from tests.backends import need_data
from tests.examples import Call, call

TINY = Path(__file__).resolve().parents[1] / "files" / "tiny-model"
X = np.array([[1.0, 0.5], [-0.5, 0.25], [0.25, -1.0]])
V = np.array([[1.0], [-2.0], [0.5]])
Y = np.array([[0.25], [0.5], [-1.0]])
BITS = np.array([[1, 1, 0, 0], [0, 1, 1, 0]])


def head() -> ll.LoRAHead:
    """A head with adapters on all weights, none of which is 0."""
    rng = np.random.default_rng(0)
    pairs = {projection: (rng.uniform(0.1, 1, (1, 3)), rng.uniform(0.1, 1, (2, 1))) for projection in "QKV"}
    return ll.LoRAHead(*rng.normal(size=(3, 3, 2)) / 2, adapters=pairs, alpha=2.0, beta=0.5)


def inputs() -> tuple[np.ndarray, np.ndarray]:
    """Two sequences of five tokens, and their targets."""
    rng = np.random.default_rng(1)
    return rng.uniform(0.1, 1, size=(2, 5, 3)), rng.uniform(-1, -0.1, size=(2, 5, 2))


def attention() -> np.ndarray:
    """What the gadget's attention answers."""
    gadget = ll.make_gadget(BITS, BITS, beta0=8.0)
    powers = np.exp(gadget.beta * gadget.Q @ gadget.K.T)
    return (powers / powers.sum(axis=1, keepdims=True) @ gadget.V)[:2, 0]


def loaded() -> Call:
    """The loader, where its data and what reads them are installed."""
    need_data("attention_heads")
    pytest.importorskip("tokenizers")
    pytest.importorskip("safetensors")
    return call("A short text.")


def solved(**options: Any) -> Call:
    return call(head(), *inputs(), **options)


CALLS = {
    "attention_factors": lambda: call(X, X[:2], ll.exp_polynomial(1.5, degree=2)),
    "diagnose": lambda: call(head(), inputs()[0], epsilon=1e-3),
    "diagnose_model": lambda: call(TINY, np.ones((2, 5, 8))),
    "exp_polynomial": lambda: call(1.0, degree=3, kind="minimax"),
    "gradient_chain": lambda: call(X, X[:2], V[:2], Y, np.eye(2), beta=0.5),
    "load_attention_heads": loaded,
    "lora_gradients": lambda: solved(adapt=("Q", "K", "V"), method="low-rank", degree=7, mask=np.array([5, 4])),
    "make_gadget": lambda: call(BITS, BITS, beta0=8.0),
    "make_hypercube": lambda: call(3, 1.5),
    "make_outliers": lambda: call(20, 2, rng=0),
    "make_uniform": lambda: call(20, 2, rng=0),
    "baselines.favor": lambda: solved(n_features=64, rng=0),
    "baselines.nystrom": lambda: solved(n_features=4, rng=0),
    "baselines.truncated_svd": lambda: solved(n_features=3),
    "theory.adapter_factors": lambda: call([[1.0, 2.0]], [[0.5], [-4.0]]),
    "theory.adapters_for_linear_target": lambda: call([np.eye(2), 2 * np.eye(2)], X[:2], rank=1),
    "theory.as23_rank": lambda: call(8, 4),
    "theory.break_even_length": lambda: call(8, 495),
    "theory.chebyshev_bracket": lambda: call(2, 1.0),
    "theory.chebyshev_error": lambda: call(2, 1.0),
    "theory.decide_pair": lambda: call(attention(), 2, n_bits=4, beta0=8.0),
    "theory.decisive_beta0": lambda: call(16, 8, gap=2),
    "theory.degree_bracket": lambda: call(4.0, 1e-4),
    "theory.entry_error": lambda: call(0.5),
    "theory.error_certificate": lambda: call(0.5, X, X, V, Y, beta=0.5),
    "theory.flop_model": lambda: call(100, 200, 8, n_features=45),
    "theory.gradient_bound": lambda: call(2.0, X, X, beta=1.0),
    "theory.hypercube_gradient": lambda: call(np.arange(16.0).reshape(8, 2), np.ones((8, 2)), gamma=1.0),
    "theory.hypercube_rank_lower_bound": lambda: call(10, 0.1, 0.5),
    "theory.key_gradient_bound": lambda: call(2.0, X, X, beta=1.0),
    "theory.log_pair_sums": lambda: call(attention(), beta0=8.0),
    "theory.logit_bound": lambda: call(X, X, beta=0.5),
    "theory.lora_scale": lambda: call(16.0, 8),
    "theory.min_degree": lambda: call(1.0, 1e-4),
    "theory.sufficient_degree": lambda: call(1.0, 1e-4),
    "theory.n_features": lambda: call(8, 4),
    "theory.rank_exponent_limit": lambda: call(0.1, 0.5),
    "theory.relative_error_for": lambda: call(1e-3, 10.0),
    "theory.rounding_floor": lambda: call([1.0, 1.0, 0.5], 1.0, n_variables=2),
    "theory.rslora_scale": lambda: call(16.0, 8),
    "theory.spectral_rank_bound": lambda: call([1.0, 0.5], [1, 3], allowed=0.3),
    "theory.taylor_certificate": lambda: call(4, 1.0),
    "theory.taylor_error": lambda: call(4, 1.0),
    "theory.taylor_value": lambda: call(4, 1.0),
    "theory.tilt_bound": lambda: call(0.5),
    "theory.value_gradient_bound": lambda: call(0.5, X, V, spread=3.0),
}
assert ll.__doc__

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "error_multiplier": lambda: call(X, X, V, Y, 0.5),
    "linear_target_error": lambda: call([np.eye(2), 2 * np.eye(2)], X[:2], 1),
    "reduce_to_adapters": lambda: call(X, X, X, 0.5, 4),
    "squared_norm_derivative": lambda: call(np.ones((2, 2)), np.eye(2), 0.5),
}
