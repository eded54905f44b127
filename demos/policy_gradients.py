"""One step of training on groups: where the probability goes, and advantages that are divided by length."""

import marimo

app = marimo.App(width="medium", app_title="Policy gradients: can a reward lower its own success?")

with app.setup:
    from functools import partial

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    from demos import _parts as parts
    from lrtheory.policy_gradients import flow
    from proofs_checks.policy_gradients.updates.finite_steps import GR_4D, Step, divided_by_length, stepped

    STORY = parts.Story(
        title="Can a reward lower its own success?",
        plain="A policy draws a group of answers to one problem, right ones get the reward 1, and each is pushed "
        "by its advantage: reward minus the mean of the group, over the deviation. Averaged over all groups, a step of "
        "any size does not lower the probability P of a right answer, and among the right ones it helps the likeliest "
        "most. That holds while advantages rest on rewards alone:",
        formula=r"P'\geq P,\qquad P=\sum_{k\in C}p_k",
        statement=GR_4D,
        switch="each advantage is divided by the length of its answer",
        measured="success after the step",
        bound="success before it",
    )
    #: four answers, of which the third one is short
    WEIGHTS, NAMES = (2, 1, 3, 14), ("long", "long", "short", "long")
    SLIDERS = {
        "right": parts.Slider("right answers, of four", (1, 2, 3, 4), 2),
        "group": parts.Slider("answers of a group", (2, 3, 4, 5), 4),
        "length": parts.Slider("tokens of a long answer; a short one has 1", (1, 3, 10, 30, 100), 100),
        "step": parts.Slider("size of the step", (0.5, 1, 2, 4, 8), 4),
    }
    STEPS = (0.125, 0.5, 1, 2, 3, 4, 5, 6, 7, 8)


@app.function
def case_of(right, group, length, step):
    """The first answers are right; steps of a statement are in eighths."""
    correct = tuple(int(k < right) for k in range(4))
    lengths = tuple(int(length) if name == "long" else 1 for name in NAMES)
    return Step(WEIGHTS, correct, int(group), "std", lengths, 0, int(8 * step))


@app.function
def after(case, *, saboteur):
    """The policy after the step."""
    return (divided_by_length if saboteur else stepped)(case, np.random.default_rng(0))


@app.function
def measure(*, right, group, length, step, saboteur):
    """The success by the size of the step, and the verdict at the stops of the sliders."""
    of = partial(case_of, right, group, length)
    success = [float(after(of(one), saboteur=saboteur)[of(one).right].sum()) for one in STEPS]
    case = of(step)
    new, before = after(case, saboteur=saboteur), float(case.law[case.right].sum())
    numbers = float(new[case.right].sum()), before
    verdict = parts.judge(GR_4D, divided_by_length if saboteur else stepped, [case])
    share, later = (float(law[0] / law[case.right].sum()) for law in (case.law, new))
    remark = f"Among the right answers the likeliest had {share:.3f} and has {later:.3f}."
    more = {"before": case.law, "after": new, "right": case.right}
    x = np.array(STEPS)
    return parts.Reading(x, np.array(success), np.full(len(x), before), numbers, verdict, more, remark)


@app.function
def draw(reading):
    """Bars of the policy with arrows to where the step leads, and the success by the size of the step."""
    figure = Figure(figsize=(7.2, 3.5), layout="constrained")
    bars, axis = figure.subplots(1, 2)
    before, new, right = (reading.more[name] for name in ("before", "after", "right"))
    bars.bar(range(4), before, color=[parts.OTHER if one else "lightgray" for one in right])
    for k in range(4):
        arrow = {"arrowstyle": "->", "color": "black", "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
        bars.annotate("", (k, new[k]), (k, before[k]), arrowprops=arrow)
    bars.set_xticks(
        range(4), [f"{name}\n{'right' if one else 'wrong'}" for name, one in zip(NAMES, right, strict=True)]
    )
    bars.set(ylim=(0, 1), ylabel="probability")
    bars.set_title("bars: before; arrows: the step", fontsize=9)
    for one in (bars, axis):
        one.spines[["top", "right"]].set_visible(False)
    axis.set(xlabel="size of the step", ylabel="success probability")
    parts.curves(axis, reading, "after the step", "before it")
    return figure


# --- a hundred steps -------------------------------------------------------------------------------------------------


@app.function
def trained(strength):
    """The policy before and after a hundred steps with a penalty of likely right answers, two of four right."""
    case = case_of(2, 4, 1, 1)
    options = {"norm": "none", "group_size": case.group_size, "unlikeliness": strength}
    return case.law, np.asarray(flow(case.law, case.right, **options, step_size=0.5, n_steps=100).p)[-1]


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
    strength = mo.ui.slider(steps=[0, 0.25, 0.5, 1, 1.5], value=0, label="strength of the penalty", show_value=True)
    said = "**And the rarer right answer?** A penalty lowers the reward of right answers by their rank. Does it help?"
    mo.vstack([mo.md(said), strength])
    return (strength,)


@app.cell
def _(strength):
    laws = trained(strength.value)
    rows = [
        f"| {name} | {law[:2].sum():.3f} | {1 - (1 - law[:2].sum()) ** 16:.3f} | {law[1] / law[:2].sum():.3f} |"
        for name, law in zip(("before", "after 100 steps"), laws, strict=True)
    ]
    mo.md("\n".join(["| | pass@1 | pass@16 | share of the rarer right answer |", "|-|-|-|-|", *rows]))
    return


if __name__ == "__main__":
    app.run()
