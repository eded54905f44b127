"""Updates that are added to weights of sixteen bits: how large the noise of rounding the sum can be.

W are weights, D = B A an update, and X = W + D their sum, which is rounded to a format with the unit roundoff u, whose
numbers next to 0 are `gap` apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._numbers import inexact
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Numbers,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_optimizers import absorb_adapter
from lrtheory.low_rank_optimizers.rounding import row_kernels
from proofs_checks.guards import unlike

#: binary digits, the exponent of the least normal number, and that of the largest numbers
FORMATS = {"bfloat16": (8, -126, 127), "float16": (11, -14, 15)}


@dataclass(frozen=True)
class Merged:
    """Weights W (m, n), factors B (m, r) and A (r, n) of an update, and the format in which the sum is kept."""

    weight: np.ndarray
    B: np.ndarray
    A: np.ndarray
    dtype: str

    @property
    def total(self) -> np.ndarray:
        """Return W + B A, exact where entries are few digits long."""
        return np.asarray(self.weight + self.B @ self.A)


@dataclass(frozen=True)
class Noise:
    """Norms of what rounding adds, and of what it can add at most, both relative to the norm of the update."""

    noise: float
    bound: float


def is_merged(case: Merged) -> bool:
    """Decide whether factors of finite numbers fit to the weights, and the update is not 0."""
    fits = case.B.ndim == case.A.ndim == case.weight.ndim == 2 and case.B.shape[1] == len(case.A) > 0
    fits = fits and case.weight.shape == (len(case.B), case.A.shape[1])
    return bool(
        fits and np.isfinite(case.weight).all() and np.isfinite(case.B @ case.A).all() and (case.B @ case.A).any()
    )


def is_in_range(case: Merged) -> bool:
    """Decide whether no weight and no sum is too large for the format, or so small that squares vanish."""
    _, _, top = FORMATS.get(case.dtype, (0, 0, -1))
    sizes = np.abs(np.stack([case.weight, case.total, case.B @ case.A]))
    return bool(sizes.max() < 2.0**top and sizes.min(where=sizes > 0, initial=1.0) > 2.0**-160)


def absorbed(case: Merged, rng: np.random.Generator | None = None) -> Noise:
    """Return what the library says of the merged weights."""
    adapter = AdapterFile({"query": AdapterModule(case.B, case.A)})
    found = absorb_adapter({"query.weight": case.weight}, adapter, dtype=case.dtype)
    return Noise(found.noise, found.noise_bound)


def nearest(X: np.ndarray, dtype: str) -> np.ndarray:
    """Return the nearest numbers of a format by their exponents, to even where two are equally near."""
    digits, least, _ = FORMATS[dtype]
    steps = np.maximum(np.frexp(X)[1] - 1, least) - (digits - 1)
    return np.ldexp(np.rint(np.ldexp(X, -steps)), steps)


@formula(size="[0, inf)", u="(0, 1)", small="[0, inf)", gap="[0, inf)")
def merged_noise_bound(size: Numbers, u: Numbers, small: Numbers, gap: Numbers) -> Numbers:
    r"""Rounding a sum whose norm is `size` moves it by at most this.

    `small` is the root of the number of its entries below the least normal number of the format.

    Proof
    -----
    Assumes: no entry overflows (a hypothesis of the statement).

    Proof: to the nearest, an entry x with a normal size moves by at most u \|x\|, and one below it by at most gap / 2.
    The squared norm is at most u^2 \|X\|^2 + (gap / 2)^2 small^2.
    """
    return np.hypot(inexact(u * size), inexact(gap / 2 * small))


def noisy(case: Merged, found: Noise, share: float = 1.0, alone: bool = False) -> Sides:
    """Compare the noise with its bound, once both are what rounding entry by entry and the formula give."""
    X, digits, least = case.total, *FORMATS[case.dtype][:2]
    update, far = float(np.linalg.norm(case.B @ case.A)), float(np.linalg.norm(nearest(X, case.dtype) - X))
    small = np.sqrt(np.count_nonzero((np.abs(X) < 2.0**least) & (X != 0)))
    size = float(np.linalg.norm(case.weight if alone else X))
    gap = 2.0 ** (least - digits + 1)
    bound = merged_noise_bound(float(np.linalg.norm(X)), 2.0**-digits, small, gap)
    allowed = float(rounding(64 * X.size, bound + far))
    said = [found.noise * update - far, found.bound * update - bound]
    claimed = share * merged_noise_bound(size, 2.0**-digits, 0.0 if alone else small, gap)
    return unlike(said, 4 * allowed) or Sides([far], [claimed], trivial=np.inf, rounding=allowed)


def draw_merged(draws: Draws) -> Merged:
    """Draw weights and factors of a few digits in units of their own, some below the normal numbers of a format."""
    dtype = draws.choice(tuple(FORMATS))
    m, n, r = (draws.integers(1, 4) for _ in range(3))
    low = draws.choice((0, 0, -4, FORMATS[dtype][1] - 3))
    weight = draws.integers(-255, 255, shape=(m, n)) * 2.0 ** (low - 8)
    B = draws.integers(-7, 7, shape=(m, r)) * 2.0 ** (low - draws.choice((3, 8, 13)))
    return Merged(weight, B, draws.integers(1, 3, shape=(r, n)).astype(float), dtype)


def climb_merged(case: Merged, draws: Draws) -> Merged:
    """Make the update twice or half as large."""
    return replace(case, B=case.B * draws.choice((0.5, 2.0)))


def tied(dtype: str) -> Merged:
    """Make a sum in the middle of two numbers of a format, next to a power of two, where rounding moves it most."""
    return Merged(np.ones((1, 1)), np.full((1, 1), 2.0 ** -FORMATS[dtype][0]), np.ones((1, 1)), dtype)


def all_mantissas() -> Iterator[Merged]:
    """Yield all updates in [1, 2) that bfloat16 holds, each with weights of one to seven eighths of the gap there."""
    one = np.ones((1, 1))
    for mantissa in range(128):
        yield from (
            Merged(eighths / 1024 * one, (1 + mantissa / 128) * one, one, "bfloat16") for eighths in range(1, 8)
        )


#: why neither side has a limit
FREE = "a report may be any number, and weights have any unit"
MERGED = Family(
    "merged-weights",
    always=lambda: (
        tied("bfloat16"),
        tied("float16"),
        Merged(np.array([[0.0, 0.0]]), np.array([[1.0]]), np.array([[1 + 2.0**-9, 1 + 3 * 2.0**-9]]), "bfloat16"),
        Merged(np.full((1, 2), 2.0**-130), np.array([[2.0**-134]]), np.array([[1.0, 3.0]]), "bfloat16"),
        Merged(np.array([[1.0], [3.0]]), np.array([[0.25], [0.5]]), np.ones((1, 1)), "float16"),
    ),
    # the sum is larger than the power of two below it by the share that is lost
    tight=(Tight(tied("float16"), 1 - 2.0**-10, 1),),
    draw=draw_merged,
    climb=climb_merged,
)

RN_7 = Statement(
    id="low_rank_optimizers/RN-7",
    title="Merging an adapter into weights of sixteen bits adds noise that is known beforehand",
    says=(
        "The sum X of weights and an update is rounded to the nearest numbers of a format with the unit roundoff u, "
        "2^-8 for bfloat16 and 2^-11 for float16, and the gap eta between its numbers next to 0. What rounding adds "
        "has a norm of at most the root of (u |X|)^2 + n (eta / 2)^2, where n counts the entries of X below the normal "
        "numbers. The report has this norm, and this bound."
    ),
    source=Derived(merged_noise_bound),
    tex=r"\|\mathrm{fl}(W + D) - (W + D)\| \le \sqrt{u^2\|W + D\|^2 + n\,\eta^2/4}",
    hypotheses={
        "an update that fits to weights, and is not 0": is_merged,
        "sums in the range of the format": is_in_range,
    },
    instances=MERGED,
    for_all=(
        All(
            "pairs of an update in [1, 2) that bfloat16 holds and a weight of one to seven eighths of the gap there",
            all_mantissas,
            members=896,
        ),
    ),
    solve=absorbed,
    claim=Inequality(noisy, unbounded=FREE),
    saboteurs=(
        saboteur(
            "half of a unit roundoff, as if the gap were it",
            claim=Inequality(partial(noisy, share=0.5), unbounded=FREE),
        ),
        saboteur("the weights alone", claim=Inequality(partial(noisy, alone=True), unbounded=FREE)),
        saboteur(
            "digits are cut off, and not rounded",
            patch=(row_kernels.float_numbers, "bits + (half + ((bits >> dropped) & one))", "bits"),
        ),
    ),
)
