"""Error of the gradient against columns of the factors: polynomials, random features, landmarks, singular vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, slope
from lrtheory.lora_limits import baselines, lora_gradients, make_uniform, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED, D = 2, 8
KNOWN = published("lora_limits")["accuracy"]
METHODS = ("taylor", "chebyshev", "minimax", "favor", "nystrom", "svd")
LABELS = ("Taylor", "Chebyshev", "minimax", "random features", "landmarks", "singular vectors")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n_tokens": 768, "bounds": [0.5, 1, 2, 3], "degrees": [2, 3, 4], "draws": 3},
    "full": {"n_tokens": 2048, "bounds": [0.5, 1, 2, 3], "degrees": [1, 2, 3, 4, 5], "draws": 5},
}


def error(n_tokens: int, bound: float, method: str, degree: int, draw: int) -> float:
    """Return the error of dLoss/dW relative to its largest entry, or NaN if a row has no positive sum."""
    problem = make_uniform(n_tokens, D, bound=bound, rng=SEED)
    right = lora_gradients(problem, adapt=("Q",), method="tiled").W["Q"]
    many = {"adapt": ("Q",), "n_features": theory.n_features(D, degree)}
    try:
        if method == "favor":
            found = baselines.favor(problem, rng=draw, **many)
        elif method == "nystrom":
            found = baselines.nystrom(problem, rng=draw, **many)
        elif method == "svd":
            found = baselines.truncated_svd(problem, **many)
        else:
            found = lora_gradients(problem, adapt=("Q",), method="low-rank", degree=degree, polynomial=method)
    except ValueError:  # a polynomial of odd degree below its zero
        return np.nan
    return float(np.abs(found.W["Q"] - right).max() / np.abs(right).max())


def compute_accuracy(profile: str) -> dict[str, np.ndarray]:
    """Relative errors, (methods, bounds, degrees), medians of the draws where there are any."""
    settings = INPUTS[profile]
    n, bounds, degrees = settings["n_tokens"], settings["bounds"], settings["degrees"]
    runs = [settings["draws"] if method in ("favor", "nystrom") else 1 for method in METHODS]
    points = [
        (n, b, method, g, draw)
        for method, draws in zip(METHODS, runs, strict=True)
        for b in bounds
        for g in degrees
        for draw in range(draws)
    ]
    table = dict(zip(points, each(error, points), strict=True))
    middle = [
        [[np.median([table[n, b, method, g, i] for i in range(draws)]) for g in degrees] for b in bounds]
        for method, draws in zip(METHODS, runs, strict=True)
    ]
    return {
        "n_tokens": np.array(n),
        "bounds": np.array(bounds, float),
        "features": np.array([theory.n_features(D, g) for g in degrees]),
        "error": np.array(middle),
        "known": known_errors(bounds, degrees),
        "draws": np.array(settings["draws"]),
    }


def known_errors(bounds: list[float], degrees: list[int]) -> np.ndarray:
    """Independent numbers in the shape of ours; NaN where there are none."""
    found = np.full((len(METHODS), len(bounds), len(degrees)), np.nan)
    for m, i, j in np.ndindex(found.shape):
        k = theory.n_features(D, degrees[j])
        if METHODS[m] in KNOWN and bounds[i] in KNOWN["bounds"] and k in KNOWN["n_features"]:
            found[m, i, j] = KNOWN[METHODS[m]][KNOWN["bounds"].index(bounds[i])][KNOWN["n_features"].index(k)]
    return found


def accuracy_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins in factors of ten where errors are compared."""
    with np.errstate(invalid="ignore"):
        digits = np.log10(arrays["error"])
    at = {method: digits[i] for i, method in enumerate(METHODS)}
    half, three = (int(np.argmin(np.abs(arrays["bounds"] - b))) for b in (0.5, 3))
    shared = np.isfinite(arrays["known"])
    rate = [slope(arrays["features"], arrays["error"][METHODS.index("favor"), i]) for i in (half, three)]
    return {
        "for entries up to 1 Taylor beats random features a hundredfold with 165 columns and more": below(
            at["taylor"][: half + 2, -2:] + 2, at["favor"][: half + 2, -2:]
        ),
        "for entries up to 1/2 Taylor beats landmarks with as many columns": below(
            at["taylor"][half], at["nystrom"][half]
        ),
        "for entries up to 3 landmarks beat Taylor with the most columns": below(
            at["nystrom"][three, -1], at["taylor"][three, -1]
        ),
        "for entries up to 3 only singular vectors give two digits; a refusal counts as none": below(
            -2, np.nan_to_num(np.delete(digits[:, three], 5, axis=0))
        ),
        "errors of random features fall slower than the power 0.9 of their number": below(np.abs(rate), 0.9),
        "for entries up to 1 Chebyshev and minimax do no better than Taylor from 45 columns on": below(
            at["taylor"][: half + 2, -3:], np.minimum(at["chebyshev"], at["minimax"])[: half + 2, -3:]
        ),
        "errors are within a factor of 8 of independent numbers": below(
            np.abs(digits - np.log10(np.abs(arrays["known"])))[shared], np.log10(8)
        ),
    }


def accuracy_beside(arrays: Any) -> list[Beside]:
    """Relative errors of the gradient."""
    names = [
        f"{label}, {k} columns, entries up to {b:g}"
        for label in LABELS
        for b in arrays["bounds"]
        for k in arrays["features"]
    ]
    draws, n = int(arrays["draws"]), int(arrays["n_tokens"])
    source = f"{KNOWN['source']}; here {n} tokens of another draw, and the median of {draws} draws"
    return beside(names, arrays["known"], arrays["error"], source)


def draw_accuracy(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per bound on the entries."""
    import matplotlib.pyplot as plt

    bounds, features = arrays["bounds"].tolist(), arrays["features"]
    figure, axes = plt.subplots(1, len(bounds), figsize=(9.2, 3.9), sharey=True, layout="constrained")
    for i, axis in enumerate(axes):
        for m, label in enumerate(LABELS):
            style = "-" if m < 3 else "--"
            line = {"color": COLORS[m], "marker": MARKERS[m], "markersize": 4, "label": label}
            axis.loglog(features, arrays["error"][m, i], style, **line)
        axis.axhline(1, color="gray", linewidth=0.8, linestyle=":")
        axis.set_xticks(features, features)
        axis.minorticks_off()
        axis.set(xlabel="columns of the factors")
        axis.set_title(rf"entries up to $\Gamma$ = {bounds[i]:g}")
    axes[0].set(ylabel="error of the gradient / its largest entry")
    axes[-1].legend(loc="lower left")
    headline(
        figure,
        f"{int(arrays['n_tokens']):,} tokens, d = {D}, $\\beta$ = 1/d, uniform entries; random features and landmarks: "
        f"median of {int(arrays['draws'])} draws. A line that is not there has rows without a positive sum",
    )
    return figure


ACCURACY = Figure(
    name="accuracy",
    title="What a column buys: polynomials, random features, landmarks and singular vectors.",
    compute=compute_accuracy,
    claims=accuracy_claims,
    draw=draw_accuracy,
    beside=accuracy_beside,
    seed=SEED,
    inputs=INPUTS,
)
