"""A catalogue under a mask: how far masked sampling is from the model, and a mass at the root that is forgotten."""

import marimo

app = marimo.App(width="medium", app_title="Constrained decoding: what does a mask do to the odds?")

with app.setup:
    from functools import partial

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    from demos import _parts as parts
    from lrtheory.constrained_decoding import make_nonmonotone, search, theory
    from proofs_checks.constrained_decoding.families.models import Weighed, laws, scores
    from proofs_checks.constrained_decoding.samples.masked_laws import ST_4, masses, telling, without_root

    STORY = parts.Story(
        title="What does a mask do to the odds?",
        plain="A model writes items of a catalogue token by token. At each token a mask removes what leads nowhere, "
        "and the rest is normalized. W(x) is the product of the masses that were left on the way to an item x, and P "
        "is the model's probability of the whole catalogue. Items are drawn with q(x) = p(x) / W(x), and not with "
        "p(x) / P, which is the model given the catalogue. Weights W undo that, for their mean is",
        formula=r"\mathrm{E}_q W=P",
        statement=ST_4,
        switch="the mass at the root is forgotten",
        measured="mean weight of masked samples",
        bound="mass of the catalogue",
    )
    #: probabilities are integers over this one
    WHOLE = 32
    SLIDERS = {
        "share": parts.Slider("mass that the mask leaves at the root, in 32nds", (4, 8, 16, 24, 32), 16),
        "mass": parts.Slider("mass that it leaves behind the first item, in 32nds", (0, 2, 4, 8, 16, 24, 31), 8),
        "depth": parts.Slider("tokens of an item", (2, 3, 4), 2),
    }
    MASSES = (1, 2, 4, 6, 8, 12, 16, 20, 24, 28, 31)


@app.function
def case_of(share, mass, depth):
    """Two items, 00.. and 10..: the first token has two thirds of the share at the root for the item behind 1."""
    rows = tuple((first, *[0] * (int(depth) - 1)) for first in (0, 1))
    start = (int(share) - 2 * int(share) // 3, 2 * int(share) // 3, WHOLE - int(share))
    inner = [start]
    for level in range(1, int(depth)):
        # only the first step behind the root is masked, so that deeper items have the same masses
        below = int(mass) if level == 1 else WHOLE
        inner += [(WHOLE, 0, 0), (below, WHOLE - below, 0)]
    return Weighed(rows, 3, tuple(inner), WHOLE)


@app.function
def sides(case, *, saboteur):
    """The mean weight under masked sampling, where a run into a dead end counts 0, and the catalogue's mass."""
    p, root = scores(case, case.table), sum(case.table[()][token] for token in case.tree[()])
    found = [p[item] for item in case.items]  # q W = p, whatever W is
    return float(sum(found) / (root if saboteur else 1)), float(sum(found))


@app.function
def distance(case):
    """Both laws, how far they are apart, and what ST-4t allows."""
    true = laws(case)
    low, high = min(true.W), max(true.W)
    drawn, given = ([float(one) for one in law] for law in (true.q, true.given))
    apart = sum(abs(a - b) for a, b in zip(drawn, given, strict=True)) / 2
    return drawn, given, apart, float(theory.tv_bound(low, high, mass=true.P))


@app.function
def measure(*, share, mass, depth, saboteur):
    """Both sides by the mass behind 1, and the verdict at the stops of the sliders."""
    options = {"share": share, "depth": depth}
    rows = [sides(case_of(mass=one, **options), saboteur=saboteur) for one in MASSES]
    case = case_of(mass=mass, **options)
    verdict = parts.judge(ST_4, partial(telling, weights=without_root) if saboteur else masses, [case])
    numbers, x = sides(case, saboteur=saboteur), np.array(MASSES) / WHOLE
    if mass == 0:  # behind 1 nothing is left to draw, so masked sampling has no law
        return parts.Reading(x, *np.transpose(rows), numbers, verdict)
    drawn, given, apart, allowed = distance(case)
    remark = f"Masked sampling is {apart:.2f} from the model given the catalogue; ST-4t allows {allowed:.2f}."
    more = {"drawn": drawn, "given": given}
    return parts.Reading(x, *np.transpose(rows), numbers, verdict, more, remark)


@app.function
def draw(reading):
    """Both laws of the two items, and both sides by the mass behind the first one."""
    figure = Figure(figsize=(7.2, 3.5), layout="constrained")
    items, axis = figure.subplots(1, 2, width_ratios=(2, 3))
    if reading.more:
        items.bar((0, 1), reading.more["given"], 0.4, color=parts.OTHER)
        items.bar((0.4, 1.4), reading.more["drawn"], 0.4, color=parts.MEASURED)
    items.set_xticks((0.2, 1.2), ("item 0..", "item 1.."))
    items.set(ylim=(0, 1), ylabel="probability")
    items.set_title("masked sampling blue, the model\ngiven the catalogue green", fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set(xlabel="mass that the mask leaves behind 1", ylabel="probability")
    parts.curves(axis, reading, "mean weight", "mass of the catalogue")
    axis.set_ylim(bottom=0)
    return figure


# --- the best item ---------------------------------------------------------------------------------------------------


@app.function
def certified(width):
    """The best item that a beam finds on three items, and what its certificate says."""
    problem = make_nonmonotone()
    return search(problem.index, problem.model, 1, width=int(width), method="beam")


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
    width = mo.ui.slider(steps=[1, 2, 3], value=2, label="width of the beam", show_value=True)
    said = "**And the best item?** A wider beam can find less. Its certificate knows."
    mo.vstack([mo.md(said), width])
    return (width,)


@app.cell
def _(width):
    found = certified(width.value)
    probability = float(np.exp(found.log_probs[0]))
    mo.md(f"Width {width.value} finds {found.sequences[0]} of probability {probability:.2f}: {found.message}.")
    return


if __name__ == "__main__":
    app.run()
