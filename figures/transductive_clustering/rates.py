"""The rate at which updates settle, beside the contraction bound lambda ||W|| / (2 T)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, MARKERS, below, headline, stream
from figures.transductive_clustering._tasks import clamped_labels, digits_tasks, features
from figures.transductive_clustering.energies import graphs
from lrtheory.transductive_clustering import bound_update, make_two_points, monotone_report, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 2
WAYS = (2, 5)  # clusters at the uniform fixed point
FACTORS = (0.3, 0.6, 0.9)  # lambda ||W|| / (2 T) of the traces
RESTING = 1e-10  # steps that are rounding
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"tasks": 40, "factors": [0.1, 0.3, 0.5, 0.7, 0.9, 0.98]},
    "full": {"tasks": 400, "factors": np.linspace(0.05, 0.99, 20).tolist()},
}


def steps(costs: np.ndarray, W: np.ndarray, lam: float, clamp: Any, init: Any = None) -> np.ndarray:
    """||Z_{i+1} - Z_i||_F of full steps, until they are rounding."""
    options = {"lam": lam, "clamp": clamp, "init": init, "damping": 1.0, "tol": 0.0, "max_iter": 300, "record": True}
    found = np.sqrt(bound_update(costs, W, **options).trace["steps"])
    return found[found > RESTING]


def compute_rates(profile: str) -> dict[str, np.ndarray]:
    """Largest ratio of successive steps against the bound, for tasks, two points, and the uniform fixed point."""
    settings = INPUTS[profile]
    factors = np.array(settings["factors"])
    batch = digits_tasks(settings["tasks"], stream(SEED))
    X, costs = features(batch)
    W, clamp = graphs(X)["symmetric"], clamped_labels(batch)
    norms = [monotone_report(w, clamp=c).norm_bound for w, c in zip(W, clamp, strict=True)]
    ratios = np.array(
        [
            [largest(steps(a, w, 2 * q / norm, c)) for a, w, c, norm in zip(costs, W, clamp, norms, strict=True)]
            for q in factors
        ]
    )
    two = make_two_points(offset=1e-4)
    traces = [steps(costs[0], W[0], 2 * q / norms[0], clamp[0]) for q in FACTORS]
    length = max(len(t) for t in traces)
    return {
        "factors": factors,
        "ratios": ratios,
        "two_points": np.array([largest(steps(two.costs, two.affinity, 2 * q, None, two.init)) for q in factors]),
        "uniform": np.array([[uniform(W[0], q, K) for K in WAYS] for q in factors]),
        "uniform_rate": np.array([[uniform_rate(W[0], q, K) for K in WAYS] for q in factors]),
        "traces": np.array([np.pad(t, (0, length - len(t)), constant_values=np.nan) for t in traces]),
    }


def largest(found: np.ndarray) -> float:
    """The largest ratio of a step to the one before."""
    return float((found[1:] / found[:-1]).max()) if len(found) > 1 else 0.0


def lam_of(W: np.ndarray, factor: float) -> float:
    """The weight with lambda ||W|| / 2 = factor."""
    return 2 * factor / float(np.linalg.norm(W, 2))


def uniform(W: np.ndarray, factor: float, K: int) -> float:
    """The last ratio of steps towards the uniform fixed point, without costs, along the leading eigenvector."""
    values, vectors = np.linalg.eigh(W)
    leading = vectors[:, np.argmax(np.abs(values))]
    start = np.full((len(W), K), 1 / K)
    start[:, 0] += 1e-3 * leading
    start[:, 1] -= 1e-3 * leading
    found = steps(np.zeros_like(start), W, lam_of(W, factor), None, start)
    return float(found[-1] / found[-2])


def uniform_rate(W: np.ndarray, factor: float, K: int) -> float:
    """Return the exact rate near uniform assignments, by theory."""
    radius = float(np.abs(np.linalg.eigvalsh(W)).max())
    return float(theory.uniform_rate(radius, K, lam=lam_of(W, factor), temperature=1.0))


def rates_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins."""
    factors, ratios = arrays["factors"], arrays["ratios"]
    return {
        "no task converges more slowly than the bound": below(ratios, factors[:, None]),
        "the two points are as slow as the bound, to a thousandth": below(np.abs(arrays["two_points"] - factors), 1e-3),
        "on tasks the bound is within a factor of two, on average": below(factors, 2 * ratios.mean(axis=1)),
        "the uniform fixed point is approached at lambda rho / (K T), to a thousandth": below(
            np.abs(arrays["uniform"] - arrays["uniform_rate"]), 1e-3
        ),
        "the rate at the uniform fixed point is the bound where there are two clusters": below(
            np.abs(arrays["uniform_rate"][:, 0] - factors), 1e-9
        ),
    }


def draw_rates(arrays: Any) -> matplotlib.figure.Figure:
    """Steps of one task on the left, ratios on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4), layout="constrained")
    for number, (factor, trace) in enumerate(zip(FACTORS, arrays["traces"], strict=True)):
        updates = np.arange(1, len(trace) + 1)
        color = COLORS[number]
        left.semilogy(updates, trace, MARKERS[number], color=color, markersize=4, label=f"bound {factor:g}")
        left.semilogy(updates, trace[0] * factor ** (updates - 1), ":", color=color)
    left.set(xlabel="update", ylabel=r"$\|Z_{i+1} - Z_i\|_F$", ylim=(RESTING, None))
    left.set_title("one task of digits; dotted: as slow as the bound")
    left.legend(title=r"$\lambda\,\|W\| / (2T)$")
    factors = arrays["factors"]
    right.plot([0, 1], [0, 1], color="gray", linewidth=1, label="the bound")
    jitter = np.linspace(-0.012, 0.012, arrays["ratios"].shape[1])
    x = factors[:, None] + jitter
    right.plot(x.ravel(), arrays["ratios"].ravel(), ".", color=COLORS[5], markersize=4, label="tasks of digits")
    right.plot(factors, arrays["two_points"], "D", color=COLORS[1], markersize=6, label="two points")
    for number, K in enumerate(WAYS):
        right.plot(factors, arrays["uniform_rate"][:, number], ":", color=COLORS[2 + number])
        options = {"color": COLORS[2 + number], "markersize": 6, "fillstyle": "none"}
        right.plot(factors, arrays["uniform"][:, number], MARKERS[2 + number], label=f"no costs, K = {K}", **options)
    right.set(xlabel=r"$\lambda\,\|W\| / (2T)$", ylabel="largest ratio of successive steps")
    right.set_title(r"dotted: $\lambda\rho(W)/(KT)$")
    right.legend()
    headline(figure, "How fast full steps settle: never slower than the contraction bound, which two points attain")
    return figure


RATES = Figure(
    name="rates",
    title="How fast updates settle, beside the contraction bound, and where the bound is attained.",
    compute=compute_rates,
    claims=rates_claims,
    draw=draw_rates,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)
