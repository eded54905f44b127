"""The unlikeliness penalty: how strong it must be, and its jump at zero on problems that are solved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside
from figures.policy_gradients._panels import finish, panels
from lrtheory.policy_gradients import expected_gradient, theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("policy_gradients")["unlikeliness"]
P, CORRECT = np.array(KNOWN["p"]) / sum(KNOWN["p"]), np.array(KNOWN["correct"])
SOLVED = np.array(KNOWN["solved"]) / sum(KNOWN["solved"])
SIZES, G, STRENGTHS = KNOWN["sizes"], KNOWN["group_size"], KNOWN["strengths"]
LINE = np.linspace(0, 1.6, 33)
#: normalizations of the solved problem
NORMS: dict[str, dict[str, Any]] = {
    "std": {"norm": "std"},
    "std + 1e-6": {"norm": "std", "std_offset": 1e-6},
    "std + 0.01": {"norm": "std", "std_offset": 1e-2},
    "no division": {"norm": "none"},
}
INPUTS: dict[str, dict[str, Any]] = {"quick": {"tiny": 19}, "full": {"tiny": 91}}


def drift(strength: float, **options: Any) -> float:
    """The rate at which the log odds of the likeliest against the rarest right answer grow."""
    gradient = expected_gradient(P, CORRECT, unlikeliness=strength, **options).gradient
    return float(gradient[0] - gradient[2])


def solved(strength: float, **options: Any) -> np.ndarray:
    """The update of a problem of which all answers are right."""
    right, size = np.ones(len(SOLVED), bool), KNOWN["solved_size"]
    return expected_gradient(SOLVED, right, group_size=size, unlikeliness=strength, **options).gradient


def compute_unlikeliness(profile: str) -> dict[str, np.ndarray]:
    """By strength: the drift on a mixed problem, and the update of a solved one, by normalization."""
    tiny, p, right = np.geomspace(1e-9, 1, INPUTS[profile]["tiny"]), P.tolist(), CORRECT.astype(int).tolist()
    some = [{"group_size": G, "norm": "std", "drop_uniform": drop} for drop in (False, True)]
    return {
        "tiny": tiny,
        "drift": np.array([[drift(beta, group_size=n, norm="none") for beta in LINE.tolist()] for n in SIZES]),
        "overtakes": np.array(
            [theory.unlikeliness_threshold(p, right, likely=0, rare=2, group_size=n) for n in SIZES], float
        ),
        "std": np.array([[drift(beta, **options) for beta in STRENGTHS] for options in some]),
        "rarest": np.array([[solved(beta, **one)[2] for beta in tiny.tolist()] for one in NORMS.values()]),
        "unpunished": np.array(solved(0.0, norm="std")),
        "punished": np.array(solved(0.25, norm="std")),
    }


def unlikeliness_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as rates."""
    tiny, (std, guarded, blunt, none) = arrays["tiny"], arrays["rarest"]
    turns = [np.interp(0, -row, LINE) for row in arrays["drift"]]
    return {
        "without division the drift is linear in the strength (GR-5)": below(abs(np.diff(arrays["drift"], 2)), 1e-12),
        "it turns where the formula says": below(abs(np.array(turns) - arrays["overtakes"]), 1e-9),
        "a strength of 1/4 turns the drift for no size of the group": below(0, arrays["drift"][:, LINE <= 0.26]),
        "on a solved problem every strength has one effect (GR-6)": below(np.ptp(std), 1e-8),
        "yet strength 0 has none": below(abs(arrays["unpunished"]).max(), 1e-12),
        "without division the effect falls with the strength": below(abs(none), 0.1 * tiny),
        "a guard of 1e-6 takes less than a tenth of it from 1e-4 on": below(0.9 * std[0], guarded[tiny > 1e-4]),
        "a guard of 1e-2 leaves less than a tenth of it below 1e-4": below(blunt[tiny < 1e-4], 0.1 * std[0]),
    }


def unlikeliness_beside(arrays: Any) -> list[Beside]:
    """The strengths at which the drift turns, drifts, and the update of a solved problem."""
    names = [f"strength at which the rarest right answer overtakes, G = {n}" for n in SIZES]
    names += [f"drift, uniform groups {word}, strength {beta:g}" for word in ("kept", "dropped") for beta in STRENGTHS]
    names += [f"update of answer {i} of a solved problem" for i in (1, 2, 3)]
    known = [KNOWN[name] for name in ("overtakes", "drift", "drift_dropped", "solved_update")]
    ours = [arrays[name].ravel() for name in ("overtakes", "std", "punished")]
    return beside(names, np.concatenate(known), np.concatenate(ours), KNOWN["source"])


def draw_unlikeliness(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the drift by strength, and the update of a solved problem by strength."""
    figure, (left, right) = panels(2, height=4.5)
    for i, n in enumerate(SIZES):
        left.plot(LINE, arrays["drift"][i], color=COLORS[i], linestyle=LINES[i], label=f"no division, G = {n}")
    turns = {"color": "black", "marker": "|", "markersize": 10, "linestyle": ""}
    left.plot(arrays["overtakes"], np.zeros(len(SIZES)), label="where it turns, by formula", **turns)
    for i, word in enumerate(("kept", "dropped")):
        look = {"color": COLORS[4 + i], "marker": MARKERS[4 + i], "markersize": 5, "linestyle": ""}
        left.plot(STRENGTHS, arrays["std"][i], label=f"std, G = {G}, uniform groups {word}", **look)
    left.axhline(0, color="lightgray", linewidth=1)
    left.set(xlabel="strength of the penalty", ylabel="drift of log(likeliest / rarest)")
    left.set_title("three right answers and a wrong one")
    for i, (label, row) in enumerate(zip(NORMS, arrays["rarest"], strict=True)):
        look = {"color": COLORS[i], "marker": MARKERS[i], "markersize": 4, "linestyle": LINES[i]}
        right.plot(arrays["tiny"], row, label=label, **look)
    right.set(xscale="log", xlabel="strength of the penalty", ylabel="update of the logit of the rarest answer")
    right.set(ylim=(-0.001, 0.022), title=f"a solved problem, G = {KNOWN['solved_size']}")
    return finish(
        figure,
        "Between right answers the penalty turns the drift only when it is strong; on a solved problem any strength, "
        "however small, has the full effect where advantages are divided by their deviation",
    )


UNLIKELINESS = Figure(
    name="unlikeliness",
    title="Drift between right answers, and the update of a solved problem, by the strength of the penalty on ranks.",
    compute=compute_unlikeliness,
    claims=unlikeliness_claims,
    draw=draw_unlikeliness,
    beside=unlikeliness_beside,
    inputs=INPUTS,
)
