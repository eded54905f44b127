"""The cost of noise: the error of a completion over that of an oracle that knows both spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, below, beside, between, stream
from lrtheory.matrix_completion import complete, make_low_rank, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 5
RANK, EXTRA = 5, 2
RECORDED = published("matrix_completion")["noise"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 200, "oversampling": [2.5, 4, 6, 10, 15], "noise": [1e-3, 0.1, 1.0], "repetitions": 2},
    "full": {
        "n": 500,
        "oversampling": [2, 2.5, 3, 4, 5, 6, 8, 10, 15, 25],
        "noise": [1e-4, 1e-3, 0.1, 1.0],
        "repetitions": 15,
    },
}


def over_oracle(n: int, noise: float, oversampling: float, key: tuple[int, ...]) -> np.ndarray:
    """Return the error over the oracle's at the right rank and above it; `key` names the random stream."""
    problem = make_low_rank((n, n), RANK, oversampling=oversampling, noise=noise, rng=stream(SEED, *key))
    M, density = problem.truth.dense(), problem.observations.density
    oracle = np.sqrt(theory.noise_risk(noise, n_rows=n, n_cols=n, rank=RANK, density=density))
    fits = [complete(problem, rank, tol=1e-5, max_iter=60) for rank in (RANK, RANK + EXTRA)]
    return np.array([np.linalg.norm(done.U @ done.V.T - M) / oracle for done in fits])


def compute_noise(profile: str) -> dict[str, np.ndarray]:
    """Measure the error over the oracle's, of shape (fitted ranks, noises, oversampling, repetitions)."""
    settings = INPUTS[profile]
    n, ratios, noises = settings["n"], settings["oversampling"], settings["noise"]
    shape = (len(noises), len(ratios), settings["repetitions"])
    runs = each(over_oracle, [(n, noises[s], ratios[o], (s, o, i)) for s, o, i in np.ndindex(shape)])
    found = np.moveaxis(np.reshape(runs, (*shape, 2)), -1, 0)
    return {"n": np.array(n), "oversampling": np.array(ratios), "noise": np.array(noises), "ratio": found}


def noise_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin."""
    ratios, mean = arrays["oversampling"], arrays["ratio"].mean(axis=-1)
    right, over = mean
    small = np.array(arrays["noise"]) <= 0.1
    return {
        "from 4 observations a degree of freedom the error is 0.9 to 1.35 times the oracle's at small noise": between(
            right[small][:, ratios >= 4], 0.9, 1.35
        ),
        "with the most observations the error is within a tenth of the oracle's at every noise": between(
            right[:, -1], 0.9, 1.1
        ),
        "at the two small noises the error is the same multiple of the oracle's, within a tenth": below(
            np.abs(right[small][0] / right[small][1] - 1)[ratios >= 4], 0.1
        ),
        # with 2 observations a degree of freedom, some runs at the right rank end far from the oracle
        "from 2.5 observations a degree of freedom two ranks too many cost a fifth more": below(
            1.2 * right[:, ratios >= 2.5], over[:, ratios >= 2.5]
        ),
    }


def noise_beside(arrays: Any) -> list[Beside]:
    """Set the error over the oracle's at the smallest noise beside recorded ones."""
    mean = dict(zip(arrays["oversampling"].tolist(), arrays["ratio"].mean(axis=-1)[0, 0], strict=True))
    names = [f"error over the oracle's, {o} entries a degree of freedom" for o in RECORDED["oversampling"]]
    ours = [mean.get(o, np.nan) for o in RECORDED["oversampling"]]
    return beside(names, RECORDED["ratio"], ours, f"{RECORDED['source']}; here {int(arrays['n'])} rows and columns")


def draw_noise(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the ratios on one axis, with a color for each size of the noise."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    figure, axis = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    ratios = arrays["oversampling"]
    for s, noise in enumerate(arrays["noise"]):
        for fitted, style in ((0, "o-"), (1, "s--")):
            runs = arrays["ratio"][fitted, s]
            name = f"noise {noise:g}, rank {RANK + EXTRA * fitted}"
            axis.plot(ratios, runs.mean(axis=-1), style, color=COLORS[s], markersize=4, label=name)
    axis.plot(RECORDED["oversampling"], RECORDED["ratio"], "x", color="black", label="recorded, rank right", zorder=5)
    axis.axhline(1, color="gray", linewidth=0.8)
    axis.set(xscale="log", yscale="log", xlabel="observations a degree of freedom", ylabel="error over the oracle's")
    axis.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axis.set_yticks([1, 1.5, 2, 3, 5, 10, 30, 100], ["1", "1.5", "2", "3", "5", "10", "30", "100"])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.legend()
    n, count = int(arrays["n"]), arrays["ratio"].shape[-1]
    axis.set_title(f"{n} x {n} of rank {RANK}, entries of root mean square 1; means of {count} matrices")
    return figure


NOISE = Figure(
    name="noise",
    title="With enough observations the error is that of an oracle; two ranks too many cost more.",
    compute=compute_noise,
    claims=noise_claims,
    draw=draw_noise,
    beside=noise_beside,
    seed=SEED,
    inputs=INPUTS,
)
