"""What intervals on payoffs say about the ranking."""

from __future__ import annotations

import numpy as np

from lrtheory.alpha_rank import alpha_rank, intervals, ranking_intervals, theory
from lrtheory.bounds import Derived, Inequality, Sides, Statement, exactly, saboteur
from proofs_checks.alpha_rank import mutants
from proofs_checks.alpha_rank.families import BOXES, MISSED_BOXES, Box, is_inside


def exact_intervals(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Lower and upper ends of the mass of every profile, in Fractions."""
    box = exactly(box)
    found = ranking_intervals(box.lower, box.upper, epsilon=box.epsilon)
    return np.stack([found.lower, found.upper])


def contained(box: Box, ends: np.ndarray) -> Sides:
    """lower(s) <= pi(s) and pi(s) <= upper(s), with pi from the true payoffs."""
    box = exactly(box)
    pi = alpha_rank(box.payoffs, epsilon=box.epsilon).pi
    return Sides(lhs=np.stack([ends[0], pi]), rhs=np.stack([pi, ends[1]]))


RU_T2 = Statement(
    id="alpha_rank/RU-T2",
    title="Ranking intervals contain the ranking",
    source=Derived(theory.mass_interval),
    tex=r"M \in [L, U] \Rightarrow 1/R_{\max}(s) \le \pi_\varepsilon(s) \le 1/R_{\min}(s)",
    hypotheses={"payoffs in the box": is_inside},
    instances=BOXES,
    solve=exact_intervals,
    claim=Inequality(contained),
    saboteurs=(
        saboteur("the middle of the box alone", solve=mutants.midpoints),
        saboteur("payoffs outside", breaks="payoffs in the box", instances=MISSED_BOXES),
        saboteur(
            "edges at the profile itself stay",
            patch=(
                intervals.extreme_return_time,
                "turn = is_open &",
                "turn = is_open & (np.arange(len(is_open)) != target)[:, None] &",
            ),
        ),
        saboteur("time to hit, not to return", patch=(intervals.hitting_times, "1 + (rates", "(rates")),
    ),
    notes="One box holds the payoffs of three-player Kuhn poker as 2000 sampled matches a profile show them.",
)
