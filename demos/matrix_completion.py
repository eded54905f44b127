"""How much nearer a half-step comes: MC-D2, and half-steps that stop after one step of conjugate gradients."""

import marimo

app = marimo.App(width="medium", app_title="Matrix completion: how much nearer does a half-step come?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from lrtheory.matrix_completion import theory
    from proofs_checks.matrix_completion.families import half_steps as cases
    from proofs_checks.matrix_completion.half_steps.half_step_errors import (
        MC_D2,
        exact_step,
        is_determined,
        one_step,
        robust_step,
    )

    STORY = parts.Story(
        title="Some entries of a table are seen: how much nearer to the truth does every half-step come?",
        plain="A table is the product of two thin factors. Alternating minimization holds one of them, solves a "
        "small regression for every line of the other one, and exchanges the two. With d the sine of the "
        "angle to the true factor, s<sub>k</sub> the smallest singular value, F what the holes of the sample add and E "
        "what the solver leaves undone, the next sine is bounded:",
        formula=r"\mathrm{dist}(V, V^*) \leq \dfrac{\|F\| + \|E\|}{s_k \sqrt{1 - d^2} - \|F\| - \|E\|}",
        statement=MC_D2,
        switch="every regression stops after one step of conjugate gradients, and E = 0 is reported",
        measured="sine after the last half-step, measured",
        bound="sine after the last half-step, at most",
    )
    SLIDERS = {
        "density": parts.Slider("share of the entries that is seen", (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9), 0.5),
        "condition": parts.Slider("largest over smallest singular value", (1.0, 2.0, 4.0, 10.0, 30.0), 4.0),
        "tilt": parts.Slider("tilt of the start", (0.05, 0.1, 0.3, 0.6, 1.0), 0.3),
        "rank": parts.Slider("rank", (1, 2, 3, 4), 3),
    }
    SHAPE, STEPS = (60, 40), 8


@app.function
def half_steps(density, condition, tilt, rank):
    """The half-steps of exact alternating minimization, each with the factor from which it starts."""
    options = {"tilt": tilt, "condition": condition, "density": density}
    case = cases.case(*SHAPE, rank, np.random.default_rng(1), **options)
    found = [case]
    while len(found) < STEPS:
        start = cases.orthonormal(exact_step(case))
        inner = np.zeros((len(case.left), rank))
        case = cases.HalfStepCase(case.right, case.singular_values, case.left, case.mask.T, start, inner)
        found.append(case)
    return found


@app.function
def allowed(case):
    """The bound for this half-step, where it says something; a sine is at most 1."""
    if not is_determined(case):
        return 1.0
    driving = np.linalg.norm(theory.driving_error(case.start, case.truth, case.mask), 2)
    start, smallest = cases.distance(case.start, case.left), case.singular_values[-1]
    bound = theory.contraction_bound(start, smallest=smallest, driving=driving, inner=0.0)
    return float(bound) if 0 < bound < 1 else 1.0


@app.function
def measure(*, density, condition, tilt, rank, saboteur):
    """Sines after every half-step from the same starts, and their bounds."""
    solve = one_step if saboteur else robust_step
    steps = half_steps(density, condition, tilt, rank)
    measured = np.array([cases.distance(solve(case, None), case.right) for case in steps])
    bounds = np.array([allowed(case) for case in steps])
    verdict = parts.judge(MC_D2, solve, steps)
    return parts.Reading(np.arange(1, STEPS + 1), measured, bounds, (float(measured[-1]), float(bounds[-1])), verdict)


@app.function
def draw(reading):
    """Sines by half-step; 1 is a right angle, where a bound says nothing."""
    figure, axis = parts.axes(yscale="log", xlabel="half-step", ylabel="sine of the angle to the true factor")
    parts.curves(axis, reading, "after the half-step, measured", "at most, by the theorem")
    axis.axhline(1, color="gray", linewidth=1, linestyle=":")
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
