"""Low-rank evolution strategies: EG-2, and perturbations that are not divided; below, steps that rounding swallows."""

import marimo

app = marimo.App(width="medium", app_title="Low-rank optimizers: which rank is worth its bias?")

with app.setup:
    from fractions import Fraction
    from math import comb

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    from demos import _parts as parts
    from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
    from lrtheory.low_rank_optimizers.rounding.absorption import absorption
    from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
    from proofs_checks.low_rank_optimizers.evolution.bias import EG_2
    from proofs_checks.low_rank_optimizers.families.estimates import estimated
    from proofs_checks.low_rank_optimizers.families.estimators import unscaled
    from proofs_checks.low_rank_optimizers.families.polynomials import Task

    STORY = parts.Story(
        title="Which rank is worth its bias?",
        plain="A gradient is estimated by evaluations alone: of f(x) = x + x² + x³, where x is what a perturbation of "
        "rank r and size σ adds along one direction of the weights. The law of what is added is not a Gaussian, so "
        "the mean g_r of the estimates is not that of full noise, g_∞: on a cubic it is off by exactly σ²c/r, where c "
        "does not depend on r. P pairs divide the variance v_r of one pair by P, and never the bias:",
        formula=r"g_r-g_\infty=\frac{\sigma^2}{r}c,\;\mathbb{E}\|\hat g-g_\infty\|^2=\|g_r-g_\infty\|^2+v_r/P",
        statement=EG_2,
        switch="perturbations are not divided by the root of their rank",
        measured="mean squared error of 200 drawn estimates",
        bound="bias² + variance, as the formula has it",
    )
    SLIDERS = {
        "rank": parts.Slider("rank", (1, 2, 4), 2),
        "pairs": parts.Slider("log2 of the pairs", (0, 2, 4, 6, 8), 6),
        "sigma": parts.Slider("log2 of sigma", (-2, -1, 0, 1), -1),
        "equal": parts.Slider("equal singular values of the direction", (1, 2), 1),
        "kurtosis": parts.Slider("excess kurtosis of factors: -2 signs, 0 three values", (-2, 0), 0),
        "skew": parts.Slider("skewness of factors, without pairs", (0, 1.5), 0),
    }
    RANKS = np.array([1, 2, 4, 8, 16])
    MANY, ESTIMATES = 64, 200
    #: moments of one entry of a factor, from the first to the eighth
    THREE, SIGNS = (0, 1, 0, 3, 0, 9, 0, 27), (0, 1) * 4
    SKEWED = tuple(0.8 * (-0.5) ** k + 0.2 * 2.0**k for k in range(1, 9))
    #: weights as a network may have them, and steps
    WEIGHTS = rounded(np.random.default_rng(1).normal(scale=0.06, size=20_000).astype(np.float32))
    STEPS = np.logspace(-7, -2, 21)


@app.function
def law_of(kurtosis, skew):
    """The name of the law in the statement, the moments of an entry, and its values by a generator."""
    if skew:
        return "skewed", SKEWED, lambda rng, shape: rng.choice([-0.5, 2.0], size=shape, p=[0.8, 0.2])
    if kurtosis:
        return "sign", SIGNS, lambda rng, shape: rng.choice([-1.0, 1.0], size=shape)
    return "three-point", THREE, lambda rng, shape: 3**0.5 * rng.choice([-1.0, 0, 0, 0, 0, 1], size=shape)


@app.function
def sums(entry, most):
    """Moments 0 to 8 of x / sigma, by the number of products of which it is the sum."""
    one = np.array([1.0, *(float(m) ** 2 for m in entry)])
    rows = [np.eye(1, 9)[0]]
    for _ in range(most):
        rows.append(np.array([sum(comb(k, j) * rows[-1][j] * one[k - j] for j in range(k + 1)) for k in range(9)]))
    return [row / max(n, 1) ** (np.arange(9) / 2) for n, row in enumerate(rows)]


@app.function
def closed(m, sigma, paired):
    """Bias and variance of one estimate: (x/sigma)^2 + sigma^2 (x/sigma)^4, and a cube of it without pairs."""
    c = np.array([1.0, 0.0 if paired else sigma, sigma**2])
    mean, square = c @ m[2:5], np.convolve(c, c) @ m[4:9]
    return mean - 1 - 3 * sigma**2, square - mean**2


@app.function
def sampled(draw, n, sigma, pairs, *, paired, saboteur):
    """Estimates of the library's generations."""
    rng, count = np.random.default_rng(3), ESTIMATES * pairs
    A, B = (draw(rng, (count, 1, n)) for _ in range(2))
    scale = sigma if saboteur else sigma / np.sqrt(n)
    x = Perturbations([A], [B], scale=scale, mirrored=paired).forward(np.ones((1, 1)), np.zeros((1, 1)), 0).ravel()
    f = x + x**2 + x**3
    each = (f[::2] - f[1::2]) / 2 * x[::2] if paired else f * x
    return each.reshape(ESTIMATES, pairs).mean(axis=1) / sigma**2


@app.function
def measure(*, rank, pairs, sigma, equal, kurtosis, skew, saboteur):
    """Errors by rank as sampled and as known, the verdict at the rank of the slider, and the best rank by budget."""
    law, entry, draw = law_of(kurtosis, skew)
    k, P, s, paired = int(equal), 2 ** int(pairs), 2.0 ** float(sigma), not skew
    known = np.array([closed(m, s, paired) for m in sums(entry, MANY * k)[k::k]])  # by rank, from 1
    truth, options = 1 + 3 * s * s, {"paired": paired, "saboteur": saboteur}
    errors = [(sampled(draw, r * k, s, P, **options) - truth) ** 2 for r in RANKS.tolist()]
    bias, variance = known[RANKS - 1].T
    found, at = np.array([one.mean() for one in errors]), RANKS.tolist().index(int(rank))
    bound = bias**2 + variance / P
    # k equal singular values at rank r are one at rank k r
    scale = Fraction(s / np.sqrt(rank * k)).limit_denominator(16)
    case = Task(((1, 1),), int(rank) * k, law, scale, ((1, 0), (1, 0, 0), (1, 0, 0, 0)), mirrored=paired)
    verdict = parts.judge(EG_2, unscaled if saboteur else estimated, [case])
    budgets = 2.0 ** np.arange(3, 23)
    all_ranks = np.arange(1, MANY + 1)
    costs = [known[:, 0] ** 2 + known[:, 1] * 2 * (1 + 2 * all_ranks) / budget for budget in budgets]
    more = {"bias": bias**2, "variance": variance / P, "dots": errors[at], "rank": int(rank), "budgets": budgets}
    spread = np.array([one.std(ddof=1) for one in errors]) / np.sqrt(ESTIMATES)
    more |= {"best": all_ranks[np.argmin(costs, axis=1)], "spent": 2 * P * (1 + 2 * int(rank)), "spread": spread}
    remark = f"The measured number has a standard error of {spread[at]:.2g}; the check decides the bias exactly."
    numbers = float(found[at]), float(bound[at])
    return parts.Reading(RANKS.astype(float), found, bound, numbers, verdict, more, remark)


@app.function
def draw(reading):
    """Errors by rank, with 200 single ones at the rank of the slider; and the best rank by budget."""
    figure, more = Figure(figsize=(7.6, 3.6), layout="constrained"), reading.more
    axis, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for one in (axis, right):
        one.spines[["top", "right"]].set_visible(False)
    place = more["rank"] * 2 ** np.random.default_rng(0).uniform(-0.15, 0.15, size=ESTIMATES)
    axis.plot(place, more["dots"], ".", color="gray", markersize=2, alpha=0.5)
    axis.errorbar(reading.x, reading.measured, 2 * more["spread"], fmt="none", ecolor=parts.MEASURED, capsize=3)
    parts.curves(axis, reading, "measured, ± 2 standard errors", "bias² + variance / P")
    axis.plot(reading.x, np.maximum(more["bias"], 1e-30), color=parts.OTHER, linestyle="--", label="bias²")
    axis.plot(reading.x, more["variance"], color="gray", linestyle=":", label="variance / P")
    top = max(reading.measured.max(), reading.bound.max())
    axis.set(xscale="log", yscale="log", xlabel="rank", ylabel="squared error", ylim=(1e-4 * top, 5 * top))
    axis.set_xticks(RANKS, [str(r) for r in RANKS])
    axis.minorticks_off()
    parts.legend(axis)
    right.step(more["budgets"], more["best"], color=parts.OTHER, where="mid")
    right.axvline(more["spent"], color="gray", linewidth=0.8)
    right.set(xscale="log", yscale="log", ylim=(0.8, 80), xlabel="budget; a member costs 1 + 2r")
    right.set_yticks([1, 4, 16, 64], ["1", "4", "16", "64"])
    right.set_title("the best rank", fontsize=9)
    return figure


# --- rounding --------------------------------------------------------------------------------------------------------


@app.function
def draw_rounding(exponent):
    """Shares that random steps change in bfloat16 and overlaps of two runs, by the size of the steps; those of one."""
    found = [absorption(WEIGHTS, step_std=float(std)) for std in (*STEPS, 10.0**exponent)]
    figure, axis = parts.axes(xscale="log", xlabel="standard deviation of a step", ylabel="share", ylim=(-0.02, 1.02))
    overlaps, shares = ([getattr(one, f"predicted_{name}") for one in found] for name in ("overlap", "density"))
    axis.plot(STEPS, overlaps[:-1], color=parts.MEASURED, label="changed in a second run too")
    axis.plot(STEPS, shares[:-1], color=parts.BOUND, linestyle="--", label="changed, which is chance")
    axis.axvline(10.0**exponent, color="gray", linewidth=0.8)
    parts.legend(axis)
    return figure, shares[-1], overlaps[-1]


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


@app.cell
def _():
    exponent = mo.ui.slider(steps=[-7, -6, -5, -4, -3, -2], value=-5, label="log10 of a step", show_value=True)
    said = "**And weights in bfloat16?** Steps without any signal change few of them, and the same ones."
    mo.vstack([mo.md(said), exponent])
    return (exponent,)


@app.cell
def _(exponent):
    figure, share, overlap = draw_rounding(exponent.value)
    told = f"Steps change {share:.2%} of the weights; of these {overlap:.0%} change in a second run too"
    mo.vstack([figure, mo.md(f"{told} (low_rank_optimizers/RN-4). Chance would be {share:.2%}.")])
    return


if __name__ == "__main__":
    app.run()
