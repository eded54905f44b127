"""The best of many worlds: one algorithm and one step size, five models of how requests come, and their bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import below, beside, draw_runs, headline, log_axes, mean_error, slope, stream
from lrtheory.dual_mirror_descent import (
    RequestStream,
    allocate,
    hindsight_optimum,
    make_corrupted,
    make_markov,
    make_periodic,
    make_phases,
    make_uniform,
    theory,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
KNOWN = published("dual_mirror_descent")["worlds"]
RATE = 0.4
CORRUPTED = 4  # sqrt(T) times this many requests are corrupted
SWITCH = 0.1
PERIOD = 10
PHASES = 4
MODELS = {
    "independent": "independent",
    "corrupted": rf"${CORRUPTED}\sqrt{{T}}$ corrupted",
    "Markov": f"Markov, switching rate {SWITCH}",
    "periodic": f"period of {PERIOD} requests",
    "adversarial": f"adversarial, {PHASES} phases",
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 60, "horizon": [400, 1600, 6400, 25_600]},
    "full": {"repetitions": 400, "horizon": [400, 1600, 6400, 25_600, 102_400]},
}


def requests(model: str, horizon: int, repetition: int) -> RequestStream:
    """Make one stream of a model; all have one resource, unit costs and rewards in [0, 1]."""
    rng = stream(SEED, list(MODELS).index(model), horizon, repetition)
    if model == "independent":
        return make_uniform(horizon, rate=RATE, rng=rng)
    if model == "corrupted":
        return make_corrupted(horizon, fraction=CORRUPTED / horizon**0.5, rate=RATE, rng=rng)
    if model == "Markov":
        return make_markov(horizon, switch=SWITCH, rate=RATE, rng=rng)
    if model == "periodic":
        return make_periodic(horizon, period=PERIOD, kind="sinusoid", rate=RATE, rng=rng)
    return make_phases(PHASES, horizon // PHASES)


def allowed(model: str, horizon: int) -> float:
    """Compute the regret bound of a model at the step size of independent requests, with the best lag if any."""
    given = requests(model, horizon, 0)
    setting = {"horizon": horizon, "rate": given.rate, "reward_bound": 1.0, "cost_bound": 1.0}
    if model == "corrupted":
        return theory.regret_bound("corrupted", total_variation=given.truth["total_variation"], **setting).total
    if model == "Markov":
        mixing = [(lag, theory.markov_mixing(SWITCH, lag)) for lag in range(100)]
        return min(theory.regret_bound("ergodic", lag=lag, mixing=mix, **setting).total for lag, mix in mixing)
    if model == "periodic":
        return theory.regret_bound("periodic", period=PERIOD, **setting).total
    return theory.regret_bound("iid" if model == "independent" else model, **setting).total


def optimum_and_reward(model: str, horizon: int, repetition: int) -> np.ndarray:
    """Return the optimum in hindsight of one stream, and the reward of dual mirror descent."""
    given = requests(model, horizon, repetition)
    return np.array([hindsight_optimum(given).value, allocate(given).reward])


def compute_worlds(profile: str) -> dict[str, np.ndarray]:
    """Compute OPT and OPT - R, (models, horizons, repetitions), bounds, (models, horizons), and adversaries' gains."""
    horizons, repetitions = INPUTS[profile]["horizon"], INPUTS[profile]["repetitions"]
    points = [(model, horizon, i) for model in MODELS for horizon in horizons for i in range(repetitions)]
    found = np.reshape(each(optimum_and_reward, points), (len(MODELS), len(horizons), repetitions, 2))
    optimum, reward = np.moveaxis(found, -1, 0)
    bound = np.array([[allowed(model, horizon) for horizon in horizons] for model in MODELS], dtype=float)
    return {"horizon": np.array(horizons), "regret": optimum - reward, "optimum": optimum, "bound": bound,
            "ratio_regret": np.array([stopped_early(horizon) for horizon in horizons])}  # fmt: skip


def stopped_early(horizon: int) -> list[float]:
    """Compute OPT - alpha R with alpha = max b / rho, for adversaries that stop after each of the phases."""
    streams = [make_phases(PHASES, horizon // PHASES, last=last) for last in range(1, PHASES + 1)]
    return [hindsight_optimum(given).value - PHASES * allocate(given).reward for given in streams]


def worlds_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Claim, with margins, what the figure shows."""
    horizon, bound = arrays["horizon"], arrays["bound"]
    mean, error = mean_error(arrays["regret"])
    optimum = arrays["optimum"].mean(axis=-1)
    growth = [slope(horizon, line) for line in mean]
    most = (mean + 3 * error)[:-1]
    return {
        "random input: mean regret and three standard errors stay below the bounds": below(most / bound[:-1], 1.0),
        "random input: regret grows slower than T^0.65": below(growth[:-1], 0.65),
        "phases: regret grows faster than T^0.9": below(0.9, growth[-1]),
        f"phases: OPT - {PHASES} R stays below its bound wherever phases stop": below(
            arrays["ratio_regret"] / bound[-1, :, None], 1.0
        ),
        "at the longest horizon no bound on random input is vacuous": below(bound[:-1, -1] / optimum[:-1, -1], 1.0),
        "at the shortest horizon the bounds on Markov and on periodic input are vacuous": below(
            1.0, bound[2:4, 0] / optimum[2:4, 0]
        ),
    }


def worlds_beside(arrays: Any) -> list[Beside]:
    """List mean regrets and bounds at one horizon."""
    at, names = arrays["horizon"].tolist().index(KNOWN["horizon"]), list(KNOWN["regret"])
    where = [list(MODELS).index(name) for name in names]
    source, end = f"{KNOWN['source']}; here {arrays['regret'].shape[2]} runs", f"T = {KNOWN['horizon']}"
    ours = arrays["regret"].mean(axis=2)[where, at], arrays["bound"][where, at]
    regrets = beside([f"regret, {name}, {end}" for name in names], list(KNOWN["regret"].values()), ours[0], source)
    return regrets + beside([f"bound, {name}, {end}" for name in names], list(KNOWN["bound"].values()), ours[1], source)


def draw_world(axis: Any, arrays: Any, model: int) -> None:
    """Draw one model: regret, OPT, and the bound, dotted where it is vacuous."""
    horizon, bound, optimum = arrays["horizon"], arrays["bound"][model], arrays["optimum"][model].mean(axis=-1)
    vacuous = bound >= optimum
    axis.plot(horizon, optimum, color="gray", linewidth=0.8, label="OPT")
    axis.plot(horizon, bound, ":", color="black", linewidth=1)
    axis.plot(horizon, np.where(vacuous, np.nan, bound), "-", color="black", linewidth=1.5, label="bound")
    axis.plot(horizon[vacuous], bound[vacuous], "x", color="black", label="bound above OPT: vacuous")
    draw_runs(axis, horizon, arrays["regret"][model], model, label="regret")
    log_axes(axis, horizon)


def draw_worlds(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per model, and all regrets over sqrt(T)."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(9.2, 6.6), layout="constrained")
    panels, horizon = axes.ravel(), arrays["horizon"]
    for model, (axis, name) in enumerate(zip(panels, MODELS.values(), strict=False)):
        draw_world(axis, arrays, model)
        fitted = slope(horizon, arrays["regret"][model].mean(axis=1))
        axis.set(xlabel="requests T", ylabel="reward" if model % 3 == 0 else None)
        axis.set_title(f"{name}: slope {fitted:.2f}")
        draw_runs(
            panels[-1],
            horizon,
            arrays["regret"][model] / np.sqrt(horizon)[:, None],
            model,
            label=f"regret, {list(MODELS)[model]}",
        )
    largest = max(arrays["ratio_regret"].max(), 0.0)
    panels[4].set_title(
        f"{MODELS['adversarial']}: slope {fitted:.2f}\nthe bound limits OPT - {PHASES} reward\n"
        f"(at most {largest:.2f}), and not regret",
    )
    panels[-1].set_title(r"regret over $\sqrt{T}$")
    panels[-1].set(xlabel="requests T", ylabel=r"regret / $\sqrt{T}$")
    log_axes(panels[-1], horizon)
    shown = [zip(*panels[place].get_legend_handles_labels(), strict=True) for place in (1, -1)]
    legend = {name: handle for one in shown for handle, name in one if name != "regret"}
    figure.legend(legend.values(), legend, ncols=4, loc="outside lower center")
    headline(
        figure,
        f"Best of many worlds: one algorithm, one step size, {arrays['regret'].shape[-1]} repetitions, T up to "
        f"{int(horizon[-1]):,}, bars of two standard errors",
    )
    return figure


WORLDS = Figure(
    name="best-of-many-worlds",
    title="Regret of one algorithm in five input models, with the bounds of theory, and where those are vacuous.",
    compute=compute_worlds,
    claims=worlds_claims,
    draw=draw_worlds,
    beside=worlds_beside,
    seed=SEED,
    inputs=INPUTS,
)
