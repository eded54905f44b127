"""The central picture: what adapters of every kind leave of an update, against their free numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, headline, stream
from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.loaders import load_update
from lrtheory.low_rank_adapters.problem import UpdateProblem, make_update
from lrtheory.low_rank_adapters.theory.adapters import crossover_exponent

if TYPE_CHECKING:
    import matplotlib.figure

SEED, SIDE = 1, 24
KNOWN = published("low_rank_adapters")["reach"]
PANELS = {
    "flat": "all singular values equal, 24 x 24",
    "power": "singular values 1/i, 24 x 24",
    "int4": "rounding of a query map to 4 bits, 384 x 384",
    "healing": "a removed layer, made up for, 384 x 1536",
}
REAL = {"int4": ("int4", "attention.self.query"), "healing": ("healing", "output.dense")}
#: updates of which only LoRA's errors are computed
MORE = {"dense": ("int4", "output.dense"), "gradient": ("gradient", "output.dense")}
KINDS = {
    "randlora": "RandLoRA, orthonormal bases and signs (RA-5)",
    "lora-xs": "LoRA-XS, random subspaces",
    "vera": "VeRA",
    "uni-lora": "Uni-LoRA, rank 12",
    "hadamard": "Hadamard (HiRA)",
    "tera": "TeRA, two factors a side (TE-3)",
    "queryable": "Queryable LoRA, random atoms (QL-3)",
}
SMALL: dict[str, list[dict[str, int]]] = {
    "randlora": [{"rank": rank} for rank in KNOWN["sizes"]],
    "lora-xs": [{"rank": rank} for rank in (3, 6, 12, 18)],
    "vera": [{"rank": rank} for rank in (4, 12, 24)],
    "uni-lora": [{"rank": 12, "d": d} for d in (24, 96, 288)],
    "hadamard": [{"rank": rank} for rank in (1, 3, 6)],
    "tera": [{"rank": rank} for rank in (1, 2, 4, 6)],
    "queryable": [{"rank": 12, "n_atoms": count} for count in (8, 32, 128)],
}
LARGE: dict[str, list[dict[str, int]]] = {
    "randlora": [{"rank": rank} for rank in (4, 16, 64)],
    "lora-xs": [{"rank": rank} for rank in (16, 64, 256)],
    "vera": [{"rank": rank} for rank in (16, 256)],
}
SLOW: dict[str, list[dict[str, int]]] = {
    "uni-lora": [{"rank": 12, "d": d} for d in (384, 1536)],
    "hadamard": [{"rank": rank} for rank in (1, 4, 16)],
}
#: kinds that stand last, so that the others keep their random numbers
LAST: dict[str, list[dict[str, int]]] = {
    "tera": [{"rank": rank} for rank in (4, 16)],
    "queryable": [{"rank": 64, "n_atoms": count} for count in (32, 256)],
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"exact draws": 20, "draws": 1, "large": {**LARGE, **LAST}},
    "full": {"exact draws": 40, "draws": 10, "large": {**LARGE, **SLOW, **LAST}},
}


@cache
def problem_of(panel: str, draw: int = 0) -> UpdateProblem:
    """Return the update of a panel, with a weight."""
    if panel in REAL or panel in MORE:
        kind, module = {**REAL, **MORE}[panel]
        return load_update(kind, module=module)
    made = make_update(panel, (SIDE, SIDE), rng=stream(SEED, 0, draw))
    return UpdateProblem(made.target, weight=stream(SEED, 1, draw).normal(size=(SIDE, SIDE)))


def ladders(panel: str, draw: int, kinds: dict[str, list[dict[str, int]]]) -> np.ndarray:
    """Return (numbers, dimension, lower, upper) of all adapters, with errors as shares of the squared norm."""
    problem = problem_of(panel, draw)
    D, rows = np.asarray(problem.target), []
    for number, (kind, sizes) in enumerate(kinds.items()):
        for step, options in enumerate(sizes):
            weight = {"weight": problem.weight} if kind == "hadamard" else {}
            adapter = make_adapter(kind, D.shape, rng=stream(SEED, 2, draw, number, step), **weight, **options)
            if kind == "queryable":  # as large as it takes to hold the projection of the target onto the atoms' span
                adapter = replace(adapter, scale=float(np.sqrt(adapter.n_parameters / 2) * np.linalg.norm(D)))
            found = distance(adapter, D)
            errors = np.array([found.lower, found.upper]) ** 2 / np.sum(D * D)
            rows.append([adapter.n_parameters, adapter.dimension, *errors])
    return np.array(rows)


def tails(panel: str) -> np.ndarray:
    """Return (numbers, dimension, error) of LoRA at every rank below the smaller side."""
    D = np.asarray(problem_of(panel).target)
    (m, n), energies = D.shape, np.linalg.svd(D, compute_uv=False) ** 2
    rank = np.arange(1, min(m, n))
    rest = np.cumsum(energies[::-1])[::-1][1:]
    return np.transpose([rank * (m + n), rank * (m + n - rank), rest / energies.sum()])


def compute_reach(profile: str) -> dict[str, np.ndarray]:
    """Errors of LoRA by panel, those of the others by panel and kind, (sizes, draws, 4), and the crossover exponent."""
    settings = INPUTS[profile]
    arrays = {f"{panel}.lora": tails(panel) for panel in (*PANELS, *MORE)}
    for panel in PANELS:
        kinds = settings["large"] if panel in REAL else SMALL
        exact = {kind: sizes for kind, sizes in kinds.items() if kind in ("randlora", "lora-xs")}
        slow = {kind: sizes for kind, sizes in kinds.items() if kind not in exact}
        for part, draws in ((exact, settings["exact draws"]), (slow, settings["draws"])):
            points = [(panel, draw, part) for draw in range(1 if panel in REAL else draws)]
            rows = np.moveaxis(np.array(each(ladders, points)), 0, 1)
            cuts = np.cumsum([len(sizes) for sizes in part.values()])[:-1]
            arrays |= {f"{panel}.{kind}": one for kind, one in zip(part, np.split(rows, cuts), strict=True)}
    return arrays | {"exponent": np.array(crossover_exponent(384, 16))}


def against_lora(arrays: Any, panel: str) -> tuple[np.ndarray, np.ndarray]:
    """Return errors of RandLoRA, (sizes, draws), and of LoRA at the largest rank with no more dimensions, (sizes,)."""
    found, lora = arrays[f"{panel}.randlora"], arrays[f"{panel}.lora"]
    at = np.searchsorted(lora[:, 1], found[:, 0, 1], side="right") - 1
    return found[:, :, 3], lora[at, 2]


def reach_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of the squared norm, of an error, or as exponents."""
    (flat, flat_lora), (power, power_lora) = (against_lora(arrays, panel) for panel in ("flat", "power"))
    pairs = [against_lora(arrays, panel) for panel in REAL]
    _, dimension, error = arrays["flat.lora"].T
    real = [(arrays[f"{panel}.lora"], panel) for panel in (*REAL, *MORE)]
    sizes = {"int4": 384**2, "healing": 384 * 1536, "dense": 384 * 1536, "gradient": 384 * 1536}
    quotients = np.concatenate([lora[:, 2] / (1 - lora[:, 1] / sizes[panel]) for lora, panel in real])
    floors = [arrays[name][:, :, 2:] for name in arrays if name.count(".") and not name.endswith(".lora")]
    return {
        "on a flat spectrum LoRA leaves the square root of what a random linear adapter of its dimension leaves": below(
            np.abs(error - np.sqrt(1 - dimension / SIDE**2)), 1e-12
        ),
        "on a flat spectrum RandLoRA leaves less than LoRA of no larger dimension by 0.1, in every draw": below(
            0.1, flat_lora[:, None] - flat
        ),
        "with singular values 1/i LoRA leaves less than RandLoRA by 0.14, in the mean": below(
            0.14, power.mean(axis=1) - power_lora
        ),
        "on four real updates LoRA leaves less than a random linear adapter of its dimension, at every rank": below(
            quotients, 1
        ),
        "on two real updates LoRA leaves less than RandLoRA of no smaller dimension": below(
            0, np.concatenate([np.ravel(one - lora[:, None]) for one, lora in pairs])
        ),
        "at side 384 and rank 16 LoRA draws level with random linear adapters at decay 0.111 to 0.113": between(
            arrays["exponent"], 0.111, 0.113
        ),
        "no adapter is below its floor": below(
            np.concatenate([np.ravel(one[..., 0] - one[..., 1]) for one in floors]), 1e-9
        ),
    }


def reach_beside(arrays: Any) -> list[Beside]:
    """Errors of RandLoRA and LoRA at sizes that others have measured."""
    rows = []
    for panel in ("flat", "power"):
        found, lora = against_lora(arrays, panel)
        for sort, ours in ((panel, found.mean(axis=1)), (f"{panel} LoRA", lora)):
            names = [f"squared error, {sort}, beside RandLoRA of rank {rank}" for rank in KNOWN["sizes"]]
            rows += beside(names, KNOWN[sort], ours, KNOWN["source"])
    for panel in REAL:
        names = [f"squared error, {panel}, LoRA of rank {rank}" for rank in KNOWN["int4 ranks"]]
        ours = arrays[f"{panel}.lora"][np.array(KNOWN["int4 ranks"]) - 1, 2]
        rows += beside(names, KNOWN[f"{panel} LoRA"], ours, KNOWN["source"])
    return rows


def draw_panel(axis: Any, arrays: Any, panel: str, size: int) -> None:
    """Draw one update: lines of errors, floors as shades where they lie lower, and random linear adapters."""
    _, free, error = arrays[f"{panel}.lora"].T
    axis.plot(free, error, color=COLORS[0], label="LoRA (AD-3)")
    for i, (kind, label) in enumerate(KINDS.items(), 1):
        if f"{panel}.{kind}" in arrays:
            _, x, low, high = arrays[f"{panel}.{kind}"].mean(axis=1).T
            order = np.argsort(x)
            look = {"color": COLORS[i], "marker": MARKERS[i % len(MARKERS)], "markersize": 4}
            dotted = kind in ("lora-xs", "queryable")  # these follow the dotted line
            look["linestyle"] = "none" if dotted else LINES[i % len(LINES)]
            axis.plot(x[order], high[order], label=label, **look)
            if (high - low > 1e-6).any():
                axis.fill_between(x[order], low[order], high[order], color=COLORS[i], alpha=0.15, linewidth=0)
    x = np.geomspace(min(free[0], 9), size - 1)
    axis.plot(x, 1 - x / size, color="gray", linestyle=":", label="random linear adapters, mean: $1 - p$")
    axis.set(xscale="log", ylim=(0, 1.03))
    axis.set_title(PANELS[panel])


def draw_reach(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors against free numbers, a panel an update."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9.2, 6.4), sharey=True, layout="constrained")
    for axis, panel in zip(axes.flat, PANELS, strict=True):
        sides = (SIDE, SIDE) if panel not in REAL else (384, 384 if panel == "int4" else 1536)
        draw_panel(axis, arrays, panel, sides[0] * sides[1])
    for axis in axes[1]:
        axis.set_xlabel("free numbers of the adapter")
    for axis in axes[:, 0]:
        axis.set_ylabel("squared relative error")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=4, loc="outside lower center", fontsize=7.5)
    headline(
        figure,
        "What the best adapter of each kind leaves of an update: full rank pays on flat spectra, not on real updates. "
        "No adapter can be below the shades",
    )
    return figure


REACH = Figure(
    name="reach",
    title="What adapters of every kind leave of four updates, against their free numbers.",
    compute=compute_reach,
    claims=reach_claims,
    draw=draw_reach,
    beside=reach_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("update",),
)
