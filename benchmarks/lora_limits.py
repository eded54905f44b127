"""Gradients of attention against the kernels of PyTorch and random features, low rank against exact, and memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))  # as `run` gives them to both sides


def head(n_tokens: int, d: int, *, bound: float, dtype: str = "float64") -> Callable[[], Inputs]:
    """Queries and keys uniform in [-bound, bound], W the identity, and the largest entry of the gradient."""

    def inputs() -> Inputs:
        from lrtheory.lora_limits import lora_gradients, make_uniform

        problem = make_uniform(n_tokens, d, bound=bound, rng=0)
        gradient = lora_gradients(problem, adapt=("Q",), method="tiled").W["Q"]
        given = {"C1": problem.XQ, "C2": problem.XK, "C3": problem.XV, "Y": problem.Y, "W": problem.head.WQ}
        return {name: value.astype(dtype) for name, value in given.items()} | {"size": np.abs(gradient).max()}

    return inputs


# --- our side --------------------------------------------------------------------------------------------------------


def ours(method: str, **options: Any) -> Callable[[Inputs], np.ndarray]:
    """dLoss/dW of the queries in units of its largest entry, by one of the methods."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.lora_limits import lora_gradients

        jobs = {"n_jobs": THREADS} if method == "tiled" else {}
        problem = ready("head", inputs, lambda: problem_of(inputs))
        found = lora_gradients(problem, adapt=("Q",), method=method, **options, **jobs)
        return found.W["Q"] / inputs["size"]

    return solve


def problem_of(inputs: Inputs) -> Any:
    """The head without adapters: its gradient is dLoss/dW."""
    from lrtheory.lora_limits import AttentionProblem, LoRAHead

    one = np.eye(inputs["W"].shape[1])
    made = LoRAHead(inputs["W"], one, one, adapters={}, alpha=1, beta=1 / len(one))
    return AttentionProblem(made, inputs["C1"], inputs["Y"], XK=inputs["C2"], XV=inputs["C3"])


# --- others ----------------------------------------------------------------------------------------------------------


def tensors(inputs: Inputs) -> dict[str, Any]:
    """The arrays for PyTorch, with axes of one batch and one head; the gradient of W is wanted."""
    import torch

    found = {name: torch.from_numpy(inputs[name])[None, None] for name in ("C1", "C2", "C3", "Y")}
    return found | {"W": torch.from_numpy(inputs["W"].copy()).requires_grad_(True)}


def by_autograd(attend: Callable[..., Any]) -> Callable[[Inputs], np.ndarray]:
    """dLoss/dW by automatic differentiation through somebody's attention."""

    def solve(inputs: Inputs) -> np.ndarray:
        x = ready("tensors", inputs, lambda: tensors(inputs))
        x["W"].grad = None
        c = attend(x["C1"] @ x["W"], x["C2"], x["C3"]) - x["Y"]
        ((c * c).sum() / 2).backward()
        return x["W"].grad.numpy() / inputs["size"]

    return solve


def attention(queries: Any, keys: Any, values: Any) -> Any:
    """Exact attention in C++, at the temperature of our side."""
    from torch.nn.functional import scaled_dot_product_attention

    return scaled_dot_product_attention(queries, keys, values, scale=1 / queries.shape[-1])


def performer(n_features: int) -> Callable[..., Any]:
    """FAVOR+ with one set of directions; its temperature is 1 / sqrt(d), so queries are divided by sqrt(d)."""

    def attend(queries: Any, keys: Any, values: Any) -> Any:
        import torch
        from performer_pytorch import FastAttention

        d = queries.shape[-1]

        def make() -> Any:
            torch.manual_seed(0)
            return FastAttention(d, n_features).to(queries.dtype)

        return ready("performer", NOTHING, make)(queries / d**0.5, keys, values)

    return attend


NOTHING: Inputs = {}


def by_hand(inputs: Inputs, block: int = 64) -> np.ndarray:
    """The same tiles in NumPy: what one would write without a library."""
    C1, C2, C3, Y, W = (inputs[name] for name in ("C1", "C2", "C3", "Y", "W"))
    queries, G = C1 @ W / W.shape[1], np.zeros(W.shape)
    for i in range(0, len(C1), block):
        E = queries[i : i + block] @ C2.T
        E -= E.max(axis=1, keepdims=True)
        np.exp(E, out=E)
        Z = E.sum(axis=1, keepdims=True)
        output = E @ C3 / Z
        c = output - Y[i : i + block]
        E *= c @ C3.T - (c * output).sum(axis=1, keepdims=True)
        G += C1[i : i + block].T @ (E @ C2 / Z)
    return G / W.shape[1] / inputs["size"]


# --- exact gradients -------------------------------------------------------------------------------------------------


def exact(d: int, dtype: str) -> Row:
    """4096 tokens; both sides exact up to rounding."""
    return Row(
        name=f"exact-4096-d{d}-{dtype}",
        title=f"exact dLoss/dW of 4096 tokens, d = {d}, {dtype}",
        inputs=head(4096, d, bound=0.8, dtype=dtype),
        ours={"tiled": ours("tiled")},
        peers={"torch": by_autograd(attention), "numpy-loop": by_hand},
        tolerance=1e-10 if dtype == "float64" else 1e-3,
    )


EXACT_8, EXACT_16, EXACT_32, EXACT_64 = (exact(d, "float64") for d in (8, 16, 32, 64))
SINGLE_8, SINGLE_16, SINGLE_32, SINGLE_64 = (exact(d, "float32") for d in (8, 16, 32, 64))

# --- low rank, against our exact kernel too --------------------------------------------------------------------------


def low_rank(d: int, degree: int, *, bound: float, error: float) -> Row:
    """16 384 tokens; the polynomial answers within an error relative to the largest entry."""
    return Row(
        name=f"low-rank-16384-d{d}",
        title=f"dLoss/dW of 16 384 tokens in [-{bound:g}, {bound:g}]^{d} within {error:.0e} by degree {degree}",
        inputs=head(16384, d, bound=bound),
        ours={"low-rank": ours("low-rank", degree=degree)},
        peers={"torch": by_autograd(attention), "lrtheory": ours("tiled")},
        tolerance=error,
    )


LOW_RANK_8 = low_rank(8, 4, bound=0.75, error=1e-6)
LOW_RANK_16 = low_rank(16, 3, bound=0.75, error=1e-5)

CHOSEN = Row(
    name="low-rank-16384-chosen",
    title="the same with the degree chosen for a relative error of 1e-6, the search included",
    inputs=head(16384, 8, bound=0.75),
    ours={"low-rank": ours("low-rank", tol=1e-6)},
    peers={"torch": by_autograd(attention)},
    tolerance=1e-6,
)

# random features are wrong by tenths where monomials are wrong by thousandths, so the rows allow for the peer's error
RANDOM = Row(
    name="random-features-8192",
    title="dLoss/dW of 8192 tokens in [-1/2, 1/2]^16: 128 random features (wrong by 0.3) against 17 and 153 monomials",
    inputs=head(8192, 16, bound=0.5),
    ours={"degree-1": ours("low-rank", degree=1), "degree-2": ours("low-rank", degree=2)},
    peers={"performer-pytorch": by_autograd(performer(128))},
    tolerance=0.5,
)

# --- lengths from which the polynomial pays --------------------------------------------------------------------------


def pays(n_tokens: int, d: int, degree: int, *, rank: int = 0, large: bool = False) -> Row:
    """Low rank against our exact kernel, on small logits: of the whole gradient, or of adapters alone."""
    what = f"adapters of rank {rank}" if rank else "dLoss/dW"

    def by(method: str, **options: Any) -> Callable[[Inputs], np.ndarray]:
        def solve(inputs: Inputs) -> np.ndarray:
            from lrtheory.lora_limits import lora_gradients, make_uniform

            problem = ready("uniform", inputs, lambda: make_uniform(n_tokens, d, bound=0.25, rank=rank or 1, rng=0))
            found = lora_gradients(problem, adapt=("Q",), method=method, full_gradient=not rank, **options)
            return (found.B if rank else found.W)["Q"] / inputs["size"]

        return solve

    exact = by("tiled", n_jobs=THREADS)
    return Row(
        name=f"pays-{n_tokens}-d{d}-degree-{degree}" + (f"-rank-{rank}" if rank else ""),
        title=f"{what} of {n_tokens:,} tokens, d = {d}: degree {degree} pays from a ratio of 1 to exact",
        inputs=lambda: {"size": np.abs(exact({"size": np.float64(1)})).max()},
        ours={"low-rank": by("low-rank", degree=degree)},
        peers={"lrtheory": exact},
        tolerance=5e-4,
        large=large,
    )


PAYS_8_3 = pays(2048, 8, 3)
PAYS_8_4 = pays(4096, 8, 4)
PAYS_8_5 = pays(8192, 8, 5)
PAYS_16_2 = pays(4096, 16, 2)
PAYS_16_3 = pays(16384, 16, 3)
PAYS_32_2 = pays(16384, 32, 2, large=True)
PAYS_64_ADAPTERS = pays(16384, 64, 2, rank=4, large=True)
PAYS_65536 = pays(65536, 16, 4, large=True)

# --- memory: all sign vectors as tokens, whose gradient is known from Walsh-Hadamard transforms ----------------------


def cube(
    d: int, method: str, *, gamma: float, seconds: float, gigabytes: float, large: bool = False, **options: Any
) -> Goal:
    """2^d tokens in memory of order 2^d."""

    def inputs() -> Inputs:
        values, targets = np.random.default_rng(0).normal(size=(2, 2**d, d))
        return {"values": values, "targets": targets}

    def make(given: Inputs) -> Any:
        from lrtheory.lora_limits import AttentionProblem, LoRAHead, make_hypercube

        at = make_hypercube(d, gamma)
        made = LoRAHead(at.W, at.W, at.W, adapters={}, alpha=1, beta=at.beta)
        return AttentionProblem(made, at.C1, given["targets"], XK=at.C2, XV=given["values"])

    def solve(given: Inputs) -> np.ndarray:
        from lrtheory.lora_limits import lora_gradients

        problem = ready("cube", given, lambda: make(given))
        return lora_gradients(problem, adapt=("Q",), method=method, **options).W["Q"]

    def error(given: Inputs, answer: np.ndarray) -> float:
        from lrtheory.lora_limits.theory import hypercube_gradient

        right = hypercube_gradient(given["values"], given["targets"], gamma=gamma)
        return float(np.abs(answer - right).max() / np.abs(right).max())

    whole = 8 * 4**d / 1e9
    return Goal(
        name=f"memory-{2**d}-{method}",
        title=f"{2**d:,} tokens, d = {d}, {method}: one matrix of attention would take {whole:.3g} GB",
        inputs=inputs,
        solve=solve,
        error=error,
        seconds=seconds,
        gigabytes=gigabytes,
        tolerance=1e-10 if method == "tiled" else 1e-4,
        large=large,
    )


MEMORY_TILED = cube(14, "tiled", gamma=1.0, seconds=2.0, gigabytes=0.4)
MEMORY_LONG = cube(16, "tiled", gamma=1.0, seconds=40.0, gigabytes=0.5, large=True)
MEMORY_LOW_RANK = cube(16, "low-rank", gamma=0.5, degree=3, seconds=5.0, gigabytes=0.6)
