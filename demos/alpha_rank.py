"""How many matches are enough to know the response graph: MI-T2, and a sampler that plays a sixteenth of them."""

import marimo

app = marimo.App(width="medium", app_title="alpha-Rank: how many matches are enough?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from lrtheory.alpha_rank import theory
    from proofs_checks.alpha_rank.sampling.right_directions import MI_T2, equally_spaced, signs_from, wrong_graph

    STORY = parts.Story(
        title="How many matches must one watch to know which strategy beats which?",
        plain="Two players choose among a few strategies, and every match is won or lost by chance. alpha-Rank "
        "needs the direction of every edge of the response graph: which of two strategies does better against "
        "the same opponent. After N matches of every profile all directions are right, except with "
        "probability δ, where Δ is the smallest difference of two payoffs on an edge.",
        formula=r"N > \dfrac{8 M^2}{\Delta^2}\,\log\dfrac{2\,|S|\,K}{\delta}\quad\Rightarrow\quad"
        r"P(\hat G \neq G) \leq \delta",
        statement=MI_T2,
        switch="play a sixteenth of the matches that are reported",
        measured="matches that are enough, measured",
        bound="matches that are enough, by the theorem",
    )
    SLIDERS = {
        "gap": parts.Slider("gap Δ", (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4), 0.2),
        "strategies": parts.Slider("strategies a player", (2, 3, 4), 3),
        "delta": parts.Slider("failures allowed δ", (0.05, 0.1, 0.2, 0.3), 0.1),
        "size": parts.Slider("size of an outcome, M = 1 assumed", (1.0, 1.5, 2.0, 3.0, 4.0), 1.0),
    }
    CUT, RUNS = 16, 2000


@app.function
def failures_allowed(game, samples):
    """Return the δ for which the theorem asks for this number of matches, at most 1."""
    profiles, players = int(np.prod(game.sizes)), len(game.sizes)
    return np.minimum(1.0, 2 * profiles * players * np.exp(-samples * game.gap**2 / 8))


@app.function
def measure(*, gap, strategies, delta, size, saboteur):
    """Measure shares of wrong response graphs by the number of matches, and the first number where they are below δ."""
    game = equally_spaced(strategies, strategies, gap=gap, delta=delta, outcome_size=size)
    cut = CUT if saboteur else 1
    enough = theory.samples_infinite_alpha(game.sizes, gap=gap, delta=delta) if gap > 0 else np.inf
    matches = np.unique(np.geomspace(16, 16 * min(enough, 4096), 25).astype(int))
    rng = np.random.default_rng(0)
    wrong = [wrong_graph(game, signs_from(game, rng, RUNS, max(1, n // cut))).mean() for n in matches]
    first = np.flatnonzero(np.array(wrong) <= delta)
    found = float(matches[first[0]]) if len(first) else np.inf

    def solve(game, rng, n):
        """Draw directions from the theorem's number of matches; the saboteur plays a sixteenth of them."""
        played = theory.samples_infinite_alpha(game.sizes, gap=game.gap, delta=game.delta) // cut
        return signs_from(game, rng, n, played)

    verdict = parts.judge(MI_T2, solve, [game])
    bound = failures_allowed(game, matches)
    return parts.Reading(matches, np.array(wrong), bound, (found, enough), verdict, {"delta": delta})


@app.function
def draw(reading):
    """Draw the failures by matches, and the theorem's number of matches as a line."""
    figure, axis = parts.axes(xscale="log", xlabel="matches of every profile", ylabel="share of wrong response graphs")
    axis.set_ylim(-0.03, 1.05)
    parts.curves(axis, reading, f"measured in {RUNS} runs", "at most, by the theorem")
    axis.axhline(reading.more["delta"], color="gray", linewidth=1, linestyle=":")
    axis.annotate("δ", (reading.x[0], reading.more["delta"]), xytext=(0, 3), textcoords="offset points", color="gray")
    for number, color in zip(reading.numbers, (parts.MEASURED, parts.BOUND), strict=True):
        if np.isfinite(number):
            axis.axvline(number, color=color, linewidth=1, linestyle="--")
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
