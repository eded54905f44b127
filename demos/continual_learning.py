"""Facts written into a map one after another: RL-9, and a recursion whose covariance never learns; Adam beside it."""

import marimo

app = marimo.App(width="medium", app_title="Continual learning: what does one more fact cost the others?")

with app.setup:
    from fractions import Fraction

    import marimo as mo
    import numpy as np
    from matplotlib.figure import Figure

    from demos import _parts as parts
    from lrtheory.continual_learning.protection.protector import SubspaceProtector
    from proofs_checks.continual_learning.families.runs import written
    from proofs_checks.continual_learning.families.streams import Stream
    from proofs_checks.continual_learning.families.wrong_edits import fixed
    from proofs_checks.continual_learning.ledger.quarter_laws import RL_9

    STORY = parts.Story(
        title="What does one more fact cost the others?",
        plain="A map remembers facts, each a key and the value that it shall be sent to. A new fact moves the map, and "
        "with it the values of old facts, outputs of an anchor that nobody asked about, and the weights. Its surprise "
        "is what the map got wrong about it before it was written. Written by recursive ridge regression, a fact "
        "makes all of them together pay at most a quarter of its squared surprise:",
        formula=r"\sum_{i<t}\|K_iD_t\|^2+\lambda^2\|D_t\|^2+\mu^2\|K_0D_t\|^2\leq\frac{1}{4}\|E_t\|^2",
        statement=RL_9,
        switch="the covariance is never updated, so that no fact knows of those before",
        measured="paid by old facts, anchor and weights",
        bound="a quarter of the squared surprise",
    )
    SLIDERS = {
        "angle": parts.Slider("angle of the new key, degrees", tuple(range(0, 181, 15)), 120),
        "old": parts.Slider("facts that are there", (1, 2, 3), 3),
        "lam": parts.Slider("weight of the map, lambda / length of a key", (0.0, 0.25, 0.5, 1.0, 2.0), 0.5),
        "mu": parts.Slider("weight of the anchor, mu", (0.0, 0.5, 1.0, 2.0), 0.5),
    }
    LENGTH, VALUE = 12, 10
    OLD = ((30, 6), (60, 9), (140, -5))
    ANCHOR = (-3, 11)
    ANGLES = np.arange(0, 181, 7.5)
    #: what released code takes for a ridge of 0, for which the theorem promises nothing
    JITTER = 1e-6


@app.function
def key(angle):
    """A key with entries that are integers, so that the theorem is decided exactly."""
    radians = np.deg2rad(angle)
    return (round(LENGTH * np.cos(radians)), round(LENGTH * np.sin(radians)))


@app.function
def case_of(angle, old, lam, mu):
    """Old facts, and the new one at its angle."""
    facts = [*OLD[: int(old)], (angle, VALUE)]
    edits = tuple(((key(at),), ((value,),)) for at, value in facts)
    return Stream(((0,), (0,)), edits, Fraction(lam * LENGTH) ** 2, (ANCHOR,), Fraction(mu) ** 2)


@app.function
def ledger(case, *, saboteur):
    """What is paid for the last fact, a quarter of its squared surprise, and its step, in doubles."""
    K0 = np.array(case.anchors, float)
    ridge = float(case.ridge) or JITTER * LENGTH**2
    M = ridge * np.eye(2) + float(case.anchor_weight) * K0.T @ K0
    W, C, first = np.zeros((2, 1)), np.linalg.inv(M), M
    for K, V in case.pairs:
        E = V - K @ W
        D = C @ K.T @ np.linalg.solve(np.eye(len(K)) + K @ C @ K.T, E)
        paid, surprise = float(np.sum(D * (M @ D))), float(np.sum(E * E))
        W, M = W + D, M + K.T @ K
        C = np.linalg.inv(first if saboteur else M)
    return paid, surprise / 4, D.ravel()


@app.function
def measure(*, angle, old, lam, mu, saboteur):
    """Both sides by the angle of the new key, and the verdict at the angle of the slider."""
    options = {"old": old, "lam": lam, "mu": mu}
    rows = [ledger(case_of(at, **options), saboteur=saboteur)[:2] for at in ANGLES]
    case = case_of(angle, **options)
    paid, bound, step = ledger(case, saboteur=saboteur)
    verdict = parts.judge(RL_9, fixed if saboteur else written, [case])
    more = {"angle": angle, "old": int(old), "step": step}
    return parts.Reading(ANGLES, *np.transpose(rows), (paid, bound), verdict, more)


@app.function
def draw(reading):
    """The space of keys with the step of the map, and both sides by angle."""
    figure = Figure(figsize=(7.2, 3.5), layout="constrained")
    plane, axis = figure.subplots(1, 2, width_ratios=(2, 3))
    arrows = [(key(at), parts.OTHER, "-") for at, _ in OLD[: reading.more["old"]]]
    arrows += [(ANCHOR, "gray", "--"), (key(reading.more["angle"]), parts.MEASURED, "-")]
    step = np.asarray(reading.more["step"])
    arrows.append((step * LENGTH / max(float(np.linalg.norm(step)), 1e-12), parts.BOUND, ":"))
    for (x, y), color, line in arrows:
        plane.plot((0, x), (0, y), color=color, linestyle=line, linewidth=1.6)
        plane.plot(x, y, "o", color=color, markersize=4)
    plane.set(xlim=(-14, 14), ylim=(-14, 14), aspect="equal", xticks=[], yticks=[])
    plane.set_title("old keys green, anchor grey,\nnew key blue, step orange", fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set(xlabel="angle of the new key", ylabel="squared units of values")
    axis.axvline(reading.more["angle"], color="gray", linewidth=0.8)
    parts.curves(axis, reading, "paid by all others", "a quarter of the surprise")
    axis.set_ylim(bottom=0)
    return figure


# --- Adam ------------------------------------------------------------------------------------------------------------


@app.function
def steps_of(tilt):
    """The first step of Adam along a gradient without its protected part, that step projected, and the direction."""
    m = np.array([np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))])
    guard = SubspaceProtector(2, layout="rows")
    guard.extend(m[None], rank=1)
    gradient = np.asarray(guard.project(np.array([[2.0], [-1.0]])))
    adam = -np.sign(gradient)  # what it makes of a first gradient, entry by entry
    return m, -gradient.ravel(), adam.ravel(), np.asarray(guard.project(adam)).ravel()


@app.function
def draw_steps(tilt):
    """The protected direction, and three steps."""
    m, plain, adam, projected = steps_of(tilt)
    figure, axis = parts.axes(xlim=(-2.4, 2.4), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[])
    axis.plot(*np.outer(m, (-3, 3)), color="gray", linewidth=5, alpha=0.3, label="old inputs")
    shown = (plain, parts.OTHER, "gradient, projected"), (adam, parts.BOUND, "Adam's step from it")
    for step, color, label in (*shown, (projected, parts.MEASURED, "Adam's step, projected")):
        axis.plot((0, step[0]), (0, step[1]), "o-", color=color, markersize=4, label=label)
    parts.legend(axis)
    return figure, abs(float(adam @ m)), abs(float(projected @ m))


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
    tilt = mo.ui.slider(steps=list(range(0, 180, 15)), value=60, label="old inputs, degrees", show_value=True)
    said = "**And a network?** Project the steps of the optimizer: projecting its gradients is not enough."
    mo.vstack([mo.md(said), tilt])
    return (tilt,)


@app.cell
def _(tilt):
    figure, leak, left = draw_steps(tilt.value)
    mo.vstack([figure, mo.md(f"Old outputs move by {leak:.2f} under Adam, by {left:.2f} once its step is projected.")])
    return


if __name__ == "__main__":
    app.run()
