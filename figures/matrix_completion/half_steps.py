"""Half-steps on fresh samples: the factor by which the distance shrinks, and the floor that an injected error sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, headline, slope, stream
from lrtheory.matrix_completion import (
    LowRank,
    half_step,
    make_low_rank,
    sample_mask,
    spectral_init,
    subspace_distance,
    theory,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 2
LAW = published("matrix_completion")["contraction"]["constant"]
CONDITIONS = (1.0, 3.0, 10.0)
CONTRACTION_INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 300, "rank": 3, "factors": [2, 4, 8, 12], "repetitions": 3, "steps": 8},
    "full": {"n": 600, "rank": 3, "factors": [1.5, 2, 3, 4, 6, 8, 12, 16], "repetitions": 10, "steps": 10},
}
FLOOR_INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 200, "rank": 4, "factor": 5, "errors": [1e-2, 1e-3, 1e-4, 1e-6, 1e-8], "steps": 24},
    "full": {"n": 400, "rank": 4, "factor": 8, "errors": [10.0**-e for e in range(2, 11)], "steps": 30},
}
SHARES = (0.0, 0.05, 0.2)  # errors in units of the distance that is left
LAST = 6  # half-steps whose median is the floor


class Step(NamedTuple):
    """A half-step, by the distance before and after, its bound (MC-D2), and the expected ratio scale (MC-E1)."""

    before: float
    after: float
    bound: float
    expected: float


def mask_of(shape: tuple[int, int], density: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a fresh sample, as bools of the given shape."""
    mask = np.zeros(shape, dtype=bool)
    mask[sample_mask(shape, density, rng=rng)] = True
    return mask


def half_steps(
    truth: LowRank, density: float, steps: int, rng: np.random.Generator, *, share: float = 0.0, error: float = 0.0
) -> Iterator[Step]:
    """Take exact half-steps on fresh samples, and add an error of known size to each.

    The spectral norm of the error is (`share` d + `error`) s_k, with d the distance before the half-step.
    """
    M, smallest = truth.dense(), float(truth.singular_values[-1])
    U = spectral_init((M, mask_of(M.shape, density, rng)), truth.rank).U
    here, values = truth, M  # the half-step solves for the columns of `values`; then the sides are exchanged
    before = subspace_distance(U, here.U)
    for _ in range(steps):
        mask = mask_of(values.shape, density, rng)
        V = half_step((values, mask), U, axis=1).factor
        noise = rng.normal(size=V.shape)
        size = (share * before + error) * smallest
        V = V + size / np.linalg.norm(noise, 2) * noise
        driving = np.linalg.norm(theory.driving_error(U, here, mask), 2)
        bound = theory.contraction_bound(before, smallest=smallest, driving=driving, inner=size)
        expected = np.sqrt(theory.driving_second_moment(U, here, density=density)) / smallest
        U, here, values = np.linalg.qr(V)[0], LowRank(here.V, here.singular_values, here.U), values.T
        after = subspace_distance(U, here.U)
        yield Step(before, after, float(bound), float(expected))
        before = after


def compute_contraction(profile: str) -> dict[str, np.ndarray]:
    """Measure ratios of distances, bounds and expected scales, of shape (conditions, factors, repetitions, steps)."""
    settings = CONTRACTION_INPUTS[profile]
    n, k, factors = settings["n"], settings["rank"], settings["factors"]
    density = np.array(factors) * k * np.log(n) / n
    shape = (len(CONDITIONS), len(factors), settings["repetitions"], settings["steps"])
    ratio, bound, expected = np.full((3, *shape), np.nan)
    for c, f, repetition in np.ndindex(shape[:3]):
        rng = stream(SEED, c, f, repetition)
        truth = make_low_rank((n, n), k, condition=CONDITIONS[c], density=0, rng=rng).truth
        for t, step in enumerate(half_steps(truth, density[f], shape[3], rng)):
            if 1e-8 < step.before < 0.5:  # from a start that has found the space, down to rounding
                found = np.array([step.after, step.bound if step.bound > 0 else np.inf, step.expected]) / step.before
                ratio[c, f, repetition, t], bound[c, f, repetition, t], expected[c, f, repetition, t] = found
    return {
        "scale": np.sqrt((1 - density) * k / (density * n)),
        "factors": np.array(factors, dtype=float),
        "ratio": ratio,
        "bound": bound,
        "expected": expected,
    }


def contraction_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin."""
    ratio, scale = arrays["ratio"], arrays["scale"]
    measured = np.isfinite(ratio)
    middle = np.nanmedian(ratio, axis=(2, 3)) / scale
    enough = arrays["factors"] >= 8
    many = ratio[:, enough][measured[:, enough]]
    return {
        "every half-step is below its own bound": below((ratio / arrays["bound"])[measured], 1),
        "from 8 k ln n entries a column on 98 of 100 half-steps shrink the distance to a quarter": below(
            (many > 0.25).sum(), 0.02 * many.size
        ),
        "the median ratio of distances is 1 to 1.6 times the expected one, whatever the condition number": between(
            middle, 1, 1.6
        ),
    }


def contraction_beside(arrays: Any) -> list[Beside]:
    """Set median ratios of distances at condition number one beside recorded ones."""
    known = published("matrix_completion")["contraction"]
    middle = dict(zip(arrays["factors"].tolist(), np.nanmedian(arrays["ratio"][0], axis=(1, 2)), strict=True))
    factors = known["median"]["factor"]
    names = [f"median contraction, p n = {factor} k ln n" for factor in factors]
    ours = [middle.get(factor, np.nan) for factor in factors]
    return beside(names, known["median"]["ratio"], ours, f"{known['source']}; here other n and k")


def draw_contraction(arrays: Any) -> matplotlib.figure.Figure:
    """Draw ratios over the scale on the left, and over their own bounds on the right."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4), layout="constrained")
    scale = arrays["scale"]
    for c, condition in enumerate(CONDITIONS):
        ratio, bound = arrays["ratio"][c], arrays["bound"][c]
        x = np.broadcast_to(scale[:, None, None] * 1.02 ** (c - 1), ratio.shape)
        left.plot(x.ravel(), ratio.ravel(), ".", color=COLORS[c], markersize=3, alpha=0.5)
        left.plot(
            scale,
            np.nanmedian(ratio, axis=(1, 2)),
            MARKERS[c] + LINES[c],
            color=COLORS[c],
            label=rf"$\kappa$ = {condition:g}",
        )
        curve = np.nanmedian(arrays["expected"][c], axis=(1, 2))
        left.plot(scale, curve, "--", color=COLORS[c], linewidth=1)
        right.loglog(
            bound.ravel(), ratio.ravel(), ".", color=COLORS[c], markersize=4, label=rf"$\kappa$ = {condition:g}"
        )
    left.plot(scale, LAW * scale, ":", color="black", label=f"{LAW} times the scale (recorded)")
    left.plot([], [], "--", color="gray", label="root of the second moment")
    left.axhline(0.25, color="lightgray", zorder=0)
    left.set(xscale="log", yscale="log")
    for ticks in (left.xaxis, left.yaxis):
        ticks.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5)))
        ticks.set_major_formatter("{x:g}")
        ticks.set_minor_formatter(NullFormatter())
    left.set(xlabel=r"scale $\sqrt{(1-p)\,k/(p\,n)}$", ylabel="distance after / before")
    left.legend()
    ends = np.array([0.5 * np.nanmin(arrays["ratio"]), 1])
    right.plot(ends, ends, color="gray", linewidth=1)
    right.set(
        title="the same half-steps, one by one",
        xlabel="bound of this very half-step",
        ylabel="distance after / before",
        xlim=(ends[0], 2),
    )
    right.legend()
    headline(figure, "Exact half-steps on fresh samples; dots are half-steps, lines their medians")
    return figure


def compute_floor(profile: str) -> dict[str, np.ndarray]:
    """Measure distances, (shares, errors, steps + 1), under a constant error and a share of the distance."""
    settings = FLOOR_INPUTS[profile]
    n, k = settings["n"], settings["rank"]
    density = settings["factor"] * k * np.log(n) / n
    found = np.zeros((len(SHARES), len(settings["errors"]), settings["steps"] + 1))
    truth = make_low_rank((n, n), k, condition=2, density=0, rng=stream(SEED, 0)).truth
    for s, e in np.ndindex(found.shape[:2]):
        options = {"share": SHARES[s], "error": settings["errors"][e]}
        steps = list(half_steps(truth, density, settings["steps"], stream(SEED, 1), **options))
        found[s, e] = [steps[0].before, *(step.after for step in steps)]
    size = {name: np.array(settings[name]) for name in ("n", "rank", "factor")}
    return {"errors": np.array(settings["errors"]), "distance": found, **size}


def floors(arrays: Any) -> np.ndarray:
    """Return the medians of the last distances, of shape (shares, errors)."""
    return np.median(arrays["distance"][..., -LAST:], axis=-1)


def floor_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin."""
    floor, errors = floors(arrays), arrays["errors"]
    exponents = [slope(errors, one) for one in floor]
    before, after = arrays["distance"][-1, :, :-1], arrays["distance"][-1, :, 1:]
    far = before > 20 * errors[:, None]
    return {
        "the distance that is left is the error of each half-step, within a factor of 2": between(
            floor / errors, 0.5, 2
        ),
        "the distance that is left grows with the error of half-steps with exponent one": between(
            np.array(exponents), 0.95, 1.05
        ),
        "with an error of a fifth of the distance every half-step far above the floor halves the distance": below(
            (after / before)[far], 0.5
        ),
    }


def floor_beside(arrays: Any) -> list[Beside]:
    """Set floors over the constant errors, and ratios of distances far above the floor, beside recorded ones."""
    known, errors = published("matrix_completion")["floor"], arrays["errors"]
    n, k = (arrays[name] for name in ("n", "rank"))
    source = f"{known['source']}; here n = {int(n)}, rank {int(k)}, p n = {float(arrays['factor']):g} k ln n"
    there = [int(np.flatnonzero(np.isclose(errors, error))[0]) for error in known["error"]]
    names = [f"floor of the distance, error {error:g}" for error in known["error"]]
    rows = beside(names, np.mean(known["floor"], axis=1), floors(arrays)[0, there], source)
    before, after = arrays["distance"][..., :-1], arrays["distance"][..., 1:]
    far = (before > 20 * errors[:, None]) & (before < 0.5)
    ours = [np.median((after / before)[s][far[s]]) for s in range(1, len(SHARES))]
    what = [f"distance after / before, error of {share:g} of the distance" for share in SHARES[1:]]
    return rows + beside(what, [known["ratio"][f"{share:g}"] for share in SHARES[1:]], ours, source)


def draw_floor(arrays: Any) -> matplotlib.figure.Figure:
    """Draw distances on the left, and floors on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
    steps = np.arange(arrays["distance"].shape[-1])
    for s, style in ((0, "-"), (len(SHARES) - 1, "--")):
        for e, error in enumerate(arrays["errors"]):
            left.semilogy(steps, arrays["distance"][s, e], style, color=COLORS[e % len(COLORS)], linewidth=1.2)
            left.axhline(error, color=COLORS[e % len(COLORS)], linewidth=0.5, linestyle=":")
    left.set(xlabel="half-steps", ylabel="distance", title=f"solid: that error alone; dashed: and {SHARES[-1]} d")
    for s, share in enumerate(SHARES):
        right.loglog(arrays["errors"], floors(arrays)[s], "osD"[s], color=COLORS[s], markersize=7 - 2 * s, label=share)
    right.loglog(arrays["errors"], arrays["errors"], color="gray", linewidth=1)
    right.set(xlabel=r"error that stays, in units of $s_k$", ylabel="floor of the distance", title="line: slope one")
    right.legend(title="error in units of d")
    headline(figure, "A Gaussian error is added to every half-step; fresh samples")
    return figure


CONTRACTION = Figure(
    name="contraction",
    title="A half-step shrinks the distance by a factor of the sample, whatever the condition number.",
    compute=compute_contraction,
    claims=contraction_claims,
    draw=draw_contraction,
    beside=contraction_beside,
    seed=SEED,
    inputs=CONTRACTION_INPUTS,
)
FLOOR = Figure(
    name="floor",
    title="The distance falls to the error that stays and no further; an error that shrinks with it does no harm.",
    compute=compute_floor,
    claims=floor_claims,
    draw=draw_floor,
    beside=floor_beside,
    seed=SEED,
    inputs=FLOOR_INPUTS,
)
