"""One step of any size, along advantages that rest on rewards alone.

p is the policy and p' the policy after a step of size h, C the set of right answers, P = p(C), q = p / P the law within
C and u = p / (1 - P) that within the rest. a(P) >= 0 is the factor of the update a(P) grad P.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import flow
from proofs_checks.policy_gradients.families.problems import (
    Advantages,
    Problem,
    all_groups,
    draw_problem,
    expected,
    is_mixed,
    weight_of,
)
from proofs_checks.policy_gradients.families.ranks import ranked


@dataclass(frozen=True)
class Step(Problem):
    """A problem, and one step: `step` eighths in size, with answers of some lengths and a penalty of ranks.

    `beta` is the strength of the penalty, in hundredths. Lengths matter to wrong solvers alone.
    """

    lengths: tuple[int, ...] = ()
    beta: int = 0
    step: int = 8

    @property
    def h(self) -> float:
        """The size of the step."""
        return self.step / 8


def rests_on_rewards(case: Step) -> bool:
    """Decide whether likely answers earn as much as others."""
    return case.beta == 0


def draw_step(draws: Draws, most: int = 800) -> Step:
    """Draw a step of up to `most` eighths."""
    case = draw_problem(draws, norms=("std", "sample", "none", "loo"))
    lengths = tuple(map(int, draws.integers(1, 9, shape=(len(case.weights),))))
    return Step(case.weights, case.correct, case.group_size, case.norm, lengths, 0, draws.integers(1, most))


STEPS = Family(
    "steps-along-rewards",
    always=(
        Step((1, 1, 8), (1, 0, 0), 2, "std", (100, 1, 100), 0, 8),
        Step((1, 1), (1, 0), 2, "none", (1, 1), 0, 1),
        Step((8, 3, 1, 8), (1, 1, 1, 0), 4, "std", (1, 1, 1, 1), 0, 800),
        Step((90, 8, 1, 1), (1, 1, 1, 0), 4, "none", (1, 1, 1, 1), 0, 40),
        Step((4, 4, 1), (1, 1, 0), 3, "loo", (2, 2, 9), 0, 24),
    ),
    tight=(Tight(Step((3, 2, 4), (1, 1, 0), 4, "none", (1, 1, 1), 0, 1), 0.9, 1.0),),
    draw=draw_step,
)

#: laws on which a penalty of ranks lowers P, each with its G and beta
NEARLY_SOLVED = Family(
    "nearly-solved-problems",
    always=(
        Step((4, 15, 1), (1, 1, 0), 2, "none", (1, 1, 1), 100, 8),
        Step((15, 52, 1), (1, 1, 0), 5, "none", (1, 1, 1), 100, 8),
    ),
)


def after(case: Step, gradient: np.ndarray) -> np.ndarray:
    """Return the policy after a step along an update."""
    logits = np.log(case.law) + case.h * gradient
    p = np.exp(logits - logits.max())
    return np.asarray(p / p.sum())


def stepped(case: Step, rng: np.random.Generator) -> np.ndarray:
    """Let the library make one step."""
    found = flow(
        case.law,
        case.right,
        group_size=case.group_size,
        norm=case.norm,
        unlikeliness=case.beta / 100,
        step_size=case.h,
        n_steps=1,
    )
    return np.asarray(found.p)[-1]


def by_length(case: Step) -> np.ndarray:
    """Return the update in which the advantage of each answer is divided by its length."""
    lengths = np.array(case.lengths)[all_groups(len(case.weights), case.group_size)]
    from_rewards = lambda rewards: _own(case)(rewards) / lengths
    return expected(case, from_rewards)


def divided_by_length(case: Step, rng: np.random.Generator) -> np.ndarray:
    """Divide the advantage of each answer by its length."""
    return after(case, by_length(case))


def with_penalty(case: Step, rng: np.random.Generator) -> np.ndarray:
    """Lower the rewards of likely answers by their rank over G."""
    return after(case, expected(case, ranked(case, 1.0)))


def backwards(case: Step, rng: np.random.Generator) -> np.ndarray:
    """Go down where one should go up."""
    return after(case, -expected(case))


def _own(case: Step) -> Advantages:
    """Return the advantages of a step by its norm and penalty."""
    return ranked(case, case.beta / 100)


@formula(t="[0, inf)", x="[0, most]", most="[0, 1]")
def sharpened_mass(t: Number, x: Number, most: Number) -> float:
    """The mass x e^(-t (most - x)) of a right answer of the share x of C, up to a factor that all share.

    `most` is the largest share, and t is h a P (1 - P).

    Proof
    -----
    Assumes: a step of size h along a p_k (r_k - P), with a >= 0 (statement GR-1), q and u as the laws within C and
    the rest.

    Proof: (a) the odds grow by the factor E_q exp(h a p (1 - P)) / E_u exp(-h a p P), whose numerator is at least and
    whose denominator at most 1. (b) q'_k is q_k exp(t q_k) up to a factor, which grows with q_k faster than q_k itself.
    So the ratio q' / q is largest on the likeliest answers, and no sum of the j likeliest falls.
    """
    return float(x) * math.exp(-float(t) * float(most - x))


def within(p: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return a law within a set; one without mass there has none, which no law is."""
    mass = p[members].sum()
    return np.asarray(p[members] / mass if mass else p[members])


def rises(case: Step, found: np.ndarray) -> Sides:
    """Compare P with P', sums of likeliest right answers before and after, and p' with its definition both ways."""
    p, right = case.law, case.right
    order = np.argsort(-p[right], kind="stable")
    q, new = (within(one, right)[order].cumsum()[:-1] for one in (p, found))
    due = after(case, expected(case, _own(case)))
    lhs, rhs = [p[right].sum(), *q, *found, *due], [found[right].sum(), *new, *due, *found]
    none = [math.inf] * (2 * len(p))
    size = 1 + case.h * case.group_size
    return Sides(np.array(lhs), np.array(rhs), trivial=[1, *[1] * len(q), *none], rounding=rounded(2000, size))


GR_4D = Statement(
    id="policy_gradients/GR-4d",
    title="Any step along rewards raises the success probability and sharpens",
    says=(
        "A step of any size h along the update of a reward-only norm with a(P) >= 0 does not lower P, and the law q' "
        "within C afterwards majorizes the law q before: no sum of the likeliest right answers falls, and the entropy "
        "within C does not grow."
    ),
    source=Derived(sharpened_mass),
    tex=r"P' \ge P, \qquad q' \succeq q",
    hypotheses={
        "some answers are right and some are wrong": is_mixed,
        "reward only": rests_on_rewards,
    },
    instances=STEPS,
    solve=stepped,
    claim=Inequality(rises, unbounded="a policy that is reported may be any law"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("divided by the length of the answer", solve=divided_by_length),
        saboteur("a penalty of ranks", solve=with_penalty),
        saboteur("the sign of the step", solve=backwards),
        saboteur("ranks on nearly solved problems", breaks="reward only", instances=NEARLY_SOLVED),
    ),
    notes="With a penalty of ranks P may fall on nearly solved problems, and the law within C may become more even.",
)

# --- wrong answers ---------------------------------------------------------------------------------------------------

NEAR_TIE = Step((45, 55, 100), (0, 0, 1), 2, "none", (1, 1, 1), 0, 8)


def t_of(case: Step) -> float:
    """Return h a(P) P (1 - P), by which the step moves the laws within C and within the rest."""
    P = float(case.law[case.right].sum())
    return case.h * float(weight_of(case, P)) * P * (1 - P)


def at(t: float) -> Step:
    """Make a step on two wrong answers of .45 and .55 of the rest with the largest t below the given one."""
    # a = 1 for others as the baseline, and P (1 - P) is 1/4 at P = 1/2
    return replace(NEAR_TIE, norm="loo", step=int(32 * t))


EVENED = Family(
    "steps-on-wrong-answers",
    always=(
        at(4.0),
        Step((1, 2, 1), (0, 0, 1), 2, "std", (1, 1, 1), 0, 8),
        Step((8, 3, 1, 8), (0, 0, 0, 1), 4, "std", (1, 1, 1, 1), 0, 64),
        Step((1, 6, 3, 2), (1, 0, 0, 0), 3, "sample", (1, 1, 1, 1), 0, 40),
        Step((2, 2, 1), (1, 0, 0), 2, "std", (2, 2, 2), 0, 8),
    ),
    draw=lambda draws: _with_two_wrong(draw_step(draws, 64)),
)

BEYOND = Family("steps-beyond", always=(at(4.125),))


def _with_two_wrong(case: Step) -> Step:
    """Take right answers for wrong ones where only one is wrong."""
    if len(case.correct) - sum(case.correct) >= 2 or len(case.correct) < 3:
        return case
    return replace(case, correct=tuple(1 - one for one in case.correct))


@formula(t="[0, inf)", x="[0, 1]")
def evened_mass(t: Number, x: Number) -> float:
    """The mass x e^(-t x) that a wrong answer of the share x of the rest keeps, up to a factor that all share.

    Proof
    -----
    Assumes: u'_k is f(u_k) up to a factor, with f(x) = x e(x), e(x) = exp(-t x) and t = h a P (1 - P) (statement
    GR-1), and t <= 4 (hypothesis of GR-4dw).

    Proof: let T be j answers that are likeliest before, and S j that are so afterwards, as near to T as ties allow. It
    is to be shown that f(S) (1 - u(T)) <= u(T) f(rest of S). If S = T, e is at most e(min T) on S and at least that
    elsewhere. Else there are x in T and y in S, each outside of the other one, with x > y and f(x) <= f(y), so that t
    >= log(x / y) / (x - y) > 2 / (x + y), and x + y > 1/2. Two disjoint pairs of this kind would exceed 1, so S is T
    without x and with y. Since the logit has a slope of at least 4, e(x) / e(y) >= y (1 - x) / (x (1 - y)), and so for
    every z > y in the place of x. Let R be the rest of T, of mass s, and Q what lies in neither, of mass m.

    (1) All of Q is at most y. Then f(R) <= s e(y) and f(Q) >= m e(y), and with k = e(x) / e(y) it suffices that (s + y)
    (y + m) <= (s + x) (k x + m). The difference is linear in (s, m) on s + m = 1 - x - y. At m = 0 it says k x (1 - y)
    >= y (1 - x), which is the bound of the logit. At s = 0 it is k x^2 - y^2 + m (x - y), and k x^2 - y^2 >= y (x - y)
    (1 - x - y) / (1 - y) >= 0.

    (2) Some z of Q is larger than y. It is at most x and not in S, so z + y > 1/2, too. Two such z would give y > 1/4
    and four numbers above 1/4. An r of R is at least z, so that x + r >= 2 z and x + r < 1/2 would give z < 1/4 < y.
    So T = {x} and S = {y}, and with the mass m of what is at most y besides, the bound of the logit for x and for z
    leaves (1 - y) times the difference at least y (x - z) + m (x - y) >= 0.

    Two answers near 1/2 show that 4 is the best constant: a step multiplies their logit by nearly 1 - t / 2.
    """
    return float(x) * math.exp(-float(t) * float(x))


def evens(case: Step, found: np.ndarray) -> Sides:
    """Compare sums of the likeliest wrong answers after and before, and p' with its definition both ways."""
    p, wrong = case.law, ~case.right
    u, new = (np.sort(one)[::-1].cumsum()[:-1] for one in (within(p, wrong), within(found, wrong)))
    kept = np.array([evened_mass(t_of(case), x) for x in within(p, wrong)])
    shares = within(found, wrong)
    due = after(case, expected(case, _own(case)))
    lhs, rhs = [*new, *shares, *found, *due], [*u, *kept / kept.sum(), *due, *found]
    none = [math.inf] * (len(kept) + 2 * len(p))
    return Sides(np.array(lhs), np.array(rhs), trivial=[*[1] * len(u), *none], rounding=rounded(2000, 1 + 8 * case.h))


GR_4DW = Statement(
    id="policy_gradients/GR-4dw",
    title="A step makes wrong answers more even, as long as it is not too long",
    says=(
        "If t = h a(P) P (1 - P) is at most 4, with h the size of the step and a grad P the update, the law u of the "
        "wrong answers before the step majorizes the law u' after it: no sum of the likeliest wrong answers grows "
        "within the rest. For the norms that divide by a deviation h <= 8 suffices, and 4 is the best constant."
    ),
    source=Derived(evened_mass),
    tex=r"h a P (1 - P) \le 4 \implies u \succeq u'",
    hypotheses={
        "two wrong answers and a right one": lambda case: is_mixed(case) and case.correct.count(0) >= 2,
        "reward only": rests_on_rewards,
        "t of at most 4": lambda case: t_of(case) <= 4,
    },
    instances=EVENED,
    solve=stepped,
    claim=Inequality(evens, unbounded="a policy that is reported may be any law"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("t of 4.125", breaks="t of at most 4", instances=BEYOND),
        saboteur("divided by the length of the answer", solve=divided_by_length),
        saboteur("the sign of the step", solve=backwards),
    ),
)
