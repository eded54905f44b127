"""Several adapters: the best factors of their sum, one at a time, and what averaging factors misses: MG-*."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.matrix_compression import baselines, theory
from lrtheory.matrix_compression.adapters import merge
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, norm, product
from proofs_checks.matrix_compression.families.merges import (
    ALIKE,
    MERGES,
    STREAMS,
    Merge,
    Steps,
    are_of_one_weight,
    are_weighted,
    averaged,
    have_one_rank,
    in_all_steps,
    merged,
    streamed,
)
from proofs_checks.matrix_compression.wrong_solvers import adapters as wrong

MERGED = {"updates of one weight": are_of_one_weight, "weights, scales and a rank": are_weighted}


def best_of_sum(case: Merge, found: dict[str, Any]) -> Sides:
    """Compare the distance of the merged adapter from the sum, and the error that it reports, with E_r of the sum."""
    least, lhs = best_error(case.total, case.rank), []
    for made in found.values():
        lhs.append(norm(case.total - product(made)))
        lhs.append(made["error"] * norm(case.total))
    return Sides(np.array(lhs, float), np.full(len(lhs), least), rounding=case.allowed)


def root_of_squares(case: Merge, found: dict[str, Any]) -> Sides:
    """Compare the distance with the errors of the updates alone: the false claim that these add up in squares."""
    alone = norm(np.array([best_error(one, case.rank) for one in case.terms]))
    return Sides(norm(case.total - product(found["core"])), alone, rounding=case.allowed)


MG_1 = Statement(
    id="matrix_compression/MG-1",
    title="A merged adapter is the best one of its rank for the sum",
    says=(
        "Updates s_k B_k A_k have weights w_k of either sign and ranks of their own. The merged adapter of rank r is "
        "at the distance E_r from their weighted sum: the root of the sum of the squares of all but its r largest "
        "singular values. It comes from the factors side by side, or from the sum itself."
    ),
    source=Derived(theory.squeeze_energy),
    tex=r"\|\textstyle\sum_k w_k s_k B_k A_k - s'B'A'\| = E_r(\sum_k w_k s_k B_k A_k)",
    hypotheses=MERGED,
    instances=MERGES,
    solve=merged,
    claim=Identity(best_of_sum),
    saboteurs=(
        saboteur(
            "left and right factors are added up, as linear merging in peft", solve=wrong.averaged_twice, printed=True
        ),
        saboteur("errors of the updates add up in squares", claim=Identity(root_of_squares)),
        saboteur(
            "weights lose their sign", patch=(merge.parts_of, "module.scale * weight", "module.scale * abs(weight)")
        ),
    ),
)


def truncations(case: Merge, found: Steps) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each step the sum that it truncates, and what it makes of it."""
    pairs, after = [], np.zeros_like(case.total)
    for term, B, A in zip(case.terms, found.B, found.A, strict=True):
        before, after = after + term, np.asarray(B) @ np.asarray(A)
        pairs.append((before, after))
    return pairs


def in_steps(case: Merge, found: Steps) -> Sides:
    """Compare both sides of the bracket with E_r of the sum and the distance of the last step, all from the steps."""
    allowed, pairs = in_all_steps(case, found), truncations(case, found)
    lost = np.array([norm(before - after) for before, after in pairs])
    error, least = norm(case.total - pairs[-1][1]), best_error(case.total, case.rank)
    low, high = max(0.0, lost[-1] - sum(lost[:-1])), sum(lost)
    best = [best_error(before, case.rank) for before, _ in pairs]
    off = np.r_[
        lost - best, [told - one for told, one in zip(found.tails, lost, strict=True)], found.bracket - [low, high]
    ]
    whole = sum(norm(term) for term in case.terms)
    sides = np.array([[low, least], [least, error], [error, high]])
    return unlike(off, 4 * allowed) or Sides(sides[:, 0], sides[:, 1], trivial=whole, rounding=4 * allowed)


def squares_of_steps(case: Merge, found: Steps) -> Sides:
    """Compare the distance with the root of the sum of squares of what the steps lose: false, since losses align."""
    pairs = truncations(case, found)
    lost = np.array([norm(before - after) for before, after in pairs])
    return Sides(norm(case.total - pairs[-1][1]), norm(lost), trivial=np.inf, rounding=case.allowed)


MG_2 = Statement(
    id="matrix_compression/MG-2",
    title="Merging one at a time is bracketed by what the steps lose",
    says=(
        "Updates D_1, .., D_T are added one at a time, and S_t is the best approximation of rank r of S_{t-1} + D_t, "
        "at the distance tau_t. The error E_r of the best one for the whole sum is at least tau_T minus all tau before"
        " it, S_T is not nearer than that, and S_T is within the sum of all tau_t of it."
    ),
    source=Derived(theory.stream_bracket),
    tex=r"\tau_T - \sum_{t<T}\tau_t \le E_r(\textstyle\sum_t D_t) \le \|\sum_t D_t - S_T\| \le \sum_t \tau_t",
    hypotheses=MERGED,
    instances=STREAMS,
    solve=streamed,
    claim=Inequality(in_steps),
    may_vary=dict.fromkeys(("B.*", "A.*"), "how many columns a step needs, up to the rank, is its own"),
    saboteurs=(
        saboteur(
            "losses add up in squares", claim=Inequality(squares_of_steps, unbounded="losses may align in any way")
        ),
        saboteur(
            "a step keeps one rank less",
            patch=(merge._steps, "min(rank, len(found.values))", "max(0, min(rank, len(found.values)) - 1)"),
        ),
        saboteur(
            "the loss of the last step alone",
            patch=(
                merge._steps,
                "lost.append(tail(found.values, rank))",
                "lost = [0.0 * x for x in lost] + [tail(found.values, rank)]",
            ),
        ),
    ),
)


def missed(case: Merge, found: dict[str, Any]) -> Sides:
    """Compare what averaged factors have beyond the sum with the cross terms, entry by entry."""
    factors = [w * s for w, s in zip(case.weights, case.scales, strict=True)]
    left = [np.sign(f) * np.sqrt(abs(f)) * B for f, B in zip(factors, case.B, strict=True)]
    right = [np.sqrt(abs(f)) * A for f, A in zip(factors, case.A, strict=True)]
    cross = sum((x @ y for i, x in enumerate(left) for j, y in enumerate(right) if i != j), 0 * case.total)
    load = sum(norm(x) for x in left) * sum(norm(y) for y in right)
    return Sides((product(found) - case.total).ravel(), cross.ravel(), rounding=2.0**-53 * 64 * len(left) * load)


def nothing_missed(case: Merge, found: dict[str, Any]) -> Sides:
    """Compare averaged factors with the sum itself: the false claim that averaging factors merges updates."""
    return Sides(product(found).ravel(), case.total.ravel(), rounding=case.allowed)


MG_3 = Statement(
    id="matrix_compression/MG-3",
    title="Averaging factors misses the sum by their cross terms",
    says=(
        "Updates s_i B_i A_i of one rank have weights w_i. Adding up the left factors b_i = sqrt(w_i s_i) B_i and the "
        "right ones a_i = sqrt(w_i s_i) A_i, with a sign in one of them where w_i s_i is negative, gives a product "
        "that misses the weighted sum by all b_i a_j with i other than j."
    ),
    source=Derived(theory.linear_cross_terms),
    tex=r"(\textstyle\sum_i b_i)(\sum_i a_i) - \sum_i b_i a_i = \sum_{i \ne j} b_i a_j",
    hypotheses=MERGED | {"one inner rank": have_one_rank},
    instances=ALIKE,
    solve=averaged,
    claim=Identity(missed),
    saboteurs=(
        saboteur("nothing is missed", claim=Identity(nothing_missed)),
        saboteur(
            "a negative weight in both factors",
            patch=(
                baselines.factor_average,
                "math.sqrt(abs(s)) * np.asarray(a",
                "math.copysign(math.sqrt(abs(s)), s) * np.asarray(a",
            ),
        ),
    ),
)
