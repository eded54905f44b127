"""Smaller ranks of one adapter: the best factors, random ranges, and the bound on their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, stream
from lrtheory.matrix_compression import squeeze, theory
from lrtheory.matrix_compression.baselines import randomized_svd

if TYPE_CHECKING:
    import matplotlib.figure

SEED, D, SOURCE = 4, 256, 32
KNOWN = published("matrix_compression")["squeezing"]
OVERSAMPLINGS, POWERS, N = (2, 5, 10), (0, 2), 200
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"ranks": [1, 2, 4, 8, 16, 22, 27, 30, 31], "draws": 20, "ranges": 50},
    "full": {"ranks": [*range(1, 32)], "draws": 200, "ranges": 1000},
}


def adapter(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Factors of rank 32 in a random gauge, whose product has the singular values 1 / sqrt(i)."""
    U, V = (np.linalg.qr(rng.normal(size=(D, SOURCE)))[0] for _ in range(2))
    gauge = rng.normal(size=(SOURCE, SOURCE)) + 2 * np.eye(SOURCE)
    return U / np.sqrt(np.arange(1, SOURCE + 1)) @ gauge, np.linalg.solve(gauge, V.T)


def errors_at(rank: int, draws: int) -> np.ndarray:
    """Return relative errors of random ranges over the best one, (oversamplings, powers, draws), and the best one."""
    B, A = adapter(stream(SEED, 0))
    best = squeeze(B, A, rank).error
    found = np.zeros((len(OVERSAMPLINGS), len(POWERS), draws))
    for i, j, draw in np.ndindex(found.shape):
        options: dict[str, Any] = {
            "oversampling": OVERSAMPLINGS[i],
            "n_powers": POWERS[j],
            "rng": stream(SEED, 1, draw),
        }
        found[i, j, draw] = randomized_svd(B, A, rank, **options).error
    return np.append(found.ravel(), best)


def ranges(number: int, draws: int) -> float:
    """Return the mean squared error of a random range over its bound, for a spectrum of 200 values."""
    k, p, name = (KNOWN["ranges"][word][number] for word in ("rank", "oversampling", "spectrum"))
    values = {"spike": np.where(np.arange(N) < k, 100.0, 1.0), "flat": np.ones(N), "1 / i": 1 / np.arange(1.0, N + 1)}[
        name
    ]
    runs = [
        randomized_svd(np.diag(values), np.eye(N), k + p, oversampling=0, rng=stream(SEED, 2, i)) for i in range(draws)
    ]
    mean = np.mean([run.error**2 for run in runs]) * np.sum(values**2)
    return float(mean / theory.sketch_bound(theory.tail_energy(values, k), k, p))


def compute_squeezing(profile: str) -> dict[str, np.ndarray]:
    """Best errors by rank, those of random ranges, their bounds, and means over bounds for four spectra."""
    settings = INPUTS[profile]
    ranks, draws = settings["ranks"], settings["draws"]
    runs = np.array(each(errors_at, [(rank, draws) for rank in ranks]))
    rows = [[np.sqrt(float(theory.sketch_bound(1, k, p))) for p in OVERSAMPLINGS] for k in ranks]
    return {
        "ranks": np.array(ranks),
        "best": runs[:, -1],
        "errors": np.reshape(runs[:, :-1], (len(ranks), len(OVERSAMPLINGS), len(POWERS), draws)),
        "bounds": np.array(rows) * runs[:, -1:],
        "ranges": np.array(each(ranges, [(i, settings["ranges"]) for i in range(len(KNOWN["ranges"]["ratio"]))])),
    }


def squeezing_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as differences, or quotients, of relative errors."""
    mean = np.sqrt((arrays["errors"] ** 2).mean(axis=-1))
    best, ranks = arrays["best"], arrays["ranks"]
    wide = ranks[:, None] + np.array(OVERSAMPLINGS) >= SOURCE
    ratio = mean / best[:, None, None]
    return {
        "the mean error of random ranges is below its bound": below(mean[:, :, 0], arrays["bounds"]),
        "no draw of random ranges is better than the best factors": below(
            best[:, None, None, None] - 1e-12, arrays["errors"]
        ),
        "random ranges as wide as the source give the best factors": below(np.abs(ratio - 1).max(axis=2)[wide], 1e-9),
        "narrower random ranges without powers err by 1 % more than the best factors, or worse": below(
            1.01, ratio[:, :, 0][~wide]
        ),
        "two powers bring random ranges within 6 % of the best factors": below(ratio[:, :, 1], 1.06),
        "on spectra with a spike the bound of random ranges is nearly met": below(0.9, arrays["ranges"][:2]),
    }


def squeezing_beside(arrays: Any) -> list[Beside]:
    """Mean squared errors of random ranges over their bounds."""
    known = KNOWN["ranges"]
    names = [
        f"mean squared error / bound, {name}, k = {k}, p = {p}"
        for name, k, p in zip(known["spectrum"], known["rank"], known["oversampling"], strict=True)
    ]
    return beside(names, known["ratio"], arrays["ranges"], known["source"])


def draw_squeezing(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors by rank on the left, and beside the best ones on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.4), layout="constrained")
    ranks, best = arrays["ranks"], arrays["best"]
    mean = np.sqrt((arrays["errors"] ** 2).mean(axis=-1))
    left.plot(ranks, best, color="black", label="best factors (squeeze)")
    for i, p in enumerate(OVERSAMPLINGS):
        look = {"color": COLORS[i], "linewidth": 1.2}
        left.plot(ranks, np.minimum(arrays["bounds"][:, i], 1), ":", **look, label=f"bound on the mean, p = {p}")
        for j, powers in enumerate(POWERS):
            line = {**look, "marker": MARKERS[i], "markersize": 4, "linestyle": LINES[j]}
            label = f"random range, p = {p}, {powers} powers"
            left.plot(ranks, mean[:, i, j], label=label, **line)
            right.plot(ranks, mean[:, i, j] / best, **line)
    left.set(xlabel="new rank", ylabel="relative error", ylim=(0, 1.02))
    right.set(xlabel="new rank", ylabel="error / best error")
    left.set_title(f"an adapter of rank {SOURCE}, {D} x {D}, values $i^{{-1/2}}$")
    right.set_title("exact from k + p = 32 on")
    figure.legend(*left.get_legend_handles_labels(), ncols=4, loc="outside lower center", fontsize=7.5)
    scores = KNOWN["scores"]
    headline(
        figure,
        f"A spectral error is not the loss of a task: notes on LoRA-Squeeze give mean scores {scores['truncated']} for "
        f"truncation to rank 1, {scores['trained']} for training at rank 1, {scores['truncated and trained']} for both",
    )
    return figure


SQUEEZING = Figure(
    name="squeezing",
    title="An adapter at lower ranks: the best factors beside random ranges and their bound.",
    compute=compute_squeezing,
    claims=squeezing_claims,
    draw=draw_squeezing,
    beside=squeezing_beside,
    seed=SEED,
    inputs=INPUTS,
)
