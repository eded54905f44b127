"""The number of observations that suffices: success by oversampling and rank, beside a bound for every algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from lrtheory.matrix_completion import complete, make_low_rank, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 1
METHODS = ("exact", "cg")
SUCCESS = 1e-4  # relative error of a completion that counts
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 70, "ranks": [1, 2, 3, 5, 8], "oversampling": [0.7, 1.5, 2, 3, 4], "repetitions": 6},
    "full": {
        "n": 200,
        "ranks": [1, 2, 3, 4, 5, 7, 10, 15],
        "oversampling": [0.7, 0.9, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5],
        "repetitions": 20,
    },
}


def succeeds(n: int, rank: int, oversampling: float, method: Any, key: tuple[int, ...]) -> bool:
    """Decide whether one matrix is completed; `key` names its random stream."""
    problem = make_low_rank((n, n), rank, oversampling=oversampling, rng=stream(SEED, *key))
    M = problem.truth.dense()
    found = complete(problem, rank, method=method, tol=1e-7)
    product = found.U @ found.V.T  # and not `block`, which puts a mean where nothing was seen
    return bool(np.linalg.norm(product - M) < SUCCESS * np.linalg.norm(M))


def compute_phase(profile: str) -> dict[str, np.ndarray]:
    """Measure shares of success, (methods, ranks, oversampling), and the bound for every algorithm without methods."""
    settings = INPUTS[profile]
    n, ranks, ratios = settings["n"], settings["ranks"], settings["oversampling"]
    most = np.ones((len(ranks), len(ratios)))
    for r, o in np.ndindex(most.shape):
        dimension = theory.degrees_of_freedom(n, n, ranks[r])
        density = min(1.0, ratios[o] * dimension / n**2)
        most[r, o] = theory.coverage_probability(n, n, rank=ranks[r], density=density)
    shape = (len(METHODS), *most.shape, settings["repetitions"])
    won = each(succeeds, [(n, ranks[r], ratios[o], METHODS[m], (r, o, i)) for m, r, o, i in np.ndindex(shape)])
    return {
        "n": np.array(n),
        "ranks": np.array(ranks),
        "oversampling": np.array(ratios, dtype=float),
        "success": np.reshape(won, shape).mean(axis=-1),
        "bound": most,
        "repetitions": np.array(settings["repetitions"]),
    }


def phase_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin."""
    success, ratios, ranks = arrays["success"], arrays["oversampling"], arrays["ranks"]
    # three standard errors of a share, and one run, above the bound on the probability
    count = int(arrays["repetitions"])
    spread = 3 * np.sqrt(np.maximum(arrays["bound"] * (1 - arrays["bound"]), 0) / count) + 1 / count
    return {
        "with fewer observations than degrees of freedom nothing is completed": below(
            success[:, :, ratios < 1], 1 / (2 * count)
        ),
        "four observations a degree of freedom are enough from rank 3 on": below(
            1 - 1.5 / count, success[:, ranks >= 3][:, :, ratios >= 4]
        ),
        "approximate and exact regressions succeed alike": below(np.abs(success[0] - success[1]), 2.5 / count),
        "no share is above the bound for every algorithm": below(success, arrays["bound"] + spread),
    }


def phase_beside(arrays: Any) -> list[Beside]:
    """Set shares of success of exact regressions beside recorded ones."""
    known = published("matrix_completion")["phase"]
    cells = [(rank, ratio, share) for rank, row in known["success"].items() for ratio, share in row.items()]
    ranks, ratios = arrays["ranks"].tolist(), arrays["oversampling"].tolist()
    ours = [
        arrays["success"][0, ranks.index(int(rank)), ratios.index(float(ratio))]
        if int(rank) in ranks and float(ratio) in ratios else np.nan
        for rank, ratio, _ in cells
    ]  # fmt: skip
    names = [f"share of success, rank {rank}, {ratio} observations a degree of freedom" for rank, ratio, _ in cells]
    source = f"{known['source']}; here n = {int(arrays['n'])} and {int(arrays['repetitions'])} matrices"
    return beside(names, [share for *_, share in cells], ours, source)


def draw_phase(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one map for each method, and success of each rank against the bound."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 3.8), layout="constrained", width_ratios=(1, 1, 1.3))
    ratios, ranks = arrays["oversampling"], arrays["ranks"]
    edge = np.interp(1, ratios, np.arange(len(ratios)))
    for m, axis in enumerate(axes[:2]):
        shown = axis.imshow(arrays["success"][m], origin="lower", aspect="auto", vmin=0, vmax=1, cmap="viridis")
        axis.axvline(edge, color="white", linestyle="--", linewidth=1.5)
        axis.set_xticks(range(len(ratios)), [f"{ratio:g}" for ratio in ratios])
        axis.set_yticks(range(len(ranks)), ranks)
        axis.set(xlabel="observations a degree of freedom", title=("exact", "conjugate gradients")[m])
    axes[0].set(ylabel="rank")
    figure.colorbar(shown, ax=axes[1], label="share of success")
    for r, rank in enumerate(ranks):
        axes[2].plot(
            ratios, arrays["success"][0, r], MARKERS[r % 7] + "-", color=COLORS[r], markersize=4, label=f"{rank}"
        )
        axes[2].plot(ratios, arrays["bound"][r], ":", color=COLORS[r])
    axes[2].axvline(1, color="gray", linestyle="--", linewidth=1)
    axes[2].set(
        xlabel="observations a degree of freedom", ylabel="share of success", title="and what bounds it (dotted)"
    )
    axes[2].legend(title="rank", loc="lower right")
    n, count = int(arrays["n"]), int(arrays["repetitions"])
    headline(
        figure,
        f"{n} x {n}, {count} matrices a cell, success below a relative error of {SUCCESS:g}; "
        r"dashed: $|\Omega| = k(m+n-k)$",
    )
    return figure


PHASE = Figure(
    name="phase",
    title="Completion succeeds a little above the dimension count, with approximate regressions as with exact ones.",
    compute=compute_phase,
    claims=phase_claims,
    draw=draw_phase,
    beside=phase_beside,
    seed=SEED,
    inputs=INPUTS,
)
