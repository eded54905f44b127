"""Sums of updates: truncated after each term, and averaged factor by factor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory._numbers import gathered, in_range
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.matrix_compression import baselines, merge_adapters
from lrtheory.matrix_compression.adapters import merge
from lrtheory.matrix_compression.theory import stream_bracket
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, energies, norm, product
from proofs_checks.matrix_compression.families.merges import MERGED, NAME, Merge, adapters, averaged, draw_merge, merges
from proofs_checks.matrix_compression.families.updates import allowance


@dataclass(frozen=True)
class Steps:
    """The factors after every step, what each has lost, and the bounds that are stated of the sum."""

    B: tuple[np.ndarray, ...]
    A: tuple[np.ndarray, ...]
    tails: np.ndarray
    bracket: np.ndarray


def streamed(case: Merge, rng: np.random.Generator | None = None) -> Steps:
    """Return the steps of merging one update at a time."""
    made = merge_adapters(adapters(case), case.weights, rank=case.rank, method="stream", record=True)
    proof, trace = made.certificate, made.trace
    bracket = np.array([proof.bound, proof.achieved])
    return Steps(trace["B"][NAME], trace["A"][NAME], proof.tails[NAME], bracket)  # type: ignore[index,union-attr]


def axes(*scales: float, rank: int = 1) -> Merge:
    """Make updates along the axes, each of rank 1 with the scale as its only singular value."""
    eye = np.eye(len(scales))
    B, A = (
        tuple(x[:, [i]].copy() if side else x[[i]].copy() for i in range(len(scales)))
        for side, x in ((1, eye), (0, eye))
    )
    return Merge(B, A, tuple(scales), (1.0,) * len(scales), rank)


STREAMS = Family(
    "merges-in-steps",
    # what a later step would need has been dropped by an earlier one; then updates that cancel
    always=lambda: (axes(2.0, 1.0), axes(1.0, 1.5, 1.0), replace(axes(1.0, 2.0, 3.0), rank=2), *merges()[2:]),
    # one step alone: its loss is the best error
    tight=(Tight(Merge((np.eye(2),), (np.eye(2),), (1.0,), (1.0,), 1), 1 - 1e-12, 1),),
    draw=draw_merge,
)


def in_all_steps(case: Merge, found: Steps) -> float:
    """Return what all steps may err by in doubles: each factors the running sum and one update, side by side."""
    whole, L, R = case.allowed, case.B[0][:, :0], case.A[0][:0]
    for k, (B, A) in enumerate(zip(case.B, case.A, strict=True)):
        # balanced factors have the nuclear norm of their product; factors in a gauge must not widen what is allowed
        load = float(np.linalg.norm(L, axis=0) @ np.linalg.norm(R, axis=1))
        R = R * min(1.0, float(np.sqrt(energies(L @ R)).sum()) / load) if load else R
        joint = np.concatenate([L, case.weights[k] * case.scales[k] * B], axis=1), np.concatenate([R, A])
        whole += 4 * allowance(*joint)
        L, R = np.asarray(found.B[k]), np.asarray(found.A[k])
    return whole


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
    low, high = stream_bracket(lost)
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
    source=Derived(stream_bracket),
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


def have_one_rank(case: Merge) -> bool:
    """Decide whether all factors have one inner rank, as averaging them needs."""
    return len({B.shape[1] for B in case.B}) == 1


def draw_alike(draws: Draws) -> Merge:
    """Draw updates of one rank."""
    case, q = draw_merge(draws), draws.integers(1, 3)
    (m, n), count = case.terms[0].shape, len(case.B)
    B = tuple(draws.integers(-4, 4, shape=(m, q)).astype(float) for _ in range(count))
    return replace(case, B=B, A=tuple(draws.integers(-4, 4, shape=(q, n)).astype(float) for _ in range(count)))


ALIKE = Family("merges-of-one-rank", always=lambda: merges()[:4], draw=draw_alike)


@formula(b="K x m x q", a="K x q x n")
def linear_cross_terms(b: np.ndarray, a: np.ndarray) -> np.ndarray:
    """The sum of all b_i a_j with i other than j.

    The factors b have the shape (K, d_out, q), and a the shape (K, q, d_in).

    Proof
    -----
    Assumes: all factors have one inner rank, as averaging them needs.

    Proof: expand the product of the sums; the terms with i = j are the sum that was meant.
    """
    others = np.zeros_like(a)  # the sum of all right factors but each one, without a difference
    others[1:] += np.cumsum(a[:-1], axis=0)
    others[:-1] += np.cumsum(a[:0:-1], axis=0)[::-1]
    return gathered(in_range(lambda left, others: sum(x @ y for x, y in zip(b, others, strict=True)), b, others))


def missed(case: Merge, found: dict[str, Any]) -> Sides:
    """Compare what averaged factors have beyond the sum with the cross terms, entry by entry."""
    factors = [w * s for w, s in zip(case.weights, case.scales, strict=True)]
    left = [np.sign(f) * np.sqrt(abs(f)) * B for f, B in zip(factors, case.B, strict=True)]
    right = [np.sqrt(abs(f)) * A for f, A in zip(factors, case.A, strict=True)]
    cross = np.asarray(linear_cross_terms(np.stack(left), np.stack(right)))
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
    source=Derived(linear_cross_terms),
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
