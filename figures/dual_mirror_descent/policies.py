"""Policies for an airline with one hub, and the regret of each against the optimum in hindsight."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import below, beside, between, draw_power, draw_runs, headline, log_axes, slope, stream
from lrtheory.dual_mirror_descent import (
    AllocationResult,
    RequestStream,
    allocate,
    baselines,
    hindsight_optimum,
    make_hub_and_spoke,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
KNOWN = published("dual_mirror_descent")["hub_and_spoke"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 5, "horizon": KNOWN["horizon"]},
    "full": {"repetitions": 100, "horizon": KNOWN["horizon"]},
}


def euclidean_step(requests: RequestStream) -> float:
    """Return the step of a quarter of the largest fare over sqrt(T)."""
    return requests.reward_bound / 4 / requests.horizon**0.5


def entropy(requests: RequestStream) -> AllocationResult:
    """Run the entropy from a tenth of the largest fare, with factors of exp(4 / sqrt(T)) per seat."""
    start, step = requests.reward_bound / 10, 4 / requests.horizon**0.5
    return allocate(requests, geometry="entropy", init=start, step_size=step)


POLICIES: dict[str, Callable[[RequestStream], AllocationResult]] = {
    "greedy": baselines.greedy,
    "static fluid price": lambda r: baselines.static_price(r, prices=r.truth["fluid_prices"]),
    "Euclidean": lambda r: allocate(r, step_size=euclidean_step(r)),
    "entropy": entropy,
    "adaptive target": lambda r: baselines.adaptive_target(r, step_size=euclidean_step(r)),
    "capped entropy": lambda r: allocate(r, geometry="capped-entropy"),
    "re-solve every 10": lambda r: baselines.resolve(r, probabilities=r.truth["probabilities"], every=10),
}


def rewards(horizon: int, key: tuple[int, ...]) -> np.ndarray:
    """Return the optimum in hindsight and the reward of every policy; `key` names the random stream of the requests."""
    requests = make_hub_and_spoke(horizon, rng=stream(SEED, *key))
    return np.array([hindsight_optimum(requests).value, *(policy(requests).reward for policy in POLICIES.values())])


def compute_policies(profile: str) -> dict[str, np.ndarray]:
    """Compute regret, (policies, horizons, repetitions), of all policies on the same requests."""
    horizons, repetitions = INPUTS[profile]["horizon"], INPUTS[profile]["repetitions"]
    shape = (len(horizons), repetitions)
    found = np.reshape(each(rewards, [(horizons[t], (t, i)) for t, i in np.ndindex(shape)]), (*shape, -1))
    optimum = found[..., 0]
    regret = np.moveaxis(optimum[..., None] - found[..., 1:], -1, 0)
    fluid_value = make_hub_and_spoke(horizons[-1], rng=stream(SEED, 0)).truth["fluid_value"]
    known = [KNOWN["regret"][name] for name in POLICIES]
    return {"horizon": np.array(horizons), "regret": regret, "optimum": optimum, "known": np.array(known, dtype=float),
            "fluid_value": np.array(fluid_value)}  # fmt: skip


def policies_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Claim, with margins, what the figure shows."""
    regret = dict(zip(POLICIES, arrays["regret"].mean(axis=2), strict=True))
    growth = {name: slope(arrays["horizon"], line) for name, line in regret.items()}
    last, known = arrays["regret"][:, -1].mean(axis=1), arrays["known"][:, -1]
    error = abs(float(arrays["fluid_value"]) - KNOWN["fluid_value"])
    return {
        "the fluid value has the known four decimals": below(error, 5e-5),
        "at the longest horizon mean regrets are within 40 % of independent numbers": between(last / known, 0.6, 1.4),
        # requests whose reward is the fluid price of their costs are taken or not by the last digit of that price
        "regrets differ from independent ones by less than 0.5 % of the optimum, the static price apart": below(
            np.abs(last - known)[[name != "static fluid price" for name in POLICIES]] / arrays["optimum"][-1].mean(),
            0.005,
        ),
        "the regrets of greedy and of the static price grow faster than T^0.85": below(
            0.85, [growth["greedy"], growth["static fluid price"]]
        ),
        "the regrets of Euclidean and of entropic prices grow slower than T^0.7": below(
            [growth["Euclidean"], growth["entropy"]], 0.7
        ),
        "the regret of re-solving grows slower than T^0.3": below(growth["re-solve every 10"], 0.3),
        "entropic prices lose less than Euclidean ones": below(regret["entropy"], regret["Euclidean"]),
        "an adaptive target loses less than Euclidean prices": below(regret["adaptive target"], regret["Euclidean"]),
    }


def policies_beside(arrays: Any) -> list[Beside]:
    """List mean regret of every policy at every horizon."""
    names = [f"regret, {name}, T = {T}" for name in POLICIES for T in arrays["horizon"].tolist()]
    known = arrays["known"][:, : len(arrays["horizon"])]
    runs = f"here {arrays['regret'].shape[2]} runs"
    return beside(names, known, arrays["regret"].mean(axis=2), f"{KNOWN['source']}; {runs}")


def draw_policies(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one line per policy; crosses are independent numbers."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(9, 5), layout="constrained")
    horizon = arrays["horizon"]
    for number, name in enumerate(POLICIES):
        runs = arrays["regret"][number]
        fitted = slope(horizon, runs.mean(axis=1))
        draw_runs(axis, horizon, runs, number, label=f"{name}: {fitted:.2f}")
        axis.plot(horizon, arrays["known"][number], "x", color="black", markersize=6, zorder=3)
    axis.plot(horizon, arrays["optimum"].mean(axis=1), color="gray", linewidth=0.8, label="OPT")
    axis.plot([], [], "x", color="black", label="independent numbers")
    draw_power(axis, horizon, arrays["regret"][2, 0].mean(), 0.5, "slope 1/2")
    log_axes(axis, horizon)
    axis.set(xlabel="requests T", ylabel="regret to the optimum in hindsight")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="policy: slope")
    headline(
        figure,
        f"Hub and four spokes, fluid value {float(arrays['fluid_value']):.4f} a request: {runs.shape[1]} repetitions, "
        f"T up to {int(horizon[-1]):,}",
    )
    return figure


AIRLINE = Figure(
    name="policies",
    title="Regret of seven policies on an airline network, against time.",
    compute=compute_policies,
    claims=policies_claims,
    draw=draw_policies,
    beside=policies_beside,
    seed=SEED,
    inputs=INPUTS,
)
