"""The effect of one large token on the degree for all tokens, and what is left of it if that token is kept exact."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._tools import COLORS, LINES, MARKERS, below, between, headline
from figures.lora_limits._dense import Instance, gradient, softmax, taylor_attention
from lrtheory.lora_limits import lora_gradients, make_outliers, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED, D, BOUND = 5, 4, 0.5
TOL, MOST = 1e-6, 80  # relative error of the gradient
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n_tokens": 1024, "factors": [1, 2, 4, 8, 16, 32]},
    "full": {"n_tokens": 4096, "factors": [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32]},
}
CLIPPED = 2.0  # times the largest ordinary entry


def measured(n_tokens: int, factor: float) -> np.ndarray:
    """Largest logit, degree for all, degree and flops of the hybrid, its error, and the error of clipping."""
    problem = make_outliers(n_tokens, D, factor=factor, bound=BOUND, rng=SEED)
    right = lora_gradients(problem, adapt=("Q",), method="tiled").W["Q"]
    hybrid = lora_gradients(problem, adapt=("Q",), method="hybrid", tol=TOL)
    keys = np.clip(problem.XK, -CLIPPED * BOUND, CLIPPED * BOUND)
    clipped = lora_gradients(replace(problem, XK=keys), adapt=("Q",), method="tiled").W["Q"]
    x = Instance(problem.head.beta * problem.XQ, problem.XK - problem.XK.mean(axis=0), problem.XV, problem.Y)
    errors = [np.abs(found - right).max() / np.abs(right).max() for found in (hybrid.W["Q"], clipped)]
    counts = hybrid.degree, hybrid.counts["flops"], hybrid.n_outliers
    return np.array([np.abs(x.logits).max(), least_degree(x, right), *counts, *errors])


def least_degree(x: Instance, right: np.ndarray) -> int:
    """The first Taylor polynomial on all logits that is within the tolerance."""
    logits = x.logits
    assert np.allclose(gradient(softmax(logits), x), right)
    for degree, attention in enumerate(taylor_attention(logits, MOST), 1):
        if attention is not None and np.abs(gradient(attention, x) - right).max() <= TOL * np.abs(right).max():
            return degree
    raise RuntimeError(f"degree {MOST} is not enough")


def compute_outliers(profile: str) -> dict[str, np.ndarray]:
    """Everything against the factor."""
    n, factors = INPUTS[profile]["n_tokens"], INPUTS[profile]["factors"]
    table = np.array(each(measured, [(n, factor) for factor in factors]))
    names = ("logit", "degree", "hybrid_degree", "hybrid_flops", "kept_exact", "hybrid_error", "clipping_error")
    degrees = table[:, 1].astype(int)
    flops = [theory.flop_model(n, n, D, n_features=theory.n_features(D, int(g))) for g in degrees]
    return {
        "n_tokens": np.array(n),
        "factor": np.array(factors, float),
        "exact_flops": np.array(float(theory.flop_model(n, n, D))),
        "flops": np.array(flops, float),
        **dict(zip(names, table.T, strict=True)),
    }


def outliers_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins."""
    factor, degree, hybrid = arrays["factor"], arrays["degree"], arrays["hybrid_degree"]
    large = factor >= 8
    return {
        "the largest logit grows in proportion to the largest token": between(
            arrays["logit"][large] / arrays["logit"][0] / factor[large], 0.4, 1.5
        ),
        "a token 16 times as large more than doubles the degree for all": below(2, degree[factor == 16] / degree[0]),
        "the degree of the hybrid stays within two of that without an outlier": below(np.abs(hybrid - hybrid[0]), 2.5),
        "the hybrid keeps less than one token in a hundred exact": below(
            arrays["kept_exact"], arrays["n_tokens"] / 100
        ),
        "the hybrid is right within the tolerance": below(np.log10(arrays["hybrid_error"]), np.log10(TOL)),
        "from a factor of 8 on the hybrid has fewer operations than the polynomial, and than half the exact": below(
            arrays["hybrid_flops"][large], np.minimum(arrays["exact_flops"] / 2, arrays["flops"][large])
        ),
        "from a factor of 16 on the hybrid has less than a fifth of the operations of the polynomial": below(
            (arrays["hybrid_flops"] / arrays["flops"])[factor >= 16], 0.2
        ),
        "clipping is another problem: its gradient is off by more than one in ten thousand": below(
            -4, np.log10(arrays["clipping_error"][large])
        ),
    }


def draw_outliers(arrays: Any) -> matplotlib.figure.Figure:
    """Degrees, operations, errors."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.2, 4), layout="constrained")
    factor = arrays["factor"]
    line = [{"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i], "markersize": 4} for i in range(3)]
    left.plot(factor, arrays["degree"], label="polynomial on all tokens", **line[0])
    left.plot(factor, arrays["hybrid_degree"], label="hybrid: large tokens exact", **line[1])
    left.plot(factor, arrays["logit"], ":", color="gray", label="largest logit")
    left.set(yscale="log", ylabel="degree")
    middle.plot(factor, arrays["flops"] / arrays["exact_flops"], label="polynomial on all tokens", **line[0])
    middle.plot(factor, arrays["hybrid_flops"] / arrays["exact_flops"], label="hybrid", **line[1])
    middle.axhline(1, color="black", linewidth=1, label="exact")
    middle.set(yscale="log", ylabel="operations / those of the exact gradient")
    seen = arrays["clipping_error"] > 0
    right.plot(factor, arrays["hybrid_error"], label="hybrid", **line[1])
    right.plot(factor[seen], arrays["clipping_error"][seen], label="exact, after clipping the keys", **line[2])
    right.axhline(TOL, color="gray", linestyle=":", label="tolerance")
    right.set(yscale="log", ylabel="error of the gradient / its largest entry")
    for axis in (left, middle, right):
        axis.set(xscale="log", xlabel="one key is so many times as large")
        places = factor[np.log2(factor) % 1 == 0]
        axis.set_xticks(places, [f"{f:g}" for f in places])
        axis.minorticks_off()
        axis.legend()
    left.yaxis.set_major_formatter("{x:g}")
    left.set_ylim(top=6 * arrays["degree"].max())
    middle.set_ylim(top=10 * (arrays["flops"] / arrays["exact_flops"]).max())
    headline(
        figure,
        f"One key of {int(arrays['n_tokens']):,} grows; d = {D}, other entries up to {BOUND:g}, $\\beta$ = 1/d; the "
        f"gradient is wanted within {TOL:g}; clipping cuts entries at {CLIPPED * BOUND:g}",
    )
    return figure


OUTLIERS = Figure(
    name="outliers",
    title="One large token raises the degree for all; kept exact, it does not.",
    compute=compute_outliers,
    claims=outliers_claims,
    draw=draw_outliers,
    seed=SEED,
    inputs=INPUTS,
)
