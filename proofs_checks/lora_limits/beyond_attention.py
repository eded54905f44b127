"""Adapters beyond attention: linear targets, spurious minima, scalings in the rank and in the width."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Identity,
    Inequality,
    Measured,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.theory import scalings
from proofs_checks.lora_limits.families.beyond_attention import (
    COUNTS,
    LINEAR,
    LORA_LADDER,
    RSLORA_LADDER,
    STEPS,
    WIDTH_LADDER,
    Counts,
    Linear,
    OneStep,
    SignSteps,
    Steps,
    adapted,
    are_fourfold,
    are_typical,
    first_change,
    first_changes,
    have_order_one,
    is_regular,
    needed_rank,
    plus_rates,
    product,
)
from proofs_checks.lora_limits.families.descents import DESCENTS, LOW_RANKS, Descents, descended
from proofs_checks.lora_limits.families.growth.ladders import slope
from proofs_checks.lora_limits.wrong_solvers import limits as wrong

REGULAR = {"invertible layers and partial sums": is_regular}
TYPICAL = {
    "each rank is four times the one before, three or more": are_fourfold,
    "means of |A x|^2 between 7/8 and 9/8 of r |x|^2 / n": are_typical,
}
STATED = "a solver may state any change"


def reaches(case: Linear, found: np.ndarray, short: int = 0) -> Sides:
    """Compare the distance to the target with the least one, that with other adapters', and ranks with R."""
    best = theory.linear_target_error(list(case.layers), case.target, rank=case.rank + short)
    distance = np.linalg.norm(product(case.layers + found) - case.target, 2)
    # other adapters of the same rank, so that the least distance is a claim about all and not only about ours
    other = np.linalg.norm(product(case.layers + case.left @ case.right) - case.target, 2)
    beyond = np.linalg.svd(found, compute_uv=False)[:, case.rank :].ravel()
    lhs = np.r_[distance, best, beyond]
    return Sides(lhs, np.r_[best, other, 0 * beyond], rounding=case.rounding_bound)


LL_S1 = Statement(
    id="lora_limits/LL-S1",
    title="Adapters of low rank reach a linear target as well as any",
    says=(
        "W_l are the n invertible layers of a linear network. With adapters Delta_l of rank at most R in all layers "
        "its product comes as close to a target matrix (W with a bar), in spectral norm, as singular value R n + 1 of "
        "the target less the product of the W_l."
    ),
    source=Derived(theory.adapters_for_linear_target),
    tex=(
        r"\min_{\mathrm{rank}\,\Delta_l \le R}\|\textstyle\prod(W_l + \Delta_l) - \bar W\|_2 = "
        r"\sigma_{Rn+1}(\bar W - \prod W_l)"
    ),
    hypotheses=REGULAR,
    instances=LINEAR,
    solve=adapted,
    claim=Inequality(reaches, unbounded="adapters may lead any distance away"),
    decisions=("outcome",),
    saboteurs=(
        # a singular value further on, which is smaller unless they agree
        saboteur("as good as one rank more", claim=Inequality(partial(reaches, short=1))),
        saboteur("blocks of one rank more", solve=wrong.one_rank_more),
        saboteur("the last inverse is dropped", solve=wrong.last_inverse_dropped),
    ),
    notes="The statement was recalled, the construction is derived here.",
)


def telescopes(case: Linear, found: np.ndarray) -> Sides:
    """Compare W_n ... W_{l+1} (W_l + D_l) ... (W_1 + D_1) with W_n ... W_1 + E_1 + ... + E_l, for every l."""
    n = len(case.layers)
    moved = case.layers + found
    lhs = [product(np.concatenate([moved[:k], case.layers[k:]])) for k in range(1, n + 1)]
    return Sides(np.array(lhs), np.array(case.partial_sums), rounding=case.rounding_bound)


LL_P9 = Statement(
    id="lora_limits/LL-P9",
    title="Adapters add one block of singular triples each",
    says=(
        "P_l is the product of the first l layers W with their adapters Delta, S_l that of the frozen layers after "
        "them. Each adapter adds one block E_l to the whole product S_l P_l: the next singular triples of what the "
        "target differs from the frozen product."
    ),
    source=Derived(theory.adapters_for_linear_target),
    tex=r"S_lP_l = S_{l-1}P_{l-1} + E_l,\quad S_l = W_n\cdots W_{l+1},\ P_l = (W_l + \Delta_l)\cdots(W_1 + \Delta_1)",
    hypotheses=REGULAR,
    instances=LINEAR,
    solve=adapted,
    claim=Identity(telescopes),
    saboteurs=(
        saboteur("blocks of one rank more", solve=wrong.one_rank_more),
        saboteur(
            # right for the last layer, behind which there is none
            "layers behind are not undone",
            patch=(scalings.adapters_for_linear_target, "np.linalg.solve(behind, np.linalg", "(np.linalg"),
        ),
    ),
)


def smallest_rank(case: Counts, found: int, factor: int = 1) -> Sides:
    """Compare the rank with r (r - 1) <= 2 K N < r (r + 1), which determines it."""
    product = 2 * factor * case.n_data * case.n_outputs
    return Sides([found * (found - 1), product + 1], [product, found * (found + 1)])


LL_S2_RANK = Statement(
    id="lora_limits/LL-S2-rank",
    title="The least r with r (r + 1) / 2 > K N",
    says=(
        "The library's r is the least integer with r (r + 1) / 2 > K N, where N is the number of data and K that of "
        "outputs. That descents of the linearised problem end at its minimum from this rank on is the paper's, and is "
        "not checked here."
    ),
    source=Derived(theory.rank_without_spurious_minima),
    tex=r"r = \min\{r : r(r+1)/2 > KN\}",
    hypotheses={"some data and outputs": lambda case: case.n_data >= 1 and case.n_outputs >= 1},
    instances=COUNTS,
    solve=needed_rank,
    claim=Inequality(smallest_rank, unbounded="a solver may state any rank"),
    saboteurs=(
        saboteur("one rank less", solve=wrong.one_rank_less),
        # the count without the half of r (r + 1) / 2: it asks for a rank that is too high
        saboteur("2 K N in the place of K N", claim=Inequality(partial(smallest_rank, factor=2))),
    ),
    notes="The rank is that of the abstract of arXiv 2402.11867 (recalled); LL-S2 measures descents.",
)


def ends(case: Descents, found: np.ndarray) -> Sides:
    """Compare the distance of each descent to the minimum, in units of the loss at 0, with 2^-20."""
    # gaps to a lower bound of the minimum by duality, so that no solver has to find the minimum
    gaps = np.array([case.gap(one) for one in np.asarray(found)])
    return Sides(gaps, np.full(len(gaps), 2.0**-20), rounding=rounding(4096, 1 + np.abs(gaps)))


LL_S2 = Statement(
    id="lora_limits/LL-S2",
    title="Descents of the linearised problem end at its minimum from a rank on",
    says=(
        "U and V are the factors of an adapter of rank r in the linearised problem with N data, one output and weight "
        "decay. If r (r + 1) / 2 > N, descents from random starts end above the least loss by at most 2^-20 of the "
        "loss at 0."
    ),
    source=Measured(
        what="descents with weight decay, from random starts, end within 2^-20 of the loss at 0 above its minimum",
        where="Gaussian data and labels, up to six of them, matrices up to 4 x 4",
        command="lrtheory check lora_limits/LL-S2",
    ),
    tex=r"r(r+1)/2 > N \Rightarrow \mathrm{Loss}(U, V) - \min \le 2^{-20}\,\mathrm{Loss}(0, 0)",
    hypotheses={
        "r (r + 1) / 2 > N": lambda case: case.rank >= theory.rank_without_spurious_minima(len(case.y), 1),
        "weight decay of 1/16 or more": lambda case: case.decay >= 1 / 16,
        "labels that are not all zero": lambda case: bool(np.any(case.y)),
    },
    instances=DESCENTS,
    solve=descended,
    claim=Inequality(ends, unbounded="a descent may end anywhere"),
    saboteurs=(
        saboteur("rank 1", breaks="r (r + 1) / 2 > N", instances=LOW_RANKS),
        # the starts themselves, far above the minimum
        saboteur("no descent", solve=lambda case, rng: case.starts),
    ),
    notes=(
        "The abstract of arXiv 2402.11867 (recalled) says that there are no spurious local minima from this rank on, "
        "up to a small generic perturbation. The minimum is bounded by the dual of the problem with the nuclear norm."
    ),
    decisions=("outcome",),
    free={"outcome": "the product of U and V stays when both change their sign"},
)


def step_by_formula(case: OneStep, found: np.ndarray, power: int = 2) -> Sides:
    """Compare the change with -h s^2 |A x|^2 c, where the error c of the output is 0 minus the label."""
    rank = len(case.A)
    # s^2 is alpha^2 / r or alpha^2 / r^2
    scale = (case.alpha**2 / (rank if case.rslora else rank**2)) ** Fraction(power, 2)
    wanted = case.step * scale * ((case.A @ case.x) ** 2).sum() * case.label
    size = case.step * scale * (np.abs(case.A) @ np.abs(case.x)).sum() ** 2 * np.abs(case.label)
    return Sides(found, wanted, rounding=rounding(64 * (rank + len(case.x)), size))


LL_S3 = Statement(
    id="lora_limits/LL-S3",
    title="The first step of an adapter grows with the square of its scale",
    says=(
        "An adapter B A of scale s starts at B_0 = 0, and A has r rows. One step of B of size h changes the output at "
        "the input x by -h s^2 |A x|^2 g, where g is the gradient of the loss by that output and alpha is the scale "
        "that the user chooses."
    ),
    source=Derived(theory.rslora_scale),
    tex=r"B_0 = 0:\ \Delta(\text{output at } x) = -h\,s^2\|Ax\|^2g,\quad s = \alpha/r \text{ or } \alpha/\sqrt r",
    hypotheses={"one token": lambda case: case.x.ndim == 1},
    instances=STEPS,
    solve=first_change,
    claim=Identity(step_by_formula),
    saboteurs=(
        saboteur("s for s^2", claim=Identity(partial(step_by_formula, power=1))),
        # both scales are right for rank 1
        saboteur("alpha / r for alpha / sqrt(r) and back", solve=wrong.other_scale),
    ),
    notes="By the library's gradient of a values' adapter on one token, whose attention is 1.",
)


def steps_along(case: Steps, found: np.ndarray, exponent: tuple[float, float] = (-0.1, 0.1), power: int = 2) -> Sides:
    """Compare each change with -s^2 |A x|^2, and check that their mean grows at a power of the rank in an interval."""
    # alpha = 2; s stands once in the gradient and once in the output, so its square counts
    scales = [(4 / (rank if case.rslora else rank**2)) ** (power / 2) for rank in case.ranks]
    wanted = -np.array([scale * one for scale, one in zip(scales, case.squares, strict=True)])
    moved = np.abs(np.asarray(found) - wanted).ravel()
    # within a tenth: draws are typical, and then the proof bounds the error of the slope by 0.091
    power_of_rank = slope(case.ranks, np.abs(found).mean(1))
    rhs = [*np.zeros(len(moved)), power_of_rank, exponent[1]]
    rounding_bound = rounding(64 * (len(case.x) + max(case.ranks)), np.abs(wanted).max())
    return Sides([*moved, exponent[0], power_of_rank], rhs, rounding=[*np.full(len(moved), rounding_bound), 0.0, 0.0])


LL_S3_RATE = Statement(
    id="lora_limits/LL-S3-rate",
    title="With alpha / sqrt(r) the first step does not shrink with the rank",
    says=(
        "With the scale s = alpha / sqrt(r) the size s^2 |A x|^2 of the first step of an adapter of rank r at the "
        "input x, averaged over draws of A, grows with the rank at a power p within 1/10 of 0."
    ),
    source=Derived(theory.rslora_scale),
    tex=r"s = \alpha/\sqrt r:\ s^2\,\overline{\|Ax\|^2} \propto r^p,\ |p| \le \tfrac1{10}",
    hypotheses={"alpha / sqrt(r)": lambda case: case.rslora, **TYPICAL},
    instances=RSLORA_LADDER,
    solve=first_changes,
    claim=Inequality(steps_along, unbounded=STATED),
    saboteurs=(
        saboteur("alpha / r", breaks="alpha / sqrt(r)", instances=LORA_LADDER),
        saboteur("changes in the name of other ranks", solve=wrong.ranks_backwards),
        saboteur("s for s^2", claim=Inequality(partial(steps_along, power=1))),
    ),
    notes="On draws of a Gaussian A, by the library's gradient.",
)

LL_S3_LORA = Statement(
    id="lora_limits/LL-S3-lora",
    title="With alpha / r it shrinks like 1 / r",
    says=(
        "With the scale s = alpha / r the size s^2 |A x|^2 of the first step of an adapter of rank r at the input x, "
        "averaged over draws of A, grows with the rank at a power p within 1/10 of -1, so it shrinks."
    ),
    source=Derived(theory.rslora_scale),
    tex=r"s = \alpha/r:\ s^2\,\overline{\|Ax\|^2} \propto r^p,\ |p + 1| \le \tfrac1{10}",
    hypotheses={"alpha / r": lambda case: not case.rslora, **TYPICAL},
    instances=LORA_LADDER,
    solve=first_changes,
    claim=Inequality(partial(steps_along, exponent=(-1.1, -0.9)), unbounded=STATED),
    saboteurs=(
        saboteur("alpha / sqrt(r)", breaks="alpha / r", instances=RSLORA_LADDER),
        saboteur("changes in the name of other ranks", solve=wrong.ranks_backwards),
        saboteur("it does not shrink", claim=Inequality(steps_along)),
    ),
)


def sizes(case: SignSteps, found: np.ndarray) -> Sides:
    """Check that the mean changes by the step of a, and by that of b, are between 1/2 and 1 in every width."""
    rate_A, rate_B = np.asarray(found).T
    by_a = rate_B * rate_A * case.sums.mean(1)  # b = rate_B after its first step from 0, and <Delta a, x> = h_A |x|_1
    change = np.r_[by_a, rate_B * np.abs(case.products).mean(1)]
    half = np.full(len(change), 0.5)
    return Sides(np.r_[half, change], np.r_[change, 2 * half], rounding=rounding(64, np.r_[change, change]))


LL_S4 = Statement(
    id="lora_limits/LL-S4",
    title="Rates 1 / n and 1 let both A and B move the output by a constant",
    says=(
        "The output is b <a, x> with n inputs x, and the steps of a and b are signs times the rates h_A = 1/n and h_B "
        "= 1. The changes of the output by the step Delta a and by the step Delta b, averaged over draws, both lie "
        "between 1/2 and 1."
    ),
    source=Derived(theory.lora_plus_rates),
    tex=(
        r"h_A = 1/n,\ h_B = 1:\ \tfrac12 \le \overline{|b\langle\Delta a, x\rangle|},\ "
        r"\overline{|\Delta b\,\langle a, x\rangle|} \le 1"
    ),
    hypotheses={"means of |x|_1 / n and of |<a, x>| between 1/2 and 1": have_order_one},
    instances=WIDTH_LADDER,
    solve=plus_rates,
    claim=Inequality(sizes, unbounded="rates may be of any size"),
    saboteurs=(
        saboteur("1 / n for both", solve=partial(plus_rates, rates=lambda width: (1 / width, 1 / width))),
        saboteur("1 for both", solve=partial(plus_rates, rates=lambda width: (1.0, 1.0))),
        # the change by the step of A is of order one, and that by the step of B is not
        saboteur("n^(-1/2) for both", solve=partial(plus_rates, rates=lambda width: (width**-0.5, width**-0.5))),
    ),
    notes="On Gaussian draws. With n^(-1/2) for both, A moves the output and B does not.",
    decisions=("outcome",),
)
