"""Scalings of adapters in the rank and in the width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import LoRAHead, lora_gradients, theory
from proofs_checks.lora_limits.families.ladders import slope


@dataclass(frozen=True)
class OneStep:
    """One token x, a label, A (r, d) with entries of one size, alpha, a step size, and whether the root is taken."""

    x: np.ndarray
    label: np.ndarray
    A: np.ndarray
    alpha: float
    step: float
    rslora: bool


def first_change(case: OneStep, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the change of the output at x by one step of B from 0, with the library's gradient of the value adapter.

    One token attends to itself with weight 1, so its output is linear in the value weight.
    """
    d, r, out = len(case.x), len(case.A), len(case.label)
    B = np.zeros((out, r))
    W = np.zeros((d, out))
    head = LoRAHead(
        np.eye(d), np.eye(d), W, adapters={"V": (case.A, B)}, alpha=case.alpha, beta=1.0, rslora=case.rslora
    )
    dB = lora_gradients(head, case.x[None], case.label[None], adapt=("V",), method="dense").B["V"]
    return head.scale("V") * (-case.step * dB) @ case.A @ case.x


def one_step(rank: int, rslora: bool) -> OneStep:
    """Rows of signs for A, and a token with two coordinates that are not 0."""
    A = np.where(np.arange(rank)[:, None] >> np.arange(4) & 1, -0.5, 0.5)
    return OneStep(np.array([1.0, 0.0, 0.0, 2.0]), np.array([1.0, -2.0]), A, 4.0, 0.25, rslora)


def draw_step(draws: Draws) -> OneStep:
    """Up to six coordinates, any rank, two outputs, entries in quarters."""
    d = draws.integers(1, 6)
    r = draws.integers(1, d)
    x, label = (draws.integers(-8, 8, shape=n) / 4 for n in (d, 2))
    A = draws.integers(-4, 4, shape=(r, d)) / 4
    return OneStep(x, label, A, draws.integers(1, 16) / 2, draws.integers(1, 8) / 8, draws.choice((False, True)))


STEPS = Family("one-step", always=tuple(one_step(r, root) for r in (1, 4) for root in (False, True)), draw=draw_step)


def other_scale(case: OneStep, rng: np.random.Generator) -> np.ndarray:
    """Use alpha / r where alpha / sqrt(r) is meant, and the other way round."""
    # at rank 1 both scales agree, so ranks above 1 always run
    return first_change(replace(case, rslora=not case.rslora))


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
        saboteur("alpha / r for alpha / sqrt(r) and back", solve=other_scale),
    ),
    notes="By the library's gradient of a values' adapter on one token, whose attention is 1.",
)


@dataclass(frozen=True)
class Steps:
    """First steps of adapters of growing rank, some of each: x (n,), and A (draws, r, n) for each rank."""

    x: np.ndarray
    A: tuple[np.ndarray, ...]
    rslora: bool

    @property
    def ranks(self) -> tuple[int, ...]:
        """r of each."""
        return tuple(table.shape[1] for table in self.A)

    @property
    def squares(self) -> list[np.ndarray]:
        """|A x|^2 for each rank and draw."""
        return [((table @ self.x) ** 2).sum(1) for table in self.A]


def first_changes(case: Steps, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the change of each output by a step of size 1 towards the label -1, with alpha = 2: (ranks, draws)."""
    found = []
    for A in case.A:
        n, rank, d = A.shape  # a head for each draw
        # queries and keys do not matter for one token, whose attention is 1
        same = np.broadcast_to(np.eye(d), (n, d, d))
        adapter = {"V": (A, np.zeros((n, 1, rank)))}
        head = LoRAHead(same, same, np.zeros((n, d, 1)), adapters=adapter, alpha=2.0, beta=1.0, rslora=case.rslora)
        dB = lora_gradients(head, case.x[None], -np.ones((1, 1)), adapt=("V",), method="dense").B["V"]
        found.append(-head.scale("V") * (dB @ (A @ case.x)[:, :, None])[:, 0, 0])
    return np.array(found)


def gaussian_steps(seed: int, n_draws: int, *, rslora: bool) -> Steps:
    """Ranks 1, 4, 16; A of variance 1 / 16 on 16 coordinates."""
    rng = np.random.default_rng(seed)
    # a variance of 1/16 on 16 coordinates, so that |A x|^2 has the mean r
    tables = tuple(rng.normal(size=(n_draws, rank, 16)) / 4 for rank in (1, 4, 16))
    return Steps(np.ones(16), tables, rslora)


def ladders(name: str, *, rslora: bool) -> Family:
    """Two seeds, and drawn ones, of which those that are not typical are left out, about half."""
    draw = lambda draws: gaussian_steps(draws.integers(0, 2**31 - 1), draws.choice((32, 64)), rslora=rslora)
    return Family(name, always=tuple(gaussian_steps(s, 64, rslora=rslora) for s in (0, 1)), draw=draw)


RSLORA_LADDER = ladders("ranks-fourfold", rslora=True)


LORA_LADDER = ladders("ranks-fourfold-lora", rslora=False)


def ranks_backwards(case: Steps, rng: np.random.Generator) -> np.ndarray:
    """State the changes in the reverse order of the ranks."""
    # all changes are right, in the names of other ranks
    return first_changes(case)[::-1]


def are_fourfold(case: Steps) -> bool:
    """Return whether each rank is four times the one before, three or more of them."""
    return len(case.ranks) >= 3 and all(b == 4 * a for a, b in pairwise(case.ranks))


def are_typical(case: Steps) -> bool:
    """Return whether the mean of |A x|^2 is within an eighth of r |x|^2 / n, its mean for entries of variance 1 / n."""
    wanted = [rank * (case.x**2).mean() for rank in case.ranks]
    return all(7 / 8 * w <= one.mean() <= 9 / 8 * w for one, w in zip(case.squares, wanted, strict=True))


TYPICAL = {
    "each rank is four times the one before, three or more": are_fourfold,
    "means of |A x|^2 between 7/8 and 9/8 of r |x|^2 / n": are_typical,
}


STATED = "a solver may state any change"


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
        saboteur("changes in the name of other ranks", solve=ranks_backwards),
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
        saboteur("changes in the name of other ranks", solve=ranks_backwards),
        saboteur("it does not shrink", claim=Inequality(steps_along)),
    ),
)


@dataclass(frozen=True)
class SignSteps:
    """f(x) = b <a, x> in growing widths: |x|_1 and <a, x> for each width and draw."""

    widths: tuple[int, ...]
    sums: np.ndarray
    products: np.ndarray


@formula(n="[1, inf)", base="(0, inf)")
def lora_plus_rates(n: int, base: Number = 1.0) -> tuple[float, float]:
    r"""The step sizes h_A = base / n and h_B = base under which both factors move the output by a constant.

    They are for optimizers whose steps have entries of size one (Adam, sign descent).

    Proof
    -----
    Assumes: <a, x> and the entries of x are of order one (a hypothesis of the statement).

    Proof: For f(x) = b <a, x> with <a, x> and the entries of x of order one: a step of b by h_B changes f by h_B <a,
    x>. A step of a moves each entry by h_A sign(x_i), so <a, x> by h_A \|x\|_1, of order h_A n. Both are of order one,
    and with b of order h_B both parts of the change of f are, when h_B is constant and h_A of order 1 / n. With the
    base 1, which makes b = 1 after the first step, they are \|x\|_1 / n and \|<a, x>\|.

    References
    ----------
    .. [1] S. Hayou, N. Ghosh, B. Yu, LoRA+: Efficient Low Rank Adaptation of Large Models, ICML 2024 (recalled).
    """
    rate = float(base)
    return rate / n, rate


def plus_rates(case: SignSteps, rng: np.random.Generator | None = None, rates: Any = lora_plus_rates) -> np.ndarray:
    """Step sizes of A and B for each width: (widths, 2)."""
    return np.array([rates(width) for width in case.widths])


def have_order_one(case: SignSteps) -> bool:
    """Return whether the means of |x|_1 / n and of |<a, x>| are between 1/2 and 1."""
    means = [*(case.sums.mean(1) / case.widths), *np.abs(case.products).mean(1)]
    return 1 / 2 <= min(means) and max(means) <= 1


def gaussian_signs(seed: int, widths: tuple[int, ...], n_draws: int) -> SignSteps:
    """Gaussian x, and a of variance 1 / width; given x, <a, x> is Gaussian of variance |x|^2 / width."""
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=(n_draws, n)) for n in widths]
    # drawn from its law given x, since a itself would be a table of draws times width
    products = [rng.normal(size=len(x)) * np.sqrt((x**2).mean(1)) for x in xs]
    return SignSteps(widths, np.array([np.abs(x).sum(1) for x in xs]), np.array(products))


def draw_signs(draws: Draws) -> SignSteps:
    """Three widths up to 512, a hundred draws."""
    first = draws.integers(2, 32)
    return gaussian_signs(draws.integers(0, 2**31 - 1), (first, 4 * first, 16 * first), 100)


WIDTH_LADDER = Family(
    "widths-growing",
    always=lambda: (gaussian_signs(0, (32, 256, 2048), 400), gaussian_signs(1, (16, 128, 1024), 400)),
    draw=draw_signs,
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
    source=Derived(lora_plus_rates),
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
