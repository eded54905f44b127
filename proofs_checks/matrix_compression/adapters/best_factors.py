"""The best factors of a rank, of one update and of a weighted sum of several.

An update is s B A; E_r(X) is the error of the best approximation of X of rank r in the Frobenius norm.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._kernels import low_rank
from lrtheory._numbers import exact, plain
from lrtheory._validation import must
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.matrix_compression import baselines, merge_adapters, squeeze, theory
from lrtheory.matrix_compression.adapters import merge
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, energies, norm, product
from proofs_checks.matrix_compression.families.merges import MERGED, NAME, Merge, adapters, averaged, draw_merge, merges
from proofs_checks.matrix_compression.families.stacks import nudged
from proofs_checks.matrix_compression.families.updates import (
    Panel,
    Update,
    allowance,
    draw_factors,
    is_update,
    regauged,
)


def squeezed(case: Update, rng: np.random.Generator | None = None, more: int = 0, **options: Any) -> dict[str, Any]:
    """Return the library's factors of rank r, with all singular values and the relative error that it reports."""
    made = {"scale": case.scale, "out_scale": case.out_scale} | options
    found = squeeze(case.B, case.A, case.rank + more, **made)
    return {
        "B": found.B,
        "A": found.A,
        "scale": found.scale,
        "values": found.singular_values,
        "error": found.error,
    }


def draw_update(draws: Draws) -> Update:
    """Draw integer factors of up to six inner indices in a gauge, with scales of either sign."""
    m, n, q = draws.integers(1, 6), draws.integers(1, 6), draws.integers(1, 6)
    B, A = draw_factors(draws, m, q, n)
    if q >= 2 and draws.choice((False, True)):
        B, A = regauged(B, A, draws.choice((1, 3, 100)))
    power = draws.choice((0, 0, 7, -40))  # a diagonal gauge, and another unit
    B, A = B * 2.0 ** (power + draws.choice((0, 30))), A * 2.0**-power
    scale, out_scale = draws.choice((1.0, -0.5, 2.0, 0.25)), draws.choice((1.0, -1.0, 4.0))
    return Update(B, A, draws.integers(0, min(m, n)), scale, out_scale)


def climb_update(case: Update, draws: Draws) -> Update:
    """Change one entry of B."""
    return replace(case, B=nudged(case.B, draws))


def examples() -> tuple[Update, ...]:
    """Return the smallest updates, and those at the borders of what factors can be."""
    B = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, -1.0]])
    A = np.array([[1.0, 2.0, 0.0, 1.0], [-1.0, 1.0, 3.0, 0.0]])
    wide = np.array([[1.0, 2.0, 0.0, -1.0], [2.0, 1.0, 0.0, 3.0]])  # more inner indices than rows, one of them zero
    return (
        Update(np.array([[2.0]]), np.array([[3.0]]), 1, 0.5, 2.0),
        Update(np.array([[2.0]]), np.array([[3.0]]), 0),
        Update(B, A, 1, 2.0, 1.0),
        Update(B[::-1].copy(), 2 * A, 1, -0.5, 2.0),
        Update(B, A, 2, 0.25, -1.0),
        Update(wide, wide.T.copy(), 1),
        Update(wide, wide.T.copy(), 2, 4.0, 1.0),
        Update(*regauged(B, A, 64), 1),
        Update(2.0**-300 * B, 2.0**260 * A, 1),
        Update(np.diag([1.0, 2.0]), np.diag([4.0, 1.0]), 1),
    )


UPDATES = Family("updates-of-weights", always=examples, draw=draw_update, climb=climb_update)


def one_by_one(case: Update, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Take the left basis from B alone, as tools do that stack factors of several adapters: it hangs on the gauge."""
    r = case.rank
    U = np.linalg.svd(case.B, full_matrices=False)[0][:, :r]
    B, A = U * (case.scale / case.out_scale), U.T @ case.B @ case.A
    honest = squeezed(case)
    return honest | {"B": B, "A": A}


def unsigned(case: Update, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Lose the sign of the quotient of both scales."""
    return squeezed(replace(case, scale=abs(case.scale), out_scale=abs(case.out_scale))) | {"scale": case.out_scale}


def has_scales(case: Any) -> bool:
    """Decide whether both scales are numbers other than 0, and a matrix of this shape can have the rank."""
    scales = np.array([case.scale, case.out_scale], float)
    most = min(len(case.B), case.A.shape[1])
    return bool(np.isfinite(scales).all() and (scales != 0).all() and 0 <= case.rank <= most)


UPDATED = {"factors of finite numbers that fit": is_update, "scales other than 0, and a rank": has_scales}


@formula(S="n in [0, inf)", r="[0, inf)", s="(-inf, inf)")
def squeeze_energy(S: np.ndarray, r: int, s: Number = 1) -> Number:
    """The best factors of rank r leave this squared error.

    S holds the singular values of B A, or of several factors side by side, and s is the scale.

    Proof
    -----
    Assumes: S holds all singular values of B A (the caller).

    Proof: with QR of both factors, B = Q_B R_B and A^T = Q_A R_A, B A = Q_B (R_B R_A^T) Q_A^T has orthonormal columns
    on both sides of its core, so the core has its singular values, and its leading part gives the best approximation
    (Eckart and Young); no other matrix of rank r is nearer. Several updates are one: sum_k w_k s_k B_k A_k = [w_1 s_1
    B_1 ..] [A_1; ..].
    """
    return plain(s * s * theory.tail_energy(S, r))


def error_left(case: Update) -> float:
    """Return E_r of an update, from its spectrum."""
    return float(np.sqrt(float(squeeze_energy(case.spectrum, case.rank, case.scale))))


def best(case: Update, found: dict[str, Any]) -> Sides:
    """Compare the distance of the new factors with E_r, all singular values with the true ones, the error with E_r."""
    spectrum = abs(case.scale) * case.spectrum
    values = np.pad(found["values"], (0, len(spectrum) - len(found["values"])))
    lhs = [norm(case.matrix - product(found)), found["error"] * norm(spectrum), *values, found["scale"]]
    rhs = [error_left(case)] * 2 + [*spectrum, case.out_scale]
    return Sides(np.array(lhs, float), np.array(rhs), rounding=np.array([*[case.allowed] * (len(lhs) - 1), 0.0]))


def rank_short(case: Update, found: dict[str, Any]) -> Sides:
    """Compare the distance of the new factors with E_{r+1}, which they do not reach."""
    after = abs(case.scale) * norm(case.spectrum[case.rank + 1 :])
    return Sides(norm(case.matrix - product(found)), after, rounding=case.allowed)


SQ_1 = Statement(
    id="matrix_compression/SQ-1",
    title="Factors of lower rank come from a core as small as the old rank",
    says=(
        "The update s B A has the singular values |s| S, S those of B A. The factors B' A' of rank r that are found "
        "from B and A alone, for a file with the scale s', are at the distance E_r from it: the square of E_r is s^2 "
        "times the sum of the squares of all but the r largest of S. Nothing of this depends on the gauge: B X and "
        "X^-1 A are the same update."
    ),
    source=Derived(squeeze_energy),
    tex=r"\|sBA - s'B'A'\|^2 = s^2 \textstyle\sum_{i>r} S_i^2",
    hypotheses=UPDATED,
    instances=UPDATES,
    solve=squeezed,
    claim=Identity(best),
    saboteurs=(
        saboteur("one rank more is claimed", claim=Identity(rank_short)),
        saboteur(
            "A is not transposed",
            patch=(low_rank._from_qr, "U, values, Vt = np.linalg.svd(R @ T.T", "U, values, Vt = np.linalg.svd(R @ T"),
        ),
        # subtle: right to seven digits where the gauge is even
        saboteur("Gram matrices whatever the gauge", solve=partial(squeezed, method="gram")),
        saboteur("the sign of the scales is lost", solve=unsigned),
        saboteur("a basis of B alone, as lorashare and vlora take it", solve=one_by_one, printed=True),
    ),
)


def panel(case: Update, rng: np.random.Generator, more: int = 0) -> Panel:
    """Return factors by squeezing, from the product, and by two random ranges, with their scales in them."""
    r, scale = case.rank + more, {"scale": case.scale}
    seed = int(rng.integers(2**31))
    found = [
        squeeze(case.B, case.A, r, **scale, out_scale=case.out_scale),
        baselines.dense_svd(case.B, case.A, r, **scale),
        baselines.randomized_svd(case.B, case.A, r, **scale, oversampling=0, rng=seed),
        baselines.randomized_svd(case.B, case.A, r, **scale, oversampling=2, n_powers=1, rng=seed),
    ]
    bounds = [(one.certificate.bound, one.certificate.achieved) for one in found]
    return Panel(
        tuple(one.scale * np.asarray(one.B) for one in found),
        tuple(np.asarray(one.A) for one in found),
        np.array(bounds),
    )


def halved() -> Update:
    """Make the identity of two rows with r = 1, of which any best factors leave one half."""
    return Update(np.eye(2), np.eye(2), 1)


#: some error is left, so that factors of others can be worse
LEFT_OVER = replace(
    UPDATES,
    name="truncated-updates",
    always=lambda: [one for one in examples() if one.tail > 0],
    tight=(Tight(halved(), 1 - 1e-12, 1),),
)


def certified_for_more(case: Update, rng: np.random.Generator) -> Panel:
    """Give each pair of factors the certificate of a pair of one rank more."""
    seeds = np.random.default_rng(rng.integers(2**31)).spawn(2)
    return replace(panel(case, seeds[0]), brackets=panel(case, seeds[1], more=1).brackets)


def nearest(case: Update, found: Panel) -> Sides:
    """Compare E_r with the error of each tool, once each certificate's bound is E_r and its upper side that error."""
    errors = [norm(case.matrix - B @ A) for B, A in zip(found.B, found.A, strict=True)]
    allowed, least = 4 * case.allowed, np.full(len(errors), error_left(case))
    reports = (np.asarray(found.brackets) - np.array([least, errors]).T).ravel()
    return unlike(reports, allowed) or Sides(least, np.array(errors), least=0.0, rounding=allowed)


def nearer(case: Update, found: Panel) -> Sides:
    """Compare the error of the best approximation of one rank less with that of each tool."""
    errors = np.array([norm(case.matrix - B @ A) for B, A in zip(found.B, found.A, strict=True)])
    before = abs(case.scale) * norm(case.spectrum[max(case.rank - 1, 0) :])
    return Sides(np.full(len(errors), before), errors, least=0.0, rounding=case.allowed)


SQ_1E = Statement(
    id="matrix_compression/SQ-1e",
    title="No factors of a rank are nearer than the best truncation",
    says=(
        "Any factors B^ and A^ of inner rank r are at least E_r away from the update s B A, in the Frobenius norm; "
        "E_r is the root of the sum of the squares of all but its r largest singular values. Certificates of four "
        "tools state just this bound, and the error that their factors have."
    ),
    source=Derived(squeeze_energy),
    tex=r"\|sBA - \hat B\hat A\| \ge E_r(sBA)",
    hypotheses=UPDATED | {"something is left at rank r": lambda case: case.tail > 1e3 * case.allowed},
    instances=LEFT_OVER,
    solve=panel,
    claim=Inequality(nearest),
    saboteurs=(
        saboteur("certificates of a rank more", solve=certified_for_more),
        saboteur("the error of one rank less", claim=Inequality(nearer)),
    ),
    notes="Squeezed factors attain the bound; those of a random range do not.",
)


@formula(S="n in [0, inf)", r="[0, inf)", s="(-inf, inf)", t="(-inf, inf)")
def balanced_energy(S: np.ndarray, r: int, s: Number = 1, t: Number = 1) -> Number:
    r"""Each of two balanced factors has this squared norm, the least that factors of their product can have.

    S decreases; s is the scale of the update, and t that of the new file, s' in the theorem.

    Proof
    -----
    Assumes: S decreases, and B' A' = (s / s') times the leading r parts of B A (the caller).

    Proof: B' = U diag(h) and A' = diag(h) V^T with h_i^2 = \|s / s'\| S_i have the squared norm sum h_i^2, the nuclear
    norm of B' A'. Any other factors are B' X and X^{-1} A', and \|B' A'\|_* <= \|B' X\| \|X^{-1} A'\| <= (\|B' X\|^2 +
    \|X^{-1} A'\|^2) / 2.
    """
    if not s or not t:
        raise must("s, t", "numbers other than 0", (s, t))
    total = plain(abs(exact(plain(s)) / t) * S[:r].sum())
    return int(total) if getattr(total, "denominator", 0) == 1 else total


def balanced(case: Update, found: dict[str, Any], factor: int = 1) -> Sides:
    """Compare the nuclear norm of B' A' with the mean square of factors in other gauges, once B' and A' have it."""
    B, A = (np.asarray(found[name], float) for name in "BA")
    r, ratio = B.shape[1], abs(case.scale / case.out_scale)
    nuclear = float(balanced_energy(case.spectrum, case.rank, case.scale, case.out_scale))
    allowed = 8 * ratio * allowance(case.B, case.A) * (1 + r)
    wrongly = np.array(
        [(B * B).sum() - nuclear, (A * A).sum() - nuclear, norm(case.matrix - product(found)) - case.tail]
    )
    gauges = [np.diag(2.0 ** np.arange(r)), np.eye(r) + np.triu(np.ones((r, r)), 1), np.eye(r)[::-1] * 3.0]
    rhs = [((B @ X) ** 2).sum() / 2 + (np.linalg.solve(X, A) ** 2).sum() / 2 for X in (np.eye(r), *gauges)]
    return unlike(wrongly, allowed * np.array([1, 1, abs(case.out_scale)])) or Sides(
        np.full(len(rhs), factor * nuclear), np.array(rhs), least=0.0, rounding=allowed * 4.0**r
    )


SQ_5 = Statement(
    id="matrix_compression/SQ-5",
    title="Balanced factors are the smallest ones of their product",
    says=(
        "Both new factors have the squared norm |s / s'| (S_1 + .. + S_r), S the singular values of B A: this is the "
        "nuclear norm of B' A', and for every invertible X the mean of the squared norms of B' X and X^-1 A' is at "
        "least that."
    ),
    source=Derived(balanced_energy),
    tex=r"\|B'\|^2 = \|A'\|^2 = \|B'A'\|_* \le \tfrac12(\|B'X\|^2 + \|X^{-1}A'\|^2)",
    hypotheses=UPDATED,
    instances=UPDATES,
    solve=squeezed,
    claim=Inequality(balanced),
    unread={"values": "SQ-1 compares them with the spectrum", "error": "SQ-1 compares it with the spectrum"},
    saboteurs=(
        saboteur("all of S in one factor", solve=partial(squeezed, balanced=False)),
        saboteur("twice the nuclear norm", claim=Inequality(partial(balanced, factor=2))),
    ),
)


def merged(case: Merge, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Return the factors of the library's adapter for the sum, by factors and by the sum itself."""
    found = {}
    for method in ("core", "dense"):
        made = merge_adapters(adapters(case), case.weights, rank=case.rank, method=method, **options)
        module = made.adapter.modules[NAME]
        found[method] = {"B": module.B, "A": module.A, "scale": module.scale, "error": made.error}
    return found


MERGES = Family("merges", always=merges, draw=draw_merge)


def averaged_twice(case: Merge, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Answer with averaged factors where the factors of the sum are asked for."""
    made = averaged(case)
    return {method: made | {"error": 0.0} for method in ("core", "dense")}


def best_of_sum(case: Merge, found: dict[str, Any]) -> Sides:
    """Compare the distance of the merged adapter from the sum, and the error that it reports, with E_r of the sum."""
    least, lhs = float(np.sqrt(float(squeeze_energy(np.sqrt(energies(case.total)), case.rank)))), []
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
    source=Derived(squeeze_energy),
    tex=r"\|\textstyle\sum_k w_k s_k B_k A_k - s'B'A'\| = E_r(\sum_k w_k s_k B_k A_k)",
    hypotheses=MERGED,
    instances=MERGES,
    solve=merged,
    claim=Identity(best_of_sum),
    saboteurs=(
        saboteur("left and right factors are added up, as linear merging in peft", solve=averaged_twice, printed=True),
        saboteur("errors of the updates add up in squares", claim=Identity(root_of_squares)),
        saboteur(
            "weights lose their sign", patch=(merge.parts_of, "module.scale * weight", "module.scale * abs(weight)")
        ),
    ),
)
