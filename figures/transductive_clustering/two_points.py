"""Two points that attract each other, and a directed ring: the smallest problems in which everything happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, between, headline
from lrtheory.transductive_clustering import bound_update, make_directed_ring, make_two_points, theory

if TYPE_CHECKING:
    import matplotlib.figure

TRACED = (1.0, 2.1, 3.0, 4.0)
SIDES = ("opposite", "same")
OFFSETS = (0.1, 0.01, 0.001)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"lams": 25, "updates": 4000},
    "full": {"lams": 97, "updates": 10_000},
}
STEPS, RING = 40, 3
KNOWN = published("transductive_clustering")["two_points"]
#: first energies, by lambda
FIRST = dict(zip(KNOWN["lam"], KNOWN["energy"], strict=True))


def run(lam: float, side: str = "opposite", *, offset: float = 0.1, damping: float | str = 1.0, steps: int) -> Any:
    """Updates of the two points, in full steps unless damped."""
    problem = make_two_points(offset=offset, side=side)
    return bound_update(problem, lam=lam, damping=damping, tol=0.0, max_iter=steps, record=True)


def padded(values: np.ndarray, length: int) -> np.ndarray:
    """A run that ended in a cycle or at rest, to full length."""
    return np.concatenate([values, np.repeat(values[-1:], max(0, length - len(values)), axis=0)])[:length]


def first_step(lam: float, offset: float) -> float:
    """Return the change of the energy in the first step."""
    start = theory.two_point_energy(0.5 + offset, 0.5 - offset, lam=lam, temperature=1.0)
    z = 1 / (1 + np.exp(2 * lam * offset))  # the other point's start decides
    return float(theory.two_point_energy(z, 1 - z, lam=lam, temperature=1.0) - start)


def compute_two_points(profile: str) -> dict[str, np.ndarray]:
    """Energies along iterations, where the first point ends, and where the first step begins to raise the energy."""
    lams, updates = (INPUTS[profile][name] for name in ("lams", "updates"))
    grid = np.linspace(0.5, 4.5, lams)
    ends = np.array([[run(lam, side, steps=updates).assignments[0, 0] for lam in grid.tolist()] for side in SIDES])
    limit = np.array([float(theory.two_point_limit(lam=lam, temperature=1.0)) for lam in grid.tolist()])
    # half of the points of theory lie where the law turns, as its square root does there
    fine = np.concatenate([[0.5], 2 + np.linspace(0, np.sqrt(2.5), 200) ** 2])
    law = np.array([float(theory.two_point_limit(lam=lam, temperature=1.0)) for lam in fine.tolist()])
    near = np.linspace(1.9, 2.2, 61)
    return {
        "traces": np.stack([padded(run(lam, steps=STEPS).trace["energies"], STEPS + 1) for lam in TRACED]),
        "damped": np.stack(
            [padded(run(lam, damping="auto", steps=STEPS).trace["energies"], STEPS + 1) for lam in TRACED]
        ),
        "lam": grid, "ends": np.maximum(ends, 1 - ends), "limit": np.maximum(limit, 1 - limit),
        "fine": fine, "law": np.maximum(law, 1 - law),
        "near": near, "first": np.array([[first_step(lam, e) for lam in near.tolist()] for e in OFFSETS]),
        "threshold": np.array([float(theory.two_point_threshold(e)) for e in OFFSETS]),
        "ring": np.array([turning(lam, updates) for lam in grid.tolist()]),
        "ring_threshold": np.array(theory.ring_threshold(RING)),
    }  # fmt: skip


def turning(lam: float, updates: int) -> tuple[float, float]:
    """The largest share on the directed ring after many updates, and how much one more turn of the ring moves it."""
    problem, options = make_directed_ring(RING), {"lam": lam, "damping": 1.0, "tol": 0.0}
    late = bound_update(problem, max_iter=updates, **options).assignments
    moved = bound_update(problem.costs, problem.affinity, init=late, max_iter=1, **options).assignments
    return float(late.max()), float(np.abs(moved - late).max())


def two_points_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins."""
    lam, ends, limit = arrays["lam"], arrays["ends"], arrays["limit"]
    clear = np.abs(lam - 2) > 0.1
    known = [np.abs(arrays["traces"][TRACED.index(at), : len(v)] - v).max() for at, v in FIRST.items()]
    changes = np.array([np.interp(0.0, gain, arrays["near"]) for gain in arrays["first"]])
    moved = arrays["ring"][:, 1]
    turns = lam > float(arrays["ring_threshold"]) + 0.1
    rests = lam < float(arrays["ring_threshold"]) - 0.1
    return {
        "energies are those of independent code to six digits": below(known, 1e-6),
        "at lambda = 1 the energy falls, at 3 and 4 it rises at every one of the first steps": below(
            0.0, np.concatenate([-np.diff(arrays["traces"][0])[:3], np.diff(arrays["traces"][2:])[:, :3].ravel()])
        ),
        "with the default damping the energy never rises": below(np.diff(arrays["damped"], axis=1), 1e-12),
        "both labels end at the solution of u = tanh(lambda u / 2T)": below(np.abs(ends - limit)[:, clear], 1e-6),
        "below lambda = 2 T nothing is left of a label": below(ends[:, lam < 1.9], 0.5 + 1e-6),
        "the first step begins to raise the energy at the lambda of theory": below(
            np.abs(changes - arrays["threshold"]), 1e-3
        ),
        "the lambda of theory tends to 2 T from above as the start tends to uniform": between(
            arrays["threshold"][-1], 2.0, 2.00001
        ),
        "the ring comes to rest below its threshold and turns for ever above it": below(
            0.1, np.concatenate([moved[turns], 0.2 - moved[rests]])
        ),
    }


def two_points_beside(arrays: Any) -> list[Beside]:
    """Energies of the first updates and in the end, thresholds, and shares on the ring."""
    rows, ring = [], KNOWN["ring"]
    for lam, first, last in zip(KNOWN["lam"], KNOWN["energy"], KNOWN["limit"], strict=True):
        trace = arrays["traces"][TRACED.index(lam)]
        names = [f"energy after {i} updates, lambda = {lam:g} T" for i in range(len(first))]
        rows += beside(names, first, trace[: len(first)], KNOWN["source"])
        rows.append(Beside(f"energy in the end, lambda = {lam:g} T", last, float(trace[-1]), KNOWN["source"]))
    found = [arrays["threshold"][0], arrays["ring_threshold"]]
    names = ["lambda / T from which the first step raises the energy", "lambda / T from which the ring turns"]
    rows += beside(names, [KNOWN["threshold"], ring["threshold"]], found, KNOWN["source"])
    shares = np.interp(ring["lam"], arrays["lam"], arrays["ring"][:, 0])
    names = [f"largest share on the ring, lambda = {lam:g} T" for lam in ring["lam"]]
    return rows + beside(names, ring["share"], shares, KNOWN["source"])


def draw_two_points(arrays: Any) -> matplotlib.figure.Figure:
    """Energies, the bifurcation, the threshold, and the ring."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9.2, 6.8), layout="constrained")
    traces, fork, start, ring = axes.flat
    for number, lam in enumerate(TRACED):
        traces.plot(arrays["traces"][number, :13], "o-", markersize=3, color=COLORS[number], label=f"{lam:g}")
        traces.plot(arrays["damped"][number, :13], "--", color=COLORS[number], linewidth=1)
    traces.set(
        xlabel="update",
        ylabel="energy $R$",
        title="opposite sides; dashed: damped",
    )
    traces.legend(title=r"$\lambda/T$", loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4)
    fork.plot(arrays["fine"], arrays["law"], color="gray", label=r"theory: $u = \tanh(\lambda u/2T)$")
    fork.plot(arrays["fine"], 1 - arrays["law"], color="gray")
    for number in range(len(SIDES)):
        options = {"color": COLORS[number], "markersize": 8 - 3 * number, "fillstyle": "none", "linestyle": ""}
        name = "opposite sides: a cycle of two" if number == 0 else "same side: a fixed point"
        fork.plot(arrays["lam"], arrays["ends"][number], MARKERS[number], label=name, **options)
        fork.plot(arrays["lam"], 1 - arrays["ends"][number], MARKERS[number], **options)
    fork.axvline(2, color="gray", linestyle=":")
    fork.set(xlabel=r"$\lambda/T$", ylabel="shares of the labels in the end", title=r"bifurcation at $\lambda = 2T$")
    fork.set_ylim(-0.03, 1.03)
    fork.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    for number, (offset, gain) in enumerate(zip(OFFSETS, arrays["first"], strict=True)):
        scaled = gain / offset**2
        start.plot(
            arrays["near"], scaled, color=COLORS[number], linestyle=("-", "--", ":")[number], label=f"{offset:g}"
        )
        start.plot(arrays["threshold"][number], 0, MARKERS[number], color=COLORS[number])
    start.axhline(0, color="gray", linewidth=0.8)
    start.set(
        xlabel=r"$\lambda/T$", ylabel=r"rise of $R$ at the first step, over $e^2$", title="where it begins to rise"
    )
    start.legend(title="offset $e$")
    share, moved = arrays["ring"].T
    ring.plot(arrays["lam"], share, "o", markersize=4, color=COLORS[0], label="largest share")
    ring.plot(arrays["lam"], moved, "s", markersize=4, color=COLORS[1], label="change in one more update")
    ring.axvline(float(arrays["ring_threshold"]), color="gray", linestyle=":", label="threshold of theory")
    ring.set(
        xlabel=r"$\lambda/T$",
        ylabel="share of a label, and its change",
        title=f"directed ring of {RING}: a cycle of {RING}",
        ylim=(-0.03, 1.03),
    )
    ring.legend(loc="center left")
    headline(figure, "Two points that attract each other, and a directed ring: energies and limits against $\\lambda$")
    return figure


TWO_POINTS = Figure(
    name="two-points",
    title="Two points and a directed ring: energies, and where fixed points give way to cycles.",
    compute=compute_two_points,
    claims=two_points_claims,
    draw=draw_two_points,
    beside=two_points_beside,
    inputs=INPUTS,
)
