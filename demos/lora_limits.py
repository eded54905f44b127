"""A polynomial in the place of exp: LL-P5, and factors that lose the last power."""

import marimo

app = marimo.App(width="medium", app_title="Limits of LoRA: can a polynomial stand in for exp?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from lrtheory.lora_limits import attention_factors, exp_polynomial, theory
    from proofs_checks.lora_limits.errors.certificates import LL_P5
    from proofs_checks.lora_limits.families.row_perturbation import (
        Surrogate,
        is_approximated,
        library_chain,
        surrogate_chain,
    )

    STORY = parts.Story(
        title="Gradients of LoRA adapters without the attention matrix: can a polynomial stand in for exp?",
        plain="With a polynomial of degree g in the place of exp, attention f is a product of thin factors, and "
        "adapter gradients cost a multiple of the length, not its square. If all logits are at most M, the "
        "polynomial is off by a share η(g, M) of exp; as long as η is below 1, rows of attention move by at "
        "most τ, and every matrix on the way to the gradient by a multiple of τ:",
        formula=r"\max_i\, \sum_j\, |\tilde f_{ij} - f_{ij}| \leq \tau = \dfrac{2\eta}{1 + \sqrt{1 - \eta^2}},"
        r"\quad \eta = \sup_{|s| \leq M} |T_g(s)\, e^{-s} - 1| < 1",
        statement=LL_P5,
        switch="the factors lose the last power",
        measured="how far a row of attention moves, measured",
        bound="how far a row can move, at most",
    )
    SLIDERS = {
        "degree": parts.Slider("degree g", tuple(range(13)), 3),
        "largest": parts.Slider("largest logit M", (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0), 0.5),
        "few": parts.Slider("tokens on the first side, of 16", (1, 2, 4, 8), 8),
        "noise": parts.Slider("noise of the tokens", (0.0, 0.25, 0.5, 1.0), 0.0),
    }
    TOKENS = 16


@app.function
def surrogate(degree, largest, few, noise):
    """Tokens on two sides in two coordinates, with the given largest logit; values 1 and -1, labels 0."""
    rng = np.random.default_rng(0)
    side = np.where(np.arange(TOKENS) < few, 1.0, -1.0)[:, None]
    Q, K = (side * np.array([1.0, 0.0]) + noise * rng.normal(size=(TOKENS, 2)) for _ in range(2))
    return Surrogate(Q * largest / np.abs(Q @ K.T).max(), K, side, np.zeros((TOKENS, 1)), degree)


@app.function
def shortened(case, rng=None):
    """The saboteur: factors without the last power; what is not above 0 counts as next to nothing."""
    U, V = attention_factors(case.Q, case.K, exp_polynomial(case.bound, degree=max(0, case.degree - 1)))
    return library_chain(np.log(np.maximum(U @ V.T, 1e-9)), case.C3, case.Y)


@app.function
def moved(case, saboteur):
    """By how much a row of attention moves, and how far it can; two laws are never farther apart than 2."""
    degree = max(0, case.degree - 1) if saboteur else case.degree
    U, V = attention_factors(case.Q, case.K, exp_polynomial(case.bound, degree=degree))
    exact, found = np.exp(case.Q @ case.K.T), U @ V.T
    apart = exact / exact.sum(1, keepdims=True) - found / found.sum(1, keepdims=True)
    bound = theory.tilt_bound(case.polynomial.error) if is_approximated(case) else 2.0
    return np.abs(apart).sum(1).max(), float(bound)


@app.function
def measure(*, degree, largest, few, noise, saboteur):
    """Rows of attention by degree, and their bounds."""
    degrees = np.array(SLIDERS["degree"].stops)
    cases = [surrogate(g, largest, few, noise) for g in degrees.tolist()]
    measured, bounds = np.array([moved(case, saboteur) for case in cases]).T
    solve = shortened if saboteur else surrogate_chain
    verdict = parts.judge(LL_P5, solve, [surrogate(degree, largest, few, noise)])
    numbers = (float(measured[degree]), float(bounds[degree]))
    return parts.Reading(degrees, measured, bounds, numbers, verdict, {"degree": degree})


@app.function
def draw(reading):
    """Rows by degree; a ring at the degree that is chosen."""
    figure, axis = parts.axes(yscale="log", xlabel="degree g", ylabel="sum of a row of |f̃ - f|")
    parts.curves(axis, reading, "measured", "at most, by the theorem")
    degree = reading.more["degree"]
    axis.plot(degree, reading.measured[degree], "o", color=parts.MEASURED, fillstyle="none", markersize=12)
    axis.axhline(2, color="gray", linewidth=1, linestyle=":")
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
