"""Merging adapters: through one core, one at a time, and by averaging factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, log_axes, stream
from lrtheory.matrix_compression import AdapterFile, AdapterModule, merge_adapters, squeeze
from lrtheory.matrix_compression.baselines import factor_average

if TYPE_CHECKING:
    import matplotlib.figure

SEED, D, RANK = 5, 256, 8
KNOWN = published("matrix_compression")["merging"]
FIELDS = ("core", "one at a time", "sum of tails", "linear, balanced factors", "linear, another gauge")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"numbers": [2, 4, 8, 16, 32], "draws": 4},
    "full": {"numbers": [2, 3, 4, 6, 8, 12, 16, 24, 32], "draws": 20},
}


def update(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Balanced factors of rank 8 in random subspaces, with the singular values 1 / sqrt(i)."""
    U, V = (np.linalg.qr(rng.normal(size=(D, RANK)))[0] for _ in range(2))
    small = squeeze(U / np.sqrt(np.arange(1, RANK + 1)), V.T, RANK)
    return np.asarray(small.B), np.asarray(small.A)


def merged(number: int, draw: int) -> np.ndarray:
    """Return the errors that `FIELDS` names, as shares of the norm of the mean of the updates."""
    rng = stream(SEED, number, draw)
    factors = [update(rng) for _ in range(number)]
    gauges = [np.exp(rng.normal(size=RANK)) for _ in factors]  # a diagonal one for each adapter
    plain = [AdapterFile({"q": AdapterModule(B, A, dtype="F64")}) for B, A in factors]
    moved = [
        AdapterFile({"q": AdapterModule(B * g, A / g[:, None], dtype="F64")})
        for (B, A), g in zip(factors, gauges, strict=True)
    ]
    weights = np.full(number, 1 / number)
    core = merge_adapters(plain, weights, rank=RANK, method="core")
    line = merge_adapters(plain, weights, rank=RANK, method="stream")
    norm = np.linalg.norm(sum(B @ A for B, A in factors) / number)
    linear = [factor_average(adapters, weights).error for adapters in (plain, moved)]
    return np.array([core.error, line.error, line.certificate.achieved / norm, *linear])


def compute_merging(profile: str) -> dict[str, np.ndarray]:
    """Relative errors, (fields, numbers, draws)."""
    numbers, draws = INPUTS[profile]["numbers"], INPUTS[profile]["draws"]
    runs = each(merged, [(number, draw) for number in numbers for draw in range(draws)])
    errors = np.reshape(runs, (len(numbers), draws, len(FIELDS))).transpose(2, 0, 1)
    return {"numbers": np.array(numbers), "errors": errors}


def merging_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as differences of relative errors."""
    core, line, tails, balanced, gauge = arrays["errors"]
    many = arrays["numbers"] >= 8
    return {
        "merging through one core errs no more than merging one at a time": below(core, line + 1e-9),
        "merging one at a time errs no more than the sum of its tails": below(line, tails + 1e-9),
        "for two adapters one core, one at a time and the sum of tails agree": below(
            np.ptp(arrays["errors"][:3, 0] / core[0], axis=0), 1e-9
        ),
        "from four adapters on merging one at a time is within 5 % of one core": below(
            (line / core)[arrays["numbers"] >= 4], 1.05
        ),
        "from eight adapters on the sum of tails is above the update itself, and says nothing": below(1, tails[many]),
        "linear merging of independent adapters errs by more than 0.8": below(0.8, balanced),
        "linear merging errs by more in another gauge of the same adapters": below(balanced, gauge),
    }


def merging_beside(arrays: Any) -> list[Beside]:
    """Two adapters."""
    mean = arrays["errors"][:, 0].mean(axis=-1)
    rows = []
    for word, ours in (("linear", mean[3]), ("best", mean[0])):
        names = [f"relative error of two merged adapters, {word}, {side}" for side in ("least", "largest")]
        rows += beside(names, KNOWN[word], [ours, ours], KNOWN["source"])
    return rows


def draw_merging(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors by number of adapters."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.2, 4.4), layout="constrained")
    for i, label in enumerate(FIELDS):
        runs = arrays["errors"][i]
        middle = np.median(runs, axis=-1)
        reach = np.stack([middle - runs.min(axis=-1), runs.max(axis=-1) - middle])
        look = {"color": COLORS[i], "marker": MARKERS[i], "markersize": 4, "capsize": 2}
        axis.errorbar(arrays["numbers"], middle, yerr=reach, label=label, **look)
    axis.axhline(1, color="gray", linewidth=0.8, linestyle=":")
    log_axes(axis, arrays["numbers"])
    axis.set(xlabel="adapters of rank 8", ylabel="relative error of the merged adapter of rank 8")
    figure.legend(*axis.get_legend_handles_labels(), ncols=3, loc="outside lower center")
    headline(
        figure,
        f"Mean of independent adapters, {D} x {D}, singular values $i^{{-1/2}}$: median and range of "
        f"{arrays['errors'].shape[-1]} draws. Above the dotted line the zero adapter is nearer",
    )
    return figure


MERGING = Figure(
    name="merging",
    title="Merging 2 to 32 adapters: one core, one at a time, and factors averaged.",
    compute=compute_merging,
    claims=merging_claims,
    draw=draw_merging,
    beside=merging_beside,
    seed=SEED,
    inputs=INPUTS,
)
