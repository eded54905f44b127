"""Starts of LoRA-XS: equivalent gradients, what frozen factors capture, and what they never reach: SB-*."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.training.steps import _Projection
from proofs_checks.guards import unlike
from proofs_checks.low_rank_adapters.families.factors import (
    FACTORS,
    Factors,
    beside,
    has_full_rank,
    is_adapter,
    norm,
)
from proofs_checks.low_rank_adapters.families.gradients import (
    OUTERS,
    SPECTRAL,
    Outer,
    Spectral,
    has_a_gap,
    is_outer,
    is_spectral,
    started,
)
from proofs_checks.low_rank_adapters.families.moves import captured, equivalent_steps
from proofs_checks.low_rank_adapters.wrong_solvers import steps as wrong

FULL = {"an adapter and a matrix of its shape": is_adapter, "factors of full rank": has_full_rank}


def energy(G: np.ndarray, found: dict[str, Any]) -> float:
    """Return the energy of a gradient that lies within the spans of both factors, in rational numbers."""
    return float((theory.projected(G, left=found["B"], right=found["A"]) ** 2).sum())


def is_projected(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare the change of the merged weight with that of full training, projected on both sides."""
    target = -case.step_size * theory.projected(case.M, left=case.B, right=case.A)
    return beside([(case.scale * (case.B @ found["R"] @ case.A), target)], case.allowed)


SB_1 = Statement(
    id="low_rank_adapters/SB-1",
    title="The equivalent gradient of LoRA-XS is a projection",
    says=(
        "LoRA-XS trains R in s B R A, where G is the gradient in the merged weight and g = s B^T G A^T that in R. The "
        "step -lr g^R with g^R = s^-2 (B^T B)^-1 g (A A^T)^-1 changes the merged weight by -lr P_B G P_A, where P_B and"
        " P_A project onto the columns of B and the rows of A: no other step of R is nearer to that of full training."
    ),
    source=Derived(theory.projected),
    tex=r"s B g^R A = P_B G P_A,\quad g^R = s^{-2}(B^\top B)^{-1} g (A A^\top)^{-1}",
    hypotheses=FULL,
    instances=FACTORS,
    solve=equivalent_steps,
    claim=Identity(is_projected),
    decisions=("R",),
    unread={"doubled": "SB-2 compares the step at twice the scale"},
    saboteurs=(
        saboteur("the scale is not squared away", patch=(_Projection.__init__, "else 1.0 / state", "else state")),
        saboteur("the inverses are exchanged", solve=wrong.exchanged),
        saboteur("a plain gradient step", solve=wrong.plain),
    ),
)


def decreases(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare what the linear model of the loss loses with the energy of the projected gradient, at two scales."""
    wanted = case.step_size * float((theory.projected(case.M, left=case.B, right=case.A) ** 2).sum())
    lost = [-(s * case.B.T @ case.M @ case.A.T * found[name]).sum() for name, s in scales(case)]
    return beside([(lost, [wanted, wanted])], case.allowed * norm(case.M))


def scales(case: Factors) -> tuple[tuple[str, float], ...]:
    """Return the names of both steps of an outcome, with the scales that they were taken at."""
    return ("R", case.scale), ("doubled", 2 * case.scale)


SB_2 = Statement(
    id="low_rank_adapters/SB-2",
    title="The equivalent step lowers the loss by the captured energy, at every scale",
    says=(
        "The step -lr g^R of R in s B R A, of SB-1, changes the linear model of the loss by -lr <g, g^R>, and "
        "<g, g^R> = |P_B G P_A|^2, where g is the gradient in R and G that in the merged weight. The scale s of the "
        "adapter does not occur, so that it cannot be a step size in disguise."
    ),
    source=Derived(theory.projected),
    tex=r"\langle g, g^R\rangle = \|P_B G P_A\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=equivalent_steps,
    claim=Identity(decreases),
    decisions=("R", "doubled"),
    saboteurs=(
        saboteur("a plain gradient step, whose size hangs on the scale", solve=wrong.plain),
        saboteur("the scale is not squared away", solve=wrong.unscaled),
    ),
)


def captures_most(case: Spectral, found: dict[str, np.ndarray]) -> Sides:
    """Bound what the given factors capture by the r largest squared values, which the start must capture in full."""
    most = float(theory.captured_limit(case.s.tolist(), case.rank))
    given, start = energy(case.gradient, {"B": case.B, "A": case.A}), energy(case.gradient, found)
    whole = norm(case.s) ** 2
    return Sides(
        np.array([given, start, most]),
        np.array([most, most, start]),
        trivial=np.array([whole, whole, np.inf]),
        least=np.array([-np.inf, -np.inf, 0.0]),
        rounding=case.allowed,
    )


SB_3 = Statement(
    id="low_rank_adapters/SB-3",
    title="A start from the gradient captures as much as factors of a rank can",
    says=(
        "No factors B and A of rank r capture more of a gradient G than the sum of its r largest squared singular "
        "values: |P_B G P_A|^2 is at most that, where P_B and P_A project onto the columns of B and the rows of A. The"
        " start from the leading singular vectors of G captures all of it."
    ),
    source=Derived(theory.captured_limit),
    tex=r"\|P_B G P_A\|^2 \le \textstyle\sum_{i\le r}\sigma_i(G)^2",
    hypotheses={
        "orthonormal vectors, decreasing values, other factors that fit": is_spectral,
        "a gap after the r-th value": has_a_gap,
    },
    instances=SPECTRAL,
    solve=started,
    claim=Inequality(captures_most),
    decisions=("B", "A"),
    free=dict.fromkeys("BA", "only the columns of B and the rows of A count, and no sign changes these spaces"),
    saboteurs=(
        saboteur("from the signs of the gradient, as released", solve=partial(started, method="sign"), printed=True),
        saboteur("from random factors", solve=partial(started, method="random")),
        saboteur("left vectors on both sides", solve=wrong.one_sided),
    ),
)


def stays_outside(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare the gradient and the loss that are left after two steps of size 1 with those that no R can lower."""
    floor = float(theory.training_floor(case.M, case.B, case.A))
    outside = theory.projected(case.M, left=case.B, right=case.A) - np.asarray(case.M)
    pairs, margins = [], []
    for name, s in scales(case):
        left = s * (case.B @ found[name] @ case.A) - case.M
        pairs += [(left, outside), (0.5 * norm(left) ** 2, floor)]
        margins += [case.allowed, case.allowed * (norm(case.M) + case.allowed)]
    return beside(pairs, margins)


def best_of_rank(case: Factors, found: dict[str, np.ndarray]) -> Sides:
    """Compare the loss that is left with the error of the best matrix of the rank: the false claim of no floor."""
    values = np.linalg.svd(case.M, compute_uv=False)
    left = case.scale * (case.B @ found["R"] @ case.A) - case.M
    return beside([(0.5 * norm(left) ** 2, 0.5 * norm(values[case.B.shape[1] :]) ** 2)], case.allowed * norm(case.M))


SB_4 = Statement(
    id="low_rank_adapters/SB-4",
    title="What frozen factors do not capture at the start is never learned",
    says=(
        "On the loss |s B R A - D|^2 / 2 the part G - P_B G P_A of the gradient G outside of the spans of the frozen "
        "factors B and A is -(D - P_B D P_A) at every R. Steps of SB-1 of size 1 from R = 0 lead at once to the least "
        "loss, |D - P_B D P_A|^2 / 2, and simulating full training ends there."
    ),
    source=Derived(theory.training_floor),
    tex=r"G_t - P_B G_t P_A = -(D - P_B D P_A),\quad \inf_R f = \tfrac12\|D - P_B D P_A\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=partial(equivalent_steps, trained=True),
    claim=Identity(stays_outside),
    decisions=("R", "doubled"),
    saboteurs=(
        saboteur("the error of the best matrix of the rank", claim=Identity(best_of_rank)),
        saboteur("the inverses are exchanged", solve=partial(wrong.exchanged, trained=True)),
    ),
)


def energies_of(case: Factors) -> dict[str, float]:
    """Return the energies by projections, that of the tangent space as what is left of the whole."""
    found = theory.split_energies(case.M, case.B, case.A)
    outside = theory.projected(case.M, left=case.B, right=case.A) + np.asarray(case.M)
    outside = outside - theory.projected(case.M, left=case.B) - theory.projected(case.M, right=case.A)
    found["tangent"] = found["total"] - (outside * outside).sum()
    return {name: float(x) for name, x in found.items()}


def are_energies(case: Factors, found: dict[str, float]) -> Sides:
    """Compare all energies that are reported with those of projections."""
    wanted = energies_of(case)
    return beside([(found[name], x) for name, x in wanted.items()], case.allowed * norm(case.M))


def without_overlap(case: Factors, found: dict[str, float]) -> Sides:
    """Compare the tangent energy with the sum of those of both half-steps: false, as these overlap."""
    wanted = energies_of(case)
    return beside([(found["tangent"], wanted["a_step"] + wanted["b_step"])], case.allowed * norm(case.M))


SB_5 = Statement(
    id="low_rank_adapters/SB-5",
    title="The energy of both factors is that of each, less what they share",
    says=(
        "Of a gradient G training R in B R A follows |P_B G P_A|^2, training A follows |P_B G|^2, training B follows "
        "|G P_A|^2, and training both follows the energy E_T in the space of all dB A + B dA, where P_B and P_A project"
        " onto the columns of B and the rows of A. E_T is the sum of the two in the middle less the first."
    ),
    source=Derived(theory.split_energies),
    tex=r"E_T = E_A + E_B - E_{xs} = \|G\|^2 - \|(I - P_B)G(I - P_A)\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=captured,
    claim=Identity(are_energies),
    saboteurs=(
        saboteur("both half-steps without their overlap", claim=Identity(without_overlap)),
        saboteur("projections by factors that are not orthonormal", solve=wrong.unprojected),
    ),
)


def in_order(case: Factors, found: dict[str, float]) -> Sides:
    """Compare energies pair by pair, once each of them is what it must be."""
    allowed = case.allowed * norm(case.M)
    off = unlike([found[name] - x for name, x in energies_of(case).items()], allowed)
    pairs = [(found[a], found[b]) for a, b in ORDER]
    return off or replace(beside(pairs, 2 * allowed), least=np.zeros(len(pairs)))


def rows_below_columns(case: Factors, found: dict[str, float]) -> Sides:
    """Compare the energies of both half-steps: the false claim that training B always follows more."""
    return Sides(found["a_step"], found["b_step"], rounding=2 * case.allowed * norm(case.M))


ORDER = (("xs", "a_step"), ("xs", "b_step"), ("a_step", "tangent"), ("b_step", "tangent"), ("tangent", "total"))
SB_5o = Statement(
    id="low_rank_adapters/SB-5o",
    title="What trains more numbers follows more of a gradient",
    says=(
        "Training R in B R A follows at most the energy of a gradient that training A alone follows, or B alone; "
        "neither follows more than training both, and that is at most the energy of the gradient. The energies are "
        "those of SB-5, at r^2, r n, r m and r (m + n - r) free numbers."
    ),
    source=Derived(theory.split_energies),
    tex=r"E_{xs} \le \min(E_A, E_B) \le \max(E_A, E_B) \le E_T \le \|G\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=captured,
    claim=Inequality(in_order, unbounded="a solver may report energies of any size"),
    saboteurs=(
        saboteur("training A follows at most what training B does", claim=Inequality(rows_below_columns)),
        saboteur("projections by factors that are not orthonormal", solve=wrong.unprojected),
    ),
)


def captures_share(case: Outer, found: dict[str, np.ndarray]) -> Sides:
    """Compare the energy that the start captures with its formula."""
    share = float(theory.sign_capture(case.u.tolist(), case.v.tolist()))
    return beside([(energy(case.gradient, found), share * norm(case.gradient) ** 2)], case.allowed)


def captures_all(case: Outer, found: dict[str, np.ndarray]) -> Sides:
    """Compare the energy that the start captures with all there is."""
    return beside([(energy(case.gradient, found), norm(case.gradient) ** 2)], case.allowed)


SB_6 = Statement(
    id="low_rank_adapters/SB-6",
    title="A start from signs captures a share of a gradient of rank one",
    says=(
        "Of a gradient u v^T the leading singular pair of the matrix of its signs captures the share (|u|_1^2 / (p "
        "|u|^2)) (|v|_1^2 / (q |v|^2)), where p and q count the entries of u and v other than 0. For Gaussian u and v "
        "it tends to (2 / pi)^2; for a spike it is as small as 1 / (p q)."
    ),
    source=Derived(theory.sign_capture),
    tex=r"\|P_B\,uv^\top P_A\|^2 = \frac{\|u\|_1^2}{p\|u\|^2}\,\frac{\|v\|_1^2}{q\|v\|^2}\,\|uv^\top\|^2",
    hypotheses={"two vectors other than 0, and rank 1": is_outer},
    instances=OUTERS,
    solve=partial(started, method="sign"),
    claim=Identity(captures_share),
    decisions=("B", "A"),
    free=dict.fromkeys("BA", "only the columns of B and the rows of A count, and no sign changes these spaces"),
    saboteurs=(
        saboteur("all of it, as for the gradient itself", claim=Identity(captures_all)),
        saboteur("from the gradient", solve=started),
    ),
    notes="The released start takes the first step of AdamW, which is the sign of the gradient.",
)
