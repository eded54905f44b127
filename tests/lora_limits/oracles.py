"""Oracles: automatic differentiation of a module with peft's conventions, differences, and random problems."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lrtheory.lora_limits import AttentionProblem, LoRAHead

PROJECTIONS = "QKV"


def random_problem(
    seed=0, *, n_queries=12, n_keys=9, d_model=7, d_head=4, d_value=3, ranks=(2, 3, 1), size=0.4, batch=None, heads=None
):
    """Asymmetric in every respect: no two sizes agree, alpha / r is not 1, and all adapters are active."""
    rng = np.random.default_rng(seed)
    lead = () if batch is None else (batch,)
    many = () if heads is None else (heads,)
    outs = (d_head, d_head, d_value)
    weights = [size * rng.normal(size=(*many, d_model, d)) for d in outs]
    pairs = {
        projection: (size * rng.normal(size=(r, d_model)), size * rng.normal(size=(*many, d, r)))
        for projection, r, d in zip(PROJECTIONS, ranks, outs, strict=True)
    }
    head = LoRAHead(*weights, adapters=pairs, alpha=3.0, beta=0.7)
    XQ, Y = rng.normal(size=(*lead, n_queries, d_model)), rng.normal(size=(*lead, n_queries, d_value))
    XK, XV = rng.normal(size=(2, *lead, n_keys, d_model))
    return AttentionProblem(head, XQ, Y, XK=XK, XV=XV)


def autodiff(problem, *, causal=False):
    """Loss and gradients by torch in float64: projections as peft's LoRA layers compute them."""
    torch = pytest.importorskip("torch")
    head, leaves, out = problem.head, {}, {}
    inputs = {"Q": problem.XQ}
    inputs["K"] = problem.XQ if problem.XK is None else problem.XK
    inputs["V"] = inputs["K"] if problem.XV is None else problem.XV
    tensor = lambda value: torch.tensor(np.asarray(value), dtype=torch.float64)
    for projection in PROJECTIONS:
        W, x = tensor(head.weight(projection)).requires_grad_(), tensor(inputs[projection])
        out[projection], leaves["W" + projection] = x @ W, W
        if projection in head.adapters:
            A, B = (tensor(value).requires_grad_() for value in head.adapters[projection])
            scaling = head.alpha / (math.sqrt(len(A)) if head.rslora else len(A))
            out[projection] = out[projection] + (x @ A.mT) @ B.mT * scaling
            leaves["A" + projection], leaves["B" + projection] = A, B
    logits = head.beta * out["Q"] @ out["K"].mT
    if causal:
        n = logits.shape[-1]
        logits = logits.masked_fill(torch.triu(torch.ones(n, n, dtype=torch.bool), 1), -math.inf)
    loss = ((torch.softmax(logits, -1) @ out["V"] - tensor(problem.Y)) ** 2).sum() / 2
    loss.backward()
    return float(loss.detach()), {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def loss_of(problem):
    """The loss by plain loops over queries, in pure Python arithmetic of exponentials."""
    head = problem.head
    q, k, v = (getattr(problem, "X" + projection) @ head.effective(projection) for projection in PROJECTIONS)
    total = 0.0
    for i in range(len(q)):
        logits = [head.beta * sum(a * b for a, b in zip(q[i], row, strict=True)) for row in k]
        powers = [math.exp(s - max(logits)) for s in logits]
        out = sum(p * row for p, row in zip(powers, v, strict=True)) / sum(powers)
        total += sum((o - y) ** 2 for o, y in zip(out, problem.Y[i], strict=True)) / 2
    return total


def exponents(d, degree):
    """All multi-indices up to a degree, by enumeration."""
    return [a for a in itertools.product(range(degree + 1), repeat=d) if sum(a) <= degree]


def worst(found, expected):
    """The largest error of all gradients, relative to the largest entry of each."""
    names = [(kind, projection) for kind in "ABW" for projection in getattr(found, kind)]
    assert names
    errors = [np.asarray(getattr(found, kind)[projection]) - expected[kind + projection] for kind, projection in names]
    sizes = [np.abs(expected[kind + projection]).max() for kind, projection in names]
    return max(np.abs(e).max() / s for e, s in zip(errors, sizes, strict=True))
