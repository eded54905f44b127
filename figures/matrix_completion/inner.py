"""The accuracy that a half-step needs: errors against iterations, for tolerances and for fixed numbers of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, below, headline, stream
from lrtheory.matrix_completion import CompletionProblem, CompletionState, complete, make_low_rank

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
CONDITIONS = (1, 10, 100)
RANK, STEPS = 10, (1, 2, 3, 5)
FIXED = 1e-15  # a tolerance that no row reaches, so that the number of steps decides
RULES: dict[str, dict[str, Any]] = {
    "exact": {"method": "exact"},
    **{f"tolerance {tol:g}": {"method": "cg", "inner_tol": tol} for tol in (1e-1, 1e-2, 1e-3)},
    **{
        f"{steps} step{'s' * (steps > 1)}": {"method": "cg", "inner_tol": FIXED, "max_inner_iter": steps}
        for steps in STEPS
    },
}
WIDTHS = (3.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5)  # the exact curve lies below the others
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"shape": [320, 240], "repetitions": 3, "max_iter": 50},
    "full": {"shape": [400, 300], "repetitions": 10, "max_iter": 100},
}


def errors(problem: CompletionProblem, rule: dict[str, Any], max_iter: int) -> np.ndarray:
    """Return the relative error after each iteration; a run that has ended keeps its last one."""
    M = problem.truth.dense()
    found: list[float] = []

    def note(state: CompletionState) -> None:
        found.append(float(np.linalg.norm(state.U @ state.V.T - M) / np.linalg.norm(M)))

    complete(problem, RANK, tol=1e-12, max_iter=max_iter, callback=note, **rule)
    return np.array(found + [found[-1]] * (max_iter - len(found)))


def compute_inner(profile: str) -> dict[str, np.ndarray]:
    """Measure errors, of shape (conditions, rules, repetitions, iterations), on the same samples for all rules."""
    settings = INPUTS[profile]
    found = np.zeros((len(CONDITIONS), len(RULES), settings["repetitions"], settings["max_iter"]))
    for c, repetition in np.ndindex(len(CONDITIONS), settings["repetitions"]):
        rng = stream(SEED, c, repetition)
        problem = make_low_rank(tuple(settings["shape"]), RANK, oversampling=4, condition=CONDITIONS[c], rng=rng)
        for r, rule in enumerate(RULES.values()):
            found[c, r, repetition] = errors(problem, rule, settings["max_iter"])
    return {"error": found, "shape": np.array(settings["shape"])}


def inner_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure, with margins in decimal digits of the median error at the end."""
    with np.errstate(invalid="ignore"):
        digits = -np.log10(np.median(arrays["error"][..., -1], axis=-1))  # (conditions, rules)
    by_rule = dict(zip(RULES, digits.swapaxes(0, 1), strict=True))
    return {
        "exact regressions give ten digits at every condition": below(10, by_rule["exact"]),
        "the tolerance 1e-3 gives ten digits at every condition": below(10, by_rule["tolerance 0.001"]),
        "up to condition 10 the tolerance 1e-2 gives ten digits": below(10, by_rule["tolerance 0.01"][:2]),
        "at condition 100 one, two and three steps stall below two digits": below(
            [by_rule[name][2] for name in ("1 step", "2 steps", "3 steps")], 2
        ),
        "at condition 100 the tolerance 1e-1 stalls below two digits": below(by_rule["tolerance 0.1"][2], 2),
    }


def draw_inner(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel for each condition number."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 3.8), layout="constrained", sharey=True)
    iterations = np.arange(1, arrays["error"].shape[-1] + 1)
    for c, axis in enumerate(axes):
        for r, name in enumerate(RULES):
            runs = arrays["error"][c, r]
            line, color = ("-" if r < 4 else "--"), COLORS[(6, 0, 1, 2, 3, 4, 5, 7)[r]]
            axis.semilogy(iterations, runs.T, line, color=color, linewidth=0.6, alpha=0.4)
            axis.semilogy(iterations, np.median(runs, axis=0), line, color=color, linewidth=WIDTHS[r], label=name)
        axis.set(xlabel="iterations", title=rf"$\kappa$ = {CONDITIONS[c]}", ylim=(1e-13, 3))
    axes[0].set(ylabel=r"$\|UV^T - M\|_F \,/\, \|M\|_F$")
    axes[2].legend(loc="upper left", bbox_to_anchor=(1, 1), title="regressions")
    m, n = arrays["shape"]
    headline(
        figure,
        f"{m} x {n}, rank {RANK}, four observations a degree of freedom: "
        f"{arrays['error'].shape[2]} matrices and samples (thin), medians",
    )
    return figure


INNER = Figure(
    name="inner-accuracy",
    title="A tolerance of 1e-3 of the residual is as good as exact regressions; a fixed number of steps stalls.",
    compute=compute_inner,
    claims=inner_claims,
    draw=draw_inner,
    seed=SEED,
    inputs=INPUTS,
)
