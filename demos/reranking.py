"""A list in windows: which documents are certainly first, and a loop that loses some."""

import marimo

app = marimo.App(width="medium", app_title="Reranking: what do windows sort for certain?")

with app.setup:
    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from demos import _parts as parts
    from lrtheory.reranking import theory
    from proofs_checks.reranking.families.judges import is_right
    from proofs_checks.reranking.judges.windows import RK_W2, Windows, released, slide

    STORY = parts.Story(
        title="What do windows sort for certain?",
        plain="A judge sorts w documents a call. A pass of windows goes from the end of a list of n to its beginning "
        "in steps of s. Whatever the order was, after p passes the first documents are the best ones, in order: as "
        "many as w less the step, or less n - w where the step is cut to this, and that p times.",
        formula=r"\min(n,\, p\, g), \quad g=w-\min(s,\, n-w)",
        statement=RK_W2,
        switch="each window is cut from the input list, as in a released program",
        measured="best documents that are first, in order",
        bound="documents that are certain",
    )
    SLIDERS = {
        "n": parts.Slider("documents n", (1, 30, 45, 60, 100), 60),
        "w": parts.Slider("documents w of a call", (11, 15, 20, 30), 20),
        "s": parts.Slider("step s", (1, 5, 8, 10, 15, 19), 10),
        "p": parts.Slider("passes p", (1, 2, 3), 1),
    }
    SLIPS = ("none", "cut from the input list", "no window cut short", "from the top down")


@app.function
def case_of(n, w, s, p):
    """The best documents stand last, where windows have the longest way to carry them."""
    return Windows(tuple(reversed(range(int(n)))), int(w), int(s), int(p))


@app.function
def sides(case, *, saboteur):
    """Right documents at the beginning, and what the theorem promises; windows that do not overlap promise nothing."""
    if not 1 <= case.s < case.w:
        return 0.0, 0.0
    found = (released if saboteur else slide)(case, None)
    right = min(is_right(case, found.order), len(set(found.order.tolist())))
    return float(right), float(theory.window_prefix(case.n, case.w, case.s, passes=case.passes))


@app.function
def measure(*, n, w, s, p, saboteur):
    """Both sides by the step, and the verdict at the stops of the sliders."""
    steps = np.array([one for one in SLIDERS["s"].stops if one < w])
    curves = [sides(case_of(n, w, one, p), saboteur=saboteur) for one in steps]
    case = case_of(n, w, s, p)
    verdict = parts.judge(RK_W2, released if saboteur else slide, [case])
    numbers = sides(case, saboteur=saboteur)
    calls = theory.window_calls(case.n, case.w, case.s, passes=case.passes) if s < w else 0
    remark = f"{calls} calls, which wait for each other; every strategy needs {theory.calls_needed(case.n, case.w)}."
    rows = states(case, SLIPS[1] if saboteur else SLIPS[0])
    more = {"rows": rows, "w": case.w, "certain": int(numbers[1])}
    return parts.Reading(steps, *np.transpose(curves), numbers, verdict, more, remark)


@app.function
def states(case, slip):
    """The list before the first window and behind each one, with the place where that one begins."""
    n, w = case.n, case.w
    order, found = np.arange(n), []
    begins = list(range(n - w, -1, -case.s)) if n > w else [0]
    if begins[-1] and slip != SLIPS[2]:
        begins.append(0)
    found.append((-1, order.copy()))
    for _ in range(case.passes):
        given = order.copy()
        for b in reversed(begins) if slip == SLIPS[3] else begins:
            window = (given if slip == SLIPS[1] else order)[b : b + w]
            order[b : b + w] = sorted(window, key=case.places.__getitem__)
            found.append((b, order.copy()))
    return [(b, np.array(case.places)[one]) for b, one in found]


@app.function
def lists(axis, rows, w, certain=0):
    """A row for the list behind each window, dark for the best documents, with frames around windows."""
    axis.imshow([places for _, places in rows], aspect="auto", cmap="cividis", interpolation="nearest")
    for row, (b, places) in enumerate(rows):
        if b >= 0:
            frame = Rectangle((b - 0.5, row - 0.5), min(w, len(places)), 1, fill=False, edgecolor=parts.BOUND)
            axis.add_patch(frame)
    if certain:
        last = (-0.5, len(rows) - 1.5)
        axis.add_patch(Rectangle(last, certain, 1, fill=False, edgecolor=parts.OTHER, linewidth=3))
    axis.set(xlabel="place in the list", ylabel="windows so far")


@app.function
def draw(reading):
    """The list behind each window, and both sides by the step."""
    figure = Figure(figsize=(7.8, 3.5), layout="constrained")
    left, axis = figure.subplots(1, 2, width_ratios=(3, 2))
    lists(left, **reading.more)
    left.set_title("dark is better; a frame is a window,\ngreen what is certain", fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set(xlabel="step s", ylabel="documents")
    parts.curves(axis, reading, "right", "certain")
    axis.set_ylim(bottom=0)
    return figure


# --- window by window ------------------------------------------------------------------------------------------------


@app.function
def one_window(n, w, s, slip, seen):
    """The list behind the first windows of a pass over a random order, and what became of its best documents."""
    case = Windows(tuple(np.random.default_rng(0).permutation(int(n)).tolist()), int(w), min(int(s), int(w) - 1))
    rows = states(case, slip)[: int(seen) + 1]
    figure = Figure(figsize=(7.8, 2.6), layout="constrained")
    lists(figure.subplots(), rows, case.w)
    places = rows[-1][1]
    right = int(np.argmin(np.append(places == np.arange(case.n), False)))
    lost = case.n - len(set(places.tolist()))
    return figure, f"Behind {len(rows) - 1} windows {right} documents are in their place at the top, {lost} are lost."


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
    slip = mo.ui.dropdown(options=list(SLIPS), value=SLIPS[0], label="what goes wrong")
    seen = mo.ui.slider(steps=list(range(12)), value=3, label="windows so far", show_value=True)
    mo.vstack([mo.md("**Window by window**, on a list in random order, with n, w and s from above."), slip, seen])
    return seen, slip


@app.cell
def _(controls, seen, slip):
    chosen = {name: controls.value[name] for name in "nws"}
    shown, said = one_window(**chosen, slip=slip.value, seen=seen.value)
    mo.vstack([shown, mo.md(said)])
    return


if __name__ == "__main__":
    app.run()
