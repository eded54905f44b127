"""Distance of evolution strategies with factors of a rank from those with Gaussian perturbations, by closed forms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, draw_power, headline, log_axes, slope
from lrtheory.low_rank_optimizers import theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["bias of rank"]
#: singular values of sigma Om, of norm 1 but for the last
SPECTRA = {"rank-one": (1.0,), "flat": (8**-0.5,) * 8, "mixed": (0.8, 0.5, 0.3, 0.1)}
LABELS = {
    "rank-one": "sine, Om of rank one",
    "mixed": "sine, singular values .8, .5, .3, .1",
    "flat": "sine, eight equal singular values",
    "step": "a step, at its threshold",
    "tanh": "tanh, one weight",
}
#: the point and the scale of the perturbations at which tanh is seen
POINT, SIGMA = 0.5, 1.0
#: a law with third moment 3/2: values and probabilities
SKEWED = (-0.5, 2.0), (0.8, 0.2)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"ranks": [2**i for i in range(10)]},
    "full": {"ranks": sorted({round(2 ** (i / 2)) for i in range(19)})},
}


def sine(t: tuple[float, ...], ranks: list[int]) -> tuple[np.ndarray, float, float]:
    """Bias by rank, the limit of r times the bias, and the length of the ES gradient, for a sine (EG-1)."""
    limit = theory.sine_response(t, rank=math.inf)
    found = [float(np.linalg.norm(theory.sine_response(t, rank=r) - limit)) for r in ranks]
    s = np.array(t)
    leading = float(np.linalg.norm(s * (np.sum(s**4) / 4 - s**2)) * np.exp(-np.sum(s**2) / 2))
    return np.array(found), leading, float(np.linalg.norm(limit))


def step(ranks: list[int]) -> tuple[np.ndarray, float, float]:
    """Bias by rank for a step at its threshold (EG-S), in units of the ES gradient, with its limit."""
    return np.array([1 - math.sqrt(theory.step_response_square(r)) for r in ranks]), 0.25, 1.0


def tanh_response(scale: np.ndarray) -> np.ndarray:
    """S E tanh'(M + sigma sqrt(S) z) with z standard normal, S being the squared length of a row of A over r."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    slopes = np.cosh(POINT + SIGMA * np.sqrt(scale)[:, None] * nodes) ** -2.0
    return np.asarray(scale * (slopes @ weights) / math.sqrt(2 * math.pi))


def hyperbolic(ranks: list[int]) -> tuple[np.ndarray, float, float]:
    """Bias by rank for tanh, by quadrature over S, of which r times is a chi square of r degrees of freedom."""
    u = np.linspace(-30, 5, 7001)
    response, whole = tanh_response(np.exp(u)), tanh_response(np.ones(1))[0]
    found = []
    for r in ranks:
        log_density = r / 2 * (math.log(r / 2) + u - np.exp(u)) - math.lgamma(r / 2)
        found.append(np.exp(log_density) @ (response - whole) * (u[1] - u[0]))
    h = 0.02
    low, middle, high = tanh_response(np.array([1 - h, 1, 1 + h]))
    return np.abs(found), abs(low - 2 * middle + high) / h**2, abs(whole)


def skewed(ranks: list[int]) -> np.ndarray:
    """The bias on sin(w + 1), relative to the ES gradient, for factors of a skewed law, by its Fourier transform."""
    values, chances = (np.multiply.outer(np.array(one), np.array(one)).ravel() for one in SKEWED)
    limit = math.cos(1) * math.exp(-0.5)
    found = []
    for r in ranks:
        waves = chances * np.exp(1j * values / math.sqrt(r))
        mean = r * np.sum(waves) ** (r - 1) * np.sum(values / math.sqrt(r) * waves)
        found.append(abs((np.exp(1j) * mean).imag - limit) / limit)
    return np.array(found)


def extrapolated(t: tuple[float, ...], ranks: list[int]) -> np.ndarray:
    """The error of 2 g_2r - g_r (EG-R), relative to the ES gradient."""
    limit = theory.sine_response(t, rank=math.inf)
    pairs = ((theory.sine_response(t, rank=r), theory.sine_response(t, rank=2 * r)) for r in ranks)
    errors = [np.linalg.norm(theory.richardson(low, high) - limit) for low, high in pairs]
    return np.array(errors) / float(np.linalg.norm(limit))


def compute_bias_of_rank(profile: str) -> dict[str, np.ndarray]:
    """Biases by rank, limits of r times them, and lengths of ES gradients; skewed factors; extrapolation."""
    ranks = INPUTS[profile]["ranks"]
    found = {name: sine(t, ranks) for name, t in SPECTRA.items()} | {"step": step(ranks), "tanh": hyperbolic(ranks)}
    return {
        "rank": np.array(ranks),
        "bias": np.array([found[name][0] for name in LABELS]),
        "limit": np.array([found[name][1] for name in LABELS]),
        "whole": np.array([found[name][2] for name in LABELS]),
        "skewed": skewed(ranks),
        "extrapolated": extrapolated(SPECTRA["mixed"], ranks),
        "table": sine(SPECTRA["mixed"], KNOWN["rank"])[0] * KNOWN["rank"],
    }


def bias_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as exponents or as shares."""
    r, late = arrays["rank"], arrays["rank"] >= 16
    slopes = [slope(r[late], one[late]) for one in arrays["bias"]]
    last = r[-1] * arrays["bias"][:, -1] / arrays["limit"]
    share = arrays["bias"] / arrays["whole"][:, None]
    names = list(LABELS)
    return {
        "from rank 16 the bias falls with exponent -1 within 0.03": between(slopes, -1.02, -0.97),
        "r times the bias is within 1 % of its closed limit at rank 512": between(last, 0.99, 1.01),
        "with skewed factors the bias falls with exponent -1/2 within 0.05": between(
            slope(r[late], arrays["skewed"][late]), -0.55, -0.45
        ),
        "extrapolated to infinite rank the bias falls with exponent -2 within 0.05": between(
            slope(r[late], arrays["extrapolated"][late]), -2.05, -1.95
        ),
        "at each rank the bias of the flat spectrum is a third or less of that of rank one": below(
            share[names.index("flat")] / share[names.index("rank-one")], 1 / 3
        ),
    }


def bias_beside(arrays: Any) -> list[Beside]:
    """Rank times the bias at powers of 4."""
    what = [f"rank times the bias of a sine, rank {r}" for r in KNOWN["rank"]]
    return beside(what, KNOWN["scaled bias"], arrays["table"], KNOWN["source"])


def draw_bias_of_rank(arrays: Any) -> matplotlib.figure.Figure:
    """Draw r times the bias with its limits, and the three exponents."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 4.2), layout="constrained")
    r, share = arrays["rank"], arrays["bias"] / arrays["whole"][:, None]
    for i, label in enumerate(LABELS.values()):
        look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i % len(LINES)], "markersize": 4}
        left.plot(r, r * share[i], label=label, **look)
        left.axhline(arrays["limit"][i] / arrays["whole"][i], color=COLORS[i], linestyle=":", linewidth=0.9)
    log_axes(left, r)
    left.set(xlabel="rank of the perturbations", ylabel="rank x bias / ES gradient", title="dotted: closed limits")
    shown = (
        (arrays["skewed"], "skewed factors", -0.5),
        (share[1], "symmetric factors", -1),
        (arrays["extrapolated"], "symmetric, extrapolated", -2),
    )
    for i, (y, label, power) in enumerate(shown):
        look = {"color": COLORS[i + 5 if i < 2 else 0], "marker": MARKERS[i + 4], "linestyle": LINES[i]}
        right.plot(r, y, label=label, markersize=4, **look)
        draw_power(right, r, float(y[-1]) * float(r[-1] / r[0]) ** -power, power, "exponents -1/2, -1, -2" * (i == 2))
    log_axes(right, r)
    right.set(yscale="log", xlabel="rank of the perturbations", ylabel="bias / ES gradient", title="symmetry matters")
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator

    right.yaxis.set_major_locator(LogLocator())
    right.yaxis.set_major_formatter(LogFormatterSciNotation())
    for axis in (left, right):
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    headline(figure, r"The bias of perturbations $A B^\top / \sqrt{r}$ falls like 1/r, with a constant that is known")
    return figure


BIAS_OF_RANK = Figure(
    name="bias-of-rank",
    title="Rank times the bias of an evolution strategy of low rank, against the rank, with closed limits.",
    compute=compute_bias_of_rank,
    claims=bias_claims,
    draw=draw_bias_of_rank,
    beside=bias_beside,
    inputs=INPUTS,
)
