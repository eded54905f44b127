"""The price of an edit, which earlier edits, the anchors and the weights pay, against its surprise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, MARKERS, below, headline, stream
from figures.continual_learning.encoder_edits import WEIGHTS, words
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 11
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"streams": 300, "longest": 8},
    "full": {"streams": 3000, "longest": 8},
}


def ledger(W0: Any, edits: Any, **options: Any) -> np.ndarray:
    """Squared surprise, and what the others pay for each edit, (edits, 2), from the weights before and after."""
    state, rows = RecursiveRidge(W0, **options), []
    anchors, layout = options.get("anchors"), options.get("layout", "rows")
    for t, (keys, values) in enumerate(edits):
        before = np.array(state.weights)
        state.update(keys, values)
        step = np.asarray(state.weights) - before
        W, D = (before.T, step.T) if layout == "torch" else (before, step)
        paid = sum(np.sum((old @ D) ** 2) for old, _ in edits[:t]) + options["ridge"] * np.sum(D * D)
        if anchors is not None:
            paid += options["anchor_weight"] * np.sum((anchors @ D) ** 2)
        rows.append([np.sum((values - keys @ W) ** 2), paid])
    return np.array(rows)


def random_ledger(number: int, longest: int) -> np.ndarray:
    """Return the ledger of a random stream: sizes, weights and norms over two orders of magnitude."""
    rng = stream(SEED, number)
    d, p, n_edits = rng.integers(1, [9, 5, longest + 1])
    scale = 10.0 ** rng.uniform(-1, 1, size=3)
    edits = []
    for _ in range(n_edits):
        u = rng.integers(1, 4)
        keys = edits[-1][0] if edits and rng.random() < 0.2 else scale[0] * rng.normal(size=(u, d))
        edits.append((keys, scale[1] * rng.normal(size=(len(keys), p))))
    options: dict[str, Any] = {"ridge": 10.0 ** rng.uniform(-2, 2)}
    if rng.random() < 0.5:
        options |= {"anchors": rng.normal(size=(3, d)), "anchor_weight": scale[2] ** 2}
    return ledger(rng.normal(size=(d, p)), edits, **options)


def compute_quarter_law(profile: str) -> dict[str, np.ndarray]:
    """Rows (squared surprise, paid) of the encoder's edits and of all edits of random streams."""
    settings, problem = INPUTS[profile], words()
    real = ledger(problem.W0, problem.edits, anchors=problem.anchors, layout=problem.layout, method="sqrt", **WEIGHTS)
    made = [random_ledger(number, settings["longest"]) for number in range(settings["streams"])]
    return {"real": real, "random": np.concatenate(made)}


def quarter_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as energies or as shares of the squared surprise."""
    real, made = (arrays[name][:, 1] / arrays[name][:, 0] for name in ("real", "random"))
    energy, paid = np.concatenate([arrays["real"], arrays["random"]]).T
    return {
        "no edit makes the others pay more than a quarter of its squared surprise": below(
            paid, 0.25 * (1 + 1e-9) * energy
        ),
        "some edits of random streams make the others pay 0.2499 of their squared surprise": below(0.2499, made.max()),
        "each word taught to the encoder makes the others pay at least 0.05 of its squared surprise": below(0.05, real),
    }


def draw_quarter_law(arrays: Any) -> matplotlib.figure.Figure:
    """Draw what was paid against the squared surprise."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    for i, (name, label) in enumerate((("random", "edits of random streams"), ("real", "words of the encoder"))):
        x, paid = arrays[name].T
        axis.plot(x, paid, MARKERS[i], color=COLORS[i], markersize=3, alpha=0.6, label=label)
    low, high = (arrays["random"][:, 0].min(), max(arrays["random"][:, 0].max(), arrays["real"][:, 0].max()))
    axis.plot([low, high], [low / 4, high / 4], color="black", label="a quarter (RL-9)")
    axis.set(xscale="log", yscale="log", xlabel="squared surprise", ylabel="paid by all others")
    axis.set_ylim(bottom=1e-3 * low)
    axis.legend(loc="upper left")
    headline(figure, "What earlier edits, anchors and weights pay together for one edit, whatever its keys are")
    return figure


QUARTER_LAW = Figure(
    name="quarter-law",
    title="What all others pay for an edit, against its squared surprise.",
    compute=compute_quarter_law,
    claims=quarter_claims,
    draw=draw_quarter_law,
    seed=SEED,
    inputs=INPUTS,
    data=("encoder_edits",),
)
