"""A summary of a window that moves: DS-T10, and a summary that forgets nobody who left."""

import marimo

app = marimo.App(width="medium", app_title="Dynamic submodular maximization: how good is a summary that lives?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from lrtheory.dynamic_submodular import theory
    from proofs_checks.dynamic_submodular.all_guesses.answers import DS_T10, answered, deletes_nothing
    from proofs_checks.dynamic_submodular.families.functions import by_values, members, set_function
    from proofs_checks.dynamic_submodular.families.runs import worth
    from proofs_checks.dynamic_submodular.families.streams import Updates

    STORY = parts.Story(
        title="People come and go: how good is a summary that is never made anew?",
        plain="Choose k people who reach as many others as possible, while every step brings somebody or takes "
        "somebody away. What a person adds must never lower the value, and must only shrink as others are "
        "chosen. Then after every update the chosen set S is worth nearly half of the best one of that "
        "moment, whose value is OPT, and the structure proves an upper bound on OPT besides.",
        formula=r"f(S_t) \geq \dfrac{\mathrm{OPT}_t}{2 + \epsilon}\quad\mathrm{after\ every\ update}\ t",
        statement=DS_T10,
        switch="who leaves is not deleted (a set with somebody who left is worth nothing)",
        measured="value at the worst moment, measured",
        bound="value at that moment, at least",
    )
    SLIDERS = {
        "k": parts.Slider("chosen, k", (1, 2, 3, 4), 3),
        "epsilon": parts.Slider("accuracy ε", (0.05, 0.1, 0.25, 0.5, 1.0), 0.25),
        "window": parts.Slider("people in the window", (4, 5, 6, 7, 8), 6),
        "synergy": parts.Slider("reward for every pair that is chosen", (0, 1, 4, 16, 64), 0),
    }
    PEOPLE, OTHERS = 9, 12


@app.function
def reached(synergy):
    """Return f of every set of people: the weights of those whom they reach, and a reward for every pair among them."""
    rng = np.random.default_rng(0)
    function = set_function("coverage", rng.random((PEOPLE, OTHERS)) < 0.3, rng.integers(1, 9, OTHERS).astype(float))
    sizes = members(np.arange(1 << PEOPLE), PEOPLE).sum(1)
    return by_values(function.values + synergy * sizes * (sizes - 1) / 2)


@app.function
def moving_window(length):
    """Return the updates of a window over people who come four times, each time in another order."""
    rng, ops, inside = np.random.default_rng(6), [], []
    for person in np.concatenate([rng.permutation(PEOPLE) for _ in range(4)]).tolist():
        if person not in inside:
            inside.append(person)
            ops += [~inside.pop(0), person] if len(inside) > length else [person]
    return np.array(ops)


@app.function
def forgetful(updates, rng):
    """Answer as if nobody ever left; this is the saboteur."""
    return deletes_nothing(updates, rng, method="lazy")


@app.function
def measure(*, k, epsilon, window, synergy, saboteur):
    """Return the value, what is promised of it, the optimum and the proved bound after every update."""
    updates = Updates(reached(synergy), moving_window(window), k, epsilon)
    solve = forgetful if saboteur else answered
    found = solve(updates, np.random.default_rng(0))
    value, best = np.maximum(worth(updates, found.solutions, found.values), 0), updates.optima
    promised = theory.pair_ratio(epsilon) * best
    worst = int(np.argmin(value / best))
    more = {"optimum": best, "proved": found.upper_bounds, "worst": worst}
    verdict = parts.judge(DS_T10, solve, [updates])
    numbers = (float(value[worst]), float(promised[worst]))
    return parts.Reading(np.arange(1, len(best) + 1), value.astype(float), promised, numbers, verdict, more)


@app.function
def draw(reading):
    """Draw all four by update, with a ring where the value is the least share of the optimum."""
    figure, axis = parts.axes(xlabel="update", ylabel="value")
    parts.curves(axis, reading, "value, measured", "at least, by the theorem")
    axis.plot(reading.x, reading.more["optimum"], color="black", linestyle=":", label="optimum, by enumeration")
    axis.plot(reading.x, reading.more["proved"], color=parts.OTHER, linestyle="--", label="bound that is proved")
    worst = reading.more["worst"]
    axis.plot(reading.x[worst], reading.measured[worst], "o", color=parts.MEASURED, fillstyle="none", markersize=12)
    axis.set_ylim(bottom=-0.03 * reading.more["proved"].max())
    parts.legend(axis)
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
