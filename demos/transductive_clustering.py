"""When neighbors pull too hard: TC-T5, and updates that count their pull twice."""

import marimo

app = marimo.App(width="medium", app_title="Transductive clustering: when does every update lower the energy?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from lrtheory.transductive_clustering import theory
    from proofs_checks.transductive_clustering.families.definitions import Case, energy
    from proofs_checks.transductive_clustering.families.paths import descend
    from proofs_checks.transductive_clustering.updates.descents import TC_T5, full_gradient

    STORY = parts.Story(
        title="Neighbors pull at each other: does every update lower the energy?",
        plain="Points on a ring are to be split into two clusters. Every point weighs its own evidence, and is "
        "pulled with strength λ towards what its two neighbors believe; all points change their minds at the "
        "same time, at temperature T. As long as λ is small against T and the least eigenvalue of the graph, "
        "every update lowers the energy R by at least a multiple of the squared step:",
        formula=r"R(Z_i) - R(Z_{i+1}) \geq \left(T + \dfrac{\lambda}{2}\,\lambda_{\min}(W)\right)\|Z_{i+1} - Z_i\|_F^2"
        r"\quad\mathrm{where}\quad \lambda\,\lambda_{\min}(W) \geq -2T",
        statement=TC_T5,
        switch="the pull of the neighbors is counted twice",
        measured="energy that the updates removed, measured",
        bound="energy that the updates removed, at least",
    )
    SLIDERS = {
        "lam": parts.Slider("pull of the neighbors λ", (0.0, 0.25, 0.5, 0.75, 0.9, 1.5, 2.0, 3.0), 0.75),
        "temperature": parts.Slider("temperature T", (0.5, 1.0, 2.0), 1.0),
        "own": parts.Slider("weight of a point on itself", (0.0, 0.5, 1.0, 2.0), 0.0),
        "evidence": parts.Slider("strength of the evidence", (0.0, 0.25, 0.5, 1.0), 0.25),
    }
    POINTS, UPDATES = 12, 12


@app.function
def ring(lam, temperature, own, evidence):
    """Points on a ring, each with its two neighbors; at the start every other one leans to the other side."""
    places = np.arange(POINTS)
    apart = (places[:, None] - places) % POINTS
    affinity = np.isin(apart, (1, POINTS - 1)) + own * np.eye(POINTS)
    costs = evidence * np.random.default_rng(0).integers(0, 8, (POINTS, 2)) / 4
    leaning = np.where(places % 2 == 0, 0.9, 0.1)
    init = np.stack([leaning, 1 - leaning], axis=1)
    return Case(costs, affinity, lam, temperature, init, np.full(POINTS, -1))


@app.function
def measure(*, lam, temperature, own, evidence, saboteur):
    """What the updates removed from the energy so far, by its definition, and what they removed at least."""
    case = ring(lam, temperature, own, evidence)
    solve = full_gradient if saboteur else descend
    Z = np.asarray(solve(case, np.random.default_rng(0)).assignments)[: UPDATES + 1]
    R, squares = np.array([energy(case, one) for one in Z]), ((Z[1:] - Z[:-1]) ** 2).sum((1, 2))
    least = case.spectrum[0]
    floors = theory.descent_bound(squares, smallest_eigenvalue=least, lam=lam, temperature=temperature)
    taken, allowed = R[0] - R, np.r_[0.0, np.cumsum(floors)]
    verdict = parts.judge(TC_T5, solve, [case])
    return parts.Reading(np.arange(len(R)), taken, allowed, (float(taken[-1]), float(allowed[-1])), verdict)


@app.function
def draw(reading):
    """Energy that was removed, by update; below the line at 0 the energy has risen."""
    figure, axis = parts.axes(xlabel="update", ylabel="energy removed since the start")
    parts.curves(axis, reading, "measured", "at least, by the theorem")
    axis.axhline(0, color="gray", linewidth=1, linestyle=":")
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
