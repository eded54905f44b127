"""What the wrong quota keeps: FSS-D1, and a panel that fills one seat fewer."""

import marimo

app = marimo.App(width="medium", app_title="Fair subset selection: what does the wrong quota cost?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from lrtheory.fair_subset_selection import bias_utilities, item_scores, sample_utilities, select, theory
    from proofs_checks.fair_subset_selection.families.panels import Panel
    from proofs_checks.fair_subset_selection.selection.best_quotas import FSS_D1, one_item_fewer, swept

    STORY = parts.Story(
        title="Some people are seen at less than they are worth: what does a quota keep, if it is the wrong one?",
        plain="A panel ranks ten people, a group of whom it sees at a fraction θ of what they are worth, and "
        "invites the four with the largest sums of scores (Borda). A quota says that ℓ of the four are of the "
        "group; the best one, ℓ*, is that of the true rankings, by which the best four have the score OPT. If both "
        "groups have four people, the four S_ℓ that a wrong ℓ invites keep at least this of the true score F:",
        formula=r"F(S_\ell) \geq \min\left(1, \dfrac{k - \ell}{k - \ell^*}, \dfrac{\ell}{\ell^*}\right)\,\mathrm{OPT}",
        statement=FSS_D1,
        switch="every quota is filled with one person fewer of the group",
        measured="per cent of the optimum kept, measured",
        bound="per cent of the optimum kept, at least",
    )
    SLIDERS = {
        "quota": parts.Slider("quota ℓ", (0, 1, 2, 3, 4), 2),
        "worth": parts.Slider("worth of the group over that of the others", (0.25, 0.5, 1.0, 2.0, 4.0), 1.0),
        "theta": parts.Slider("seen at θ", (0.05, 0.1, 0.2, 0.5, 1.0), 0.1),
        "size": parts.Slider("people in the group", (1, 2, 3, 4, 5, 6), 5),
    }
    PEOPLE, SEATS, MEMBERS = 10, 4, 25


@app.function
def panel_of(worth, theta, size):
    """The true rankings with their groups, and the rankings that the members report."""
    group = np.arange(PEOPLE) >= PEOPLE - size
    quality = np.where(group, worth, 1.0) * np.resize([8.0, 4.0, 2.0, 1.0, 1.0], PEOPLE)
    rng = np.random.default_rng(0)
    biased = bias_utilities(sample_utilities("plackett-luce", MEMBERS, PEOPLE, quality=quality, rng=rng), group, theta)
    positions = np.asarray(biased.latent.positions).astype(np.int64)
    open_to_all = np.array([0, 0]), np.array([PEOPLE, PEOPLE])
    return Panel(positions, "borda", 1, SEATS, group.astype(np.int64), *open_to_all), biased.observed


@app.function
def measure(*, quota, worth, theta, size, saboteur):
    """Shares of the true optimum by quota, what is promised, and where the panel lands without a quota."""
    panel, observed = panel_of(worth, theta, size)
    solve = one_item_fewer if saboteur else swept
    right = swept(panel, None)
    scores, best = np.asarray(solve(panel, None).scores, dtype=float), float(np.max(right.scores))
    quotas = np.arange(SEATS + 1)
    kept = np.zeros(SEATS + 1)  # a quota that the group cannot fill keeps nothing
    kept[np.asarray(right.quotas)] = 100 * scores / best
    star = int(np.asarray(right.quotas)[np.argmax(right.scores)])
    promised = np.array([100 * float(theory.quota_loss(SEATS, one, star)) for one in quotas.tolist()])
    free = select(observed, panel.rule, SEATS).items
    landed = int(panel.groups[free].sum()), 100 * float(item_scores(panel.rankings, panel.rule)[free].sum()) / best
    verdict = parts.judge(FSS_D1, solve, [panel])
    numbers = (float(kept[quota]), float(promised[quota]))
    return parts.Reading(quotas, kept, promised, numbers, verdict, {"free": landed, "quota": quota})


@app.function
def draw(reading):
    """Shares by quota; a ring at the quota that is chosen, a diamond where the panel lands without one."""
    figure, axis = parts.axes(xlabel="seats for the group, ℓ of four", ylabel="per cent of the true optimum kept")
    parts.curves(axis, reading, "measured", "at least, by the theorem")
    quota = reading.more["quota"]
    axis.plot(quota, reading.measured[quota], "o", color=parts.MEASURED, fillstyle="none", markersize=12)
    axis.plot(*reading.more["free"], "D", color=parts.OTHER, markersize=8, label="without a quota, as reported")
    axis.set(xticks=reading.x, ylim=(-4, 104))
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
