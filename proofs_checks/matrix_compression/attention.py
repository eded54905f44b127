"""Attention with logits of lower rank: rows, truncated products, centered keys: DR-*."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Inequality, Sides, Statement, saboteur
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.layers import attention as library
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, energies, norm
from proofs_checks.matrix_compression.families.heads import (
    HEADS,
    Head,
    attention,
    centered,
    has_small_logits,
    is_head,
    ranked,
    truncated,
)
from proofs_checks.matrix_compression.wrong_solvers import attention as wrong

GIVEN = {"queries, keys, values and a mask that fit": is_head, "logits below 100": has_small_logits}


def logits_of(case: Head, found: dict[str, Any]) -> list[np.ndarray]:
    """Return the logits of each rank."""
    pairs = zip(found["Q"], found["K"], strict=True)
    return [case.scale * (np.asarray(Q) @ np.asarray(K).T) for Q, K in pairs]


def moves(case: Head, found: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each rank and query what the output moves, and the range and size of the changes of its logits."""
    before, moved, ranges, sizes = attention(case.logits, case.mask), [], [], []
    for logits in logits_of(case, found):
        moved.append(np.linalg.norm((attention(logits, case.mask) - before) @ case.V, axis=1))
        # a centered logit differs by a constant in each row, which no weight sees, and which the range does not
        change = np.where(case.mask, logits - case.logits, np.nan)
        ranges.append(np.nanmax(change, axis=1) - np.nanmin(change, axis=1))
        sizes.append(np.nanmax(np.abs(change), axis=1))
    return np.array(moved), np.array(ranges), np.array(sizes)


def by_rows(case: Head, found: dict[str, Any], divisor: float = 4.0, sized: bool = False) -> Sides:
    """Compare the move of every row of the output with its bound, once errors and bounds are those of all ranks."""
    moved, ranges, sizes = moves(case, found)
    width, allowed = case.diameter, 8 * (case.allowed + 2.0**-44) * (1 + norm(case.V))
    bounds = np.tanh(ranges / 4) * width
    wrongly = np.r_[found["errors"] - moved.max(1), found["bounds"] - bounds.max(1), moved[-1]]
    claimed = np.tanh((sizes if sized else ranges) / divisor) * width
    return unlike(wrongly, allowed) or Sides(moved, claimed, trivial=width, rounding=allowed)


def by_tail(case: Head, found: dict[str, Any]) -> Sides:
    """Compare the move of the output with the tail of the attention matrix times the norm of the values."""
    before, lhs, rhs = attention(case.logits, case.mask), [], []
    for r, logits in enumerate(logits_of(case, found)):
        lhs.append(norm((attention(logits, case.mask) - before) @ case.V))
        rhs.append(norm(np.linalg.svd(before, compute_uv=False)[r:]) * norm(case.V))
    return Sides(np.array(lhs), np.array(rhs), trivial=np.inf, rounding=1e-9)


def by_tail_of_factors(case: Head, found: dict[str, Any]) -> Sides:
    """Compare queries and keys that are truncated one by one, which are made here, with the tail of the attention."""
    return by_tail(case, ranked(case, method="factors"))


DR_7 = Statement(
    id="matrix_compression/DR-7",
    title="New logits move a row by at most tanh(osc / 4) diam(V)",
    says=(
        "Logits S become S', and osc_i is the difference of the largest and the least change in row i, over the keys "
        "that its query sees. The output O_i moves by at most tanh(osc_i / 4) times diam(V), the largest distance of "
        "two rows of the values V. Errors and bounds of all ranks are reported as they are."
    ),
    source=Derived(theory.tanh_bound),
    tex=r"\|O'_i - O_i\| \le \tanh(\mathrm{osc}_i/4)\,\mathrm{diam}(V)",
    hypotheses=GIVEN,
    instances=HEADS,
    solve=ranked,
    claim=Inequality(by_rows),
    saboteurs=(
        saboteur("an eighth of the range", claim=Inequality(lambda case, found: by_rows(case, found, divisor=8.0))),
        # subtle: right wherever changes have both signs
        saboteur("half of the largest change", claim=Inequality(lambda case, found: by_rows(case, found, sized=True))),
        saboteur(
            "keys that are not seen count",
            patch=(library.attention_rank, "np.where(seen, new - logits, np.nan)", "new - logits"),
        ),
        saboteur(
            "the tail of the attention matrix, as the published code tests it",
            claim=Inequality(by_tail_of_factors, unbounded="outputs of other logits may move by any amount"),
            printed=True,
        ),
        saboteur(
            "the mean over the rows",
            patch=(library.attention_rank, "widest = float(np.max(", "widest = float(np.mean("),
        ),
    ),
    notes="Attained by two keys in the limit of small logits. Vacuous where the range is large: tanh(osc / 4) is 1.",
)


def product_first(case: Head, found: dict[str, Any], rank: int = 0) -> Sides:
    """Compare the error of the truncated product with that of truncated queries and keys, all of them the best ones."""
    off = norm(case.logits - found["logits"])
    other = norm(case.logits - case.scale * (found["Q"] @ found["K"].T))
    wrongly = [off - case.scale * best_error(case.Q @ case.K.T, case.rank)]
    wrongly += [
        case.scale * (norm(X - found[name]) - best_error(X, case.rank))
        for name, X in zip("QK", (case.Q, case.K), strict=True)
    ]
    spectrum = case.scale * np.sqrt(energies(case.Q @ case.K.T))
    values = np.pad(found["values"], (0, len(spectrum) - len(found["values"])))
    wrongly += (values - spectrum).tolist()
    least = case.scale * best_error(case.Q @ case.K.T, max(0, case.rank - rank))
    return unlike(np.array(wrongly), case.allowed + 2.0**-44 * (norm(case.Q) + norm(case.K))) or Sides(
        least, other, least=0.0, rounding=case.allowed
    )


DR_5 = Statement(
    id="matrix_compression/DR-5",
    title="Truncating logits is never worse than truncating queries and keys",
    says=(
        "S = Q K^T / sqrt(d) are the logits of a head. Their best approximation of rank r is at least as near to them "
        "as Q_r K_r^T / sqrt(d), the product of the best approximations of queries Q and keys K."
    ),
    source=Classical(
        "the theorem of Eckart and Young", "R. Horn, C. Johnson, Matrix Analysis, 2nd edition, 2013, 7.4.2"
    ),
    tex=r"\|S - S_r\| \le \|S - Q_rK_r^\top/\sqrt d\|",
    hypotheses=GIVEN,
    instances=HEADS,
    solve=truncated,
    claim=Inequality(product_first),
    saboteurs=(
        saboteur("even with one rank less", claim=Inequality(lambda case, found: product_first(case, found, rank=1))),
        saboteur("queries and keys for the product", solve=wrong.one_by_one),
    ),
)


def unseen_mean(case: Head, found: dict[str, Any], rank: int = 0) -> Sides:
    """Compare the error of centered logits with that of plain ones, once no weight of attention has changed."""
    moved = case.Q @ (case.K - case.K.mean(0)).T * case.scale
    own, plain = best_error(moved, case.rank), best_error(case.logits, case.rank + rank)
    weights = (attention(found["whole"], case.mask) - attention(case.logits, case.mask)).ravel()
    wrongly = np.r_[weights, norm(moved - found["logits"]) - own, norm(moved - found["whole"])]
    return unlike(wrongly, 8 * case.allowed + 2.0**-44) or Sides(own, plain, least=0.0, rounding=case.allowed)


DR_6 = Statement(
    id="matrix_compression/DR-6",
    title="Softmax does not see the mean of the keys",
    says=(
        "The mean of the keys is subtracted from each of them. No weight of attention changes, and the error E_r of "
        "the best logits of rank r does not grow: Pi = I - 1 1^T / n projects onto rows of sum 0, and E_r(S Pi) <= "
        "E_r(S) for logits S of n keys."
    ),
    source=Classical(
        "singular values of a projected matrix", "R. Horn, C. Johnson, Topics in Matrix Analysis, 1991, theorem 3.3.16"
    ),
    tex=r"\mathrm{softmax}(S\Pi) = \mathrm{softmax}(S),\quad E_r(S\Pi) \le E_r(S)",
    hypotheses=GIVEN,
    instances=HEADS,
    solve=centered,
    claim=Inequality(unseen_mean),
    saboteurs=(
        saboteur("one rank is gained", claim=Inequality(lambda case, found: unseen_mean(case, found, rank=1))),
        saboteur(
            "keys lose the mean of their entries",
            patch=(library.centered, "scaled.mean(axis=0)", "scaled.mean(axis=1, keepdims=True)"),
        ),
    ),
)
