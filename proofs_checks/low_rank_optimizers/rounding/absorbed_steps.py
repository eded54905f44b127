"""Steps of Adam, and the weights that absorb them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import plain
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.optimizers.adamw import AdamW
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
from lrtheory.low_rank_optimizers.theory.rounding import FORMATS, adam_step_bound
from proofs_checks.low_rank_optimizers.families.roundings import at_random, code_of, of_one_binade, value_of


def are_decays(case: Any) -> bool:
    """Decide whether Adam takes these decays and gradients, and doubles hold the squares of those that are not 0."""
    g = np.abs(np.asarray(case.gradients))
    inside = (g == 0) | ((g > 2.0**-400) & (g < 2.0**400))
    return bool(0 <= case.beta1 < 1 and 0 < case.beta2 < 1 and g.ndim == 2 and g.size and inside.all())


Found = dict[str, Any]


@dataclass(frozen=True)
class Gradients:
    """Decays of both moments, and one gradient a step (T, n)."""

    beta1: float
    beta2: float
    gradients: np.ndarray


def moved_by_adam(case: Gradients, rng: np.random.Generator | None = None) -> Found:
    """Return the update of each step, with step size 1 and nothing added to the root."""
    adam = AdamW(step_size=1.0, beta1=case.beta1, beta2=case.beta2, epsilon_root=0.0)
    return {"updates": np.array([adam.step(g).update for g in case.gradients])}


def worst_gradients(beta1: float, beta2: float, T: int) -> np.ndarray:
    """Return the gradients (T, 1) with the longest step at the end."""
    return (beta1 / beta2) ** np.arange(T - 1.0, -1.0, -1.0)[:, None]


DECAYS = ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95), (0.95, 0.9025), (0.5, 0.75), (0.0, 0.9))


def draw_gradients(draws: Draws) -> Gradients:
    """Draw decays, and gradients of many sizes."""
    b1, b2 = draws.choice(DECAYS)
    T, n = draws.integers(1, 40), draws.integers(1, 6)
    sizes = 2.0 ** draws.integers(-8, 8, (T, n))
    return Gradients(b1, b2, draws.integers(-99, 99, (T, n)) / 64 * sizes)


GRADIENTS = Family(
    "adam-gradients",
    always=[Gradients(b1, b2, np.ones((3, 1))) for b1, b2 in DECAYS],
    tight=[Tight(Gradients(b1, b2, worst_gradients(b1, b2, 30)), 0.999, 1.001) for b1, b2 in DECAYS if b1],
    draw=draw_gradients,
)


def uncorrected(case: Gradients, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Leave the second moment as it is, so that first steps are long."""
    adam = AdamW(step_size=1.0, beta1=case.beta1, beta2=case.beta2, epsilon_root=0.0)
    steps = np.arange(1, len(case.gradients) + 1)[:, None]
    honest = np.array([adam.step(g).update for g in case.gradients])
    return {"updates": honest / np.sqrt(1 - case.beta2**steps)}


def paper_bounds(case: Gradients) -> np.ndarray:
    """Return the bound of the paper on Adam."""
    most = max(1.0, (1 - case.beta1) / (1 - case.beta2) ** 0.5)
    return np.full((len(case.gradients), 1), most)


def plain_bounds(case: Gradients) -> np.ndarray:
    """Return the root of the quotient of both shares."""
    return np.full((len(case.gradients), 1), ((1 - case.beta1) / (1 - case.beta2)) ** 0.5)


def of_adam(case: Gradients) -> np.ndarray:
    """Return the updates (T, n) of Adam with step size 1, by its definition."""
    T = len(case.gradients)
    ages = np.arange(T)[:, None] - np.arange(T)
    seen = ages >= 0
    found = []
    for beta, g in ((case.beta1, case.gradients), (case.beta2, case.gradients**2)):
        shares = np.where(seen, (1 - beta) * beta ** np.maximum(ages, 0.0), 0.0)
        found.append(shares @ g / (1 - beta ** np.arange(1.0, T + 1))[:, None])
    mean, square = found
    return np.asarray(-mean / np.sqrt(np.where(square > 0, square, 1.0)))


def bounds_of(case: Gradients) -> np.ndarray:
    """Return the bound of each step, (T, 1)."""
    steps = range(1, len(case.gradients) + 1)
    return np.array([[theory.adam_step_bound(case.beta1, case.beta2, step=t)] for t in steps])


def short_steps(case: Gradients, found: dict[str, np.ndarray], bounds: Any = bounds_of) -> Sides:
    """Bound each entry of each update, once the updates are those of Adam."""
    updates, due = found["updates"], of_adam(case)
    most = bounds(case) + 0 * due
    # both moments are sums of T products, and no sum of absolute terms of the first is longer than the bound
    error = rounding(8 * len(due) + 40, bounds_of(case)) + 0 * due
    sides = [(np.abs(updates), most), (updates - due, 0 * due), (due - updates, 0 * due)]
    lhs, rhs = (np.concatenate([one[place].ravel() for one in sides]) for place in (0, 1))
    return Sides(lhs, rhs, rounding=np.tile(error.ravel(), 3))


RN_2 = Statement(
    id="low_rank_optimizers/RN-2",
    title="Adam's longest step is known at every time",
    says=(
        "With step size 1 and nothing added to the root, no entry of the t-th step of Adam is longer than C_t = (1 - "
        "b1)/sqrt(1 - b2) sqrt(sum of (b1^2/b2)^i for i < t) sqrt(1 - b2^t)/(1 - b1^t), whatever the gradients are. "
        "Gradients (b1/b2)^(t-i) attain it."
    ),
    source=Derived(theory.adam_step_bound),
    tex=(
        r"\frac{|\hat m_t|}{\sqrt{\hat v_t}} \le \frac{1-b_1}{\sqrt{1-b_2}}"
        r"\Big(\sum_{i<t}\frac{b_1^{2i}}{b_2^i}\Big)^{1/2}\frac{\sqrt{1-b_2^t}}{1-b_1^t}"
    ),
    hypotheses={"decays of Adam, and gradients whose squares are finite": are_decays},
    instances=GRADIENTS,
    solve=moved_by_adam,
    claim=Inequality(short_steps, unbounded="a step of another optimizer may have any length"),
    decisions=("updates",),
    saboteurs=(
        saboteur(
            "as recalled from the paper on Adam: the larger of 1 and (1 - b1)/sqrt(1 - b2)",
            printed=True,
            claim=Inequality(partial(short_steps, bounds=paper_bounds), unbounded="any step of another optimizer"),
        ),
        saboteur(
            "sqrt((1 - b1)/(1 - b2)) for all decays",
            claim=Inequality(partial(short_steps, bounds=plain_bounds), unbounded="any step of another optimizer"),
        ),
        saboteur("the second moment is not corrected", solve=uncorrected),
    ),
    notes="The limits are 7.27 for decays (0.9, 0.999), 2.35 for (0.9, 0.99), and 1.17 for (0.9, 0.95).",
)


@dataclass(frozen=True)
class Stored:
    """Weights by their codes (n,), gradients (T, n), options of Adam, and what keeps the weights between the steps."""

    codes: np.ndarray
    gradients: np.ndarray
    beta1: float
    beta2: float
    step_size: float
    storage: str = "bfloat16"


def are_normal(case: Stored) -> bool:
    """Decide whether all weights are normal numbers, one for each gradient, and the step size is above 0."""
    magnitude = np.asarray(case.codes) & 0x7FFF
    inside = ((magnitude >= 0x80) & (magnitude < 0x7F80)).all()
    return bool(are_decays(case) and case.codes.shape == case.gradients.shape[1:] and inside and case.step_size > 0)


def is_stored(case: Stored) -> bool:
    """Decide whether no copy in higher precision is kept."""
    return case.storage == "bfloat16"


def trained(case: Stored, rng: np.random.Generator | None = None, keep: Any = rounded) -> np.ndarray:
    """Return the codes of the weights before the first step and after each."""
    adam = AdamW(step_size=case.step_size, beta1=case.beta1, beta2=case.beta2, epsilon_root=0.0)
    w = value_of(case.codes)
    seen = [case.codes]
    for gradient in case.gradients:
        w = w + np.asarray(adam.step(gradient).update)
        w = np.asarray(keep(w)) if is_stored(case) else w.astype(np.float32).astype(np.float64)
        seen.append(code_of(np.asarray(rounded(w))))
    return np.array(seen, np.int64)


def near_the_limit(codes: np.ndarray, beta1: float, beta2: float, T: int, share: float) -> Stored:
    """Return gradients with the longest last step, which is a share of the least weight over 512."""
    least = float(np.abs(value_of(codes)).min())
    size = share * least / 512 / adam_step_bound(beta1, beta2, step=T)
    return Stored(codes, np.repeat(worst_gradients(beta1, beta2, T), len(codes), axis=1), beta1, beta2, size)


def draw_stored(draws: Draws) -> Stored:
    """Draw weights of a few binades, and steps near what the least of them absorbs."""
    b1, b2 = draws.choice(DECAYS[:3])
    T, n = draws.integers(1, 12), draws.integers(8, 40)
    magnitude = ((draws.integers(90, 160) + draws.integers(0, 3, n)) << 7) + draws.integers(0, 127, n)
    case = near_the_limit(magnitude + 0x8000 * draws.integers(0, 1, n), b1, b2, T, draws.floats(0.2, 2.0))
    if draws.integers(0, 1):
        return case
    return Stored(case.codes, draws.integers(-99, 99, (T, n)) / 64, b1, b2, case.step_size)


#: with decays in short binary fractions the first step is exactly the step size, half of the gap below 1
AT_A_TIE = Stored(np.array([0x3F80, 0xBF80, 0x3F81, 0x3FFF]), np.array([[1.0, -1.0, 1.0, -1.0]]), 0.5, 0.75, 2.0**-9)


STORED = Family(
    "stored-weights",
    always=[
        AT_A_TIE,
        *(near_the_limit(of_one_binade(0), *decays, 20, s) for decays in DECAYS[:3] for s in (0.99, 1.5)),
    ],
    draw=draw_stored,
)


def all_binades() -> Iterator[Stored]:
    """Yield all binades of positive normal numbers, and a first step at the limit of their least or half above it."""
    for exponent in range(-126, 128):
        codes = of_one_binade(exponent)
        yield from (near_the_limit(codes, 0.5, 0.75, 1, share) for share in (1.0, 1.5))


KEPT_APART = Family(
    "stored-weights-and-a-copy",
    always=[Stored(of_one_binade(0), np.ones((4, 128)), 0.9, 0.95, 0.99 / 512 / 1.17, "float32")],
)


stochastic = partial(trained, keep=at_random)


@formula(longest="[0, inf)")
def absorbing_weight(longest: Number, dtype: Literal["bfloat16", "float16"] = "bfloat16") -> Number:
    """Every normal weight of at least this absolute value absorbs all steps of up to `longest`.

    The format is `dtype`.

    Proof
    -----
    Assumes: that w is a normal number of a format with p significant bits, and that abs(d) <= abs(w) 2^-(p+1).

    Proof: In the binade 2^e <= abs(w) < 2^(e+1) the half gap outward is 2^(e-p) > abs(w) 2^-(p+1). Inward it is as
    large unless abs(w) = 2^e, where it is 2^(e-p-1) = abs(w) 2^-(p+1); then the last bit is 0, and even a step of this
    size returns. If w + d is rounded to single precision first, nothing changes: a step of the bound is short of every
    other half gap by at least 2^-p of it, which is more than the rounding.
    """
    form = FORMATS[dtype]
    return plain(longest * 2 ** (form.bits + 1))


def stays(case: Stored, found: np.ndarray, share: int = 1) -> Sides:
    """Bound by 0 the changes of weights that are large for the steps; others may change."""
    C = np.array([[theory.adam_step_bound(case.beta1, case.beta2, step=t + 1)] for t in range(len(case.gradients))])
    limit = absorbing_weight(case.step_size) / share * C
    small = np.abs(value_of(found[:-1])) < limit
    elsewhere = found[0] != case.codes  # a run that begins elsewhere is none of this instance
    moved = np.append(elsewhere, found[1:] != found[:-1]).astype(int)
    return Sides(moved, np.append(0 * elsewhere, small).astype(int), trivial=1)


RN_3 = Statement(
    id="low_rank_optimizers/RN-3",
    title="Weights above 512 of Adam's longest steps do not move in bfloat16",
    says=(
        "Weights are kept in bfloat16, rounded to the nearest number after each step of AdamW without decay. At step t "
        "no normal weight of an absolute value of at least 512 C_t times the step size changes, with C_t of RN-2."
    ),
    source=Derived(absorbing_weight),
    tex=r"|w| \ge 512\, C_t\, \eta \Rightarrow \mathrm{rd}(w + d_t) = w",
    hypotheses={"normal weights, and options of Adam": are_normal, "stored in bfloat16": is_stored},
    instances=STORED,
    for_all=(
        All(
            "pairs of a binade of positive normal numbers of bfloat16 and a first step, at the limit of the least of "
            "them or half above it",
            all_binades,
            members=508,
        ),
    ),
    solve=trained,
    claim=Inequality(stays),
    decisions=("outcome",),
    saboteurs=(
        saboteur("256 for 512", claim=Inequality(partial(stays, share=2))),
        saboteur("a copy in single precision is kept", breaks="stored in bfloat16", instances=KEPT_APART),
        saboteur("rounded at random", solve=stochastic),
    ),
)
