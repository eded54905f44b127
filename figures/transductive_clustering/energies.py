"""The energy along iterations: monotone where theory says, and the four ways in which it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, stream
from figures.transductive_clustering._tasks import clamped_labels, digits_tasks, features
from lrtheory.transductive_clustering import bound_update, knn_affinity, monotone_report, psd_shift, relaxed_energy

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 1
KNOWN = published("transductive_clustering")["rises"]
LAMS = np.array(KNOWN["lam"])
SHOWN = (0.7, 1.5, 3.0, 10.0)
STEPS, FIRST = 60, 16  # updates, and how many of them are drawn
FLOOR = 1e-5  # of what is drawn
LEAST = 1e-9  # relative rise that is no rounding
#: affinity, step and energy of every variant
VARIANTS = ("symmetric", "symmetric, damped", "psd", "directed", "psd, printed energy")
INPUTS: dict[str, dict[str, Any]] = {"quick": {"tasks": 60}, "full": {"tasks": 1000}}


def graphs(X: np.ndarray) -> dict[str, np.ndarray]:
    """The graphs of two neighbors of every task (E, N, N)."""
    found = np.stack([knn_affinity(x, n_neighbors=2).toarray() for x in X])
    shifts = np.array([psd_shift(W) for W in found])
    directed = np.stack([knn_affinity(x, n_neighbors=2, symmetrize=None).toarray() for x in X])
    return {"symmetric": found, "psd": found + shifts[:, None, None] * np.eye(X.shape[1]), "directed": directed}


def energies(costs: np.ndarray, W: dict[str, np.ndarray], clamp: np.ndarray, lam: float) -> np.ndarray:
    """Energies (variants, STEPS + 1, tasks); those of a directed graph are of its symmetric part."""

    def run(graph: str, damping: float | str) -> Any:
        options = {"lam": lam, "clamp": clamp, "tol": 0.0, "max_iter": STEPS, "record": True}
        return bound_update(costs, W[graph], damping=damping, **options).trace

    psd = run("psd", 1.0)
    printed = [relaxed_energy(Z, costs, W["psd"], lam=2 * lam) for Z in psd["assignments"]]  # lambda, not lambda / 2
    traces = [run("symmetric", 1.0), run("symmetric", "auto"), psd, run("directed", 1.0)]
    return np.stack([*(padded(trace["energies"]) for trace in traces), padded(np.array(printed))])


def padded(values: np.ndarray) -> np.ndarray:
    """A run that stood still or cycled early, to full length by what it would repeat."""
    values = np.asarray(values)
    more = STEPS + 1 - len(values)
    return np.concatenate([values, np.repeat(values[-1:], max(0, more), axis=0)])


def compute_energies(profile: str) -> dict[str, np.ndarray]:
    """Energies of one task along iterations, and in how many tasks they rise, by lambda and variant."""
    batch = digits_tasks(INPUTS[profile]["tasks"], stream(SEED))
    X, costs = features(batch)
    W, clamp = graphs(X), clamped_labels(batch)
    runs = {lam: energies(costs, W, clamp, lam) for lam in np.union1d(LAMS, SHOWN).tolist()}
    safe = [monotone_report(w, clamp=c).largest_lam for w, c in zip(W["symmetric"], clamp, strict=True)]
    worst = int(np.argmax(rise(runs[SHOWN[2]])[0]))
    return {
        "lam": LAMS,
        "traces": np.stack([runs[lam][:, :, worst] for lam in SHOWN]),
        "rise": np.stack([rise(runs[lam]) for lam in LAMS.tolist()], axis=1),
        "safe": np.array(safe),
    }


def rise(values: np.ndarray) -> np.ndarray:
    """The largest rise of an energy in one step, relative to 1 + |R|, (variants, tasks)."""
    return (np.diff(values, axis=1) / (1 + np.abs(values[:, :-1]))).max(axis=1)


def energies_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins; a rise beyond 1e-9 of the energy is one."""
    rises, safe, lam = arrays["rise"], arrays["safe"], LAMS
    share = (rises > LEAST).mean(axis=2)
    proved = lam[:, None] <= safe
    printed = share[4, np.isin(lam, KNOWN["printed"]["lam"])]
    known = np.array(KNOWN["fraction"]), np.array(KNOWN["printed"]["fraction"])
    return {
        "with psd affinities no energy rises, whatever lambda": below(rises[2], LEAST),
        "with the default, which damps steps after a rise, no energy rises": below(rises[1], LEAST),
        "no energy rises where lambda is below 2 T / |lambda_min|": below(rises[0][proved], LEAST),
        "at lambda = 10 T the energy rises in more than a quarter of the tasks": below(0.25, share[0, -1]),
        "on the directed graph the energy rises in more than a third of the tasks at every lambda": below(
            1 / 3, share[3]
        ),
        "the energy that is printed with lambda for lambda / 2 rises although the affinity is psd": below(
            0.1, share[4, lam >= 1.5]
        ),
        "shares of rises agree with those of independent code within three standard errors": below(
            np.abs(share[0] - known[0]), 3 * error(known[0], rises.shape[2])
        ),
        "shares of rises of the printed energy agree with independent ones within three standard errors": below(
            np.abs(printed - known[1]), 3 * error(known[1], rises.shape[2])
        ),
    }


def error(share: np.ndarray, tasks: int) -> np.ndarray:
    """The standard error of the difference of two shares, ours and the known one; of one task at least."""
    return np.sqrt(np.maximum(share * (1 - share), 1 / KNOWN["tasks"]) * (1 / tasks + 1 / KNOWN["tasks"]))


def energies_beside(arrays: Any) -> list[Beside]:
    """Shares of tasks in which the energy rises."""
    share = (arrays["rise"] > LEAST).mean(axis=2)
    printed = KNOWN["printed"]
    names = [f"tasks whose energy rises, lambda = {lam:g} T" for lam in KNOWN["lam"]]
    names += [f"tasks whose printed energy rises, psd graph, lambda = {lam:g} T" for lam in printed["lam"]]
    ours = np.append(share[0], share[4, np.isin(LAMS, printed["lam"])])
    source = f"{KNOWN['source']}; here {arrays['rise'].shape[2]} other tasks"
    return beside(names, KNOWN["fraction"] + printed["fraction"], ours, source)


def draw_energies(arrays: Any) -> matplotlib.figure.Figure:
    """Traces above, shares and sizes of rises below."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(9.2, 6.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    axes = top.subplots(1, len(SHOWN), sharey=True)
    for axis, lam, runs in zip(axes, SHOWN, arrays["traces"], strict=True):
        for number, (name, values) in enumerate(zip(VARIANTS, runs, strict=True)):
            span = np.maximum((values - values.min()) / np.ptp(values), FLOOR)
            style = LINES[number % 4]
            axis.plot(span[:FIRST], style, color=COLORS[number], label=name, linewidth=1.6 - 0.2 * number)
        axis.set(title=rf"$\lambda$ = {lam:g}", xlabel="update", yscale="log")
    axes[0].set(ylabel="energy above its least, of its range")
    top.legend(*axes[0].get_legend_handles_labels(), ncols=len(VARIANTS), loc="outside lower center")
    left, right = bottom.subplots(1, 2)
    for number, values in enumerate(arrays["rise"]):
        share = (values > LEAST).mean(axis=1)
        left.plot(
            arrays["lam"],
            share,
            marker=MARKERS[number],
            linestyle=LINES[number % 4],
            color=COLORS[number],
            markersize=5,
        )
    stars = {"color": "white", "markersize": 11, "mec": "black", "mew": 0.7, "zorder": 5}
    left.plot(KNOWN["lam"], KNOWN["fraction"], "*", label="independent code", **stars)
    left.plot(KNOWN["printed"]["lam"], KNOWN["printed"]["fraction"], "*", **stars)
    left.set(xlabel=r"$\lambda$, with $T$ = 1", ylabel="tasks in which the energy rises", xscale="log")
    left.set_xticks(arrays["lam"], [f"{lam:g}" for lam in arrays["lam"]])
    left.minorticks_off()
    left.legend(loc="center left")
    draw_threshold(right, arrays["lam"][:, None] / arrays["safe"], arrays["rise"][0])
    headline(
        figure, f"Tasks of digits, five ways, one shot, two neighbors: one task above, {arrays['rise'].shape[2]} below"
    )
    return figure


def draw_threshold(axis: Any, share: np.ndarray, rises: np.ndarray) -> None:
    """Rises of the symmetric graph against lambda in units of what is proved."""
    for number, (x, y) in enumerate(zip(share, rises, strict=True)):
        axis.plot(x, np.maximum(y, 1e-16), ".", color=COLORS[number], markersize=4)
    axis.axvline(1, color="gray", linestyle=":")
    axis.axhline(LEAST, color="gray", linestyle="--", linewidth=0.8)
    axis.annotate("monotone, proved", (0.95, 1e-4), ha="right", fontsize=9)
    axis.annotate("rounding", (9, 3e-10), ha="right", va="top", fontsize=8, color="gray")
    axis.set(xscale="log", yscale="log", ylabel="largest rise of $R$ in a step, relative")
    axis.set_xlabel(r"$\lambda\,|\lambda_\mathrm{min}| / (2T)$, symmetric graph")


ENERGIES = Figure(
    name="energies",
    title="The energy along iterations: it falls for symmetric graphs with small lambda, and elsewhere it may not.",
    compute=compute_energies,
    claims=energies_claims,
    draw=draw_energies,
    beside=energies_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)
