"""The cost of an iteration in counted arithmetic and CPU time, for exact and for approximate regressions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, below, beside, between, headline, slope, stream
from lrtheory.matrix_completion import complete, make_low_rank

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 3
METHODS = {"exact": "exact: Gram matrix and Cholesky", "cg": "conjugate gradients, tolerance 1e-2"}
OVERSAMPLING, CONDITION = 3, 1.0
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 400, "ranks": [5, 10, 20, 40, 60], "timings": 2},
    "full": {"n": 1000, "ranks": [5, 10, 15, 20, 25, 30, 50, 75, 100], "timings": 5},
}


def compute_cost(profile: str) -> dict[str, np.ndarray]:
    """Measure flops per iteration and observation, iterations, CPU seconds and errors, of shape (methods, ranks)."""
    settings = INPUTS[profile]
    n, ranks, timings = settings["n"], settings["ranks"], settings["timings"]
    flops, seconds, iterations, error = np.zeros((4, len(METHODS), len(ranks)))
    seconds += np.inf
    for k, rank in enumerate(ranks):
        problem = make_low_rank((n, n), rank, oversampling=OVERSAMPLING, condition=CONDITION, rng=stream(SEED, rank))
        M = problem.truth.dense()
        for _, m in np.ndindex(timings, len(METHODS)):  # the methods take turns, and the fastest turn counts
            start = time.thread_time()
            found = complete(problem, rank, method=list(METHODS)[m])
            seconds[m, k] = min(seconds[m, k], time.thread_time() - start)
            flops[m, k] = found.counts["flops"] / found.n_iter / found.counts["observations"]
            iterations[m, k] = found.n_iter
            error[m, k] = np.linalg.norm(found.U @ found.V.T - M) / np.linalg.norm(M)
    return {
        "n": np.array(n),
        "ranks": np.array(ranks),
        "flops": flops,
        "seconds": seconds,
        "iterations": iterations,
        "error": error,
    }


def cost_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure, each with its margin; seconds claim nothing, since they depend on the machine."""
    ranks, (exact, approximate) = arrays["ranks"], arrays["flops"]
    return {
        "exact and approximate regressions reach a relative error of 1e-5": below(np.log10(arrays["error"]), -5),
        "exact and approximate regressions need the same number of iterations, but for one": below(
            abs(np.diff(arrays["iterations"], axis=0)), 1.5
        ),
        "flops of approximate regressions grow with exponent 0.9 to 1.15 in the rank": between(
            slope(ranks, approximate), 0.9, 1.15
        ),
        "flops of exact regressions grow with exponent 1.6 to 2 in the rank": between(slope(ranks, exact), 1.6, 2.0),
        "at the largest rank approximate regressions take less than half the flops of exact ones": below(
            approximate[-1], exact[-1] / 2
        ),
    }


def cost_beside(arrays: Any) -> list[Beside]:
    """Set exponents of the flops, iterations, and ratios of CPU time beside recorded ones."""
    known, ranks = published("matrix_completion")["cost"], arrays["ranks"].tolist()
    source = f"{known['source']}; here n = {int(arrays['n'])} and {OVERSAMPLING} observations a degree of freedom"
    rows = beside([f"exponent of the flops in the rank, {name}" for name in METHODS],
                  [known["exponent"][name] for name in METHODS],
                  [slope(arrays["ranks"], line) for line in arrays["flops"]], source)  # fmt: skip
    lines = {f"iterations, {name}": (known["iterations"][name], arrays["iterations"][m])
             for m, name in enumerate(METHODS)}  # fmt: skip
    lines["CPU time, exact / approximate"] = known["speed"], arrays["seconds"][0] / arrays["seconds"][1]
    for what, (theirs, ours) in lines.items():
        at = dict(zip(ranks, ours.tolist(), strict=True))
        names = [f"{what}, rank {rank}" for rank in known["rank"]]
        rows += beside(names, theirs, [at.get(rank, np.nan) for rank in known["rank"]], source)
    return rows


def draw_cost(arrays: Any) -> matplotlib.figure.Figure:
    """Draw flops on the left and CPU time on the right, against the rank."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
    ranks = arrays["ranks"]
    for m, name in enumerate(METHODS.values()):
        exponent = slope(ranks, arrays["flops"][m])
        left.loglog(
            ranks, arrays["flops"][m], "os"[m] + LINES[m], color=COLORS[m], label=f"{name} (slope {exponent:.2f})"
        )
        right.loglog(ranks, arrays["seconds"][m], "os"[m] + LINES[m], color=COLORS[m], label=name)
    for k, rank in enumerate(ranks):
        exact, approximate = arrays["seconds"][:, k]
        right.annotate(
            f"{exact / approximate:.1f}x", (rank, max(exact, approximate)), (0, 6), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    for axis in (left, right):
        axis.set_xticks(ranks, ranks)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set(xlabel="rank")
    right.margins(y=0.15)
    left.set(ylabel="flops an iteration and observation")
    right.set(ylabel="CPU seconds to a residual of 1e-6")
    left.legend()
    headline(
        figure,
        f"{int(arrays['n'])} x {int(arrays['n'])}, {OVERSAMPLING} observations a degree of freedom; "
        "numbers: CPU time of exact over approximate, in this run, start included",
    )
    return figure


COST = Figure(
    name="cost",
    title="Approximate regressions cost arithmetic linear in the rank, exact ones almost quadratic.",
    compute=compute_cost,
    claims=cost_claims,
    draw=draw_cost,
    beside=cost_beside,
    seed=SEED,
    inputs=INPUTS,
)
