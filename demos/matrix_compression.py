"""Blocks that share a basis: CM-13, and a sketch that does not compare blocks with what it keeps."""

import marimo

app = marimo.App(width="medium", app_title="Matrix compression: when does one pass lose nothing?")

with app.setup:
    from functools import partial

    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from figures._tools import COLORS
    from lrtheory.matrix_compression import cluster_blocks
    from proofs_checks.matrix_compression.families.passes import Pass, kept, sketched
    from proofs_checks.matrix_compression.sketches.brackets import CM_13, crossless

    STORY = parts.Story(
        title="Blocks stream by once: what is known of their best common basis?",
        plain="Matrices of three families stand side by side, M = [A₁ A₂ …], each seen once. A sketch keeps some "
        "columns beyond the rank r that is wanted, and drops what is smallest. At every step the best error of r "
        "columns lies between two numbers that the sketch knows. As long as all blocks together have a rank that fits "
        "into what is kept, nothing is dropped, and both are the error itself:",
        formula=r"\mathrm{rank}(M) \leq \mathrm{keep} \;\Rightarrow\; E_r(F) = E_r(M) \quad\mathrm{for\ every}\ r",
        statement=CM_13,
        switch="products of a block with what is kept are left out",
        measured="error of the best basis, measured",
        bound="error by the sketch, upper side",
    )
    SLIDERS = {
        "members": parts.Slider("blocks of each family", (2, 3, 4, 6), 4),
        "overlap": parts.Slider("what families share", (0.0, 0.25, 0.5, 0.75, 1.0), 0.25),
        "noise": parts.Slider("noise of each entry", (0.0, 0.25, 0.5, 1.0), 0.0),
        "rank": parts.Slider("rank r of the basis", (1, 2, 3, 4, 6), 2),
        "oversampling": parts.Slider("columns kept beyond it", (0, 1, 2, 4, 6), 4),
        "epsilon": parts.Slider("error that a cluster may have", (0.05, 0.1, 0.2, 0.4), 0.2),
    }
    ROWS, FAMILIES, WIDTH, SHAPES = 12, 3, 2, "osD^vPX*"


@app.function
def blocks_of(members, overlap, noise):
    """Blocks in planes of whole numbers, which families share in part; in fractions of 64, so that ranks are exact."""
    rng = np.random.default_rng(3)
    common, *own = rng.integers(-2, 3, (1 + FAMILIES, ROWS, WIDTH))
    drawn = rng.integers(-3, 4, (6, FAMILIES, WIDTH, WIDTH)), rng.normal(size=(6, FAMILIES, ROWS, WIDTH))
    planes = [overlap * common + (1 - overlap) * one for one in own]
    mixing, rest = (one[: int(members)] for one in drawn)
    rest = np.round(64 * noise * rest) / 64
    return [planes[f] @ mixing[i, f] + rest[i, f] for i in range(int(members)) for f in range(FAMILIES)]


@app.function
def measure(*, members, overlap, noise, rank, oversampling, epsilon, saboteur):
    """The best error of the blocks so far, and both sides of the bracket that the sketch reports."""
    blocks = blocks_of(members, overlap, noise)
    run = crossless if saboteur else sketched
    rows = []
    for k in range(1, len(blocks) + 1):
        case = Pass(tuple(blocks[:k]), int(rank), int(oversampling), WIDTH)
        energies = np.linalg.svd(case.whole, compute_uv=False) ** 2
        low, high = run(case).brackets[case.rank]
        rows.append(np.sqrt(np.maximum([energies[case.rank :].sum(), low, high], 0.0) / energies.sum()))
    best, lower, upper = np.transpose(rows)
    labels = cluster_blocks(blocks, int(rank), epsilon).labels
    verdict = parts.judge(CM_13, partial(kept, run=run), [case])
    more = {"lower": lower, "clusters": labels}
    return parts.Reading(np.arange(1, len(blocks) + 1), best, upper, (float(best[-1]), float(upper[-1])), verdict, more)


@app.function
def draw(reading):
    """The error by blocks seen with its bracket as a band; below it the blocks, alike where they share a cluster."""
    figure, axis = parts.axes(xlabel="blocks seen; below, alike where they may share a basis", ylabel="relative error")
    axis.fill_between(reading.x, reading.more["lower"], reading.bound, color=parts.BOUND, alpha=0.25, linewidth=0)
    parts.curves(axis, reading, "best basis", "bracket of the sketch")
    axis.plot(reading.x, reading.more["lower"], color=parts.BOUND, linewidth=1)
    for number, label in enumerate(np.unique(reading.more["clusters"])):
        x = reading.x[reading.more["clusters"] == label]
        look = {"color": COLORS[number % len(COLORS)], "marker": SHAPES[number % len(SHAPES)], "linestyle": "none"}
        axis.plot(x, np.full(len(x), -0.05), **look)
    axis.set_ylim(bottom=-0.1)
    return figure


@app.cell
def _():
    mo.Html(parts.head(STORY))
    return


@app.cell
def _():
    controls = parts.controls(STORY, SLIDERS)
    parts.row(controls)
    return (controls,)


@app.cell
def _(controls):
    reading = measure(**controls.value)
    mo.Html(parts.body(STORY, reading, draw(reading)))
    return (reading,)


if __name__ == "__main__":
    app.run()
