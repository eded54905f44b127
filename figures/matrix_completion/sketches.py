"""The help of a sketch: its distortion, and inner steps with and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, below, beside, between, headline, slope, stream
from lrtheory.matrix_completion import theory
from lrtheory.matrix_completion.sketching import iterates, precondition

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 4
KINDS = ("countsketch", "osnap", "srht", "gaussian", "uniform")
RECORDED = published("matrix_completion")["sketches"]
ROWS_A_COLUMN = RECORDED["rows_a_column"]
DISTORTION_INPUTS: dict[str, dict[str, Any]] = {"quick": {"draws": 11}, "full": {"draws": 200}}
BASES = ("random basis", "ten rows of size 1000")
PRECONDITIONERS = (0, 2, 4, 8)  # rows a column of the sketch; 0 is none
ACCURACY, MOST = 1e-6, 150
HELP_INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"rank": 20, "entries": [3, 6, 10, 16, 24], "conditions": [1, 10, 100, 1000], "draws": 5},
    "full": {
        "rank": 50,
        "entries": [2, 3, 4, 6, 8, 12, 16, 24],
        "conditions": [1, 3, 10, 30, 100, 300, 1000],
        "draws": 40,
    },
}


def basis(spiky: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw a Gaussian matrix; a spiky one has ten rows that hold almost everything."""
    A = rng.normal(size=(RECORDED["n_rows"], RECORDED["rank"]))
    if spiky:
        A[rng.choice(len(A), 10, replace=False)] *= 1000
    return A


def compute_distortion(profile: str) -> dict[str, np.ndarray]:
    """Measure distortions e, of shape (bases, kinds, sizes, draws)."""
    found = np.zeros((len(BASES), len(KINDS), len(ROWS_A_COLUMN), DISTORTION_INPUTS[profile]["draws"]))
    for b, kind, s, draw in np.ndindex(found.shape):
        rng = stream(SEED, b, kind, s, draw)
        A = basis(b == 1, rng)
        R = precondition(A, ROWS_A_COLUMN[s] * A.shape[1], KINDS[kind], rng)
        found[b, kind, s, draw] = theory.distortion(A, R)
    return {"rows": np.array(ROWS_A_COLUMN), "distortion": found}


def distortion_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin."""
    rows, middle = arrays["rows"], np.median(arrays["distortion"], axis=-1)
    unit = 1 / np.sqrt(2)
    return {
        "on a random basis the distortion of all kinds of sketches falls like the root of k / s": between(
            np.array([slope(rows, one) for one in middle[0]]), -0.7, -0.35
        ),
        "on a random basis distortions agree with the recorded medians within a quarter": below(
            np.abs(middle[0] / RECORDED["median"] - 1), 0.25
        ),
        "unit steps need about 16 rows a column": below(
            [middle[0][:, rows >= 16].max(), 1 - unit], [1 - unit, middle[0][:, rows <= 4].min()]
        ),
        "uniform sampling of rows is useless on spikes": below(0.9, middle[1, -1]),
        "spikes do not change the distortion of a Gaussian sketch by a quarter": below(
            np.abs(middle[1, 3] / middle[0, 3] - 1), 0.25
        ),
    }


def distortion_beside(arrays: Any) -> list[Beside]:
    """Set the median distortion of CountSketch on a random basis beside a recorded one."""
    names = [f"median distortion, {rows} rows a column" for rows in arrays["rows"].tolist()]
    source = f"{RECORDED['source']}; here {arrays['distortion'].shape[-1]} draws"
    return beside(names, RECORDED["median"], np.median(arrays["distortion"][0, 0], axis=-1), source)


def draw_distortion(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel for each basis."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained", sharey=True)
    rows = arrays["rows"]
    for b, axis in enumerate(axes):
        for kind, name in enumerate(KINDS):
            runs = arrays["distortion"][b, kind]
            middle = np.median(runs, axis=-1)
            axis.plot(rows, middle, "os^Dv"[kind] + LINES[kind % 4], color=COLORS[kind], markersize=5, label=name)
            axis.fill_between(rows, runs.min(axis=-1), runs.max(axis=-1), color=COLORS[kind], alpha=0.08, linewidth=0)
        axis.axhline(1 - 1 / np.sqrt(2), color="gray", linewidth=0.8, linestyle="--")
        axis.plot(rows, 1 / np.sqrt(rows), ":", color="gray", label=r"$\sqrt{k/s}$")
        axis.set(xscale="log", yscale="log", xlabel="rows of the sketch a column, s / k", ylim=(5e-3, 9))
        axis.set(title=BASES[b])
        axis.set_xticks(rows, [f"{row:g}" for row in rows])
        axis.set_yticks([0.01, 0.1, 0.2, 0.5, 1, 2], ["0.01", "0.1", "0.2", "0.5", "1", "2"])
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_minor_formatter(NullFormatter())
    axes[0].plot(rows, RECORDED["median"], "x", color="black", label="recorded median")
    axes[0].set(ylabel="distortion e of lengths")
    axes[0].legend()
    n, k = RECORDED["n_rows"], RECORDED["rank"]
    headline(
        figure,
        f"Sketches of {n} x {k} matrices: medians and ranges of {arrays['distortion'].shape[-1]} draws; "
        "dashed: above it unit steps diverge",
    )
    return figure


def seen_panel(rank: int, entries: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the rows of an orthonormal factor that a uniform sample gives to one regression."""
    n = 60 * rank
    V = np.linalg.qr(rng.normal(size=(n, rank)))[0]
    return V[rng.choice(n, entries * rank, replace=False)]


def bad_panel(rank: int, condition: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a panel with singular values from 1 to 1 / condition and its own singular vectors, as of a skewed sample."""
    left = np.linalg.qr(rng.normal(size=(16 * rank, rank)))[0]
    right = np.linalg.qr(rng.normal(size=(rank, rank)))[0]
    return left * np.geomspace(1, 1 / condition, rank) @ right.T


def steps_needed(A: np.ndarray, rows_a_column: int, rng: np.random.Generator) -> float:
    """Count steps of conjugate gradients until |A (x_t - x)| <= 1e-6 |A x|, for a random x."""
    k = A.shape[1]
    R = precondition(A, rows_a_column * k, "countsketch", rng) if rows_a_column else np.eye(k)
    image = A @ rng.normal(size=k)

    def enough(_: np.ndarray, rest: np.ndarray) -> bool:
        return bool(np.linalg.norm(rest) <= ACCURACY * np.linalg.norm(image))

    found, _, _ = iterates(A, image, R, np.zeros(k), method="cg", enough=enough, max_iter=MOST)
    return len(found) - 1


def compute_help(profile: str) -> dict[str, np.ndarray]:
    """Count inner steps, (preconditioners, sizes or conditions, draws), on good and on bad panels."""
    settings = HELP_INPUTS[profile]
    k, draws = settings["rank"], settings["draws"]
    entries, conditions = settings["entries"], settings["conditions"]
    seen = np.full((len(PRECONDITIONERS), len(entries), draws), np.nan)
    bad = np.zeros((len(PRECONDITIONERS), len(conditions), draws))
    for p, rows in enumerate(PRECONDITIONERS):
        for e, draw in np.ndindex(len(entries), draws):
            rng = stream(SEED, 0, e, draw)
            panel = seen_panel(k, entries[e], rng)
            if rows < entries[e]:  # a sketch as large as the panel is none
                seen[p, e, draw] = steps_needed(panel, rows, rng)
        for c, draw in np.ndindex(len(conditions), draws):
            rng = stream(SEED, 1, c, draw)
            bad[p, c, draw] = steps_needed(bad_panel(k, conditions[c], rng), rows, rng)
    return {
        "rank": np.array(k),
        "entries": np.array(entries),
        "conditions": np.array(conditions),
        "seen": seen,
        "bad": bad,
    }


def help_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin."""
    seen, bad = arrays["seen"].mean(axis=-1), arrays["bad"].mean(axis=-1)
    many = arrays["entries"] >= 12
    return {
        "on seen panels of 12 k entries or more no sketch of 2 k, 4 k or 8 k rows saves a step": below(
            seen[0][many], seen[1:][:, many]
        ),
        "without a sketch more entries mean fewer steps": below(np.diff(seen[0]), 0),
        "on the worst panels every sketch saves half of the steps": below(bad[1:, -1], bad[0, -1] / 2),
        "with a sketch of 8 k rows the condition of the panel costs at most a quarter more": below(
            bad[3], 1.25 * bad[3, :1]
        ),
    }


def help_beside(arrays: Any) -> list[Beside]:
    """Set steps without and with a sketch, on samples of an orthonormal factor, beside recorded ones."""
    known = published("matrix_completion")["preconditioned"]
    k, entries, seen = int(arrays["rank"]), arrays["entries"].tolist(), arrays["seen"].mean(axis=-1)
    table = zip(*(known[name] for name in ("rank", "entries", "rows", "steps")), strict=True)
    cells = [(entry, rows, steps) for rank, entry, rows, steps in table if rank == k]
    sketch = {rows: f"sketch of {rows} k rows" if rows else "no sketch" for rows in PRECONDITIONERS}
    names = [f"steps, rank {k}, {entry} k entries, {sketch[rows]}" for entry, rows, _ in cells]
    ours = [seen[PRECONDITIONERS.index(rows), entries.index(entry)] for entry, rows, _ in cells]
    source = f"{known['source']}, and {arrays['seen'].shape[-1]} panels"
    return beside(names, [steps for *_, steps in cells], ours, source)


def draw_help(arrays: Any) -> matplotlib.figure.Figure:
    """Draw panels of a uniform sample on the left, and bad ones on the right."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
    k = int(arrays["rank"])
    across = (arrays["entries"], arrays["conditions"])
    for axis, x, steps in zip(axes, across, (arrays["seen"], arrays["bad"]), strict=True):
        for p, rows in enumerate(PRECONDITIONERS):
            name = f"sketch of {rows} k rows" if rows else "no sketch"
            axis.plot(x, steps[p].mean(axis=-1), "os^D"[p] + LINES[p], color=COLORS[p], label=name)
        axis.set_xscale("log")
        axis.set_xticks(x, x)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_ylim(bottom=0)
    axes[0].set(xlabel="entries of the regression, in units of k", ylabel="steps of conjugate gradients to 1e-6")
    axes[0].set(title="rows of an orthonormal factor, as a sample shows them")
    axes[1].set(xlabel="condition number of the panel", title="panels of 16 k entries, conditioned badly")
    axes[0].legend()
    headline(figure, f"Rank {k}: a uniform sample already is a sketch; means of {arrays['seen'].shape[-1]} panels")
    return figure


DISTORTION = Figure(
    name="distortion",
    title="The distortion of a sketch is the root of columns over rows, unless it samples rows where they differ.",
    compute=compute_distortion,
    claims=distortion_claims,
    draw=draw_distortion,
    beside=distortion_beside,
    seed=SEED,
    inputs=DISTORTION_INPUTS,
)
SKETCH_HELPS = Figure(
    name="sketch-helps",
    title="A sketch saves steps where panels are conditioned badly; where a sample was uniform it costs some.",
    compute=compute_help,
    claims=help_claims,
    draw=draw_help,
    beside=help_beside,
    seed=SEED,
    inputs=HELP_INPUTS,
)
