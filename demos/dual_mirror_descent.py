"""How much a price that learns loses to hindsight: DMD-T1, and a price that moves the wrong way."""

import marimo

app = marimo.App(width="medium", app_title="Dual mirror descent: what does not knowing the future cost?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from proofs_checks.dual_mirror_descent.families import laws, runs, wrong_solvers
    from proofs_checks.dual_mirror_descent.families.runs import bound, regret
    from proofs_checks.dual_mirror_descent.regret import DMD_T1

    STORY = parts.Story(
        title="A budget, offers one by one: what does not knowing the future cost?",
        plain="A campaign may take a share ρ of T offers and must say yes or no to each one before it sees the "
        "next. It keeps one price, takes what is worth more, and moves the price by η: up when it spends too "
        "fast, down when too slowly. If all offers follow one law, what it earns, R, falls short of the best choice "
        "in hindsight, OPT, by at most a multiple of the root of T.",
        formula=r"E[\mathrm{OPT} - R] \leq C_1 + C_2\,\eta\, T + \dfrac{C_3}{\eta} = O(\sqrt{T})"
        r"\quad\mathrm{for}\quad \eta \sim \dfrac{1}{\sqrt{T}}",
        statement=DMD_T1,
        switch="the price rises when too little is spent",
        measured="per cent of the optimum lost, measured",
        bound="per cent of the optimum lost, at most",
    )
    SLIDERS = {
        "horizon": parts.Slider("offers T", (512, 1024, 2048, 4096, 8192), 8192),
        "rate": parts.Slider("share of the offers that the budget pays, ρ", (0.125, 0.25, 0.375, 0.5, 0.75), 0.375),
        "step": parts.Slider("step η, in multiples of the theorem's step", (0.25, 0.5, 1.0, 2.0, 4.0), 1.0),
        "share": parts.Slider("share of the last offers that follow another law", (0.0, 0.1, 0.25, 0.5), 0.0),
    }
    HORIZONS, RUNS = (512, 1024, 2048, 4096, 8192, 16384), 32


@app.function
def law_of(horizon, rate, step, share):
    """Offers worth 0 to 1 that cost one unit each; the last ones may be worth more than 0.9 all of them."""
    table = laws.one_resource(horizon, rate=rate, step_size=step * laws.theory_step(horizon, rate))
    if share == 0:
        return laws.RequestLaw(**table)
    return laws.CorruptedLaw(**table, other=laws.uniform(0.9, 1), n_corrupted=int(share * horizon))


@app.function
def losses(law, solve):
    """In per cent of the mean optimum: mean regret, its bound for one law, and that for laws that change."""
    found = solve(law, np.random.default_rng(0), RUNS)
    drifting = bound(law, "independent", total_variation=getattr(law, "distance", 0.0))
    return 100 * np.array([regret(law, found).mean(), bound(law), drifting]) / runs.optima(law, found.kinds).mean()


@app.function
def measure(*, horizon, rate, step, share, saboteur):
    """Regret by horizon, and its bounds."""
    solve = wrong_solvers.wrong_sign if saboteur else runs.runs
    lost = {size: losses(law_of(size, rate, step, share), solve) for size in HORIZONS}
    measured, allowed, drifting = np.array(list(lost.values())).T
    verdict = parts.judge(DMD_T1, solve, [law_of(horizon, rate, step, share)])
    more = {"drifting": drifting, "share": share}
    return parts.Reading(np.array(HORIZONS), measured, allowed, tuple(lost[horizon][:2].tolist()), verdict, more)


@app.function
def draw(reading):
    """Losses by horizon; everything is the line at 100 per cent, above which a bound says nothing."""
    figure, axis = parts.axes(xscale="log", yscale="log", xlabel="offers T", ylabel="per cent of the optimum lost")
    parts.curves(axis, reading, f"measured, mean of {RUNS} runs", "at most, if all offers follow one law")
    if reading.more["share"]:
        label = "at most, if the law may change"
        axis.plot(reading.x, reading.more["drifting"], color=parts.OTHER, linestyle="--", linewidth=2, label=label)
        parts.legend(axis)
    axis.axhline(100, color="gray", linewidth=1, linestyle=":")
    axis.set_xticks(reading.x, [f"{size:,}" for size in reading.x])
    axis.minorticks_off()
    axis.yaxis.set_major_formatter("{x:g}")
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
