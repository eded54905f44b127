"""Old and new class means on a disc: gaps, and prototypes whose products are positive."""

import marimo

app = marimo.App(width="medium", app_title="Compatible representations: is a new encoder compatible with an old one?")

with app.setup:
    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    from demos import _parts as parts
    from lrtheory.compatible_representations import cross_test, simplex_prototypes, theory
    from proofs_checks.compatible_representations.definition.class_means import SX_2, positive, rays
    from proofs_checks.compatible_representations.families.collapsed import Collapsed, in_units, listed, measured

    STORY = parts.Story(
        title="May a new encoder ask the gallery of an old one?",
        plain="A gallery was indexed by an old encoder, whose features of each class have a mean of length "
        "a<sub>o</sub> along the prototype of the class; the new encoder reaches a<sub>n</sub>. The prototypes are the "
        "vertices of a regular simplex, here of K = 3 in a disc. New queries should be nearer than old ones to items "
        "of their class, and further from the others. On average they come nearer to another class by",
        formula=r"G(y, y')=-\dfrac{a_o (a_n - a_o)}{K - 1}",
        statement=SX_2,
        switch="prototypes whose products are positive",
        measured="mean gap of two classes, measured",
        bound="mean gap of two classes, by the formula",
    )
    K, ITEMS = 3, 32
    COUNTS = (0, 2, 4, 6, 8, 10)
    SLIDERS = {
        "old": parts.Slider("old items of a class, of 32, at each other vertex", COUNTS, 6),
        "new": parts.Slider("new items of a class, of 32, at each other vertex", COUNTS, 2),
        "off": parts.Slider("more old items at the next vertex, which bends the means off their rays", (0, 2, 4), 0),
    }


@app.function
def case_of(old, new, off):
    """The counts of both encoders; `off` items of each class move from their own vertex to the next one."""
    case = rays(K, ITEMS, int(old), int(new))
    bent = np.array(case.old) + int(off) * (np.roll(np.eye(K, dtype=int), 1, axis=1) - np.eye(K, dtype=int))
    return Collapsed(tuple(map(tuple, bent.tolist())), case.new)


@app.function
def lengths(case):
    """The mean of the products of class means and prototypes, by the old and the new encoder."""
    return [
        float(np.mean((np.array(counts) / ITEMS * case.products.astype(float)).sum(1)))
        for counts in (case.old, case.new)
    ]


@app.function
def sides(case, *, saboteur):
    """The gap of the first two classes that is measured, and the one of the formula."""
    gaps = in_units(case, (positive if saboteur else measured)(case, None))
    return float(gaps[0, 1]), theory.gap_rays(*lengths(case), n_classes=K)[1]


@app.function
def accuracy(case):
    """The share of new queries whose nearest template of the old gallery is that of their class."""
    W = simplex_prototypes(K)
    old, new = (listed(counts, W) for counts in (case.old, case.new))
    labels = np.repeat(np.arange(K), ITEMS)
    return float(cross_test([(old, old), (new, old)], labels, labels).matrix[1, 0])


@app.function
def measure(*, old, new, off, saboteur):
    """Both sides by the length of the new means, and the verdict at the stops of the sliders."""
    cases = [case_of(old, one, off) for one in COUNTS]
    rows = [sides(one, saboteur=saboteur) for one in cases]
    case = case_of(old, new, off)
    verdict = parts.judge(SX_2, positive if saboteur else measured, [case])
    a_o, a_n = lengths(case)
    more = {"old": np.array(case.old) / ITEMS, "new": np.array(case.new) / ITEMS}
    found = accuracy(case)
    remark = f"a_o = {a_o:.2f}, a_n = {a_n:.2f}. New queries find their class on the old templates in {found:.0%}."
    x = np.array([lengths(one)[1] for one in cases])
    return parts.Reading(x, *np.transpose(rows), sides(case, saboteur=saboteur), verdict, more, remark)


@app.function
def draw(reading):
    """Prototypes with both means of each class on a disc, and both sides by the length of the new means."""
    figure = Figure(figsize=(7.2, 3.5), layout="constrained")
    disc, axis = figure.subplots(1, 2, width_ratios=(2, 3))
    W, circle = simplex_prototypes(K), np.linspace(0, 2 * np.pi, 100)
    disc.plot(np.cos(circle), np.sin(circle), color="lightgray")
    for y, w in enumerate(W):
        disc.plot(*np.transpose([0 * w, w]), color="lightgray")
        disc.plot(*(reading.more["old"][y] @ W), "s", color=parts.OTHER)
        disc.plot(*(reading.more["new"][y] @ W), "o", color=parts.MEASURED)
    disc.set_aspect("equal")
    disc.set_axis_off()
    disc.set_title("class means: old green squares,\nnew blue discs", fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.axhline(0, color="gray", linewidth=0.8)
    axis.set(xlabel="length of the new means", ylabel="mean gap of two classes")
    parts.curves(axis, reading, "measured", "formula")
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
