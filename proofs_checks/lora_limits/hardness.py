"""Hardness: the reduction to adapters, the calculus of the norm of attention, and the gadget that finds pairs."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Derived,
    Identity,
    Inequality,
    Measured,
    Paper,
    Recorded,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.lora_limits import chain, theory
from proofs_checks.lora_limits.families.chains import gradient
from proofs_checks.lora_limits.families.hard.gadgets import (
    DECISIVE,
    POLYNOMIALS,
    SUMS,
    TOO_COLD,
    Bits,
    Polynomials,
    Read,
    decided,
    decided_by_polynomials,
    has_pair,
    has_sizes,
    is_decisive,
    is_normal,
    is_told,
    read,
)
from proofs_checks.lora_limits.families.scales import (
    BENT,
    POINTS,
    REDUCTIONS,
    SCORES,
    STEP,
    Reduced,
    Scores,
    Sums,
    bend,
    curvature,
    norm,
    reduced,
    riemann,
    slope,
    slope_by_step,
)
from proofs_checks.lora_limits.wrong_solvers import limits as wrong

PAPER = "2406.03136"
STATED = "a solver may state any slope"


LL_H1 = Statement(
    id="lora_limits/LL-H1",
    title="Conditional hardness of adapter gradients",
    says=(
        "If the strong exponential time hypothesis (SETH) holds, no algorithm computes the adapter gradients of every "
        "input of L tokens up to the error epsilon in time O(L^(2 - delta)) with some delta > 0, when entries Gamma "
        "may grow faster than sqrt(log L)."
    ),
    source=Paper(PAPER, "Theorem 4.1", read="full"),
    tex=(
        r"\text{SETH} \Rightarrow \text{no } O(L^{2-\delta}) \text{ algorithm for } \Gamma = "
        r"\omega(\sqrt{\log L}),\ \varepsilon = O((\log L)^{-4})"
    ),
    hypotheses={},
    instances=REDUCTIONS,
    solve=reduced,
    claim=Recorded(
        "conditional, and about all algorithms; its reduction, calculus and gadget are checked (LL-H2 to LL-H8), "
        "the step from the norm of the attention to all of its entries is not spelled out in the papers",
        carried_by="lora_limits/LL-H2",
    ),
)


def padded(case: Reduced, found: np.ndarray) -> Sides:
    """Compare dLoss/dA with [dLoss/dX, 0], which comes from the complex step."""
    wanted = np.pad(gradient(case.small), ((0, 0), (0, case.width - case.A1.shape[1])))
    return Sides(found, wanted, rounding=case.small.rounding_bound)


LL_H2 = Statement(
    id="lora_limits/LL-H2",
    title="Gradients of attention are gradients of adapters",
    says=(
        "The gradient by X of the loss of softmax(A_1 X A_2^T / r) A_3, with labels 0, is found in a wider head: with "
        "inputs [A_i, 0], frozen weight W* = 0 and adapters B = [I; 0] and A = [X, 0] the gradient by A consists of "
        "it and of zeros."
    ),
    source=Derived(theory.reduce_to_adapters),
    tex=(
        r"C_i = [A_i, 0],\ W^* = 0,\ B = [I; 0],\ A = [X, 0],\ \beta = 1/r \Rightarrow "
        r"\frac{d\mathrm{Loss}}{dA} = [\frac{d\mathrm{Loss}}{dX}, 0]"
    ),
    hypotheses={"r at most d": lambda case: case.A1.shape[1] <= case.width},
    instances=REDUCTIONS,
    solve=reduced,
    claim=Identity(padded),
    saboteurs=(
        # the convention of the wide head; right where r = d, so that a width above r always runs
        saboteur("beta = 1/d after padding", solve=partial(reduced, temperature="d")),
        saboteur("p2 = f diag(r)", patch=(chain.chain_matrices, "r[:, None] * f", "r[None, :] * f")),
    ),
    notes="A reduction of the exact problem; what approximation it carries over is part of LL-H1.",
)


def sharp(case: Scores, found: float, bound: Any = theory.first_derivative_bound) -> Sides:
    """Compare the slope by the complex step with the bound, and the library's slope with it."""
    exact = slope_by_step(case)
    limit = float(bound(len(case.A), case.V.shape[1], largest=case.largest))
    anyhow = case.V.size * case.largest / 2  # an output in [0, 1] times its slope, a covariance, at most b / 4
    return Sides([abs(exact), abs(found - exact)], [limit, 0.0], trivial=[anyhow, np.inf], rounding=case.rounding_bound)


LL_H3 = Statement(
    id="lora_limits/LL-H3",
    title="How fast the norm of attention grows with its scale",
    says=(
        "F(lambda) is the squared Frobenius norm of the output of attention with scores A in [0, B] for n queries and "
        "with d columns of values V in {0, 1}; its slope in the scale lambda is at most (8/27) n d B, at every "
        "lambda."
    ),
    source=Derived(theory.first_derivative_bound),
    tex=r"F(\lambda) = \|\mathrm{softmax}(\lambda A)V\|_F^2:\ |F'(\lambda)| \le \tfrac8{27} n\,d\,B",
    hypotheses={"scores in [0, B]": lambda case: 0 <= case.A.min() <= case.A.max() <= case.largest},
    instances=SCORES,
    solve=slope,
    claim=Inequality(sharp, unbounded=STATED),
    saboteurs=(
        # as the earlier work prints it: true for up to 27 columns of values, so 40 columns always run
        saboteur("8 B n", claim=Inequality(partial(sharp, bound=lambda n, d, largest: 8 * largest * n)), printed=True),
        # 8/27 is 0.296, so only instances near the sharp one refute it
        saboteur("a quarter", claim=Inequality(partial(sharp, bound=lambda n, d, largest: largest * n * d / 4))),
        saboteur("half of the slope", solve=lambda case, rng: slope(case) / 2),
    ),
    notes=(
        "Sharp. The earlier work proves 8 B n for its O(B n): the number d of columns is lost, which "
        "its theorem survives."
    ),
)


def bent(case: Scores, found: float, share: float = 1.0) -> Sides:
    """Compare |F''| with its bound, and the difference quotient of the library's slopes with F''."""
    exact = curvature(case)
    limit = float(theory.second_derivative_bound(len(case.A), case.V.shape[1], largest=case.largest))
    # the error of a central difference is the fourth derivative, at most 384 n d b^4, times step^2 / 6
    quotient = 2 / STEP * case.rounding_bound + 64 * case.V.size * case.largest**4 * STEP**2
    anyhow = 5 * case.V.size * case.largest**2 / 8  # O'^2 at most b^2 / 16, O'' at most b^2 / 4
    sides = [abs(exact), found, -found], [share * limit, exact, -exact]
    return Sides(*sides, trivial=[anyhow, np.inf, np.inf], rounding=[case.rounding_bound, quotient, quotient])


LL_H3_SECOND = Statement(
    id="lora_limits/LL-H3-second",
    title="How fast its slope changes",
    says=(
        "F(lambda) is the squared Frobenius norm of softmax(lambda A) V with scores A in [0, B] for n queries and "
        "with d columns of values V in {0, 1}; its second derivative is at most (41/100) n d B^2, at every lambda."
    ),
    source=Derived(theory.second_derivative_bound),
    tex=r"|F''(\lambda)| \le \tfrac{41}{100} n\,d\,B^2",
    hypotheses={"scores in [0, B]": lambda case: 0 <= case.A.min() <= case.A.max() <= case.largest},
    instances=BENT,
    solve=bend,
    claim=Inequality(bent, unbounded=STATED),
    saboteurs=(
        saboteur("a tenth", claim=Inequality(partial(bent, share=0.1))),
        saboteur("half of the slopes", solve=lambda case, rng: bend(case) / 2),
    ),
)


def integrated(case: Sums, found: float, power: int = 1) -> Sides:
    """Compare |mean of F' - (F(1) - F(0))| with b / (2 m)."""
    scores = case.scores
    # F itself from whole matrices, without any derivative
    difference = float(norm(scores, 1.0) - norm(scores, 0.0))
    bound = theory.second_derivative_bound(len(case.A1), case.V.shape[1], largest=case.largest)
    limit = float(theory.riemann_error_bound(float(bound), case.n_points)) / case.n_points ** (power - 1)
    return Sides([abs(found - difference)], [limit], rounding=64 * scores.rounding_bound)


LL_H4 = Statement(
    id="lora_limits/LL-H4",
    title="The norm of attention from gradients at a few scales",
    says=(
        "F(lambda) is the squared norm of the output of attention at scale lambda, and its slope comes from the "
        "gradient by the weight X at X = lambda I, with labels 0. The mean slope at m scales misses F(1) - F(0) by at "
        "most b / (2m), where b bounds |F''|."
    ),
    source=Derived(theory.riemann_error_bound),
    tex=(
        r"|\tfrac1m\textstyle\sum_{i<m} F'(i/m) - (F(1) - F(0))| \le \tfrac{b}{2m},\quad F'(\lambda) = "
        r"2\langle I, \tfrac{d\mathrm{Loss}}{dX}\rangle"
    ),
    hypotheses={"scores in [0, B]": lambda case: 0 <= case.scores.A.min() <= case.scores.A.max() <= case.largest},
    instances=POINTS,
    solve=riemann,
    claim=Inequality(integrated, unbounded=STATED),
    saboteurs=(
        # the rate of the midpoint rule; the left ends of the intervals give one order less
        saboteur("b / (2 m^2)", claim=Inequality(partial(integrated, power=2))),
        saboteur("the factor 2 is forgotten", solve=wrong.half_riemann),
    ),
    notes=(
        "It recovers one number, |Att|_F^2. The earlier work needs every entry of Att, and does not "
        "spell that step out."
    ),
)


def sums_read(case: Bits, found: Read) -> Sides:
    """Compare log S_i with a direct sum, all logits, and log t_i with log S_i - log(S_i + n exp(beta0 / 2))."""
    n, d = case.a.shape
    scores = case.beta0 * case.products / (2 * d)
    direct = np.log(np.exp(scores - scores.max(1, keepdims=True)).sum(1)) + scores.max(1)
    logits = np.block([[scores, np.full((n, n), case.beta0 / 2)], [np.zeros((n, n)), np.full((n, n), case.beta0 / 2)]])
    sums = np.r_[direct, np.full(n, np.log(n))]  # queries beyond n have logit 0 with the first n keys, so S = n
    shares = sums - np.logaddexp(sums, np.log(n) + case.beta0 / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        read = np.log(np.ravel(found.attention))
    lhs, rhs = np.r_[found.sums, found.logits.ravel(), read], np.r_[direct, logits.ravel(), shares]
    return Sides(lhs, rhs, rounding=case.rounding_bound)


LL_H7 = Statement(
    id="lora_limits/LL-H7",
    title="Attention of the gadget counts pairs",
    says=(
        "a_i and b_j are n bit vectors each, of d bits and one weight below d, and beta_0 is the scale of the logits. "
        "The attention weight t_i that query i of the gadget gives to the first n keys tells the sum S_i over the "
        "inner products of a_i with all b_j."
    ),
    source=Derived(theory.log_pair_sums),
    tex=r"t_i = \frac{S_i}{S_i + ne^{\beta_0/2}},\quad S_i = \textstyle\sum_j e^{\beta_0\langle a_i, b_j\rangle/2d}",
    hypotheses={
        "a weight below d": lambda case: case.a.sum(1).max() < case.a.shape[1],
        "exp(-beta0 / 2) / (2 n) does not underflow": is_normal,
    },
    instances=SUMS,
    solve=read,
    claim=Identity(sums_read),
    saboteurs=(
        # logits twice as large: the right half of a row is still at the maximum
        saboteur("divided by d, not 2 d", solve=partial(read, halved=False)),
        saboteur("t for t / (1 - t)", solve=wrong.mass_for_odds),
    ),
    notes="Entries of Q and K are at most sqrt(beta0), logits lie in [0, beta0 / 2].",
)


def right_decisions(case: Bits, found: np.ndarray) -> Sides:
    """Compare the decisions with enumeration of all pairs."""
    return Sides(np.asarray(found).astype(int), (case.products.max(1) >= case.wanted).astype(int))


LL_H8 = Statement(
    id="lora_limits/LL-H8",
    title="Attention decides whether a pair exists",
    says=(
        "The inner products of the n bit vectors a_i with the n vectors b_j, of d bits, are at least p or at most p - "
        "h. If the scale beta_0 exceeds 2 d ln(n) / h, the sum S_i of LL-H7 tells whether a_i has a partner of at "
        "least p; 10^-9 is a slack for rounding."
    ),
    source=Derived(theory.decide_pair),
    tex=r"\beta_0 > 2d\ln n/h:\ \max_j\langle a_i, b_j\rangle \ge p \iff \log S_i \ge \beta_0p/2d - 10^{-9}",
    hypotheses={
        "beta0 above 2 d log(n) / h": is_decisive,
        "exp(-beta0 / 2) / (2 n) does not underflow": is_normal,
    },
    instances=DECISIVE,
    solve=decided,
    claim=Identity(right_decisions),
    saboteurs=(
        # the threshold without the 2: a crowd of pairs just below p then looks like a partner
        saboteur("beta0 above d log(n) / h", breaks="beta0 above 2 d log(n) / h", instances=TOO_COLD),
        saboteur("no slack for ties", solve=wrong.no_slack),
        saboteur("the threshold of d for 2 d", solve=wrong.threshold_of_d),
    ),
    notes="Entries of order sqrt(log n) suffice when h is of order d: that is where sqrt(log L) comes from.",
)


def useless(case: Polynomials, found: np.ndarray, enough: int = 0) -> Sides:
    """Check that every low degree decides wrongly somewhere, the high one nowhere, and with more features than tokens.

    Each decision is also compared with the one from the series, summed term by term.
    """
    n, d = case.planted.a.shape
    mistakes = dict(zip(case.degrees, (np.asarray(found) != case.truth).sum((1, 2)).tolist(), strict=True))
    low = [mistakes[g] for g in case.low if g != enough]
    others = [mistakes[g] for g in case.degrees if g in (enough, case.high)]  # claimed to be right
    unlike = int((np.asarray(found) != case.by_series).sum())
    lhs = [*np.ones(len(low), int), *others, unlike, 2 * n]
    rhs = [*low, *np.zeros(len(others) + 1, int), theory.n_features(2 * d, case.high)]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))  # counts, exact in doubles


LL_H8_POLYNOMIAL = Statement(
    id="lora_limits/LL-H8-polynomial",
    title="Polynomials decide only with more features than tokens",
    says=(
        "On the gadget with beta_0 = 80, n vectors of d bits and a planted identical pair, Taylor's polynomial of "
        "degree g <= 16 in the place of exp decides some points wrongly; degree 80, or 40 for d = 32, decides all "
        "rightly, with far more features than points."
    ),
    source=Measured(
        what="Taylor polynomials of degree 16 or less decide wrongly about a planted pair, of degree 80 or 40 rightly",
        where="random vectors of weight d / 2: n = 32, d = 16 with degree 80, and n = 256, d = 32 with degree 40",
        command="lrtheory check lora_limits/LL-H8-polynomial",
    ),
    tex=(
        r"\beta_0 = 80:\ g \le 16 \text{ decides wrongly},\quad g = 80\ (40 \text{ for } d = 32) \text{ rightly, "
        r"with } \binom{g + 2d}{2d} \gg n"
    ),
    hypotheses={
        "exact attention is right": is_told,
        "n = 32, d = 16, degree 80, or n = 256, d = 32, degree 40": has_sizes,
        "vectors of weight d / 2, one pair that is identical": has_pair,
        "beta0 = 80": lambda case: all(bits.beta0 == 80 for bits in case.gadgets),
    },
    instances=POLYNOMIALS,
    solve=decided_by_polynomials,
    claim=Inequality(useless, unbounded="the number of wrong decisions grows with that of the points"),
    saboteurs=(
        # true for many points, and wrong for at least one of every gadget that runs
        saboteur("degree 16 is enough", claim=Inequality(partial(useless, enough=16))),
        # it decides everything rightly, also where low degrees are claimed to fail
        saboteur("exact attention", solve=partial(decided_by_polynomials, exact=True)),
        saboteur("one point is decided the other way", solve=wrong.one_decision_changed),
    ),
)
