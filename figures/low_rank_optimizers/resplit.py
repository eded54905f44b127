"""The variance at which coordinates settle when they are split anew into those with momentum and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, headline, log_ticks, mean_error, stream
from lrtheory.low_rank_optimizers.theory import resplit_variances, stationary_variance

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["resplit"]
SEED, MOMENTA = 5, (0.5, 0.9, 0.99)
#: curvature, variance of the noise, step size, share with momentum
CURVATURE, NOISE, STEP, DENSITY = 1.0, 1.0, 0.5, 0.25
#: after that many steps, and periods, nothing is left of the start: a quarter of what is off goes on to the next period
SETTLED = 60, 6
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"simulated": [1, 4, 16, 64], "coordinates": 20_000, "groups": 20},
    "full": {"simulated": [1, 2, 4, 8, 16, 32, 64, 128, 200], "coordinates": 100_000, "groups": 50},
}
PERIODS = tuple(range(1, 201))


def variances(momentum: float, period: int) -> list[float]:
    """E x^2 after each step of a period."""
    options = {"step_size": STEP, "density": DENSITY, "period": period}
    return [float(one) for one in resplit_variances(CURVATURE, NOISE, momentum=momentum, **options)]


def simulated(momentum: float, period: int, coordinates: int, groups: int) -> np.ndarray:
    """Mean squares at the end of a period, (groups,), of coordinates that settle under noisy gradients."""
    rng = stream(SEED, round(100 * momentum), period)
    spread = stationary_variance(CURVATURE, NOISE, step_size=STEP) ** 0.5
    x, m = spread * rng.standard_normal(coordinates), np.zeros(coordinates)
    b = np.zeros(coordinates)
    for step in range(period * max(-(-SETTLED[0] // period), SETTLED[1])):
        if step % period == 0:
            m[:] = 0
            b = np.where(rng.random(coordinates) < DENSITY, momentum, 0.0)
        m = b * m + (1 - b) * (CURVATURE * x + NOISE**0.5 * rng.standard_normal(coordinates))
        x = x - STEP * m
    return np.square(x).reshape(groups, -1).mean(axis=1)


def compute_resplit(profile: str) -> dict[str, np.ndarray]:
    """Variances by momentum and period, at the end and as means; runs; limits; a period of 50 steps."""
    settings = INPUTS[profile]
    sizes = (settings["coordinates"], settings["groups"])
    arguments = [(b, T, *sizes) for b in MOMENTA for T in settings["simulated"]]
    by_step = [[variances(b, T) for T in PERIODS] for b in MOMENTA]
    plain, smooth = ([stationary_variance(CURVATURE, NOISE, step_size=STEP, momentum=b) for b in row]
                     for row in ((0.0,) * len(MOMENTA), MOMENTA))  # fmt: skip
    return {
        "period": np.array(PERIODS),
        "end": np.array([[one[-1] for one in row] for row in by_step]),
        "mean": np.array([[np.mean(one) for one in row] for row in by_step]),
        "simulated period": np.array(settings["simulated"]),
        "runs": np.reshape(each(simulated, arguments), (len(MOMENTA), len(settings["simulated"]), -1)),
        "exact": np.array([[variances(b, T)[-1] for T in settings["simulated"]] for b in MOMENTA]),
        "fixed": DENSITY * np.array(smooth) + (1 - DENSITY) * np.array(plain),
        "inside": np.array([variances(b, 50) for b in MOMENTA]),
        "known": np.array([variances(0.9, T)[-1] for T in KNOWN["period"]]),
    }


def resplit_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as variances, or as standard errors."""
    mean, error = mean_error(arrays["runs"])
    middle, fixed = MOMENTA.index(0.9), arrays["fixed"]
    end = arrays["end"][middle]
    return {
        "mean variances of runs are within 4.5 standard errors of the exact variance": below(
            np.abs(mean - arrays["exact"]) / error, 4.5
        ),
        "at momentum 0.9 the least variance is at a period between 5 and 20": between(
            float(arrays["period"][int(np.argmin(end))]), 5, 20
        ),
        "at momentum 0.9 the least variance is below that of a fixed split": below(end.min(), fixed[middle]),
        "up to momentum 0.9 periods of 200 steps have the variance of a fixed split within 1e-6": below(
            np.abs(arrays["end"][: middle + 1, -1] - fixed[: middle + 1]), 1e-6
        ),
    }


def resplit_beside(arrays: Any) -> list[Beside]:
    """Variances at the end of four periods."""
    what = [f"variance at the end of a period, {T} step{'s' * (T > 1)}" for T in KNOWN["period"]]
    return beside(what, KNOWN["end"], arrays["known"], KNOWN["source"])


def draw_resplit(arrays: Any) -> matplotlib.figure.Figure:
    """Draw variances against the period, with runs beside them, and within a period."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.8), layout="constrained", width_ratios=(3, 2))
    runs, error = mean_error(arrays["runs"])
    for i, b in enumerate(MOMENTA):
        look = {"color": COLORS[i], "linestyle": LINES[i]}
        left.plot(arrays["period"], arrays["end"][i], label=f"momentum {b:g}", **look)
        points = {"fmt": MARKERS[i], "color": COLORS[i], "markersize": 5, "capsize": 2}
        left.errorbar(arrays["simulated period"], runs[i], yerr=2 * error[i], **points)
        left.axhline(arrays["fixed"][i], color=COLORS[i], linestyle=":", linewidth=0.9)
        right.plot(np.arange(1, arrays["inside"].shape[1] + 1), arrays["inside"][i], **look)
    log_ticks(left, np.array([1, 5, 10, 50, 200]))
    left.set(xlabel="steps of a period", ylabel="variance at the end of a period")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
    right.set(xlabel="step, in a period of 50", ylabel="variance")
    headline(
        figure,
        "Noisy gradients, a quarter of the coordinates with momentum, drawn anew in each period: lines are exact, "
        "points are runs, dotted lines belong to a split that stays",
    )
    return figure


RESPLIT = Figure(
    name="resplit",
    title="The variance at which coordinates settle, against the period of splits with and without momentum.",
    compute=compute_resplit,
    claims=resplit_claims,
    draw=draw_resplit,
    beside=resplit_beside,
    seed=SEED,
    inputs=INPUTS,
)
