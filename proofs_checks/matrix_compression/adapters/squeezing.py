"""One adapter: the best factors of a rank, what its file says of them, balance, inner products and casts: SQ-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._files import safetensors
from lrtheory._files.adapters import settings
from lrtheory._kernels import low_rank
from lrtheory.bounds import Classical, Derived, Identity, Inequality, Recorded, Sides, Statement, rounding, saboteur
from lrtheory.matrix_compression import theory
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import norm, product
from proofs_checks.matrix_compression.families.files import (
    CASTS,
    FOLDERS,
    NAMES,
    Cast,
    Folder,
    is_folder,
    is_in_range,
    refiled,
    rounded,
    says_a_scale,
    update_of,
)
from proofs_checks.matrix_compression.families.pairs import PAIRS, Pair, are_comparable, compared
from proofs_checks.matrix_compression.families.updates import (
    LEFT_OVER,
    UPDATES,
    Panel,
    Update,
    allowance,
    has_scales,
    is_update,
    panel,
    squeezed,
)
from proofs_checks.matrix_compression.wrong_solvers import adapters as wrong

UPDATED = {"factors of finite numbers that fit": is_update, "scales other than 0, and a rank": has_scales}


def best(case: Update, found: dict[str, Any]) -> Sides:
    """Compare the distance of the new factors with E_r, all singular values with the true ones, the error with E_r."""
    spectrum = abs(case.scale) * case.spectrum
    values = np.pad(found["values"], (0, len(spectrum) - len(found["values"])))
    lhs = [norm(case.matrix - product(found)), found["error"] * norm(spectrum), *values, found["scale"]]
    rhs = [case.tail, case.tail, *spectrum, case.out_scale]
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
    source=Derived(theory.squeeze_energy),
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
        saboteur("the sign of the scales is lost", solve=wrong.unsigned),
        saboteur("a basis of B alone, as lorashare and vlora take it", solve=wrong.one_by_one, printed=True),
    ),
)


def nearest(case: Update, found: Panel) -> Sides:
    """Compare E_r with the error of each tool, once each certificate's bound is E_r and its upper side that error."""
    errors = [norm(case.matrix - B @ A) for B, A in zip(found.B, found.A, strict=True)]
    allowed = 4 * case.allowed
    reports = (np.asarray(found.brackets) - np.array([np.full(len(errors), case.tail), errors]).T).ravel()
    return unlike(reports, allowed) or Sides(
        np.full(len(errors), case.tail), np.array(errors), least=0.0, rounding=allowed
    )


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
    source=Derived(theory.squeeze_energy),
    tex=r"\|sBA - \hat B\hat A\| \ge E_r(sBA)",
    hypotheses=UPDATED | {"something is left at rank r": lambda case: case.tail > 1e3 * case.allowed},
    instances=LEFT_OVER,
    solve=panel,
    claim=Inequality(nearest),
    saboteurs=(
        saboteur("certificates of a rank more", solve=wrong.certified_for_more),
        saboteur("the error of one rank less", claim=Inequality(nearer)),
    ),
    notes="Squeezed factors attain the bound; those of a random range do not.",
)


SQ_2 = Statement(
    id="matrix_compression/SQ-2",
    title="A random range errs little on average",
    says=(
        "D is a matrix and Q an orthonormal basis of D times a Gaussian matrix of k + p columns, with p >= 2. The "
        "mean of |D - Q Q^T D|^2 is at most 1 + k / (p - 1) times E_k(D)^2, the sum of the squares of all but the k "
        "largest singular values."
    ),
    source=Classical(
        "the randomized range finder", "N. Halko, P.-G. Martinsson, J. Tropp, SIAM Review 53, 2011, theorem 10.5"
    ),
    tex=r"\mathbb E\,\|D - QQ^\top D\|^2 \le \left(1 + \tfrac{k}{p - 1}\right) E_k(D)^2",
    hypotheses={},
    instances=LEFT_OVER,
    solve=panel,
    claim=Recorded(
        "a mean over all random ranges, and nothing that is certified rests on it: the certificate of a random range "
        "holds the error that was measured for the one that was drawn",
        carried_by="matrix_compression/SQ-1e",
    ),
)


def as_told(case: Folder, found: dict[str, Any]) -> Sides:
    """Compare the update that a file says with the truncation of the old one, module by module."""
    lhs, rhs, allowed = [], [], []
    for name, B, A in zip(NAMES, case.B, case.A, strict=False):
        one = Update(B, A, case.rank, case.scale)
        lhs.append(norm(one.matrix - update_of(found, name)))
        rhs.append(one.tail)
        allowed.append(one.allowed)
    return Sides(np.array(lhs), np.array(rhs), rounding=np.array(allowed))


SQ_4 = Statement(
    id="matrix_compression/SQ-4",
    title="A lower rank needs another alpha",
    says=(
        "An adapter of rank q and its setting alpha mean alpha / q times B A, or alpha / sqrt(q) times it where it is "
        "rank-stabilized. The file that is written for rank r has settings and arrays that mean the best "
        "approximation of the same update. Keeping alpha would multiply it by q / r, or by sqrt(q / r)."
    ),
    source=Derived(theory.kept_alpha_factor),
    tex=r"s'B'A' = (sBA)_r,\quad s' = \alpha'/r' \text{ or } \alpha'/\sqrt{r'}",
    hypotheses={"modules whose factors fit, of one rank": is_folder, "an alpha, and a rank to reach": says_a_scale},
    instances=FOLDERS,
    solve=refiled,
    claim=Identity(as_told),
    may_vary=dict.fromkeys(
        ("config.rank_pattern", "config.alpha_pattern"),
        "which modules differ from the default is up to who writes the file",
    ),
    saboteurs=(
        saboteur(
            "alpha is kept",
            patch=(settings.written, '"lora_alpha": alpha,', '"lora_alpha": config["lora_alpha"],'),
        ),
        saboteur(
            "the root of the rank is not taken",
            patch=(settings.scaling, "found / math.sqrt(rank) if", "found / rank if"),
        ),
        saboteur(
            "the settings keep use_rslora, as peft 0.21.2 does when it merges",
            patch=(settings.written, '"use_rslora": False', '"use_rslora": config.get("use_rslora")'),
            printed=True,
        ),
        saboteur("names in patterns are not told apart", patch=(settings.written, "key=len, reverse=True", "key=len")),
    ),
    notes="The folder is written and read by the format alone, and nothing of the library reads what it wrote.",
)


def balanced(case: Update, found: dict[str, Any], factor: int = 1) -> Sides:
    """Compare the nuclear norm of B' A' with the mean square of factors in other gauges, once B' and A' have it."""
    B, A = (np.asarray(found[name], float) for name in "BA")
    r, ratio = B.shape[1], abs(case.scale / case.out_scale)
    nuclear = ratio * float(case.spectrum[: case.rank].sum())
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
    source=Derived(theory.balanced_energy),
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


def cyclic(pair: Pair, found: dict[str, float]) -> Sides:
    """Compare inner product and distance with those of the products themselves."""
    P, R = (np.asarray(left) @ np.asarray(right) for left, right in ((pair.B, pair.A), (pair.C, pair.D)))
    allowed = allowance(np.c_[pair.B, -pair.C], np.r_[pair.A, pair.D])
    exact = float(rounding(16 * (len(P) + P.shape[1] + 8), norm(pair.B) * norm(pair.A) * norm(pair.C) * norm(pair.D)))
    lhs = np.array([found["inner"], found["distance"]], float)
    return Sides(lhs, np.array([(P * R).sum(), norm(P - R)]), rounding=np.array([exact, allowed]))


def product_of_norms(pair: Pair, found: dict[str, float]) -> Sides:
    """Compare the inner product of B A with itself with the product of the norms of its factors."""
    return Sides((np.asarray(pair.B @ pair.A) ** 2).sum(), (pair.B**2).sum() * (pair.A**2).sum(), rounding=1e-9)


SQ_8 = Statement(
    id="matrix_compression/SQ-8",
    title="Two adapters are compared without their products",
    says=(
        "The inner product of B A and B' A' is the sum of the products of the entries of B^T B' and A A'^T, which are "
        "as small as the ranks. So the distance of two adapters is known from the factors side by side."
    ),
    source=Derived(theory.factor_inner_product),
    tex=r"\langle BA, B'A' \rangle = \langle B^\top B', A A'^\top \rangle",
    hypotheses={"factors of two matrices of one shape": are_comparable},
    instances=PAIRS,
    solve=compared,
    claim=Identity(cyclic),
    saboteurs=(
        saboteur("norms of factors multiply", claim=Identity(product_of_norms)),
        saboteur("inner indices in another order", patch=(theory.factor_inner_product, "(A @ D.T)", "(A @ D.T)[::-1]")),
        saboteur("both are added", patch=(low_rank.difference, "[s, -t]", "[s, t]")),
    ),
)


def moved(case: Cast, found: dict[str, np.ndarray], share: float = 1.0) -> Sides:
    """Compare the distance by which rounding both factors moved their product with the bound."""
    B, A = np.asarray(case.B, float), np.asarray(case.A, float)
    bound = theory.cast_error((norm(B), norm(A)), (B.size, A.size), dtype=case.dtype)
    load = (np.linalg.norm(B, axis=0) * np.linalg.norm(A, axis=1)).sum()
    return Sides(
        norm(found["B"] @ found["A"] - B @ A),
        share * bound,
        rounding=rounding(8 * (B.shape[1] + B.size + A.size), load),
    )


SQ_9 = Statement(
    id="matrix_compression/SQ-9",
    title="A cast of both factors moves their product by little",
    says=(
        "Factors B and A are rounded to a format with the unit roundoff u, none of whose numbers overflows; next to 0 "
        "its numbers are 2 eta apart. Their product moves by at most e_B |A| + |B| e_A + e_B e_A with e_X = u |X| + "
        "eta sqrt(number of entries of X), in the Frobenius norm."
    ),
    source=Derived(theory.cast_error),
    tex=r"\|\mathrm{fl}(B)\mathrm{fl}(A) - BA\| \le e_B\|A\| + \|B\|e_A + e_Be_A",
    hypotheses={"factors of finite numbers that fit": is_update, "entries in the range of the format": is_in_range},
    instances=CASTS,
    solve=rounded,
    claim=Inequality(moved, unbounded="other factors may have any product"),
    saboteurs=(
        saboteur("digits are cut off, and not rounded", solve=wrong.cut_off),
        saboteur("nine tenths of it", claim=Inequality(partial(moved, share=0.9))),
        saboteur(
            "bfloat16 is rounded away from 0", patch=(safetensors._to_bfloat16, "0x7FFF + ((bits >> 16) & 1)", "0xFFFF")
        ),
    ),
)
