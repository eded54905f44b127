"""Heads of a real transformer on a real text: their norms, logits, needed degrees and outliers, head by head."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._tools import COLORS, MARKERS, below, between, headline
from figures.lora_limits._dense import softmax
from lrtheory.lora_limits import diagnose, load_attention_heads, theory

if TYPE_CHECKING:
    import matplotlib.figure

LAYERS, HEADS, WIDTH = 6, 12, 32
TOL = 1e-2  # of rows of attention, summed absolutely
BEYOND = 40  # terms that are summed after the degree that is proved
FIELDS = ("gamma", "logit_bound", "logit", "degree", "rank", "key_ratio", "rest_logit", "rest_degree", "outliers")
INPUTS: dict[str, dict[str, Any]] = {"quick": {"queries": 48}, "full": {"queries": 512}}
REMOVED = 16  # the largest keys and queries of a head, which a hybrid would keep exact


@functools.cache
def heads() -> dict[tuple[int, int], Any]:
    """All heads, loaded once."""
    return load_attention_heads()


def degree_of(queries: np.ndarray, keys: np.ndarray) -> int:
    """The degree from which on rows of attention by Taylor polynomials are within the tolerance.

    T_g = exp - (what follows degree g): a sum of T_g itself would lose all digits where logits are far below 0.
    """
    logits = queries @ keys.T
    powers, right = np.exp(logits), softmax(logits)
    proved = theory.min_degree(float(np.abs(logits).max()), theory.relative_error_for(TOL, 1.0))
    terms = [np.ones_like(logits)]
    for k in range(1, proved + BEYOND):
        terms.append(terms[-1] * logits / k)
    rest = sum(reversed(terms[proved + 1 :]))
    for degree in range(proved, 0, -1):
        attention = powers - rest
        sums = attention.sum(axis=1, keepdims=True)
        if not (sums > 0).all() or np.abs(attention / sums - right).sum(axis=1).max() > TOL:
            return degree + 1
        rest = rest + terms[degree]
    return 1


def measured(layer: int, head: int, n_queries: int) -> np.ndarray:
    """Compute the numbers that `FIELDS` names for one head."""
    problem = heads()[layer, head]
    found = diagnose(problem, epsilon=TOL)
    X = np.asarray(problem.XQ, float)
    queries, keys = problem.head.beta * X @ problem.head.WQ, X @ problem.head.WK
    keys = keys - keys.mean(axis=0)
    some = np.linspace(0, len(X) - 1, min(n_queries, len(X))).astype(int)
    squares = np.linalg.svd(softmax(queries @ keys.T), compute_uv=False) ** 2
    rank = int(np.sum(np.cumsum(squares[::-1]) > 1e-4 * squares.sum()))  # within 1 % in the Frobenius norm
    lengths = np.linalg.norm(keys, axis=1)
    small_keys, small_queries = (np.argsort(np.linalg.norm(side, axis=1))[:-REMOVED] for side in (keys, queries))
    rest = queries[np.intersect1d(some, small_queries)], keys[small_keys] - keys[small_keys].mean(axis=0)
    return np.array(
        [
            found.norms["gamma_over_root_log"],
            found.logit_bound,
            np.abs(queries @ keys.T).max(),
            degree_of(queries[some], keys),
            rank,
            lengths.max() / np.median(lengths),
            np.abs(rest[0] @ rest[1].T).max(),
            degree_of(*rest),
            found.n_outliers,
        ]
    )


def compute_real(profile: str) -> dict[str, np.ndarray]:
    """Every field, (layers, heads), and whether `diagnose` finds that a polynomial pays."""
    heads()  # here, so that missing data are told before any point
    n = INPUTS[profile]["queries"]
    runs = each(measured, [(layer, head, n) for layer in range(LAYERS) for head in range(HEADS)])
    table = np.reshape(runs, (LAYERS, HEADS, len(FIELDS)))
    tokens = heads()[0, 0].names
    regimes = [[diagnose(heads()[i, j], epsilon=TOL).regime for j in range(HEADS)] for i in range(LAYERS)]
    return {
        **{name: table[..., i] for i, name in enumerate(FIELDS)},
        "n_tokens": np.array(len(tokens)),
        "regime": np.array(regimes),
    }


def tokens_needed(arrays: Any) -> np.ndarray:
    """Powers of ten of the text length from which the features of a head would pay."""
    flat = [
        np.log10(theory.break_even_length(WIDTH, theory.n_features(WIDTH, abs(int(g)))))
        for g in arrays["degree"].ravel()
    ]
    return np.reshape(flat, arrays["degree"].shape)


def real_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins."""
    logit, degree, n = arrays["logit"], arrays["degree"], arrays["n_tokens"]
    return {
        "no head is in the cheap regime": below(np.mean(arrays["regime"] != "exact cheaper"), 1e-9),
        "the largest entries of every head exceed sqrt(log L)": below(1, arrays["gamma"]),
        "the bound on logits in O(L d) is at least the largest logit and at most four times as large": between(
            arrays["logit_bound"] / logit, 1 - 1e-6, 4
        ),
        "every head needs degree 8 or more for rows within a hundredth": below(7.5, degree),
        "features of the degree that a head needs would pay from ten million tokens on at the earliest": below(
            7, tokens_needed(arrays)
        ),
        "degree and largest logit rise together": below(0.8, np.corrcoef(logit.ravel(), degree.ravel())[0, 1]),
        "in the last layer half of the heads have a numerical rank below a third of the tokens": below(
            np.median(np.abs(arrays["rank"][-1])), n / 3
        ),
        "without the 16 largest keys and queries the degree falls by less than half in the median": between(
            np.median(arrays["rest_degree"] / degree), 0.5, 1.0
        ),
    }


def draw_real(arrays: Any) -> matplotlib.figure.Figure:
    """A map of degrees; degrees against logits; ranks by layer; what outliers explain."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import LogNorm

    figure, axes = plt.subplots(2, 2, figsize=(9.2, 8), layout="constrained")
    (first, second), (third, fourth) = axes
    scale = LogNorm(8, 100)
    shown = first.imshow(arrays["degree"], cmap="cividis", norm=scale, aspect="auto")
    for (i, j), power in np.ndenumerate(tokens_needed(arrays)):
        dark = scale(arrays["degree"][i, j]) < 0.5
        text = f"{arrays['logit'][i, j]:.0f}\n$10^{{{power:.0f}}}$"
        first.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")
    first.set(xlabel="head", ylabel="layer", xticks=range(HEADS), yticks=range(LAYERS))
    first.set_title("largest logit, and tokens from which a polynomial would pay")
    figure.colorbar(shown, ax=first, label="Taylor degree", ticks=[8, 16, 32, 64]).ax.set_yticklabels([8, 16, 32, 64])
    for layer in range(LAYERS):
        line = {"color": COLORS[layer], "marker": MARKERS[layer], "linestyle": "none", "markersize": 5}
        second.plot(arrays["logit"][layer], arrays["degree"][layer], label=f"layer {layer}", **line)
        fourth.plot(arrays["degree"][layer], arrays["rest_degree"][layer], **line)
    reach = np.array([arrays["logit"].min(), arrays["logit"].max()])
    second.plot(reach, np.e * reach, ":", color="gray", label="e times the logit")
    second.set(xlabel="largest logit, keys centered", ylabel=f"degree for rows within {TOL:g}")
    second.set_title("what decides is the largest logit")
    second.legend()
    n = int(arrays["n_tokens"])
    third.boxplot(arrays["rank"].T / n, positions=range(LAYERS), medianprops={"color": COLORS[1]})
    third.axhline(1, color="gray", linestyle=":")
    third.set(xlabel="layer", ylabel="numerical rank / tokens", ylim=(0, 1.05))
    third.set_title("rank of attention within 1 % (Frobenius)")
    ends = np.array([arrays["degree"].min(), arrays["degree"].max()])
    fourth.plot(ends, ends, ":", color="gray", label="no gain")
    fourth.set(xlabel="degree for all tokens", ylabel=f"degree without {REMOVED} largest keys and queries")
    fourth.set_title("outliers are a part of it, and not the whole")
    fourth.legend()
    for axis, places in ((second, ([5, 10, 20, 50], [10, 20, 50, 100])), (fourth, ([10, 20, 50, 100],) * 2)):
        axis.set(xscale="log", yscale="log")
        axis.set_xticks(places[0], places[0])
        axis.set_yticks(places[1], places[1])
        axis.minorticks_off()
    headline(
        figure,
        f"All {LAYERS * HEADS} heads of all-MiniLM-L6-v2 on a text of {n} word pieces, d = {WIDTH}, "
        r"$\beta = 1/\sqrt{d}$",
    )
    return figure


REAL = Figure(
    name="real-heads",
    title="The regime of every head of a small language model on a text.",
    compute=compute_real,
    claims=real_claims,
    draw=draw_real,
    inputs=INPUTS,
    data=("attention_heads",),
)
