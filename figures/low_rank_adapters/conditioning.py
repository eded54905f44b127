"""Half-steps until a product is found, against the condition of what is sought: preconditioned and plain steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, log_axes, slope, stream
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.training.train import train

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_adapters")["conditioning"]
SEED, SIDE, RANK, SIZE, ERROR = 4, 20, 4, 20**-0.5, 1e-6
#: name, method of `train` and step size of each line
RUNS = (
    ("alternating, step 0.5", "altlora", 0.5),
    ("alternating, step 1", "altlora", 1.0),
    ("both factors at once, step 0.9", "joint", 0.9),
    ("plain gradient, step 0.5", "sgd", 0.5),
)
ALTERNATING, WHOLE, JOINT, PLAIN = range(len(RUNS))
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"kappa": [1, 3, 6, 10, 100, 1000], "starts": 3, "cap": 100, "plain": [1, 3, 6], "plain_cap": 2000},
    "full": {"kappa": [1, 3, 10, 30, 100, 300, 1000], "starts": 9, "cap": 3000, "plain": [1, 3, 10], "plain_cap": 9000},
}


def count(number: int, kappa: float, start: int, cap: int) -> float:
    """Return half-steps until the error is a millionth of the target; infinite where `cap` of them do not suffice."""
    U, V = (np.linalg.qr(stream(SEED, side).normal(size=(SIDE, RANK)))[0] for side in (0, 1))
    target = U * np.geomspace(1, 1 / kappa, RANK) @ V.T
    shapes = (SIDE, RANK), (RANK, SIDE)
    B, A = (SIZE * stream(SEED, 2 + start, side).normal(size=shape) for side, shape in enumerate(shapes))
    arrived = [np.inf]

    def look(state: Any) -> None:
        if np.linalg.norm(state.adapter.dense() - target) <= ERROR * np.linalg.norm(target):
            arrived[0] = state.n_iter
            raise StopIteration

    _, method, step = RUNS[number]
    options = {"method": method, "step_size": step, "max_iter": cap, "tol": 0.0}
    train(lora(B, A), lambda delta: delta - target, callback=look, **options)
    return arrived[0]


def compute_conditioning(profile: str) -> dict[str, np.ndarray]:
    """Counts, (runs, conditions, starts): infinite where a run did not arrive, NaN where it was not made."""
    settings = INPUTS[profile]
    points = [
        (number, kappa, start, settings["plain_cap" if number == PLAIN else "cap"])
        for number in range(len(RUNS))
        for kappa in settings["kappa"]
        for start in range(settings["starts"])
        if number != PLAIN or kappa in settings["plain"]
    ]
    counts = np.full((len(RUNS), len(settings["kappa"]), settings["starts"]), np.nan)
    for (number, kappa, start, _), found in zip(points, each(count, points), strict=True):
        counts[number, settings["kappa"].index(kappa), start] = found
    return {"kappa": np.array(settings["kappa"]), "counts": counts, "cap": np.array(settings["cap"])}


def conditioning_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as quotients of counts, counts, exponents, or shares of runs."""
    counts, kappa = arrays["counts"], arrays["kappa"]
    median = np.median(counts, axis=-1)
    plain = np.isfinite(median[PLAIN])
    return {
        "alternating steps of 0.5 need the same number of steps within 10 % at every condition": below(
            np.abs(median[ALTERNATING] / median[ALTERNATING, 0] - 1), 0.1
        ),
        "alternating steps of 1 need two steps from every start": below(counts[WHOLE], 2.5),
        "the number of plain steps grows like the condition to a power of 0.9 or more": below(
            0.9, slope(kappa[plain], median[PLAIN, plain])
        ),
        "of runs with steps of 0.9 of both factors at once a quarter or more do not arrive": below(
            0.25, np.isinf(counts[JOINT]).mean()
        ),
    }


def conditioning_beside(arrays: Any) -> list[Beside]:
    """Counts at conditions that others have measured."""
    rows = []
    for sort, number in (("alternating, step 0.5", ALTERNATING), ("alternating, step 1", WHOLE), ("plain", PLAIN)):
        kappas = KNOWN["kappa"][: len(KNOWN[sort])]
        names = [f"half-steps at condition {kappa}, {sort}" for kappa in kappas]
        ours = np.median(arrays["counts"][number], axis=-1)[np.searchsorted(arrays["kappa"], kappas)]
        rows += beside(names, KNOWN[sort], ours, KNOWN["source"])
    return rows


def draw_conditioning(arrays: Any) -> matplotlib.figure.Figure:
    """Draw counts against the condition."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
    kappa, cap = arrays["kappa"], int(arrays["cap"])
    for i, ((label, _, _), counts) in enumerate(zip(RUNS, arrays["counts"], strict=True)):
        look = {"color": COLORS[i], "marker": MARKERS[i], "markersize": 5}
        if i != JOINT:
            axis.plot(kappa, np.median(counts, axis=1), linestyle=LINES[i], label=label, **look)
            continue
        for k, runs in zip(kappa, counts, strict=True):
            arrived = runs[np.isfinite(runs)]
            axis.plot(
                np.full(len(arrived), k), arrived, linestyle="none", **look, label=None if k > kappa[0] else label
            )
            if len(arrived) < len(runs):
                axis.plot(k, cap, linestyle="none", markerfacecolor="none", **look)
                axis.annotate(f"{len(runs) - len(arrived)}/{len(runs)}", (k, cap), (5, 3), textcoords="offset points")
    axis.plot(
        [],
        [],
        linestyle="none",
        marker=MARKERS[JOINT],
        markerfacecolor="none",
        color=COLORS[JOINT],
        label=f"did not arrive within {cap:,}, of all runs",
    )
    log_axes(axis, kappa)
    axis.set(xlabel="condition of the target", ylabel="half-steps (plain: steps)")
    figure.legend(*axis.get_legend_handles_labels(), ncols=2, loc="outside lower center")
    headline(
        figure,
        f"A target of {SIDE} x {SIDE} and rank {RANK}: steps until the error is a millionth, medians over starts",
    )
    return figure


CONDITIONING = Figure(
    name="conditioning",
    title="Half-steps to a millionth of the target, against its condition.",
    compute=compute_conditioning,
    claims=conditioning_claims,
    draw=draw_conditioning,
    beside=conditioning_beside,
    seed=SEED,
    inputs=INPUTS,
)
