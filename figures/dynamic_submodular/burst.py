"""Value and proved bound over time, when a burst of arrivals doubles the optimum and leaves again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, below, headline, stream
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, UpdateStream, maximize, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 2
EPSILON = 0.1
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": [90, 4000], "length": [30, 2000], "k": [3, 20], "moments": 120},
    "full": {"n": [240, 40_000], "length": [50, 20_000], "k": [4, 50], "moments": 400},
}


def burst_stream(n: int, length: int, k: int) -> UpdateStream:
    """Make a window over nodes of a graph; half-way come k elements that cover 2 OPT / k new items each, and go."""
    import networkx as nx
    from scipy import sparse

    rng = stream(SEED, n)
    graph = nx.to_scipy_sparse_array(nx.barabasi_albert_graph(n, 5, int(rng.integers(2**31))), format="csr")
    base = sparse.csr_array(graph + sparse.eye_array(n, format="csr"))
    order = rng.permutation(n)
    before = maximize(Coverage(base), k, candidates=order[:length]).value
    width = round(2 * before / k)
    stars = sparse.kron(sparse.eye_array(k), np.ones((1, width)), format="csr")
    f = Coverage(sparse.csr_array(sparse.block_diag([base, stars], format="csr")))
    fresh = np.stack([order[length:], ~order[: n - length]], axis=1).ravel()
    third = len(fresh) // 3
    comes = n + np.arange(k)
    ops = np.concatenate([order[:length], fresh[:third], comes, fresh[third : 2 * third], ~comes, fresh[2 * third :]])
    return UpdateStream(f, ops, k)


def compute_burst(profile: str) -> dict[str, np.ndarray]:
    """Compute the answers at moments after the window has filled, and the optimum, or greedy, as their measure."""
    settings = INPUTS[profile]
    arrays: dict[str, np.ndarray] = {}
    for panel, method in enumerate(("brute-force", "lazy")):
        n, length, k = (settings[name][panel] for name in ("n", "length", "k"))
        given = burst_stream(n, length, k)
        trace = DynamicSubmodular(given, epsilon=EPSILON, rng=0).update(given, record=True)
        moments = np.unique(np.linspace(length - 1, len(given) - 1, settings["moments"]).astype(int))
        present = [given.present(moment + 1) for moment in moments.tolist()]
        best = [maximize(given.objective, k, method=method, candidates=here).value for here in present]  # type: ignore[arg-type]
        for name, row in (
            ("moment", moments), ("value", trace.values[moments]), ("upper", trace.upper_bounds[moments]),
            ("best", np.array(best)), ("queries", trace.queries[length:].mean()), ("size", np.array([n, length, k])),
        ):  # fmt: skip
            arrays[f"{name}{panel}"] = np.asarray(row)
    return arrays


def burst_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    value, upper, best = (arrays[f"{name}0"] for name in ("value", "upper", "best"))
    lower = [arrays[f"value{panel}"] for panel in (0, 1)]
    greedy = arrays["best1"]
    return {
        "the burst doubles the optimum, which falls back later": below(
            [1.9 * best[0], 1.9 * best[-1]], [best.max(), best.max()]
        ),
        "the value is at least OPT / (2 + epsilon) at every moment": below(theory.pair_ratio(EPSILON), value / best),
        "the upper bound is never below the optimum": below(best, upper + 1e-9 * best),
        "in the large window the upper bound is never below the value of greedy": below(greedy, arrays["upper1"]),
        "the ratio that is proved is never below 1 / (2 + epsilon)": below(
            theory.pair_ratio(EPSILON) - 1e-9, [(lower[p] / arrays[f"upper{p}"]).min() for p in (0, 1)]
        ),
        "in the large window the value stays above 80 % of that of greedy": below(0.8, lower[1] / greedy),
    }


def draw_burst(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel for the small window and one for the large one."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9.2, 4.2), layout="constrained")
    for panel, axis in enumerate(axes):
        moment, value, upper, best = (arrays[f"{name}{panel}"] for name in ("moment", "value", "upper", "best"))
        _, length, k = arrays[f"size{panel}"].tolist()
        reference = ("optimum", "greedy")[panel]
        axis.fill_between(moment, value, upper, color=COLORS[5], alpha=0.25, linewidth=0, label="here is the optimum")
        axis.plot(moment, upper, color=COLORS[1], linewidth=1.2, label="bound that is proved")
        axis.plot(moment, best, color="black", linewidth=1.2, linestyle="--", label=reference)
        axis.plot(moment, value, color=COLORS[0], linewidth=1.6, label="value of the solution")
        axis.plot(
            moment, best / (2 + EPSILON), color="gray", linewidth=1, linestyle=":", label=f"{reference} / (2 + epsilon)"
        )
        axis.set(xlabel="updates", ylim=(0, None))
        axis.set_title(
            f"window of {length:,}, k = {k}, {float(arrays[f'queries{panel}']):.1f} queries an update:\n"
            f"value at least {(value / best).min():.2f} {('OPT', reference)[panel]}, "
            f"at least {(value / upper).min():.2f} OPT proved",
        )
    axes[0].set_ylabel("nodes and items covered")
    for axis in axes:
        axis.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.18))
    headline(figure, f"A burst that doubles the optimum comes and goes; lazy pair, epsilon = {EPSILON}")
    return figure


BURST = Figure(
    name="burst",
    title="Value and proved upper bound against the optimum over time, with a burst that doubles the optimum.",
    compute=compute_burst,
    claims=burst_claims,
    draw=draw_burst,
    seed=SEED,
    inputs=INPUTS,
)
