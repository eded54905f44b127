"""Split coordinates: gradients for FRUGAL, noisy quadratics of one coordinate, and shapes of weights."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.low_rank_optimizers.evolution.low_rank_es import LowRankES
from lrtheory.low_rank_optimizers.optimizers.adamw import AdamW
from lrtheory.low_rank_optimizers.optimizers.auon import AuON
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import DCTAdamW
from lrtheory.low_rank_optimizers.optimizers.frugal import Frugal
from lrtheory.low_rank_optimizers.optimizers.galore import GaLore
from lrtheory.low_rank_optimizers.optimizers.mkor import MKOR
from lrtheory.low_rank_optimizers.optimizers.muon import Muon
from lrtheory.low_rank_optimizers.optimizers.sgd import SGD
from lrtheory.low_rank_optimizers.optimizers.trion import Trion

Found = dict[str, Any]
KINDS = ("columns", "rows", "entries")


# --- gradients that are split ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """Gradients (T, m, n), how many quarters of which parts have moments, what the rest does, and when it is drawn."""

    gradients: np.ndarray
    quarters: int
    kind: str = "columns"
    rest: str = "sign"
    refresh_every: int = 2

    @property
    def n_parts(self) -> int:
        """The number of columns, rows or entries."""
        _, m, n = self.gradients.shape
        return int({"columns": n, "rows": m, "entries": m * n}[self.kind])


def is_split(case: Split) -> bool:
    """Decide whether the options are some that FRUGAL has."""
    options = case.kind in KINDS and case.rest in ("sign", "identity")
    return options and case.gradients.ndim == 3 and 0 <= case.quarters <= 4 and case.refresh_every >= 1


def split(case: Split, rng: np.random.Generator) -> Found:
    """Return the chosen parts and the updates of the library's FRUGAL, and updates of descent without momentum."""
    options: dict[str, Any] = {"rest": case.rest, "kind": case.kind, "refresh_every": case.refresh_every}
    moments: dict[str, Any] = {"beta1": 0.5, "beta2": 0.75, "epsilon_root": 0.0}
    made = Frugal(case.quarters / 4, step_size=0.5, rest_scale=0.25, rng=rng, **moments, **options)
    plain = SGD(step_size=0.5, momentum=0.0)
    indices, updates, free = [], [], []
    for G in np.asarray(case.gradients, float):
        updates.append(np.asarray(made.step(G).update))
        indices.append(np.asarray(made.get_state()["kept.indices"]))
        free.append(np.asarray(plain.step(G).update))
    return {"indices": np.array(indices), "updates": np.array(updates), "plain": np.array(free)}


def splits() -> list[Split]:
    """Return each density and kind on gradients of one shape, with zeros among them, and one entry alone."""
    G = np.arange(60).reshape(5, 3, 4) % 7 - 3
    cases = [Split(G, quarters, kind) for quarters in range(5) for kind in KINDS]
    cases += [Split(G + 1, 2, kind, "identity", 3) for kind in KINDS]
    return [*cases, Split(np.full((4, 1, 1), 3), 4), Split(np.zeros((3, 2, 2), int), 2)]


def draw_split(draws: Draws) -> Split:
    """Return drawn gradients and options."""
    shape = (draws.integers(2, 7), draws.integers(1, 4), draws.integers(1, 4))
    rest = draws.choice(("sign", "identity"))
    G = draws.integers(-4, 4, shape)
    return Split(G, draws.integers(0, 4), draws.choice(KINDS), rest, draws.integers(1, 4))


SPLITS = Family("split-gradients", always=splits, draw=draw_split)


# --- one coordinate --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Coordinate:
    """A quadratic of one coordinate in dyadic numbers, and the periods of its split: see the properties."""

    halves_curvature: int
    quarters_step: int
    eighths_momentum: int
    noise: int = 1
    quarters_density: int = 2
    period: int = 3

    @property
    def values(self) -> tuple[Fraction, Fraction, Fraction]:
        """The curvature, the step size and the momentum."""
        quarters = Fraction(self.quarters_step, 4)
        return Fraction(self.halves_curvature, 2), quarters, Fraction(self.eighths_momentum, 8)

    @property
    def density(self) -> Fraction:
        """The chance of a momentum."""
        return Fraction(self.quarters_density, 4)


def is_settled(case: Coordinate) -> bool:
    """Decide whether steps with and without momentum are stable."""
    curvature, alpha, b = case.values
    return min(curvature, alpha) > 0 and 0 <= b < 1 and alpha * curvature < 2 and case.noise >= 0


def is_short(case: Coordinate) -> bool:
    """Decide whether two periods fit into doubles without any rounding, and the density is a share."""
    return 0 <= case.quarters_density <= 4 and 1 <= case.period <= (4 if case.eighths_momentum % 2 == 0 else 3)


def contracts(case: Coordinate) -> bool:
    """Decide whether a period makes a variance smaller, by a plain loop in each case."""
    curvature, alpha, b = case.values
    left = []
    for momentum in (b, Fraction(0)):
        x, m = Fraction(1), Fraction(0)
        for _ in range(case.period):
            m = momentum * m + (1 - momentum) * curvature * x
            x = x - alpha * m
        left.append(x * x)
    return case.density * left[0] + (1 - case.density) * left[1] < 1


def paths(case: Coordinate, make: Any, n_steps: int, *, reset_every: int = 0) -> np.ndarray:
    """Return positions after each step: column s has one impulse of noise in step s, and the last one starts at 1."""
    curvature, _, _ = map(float, case.values)
    n = reset_every or n_steps
    made, x, found = make(case), np.zeros(n + 1), []
    x[n] = 1.0
    for t in range(n_steps):
        if reset_every and t and t % reset_every == 0:
            made.reset()
        noise = (np.arange(n + 1) == t) & (t < n)
        x = x + np.asarray(made.step(curvature * x + noise, x).update)
        found.append(x)
    return np.array(found)


def averaged(case: Coordinate) -> SGD:
    """Return the library's descent with a running mean of gradients."""
    _, alpha, b = map(float, case.values)
    return SGD(step_size=alpha, momentum=b, dampening="ema")


def plain(case: Coordinate) -> SGD:
    """Return the library's descent without momentum."""
    return SGD(step_size=float(case.values[1]), momentum=0.0)


def settled(case: Coordinate, rng: np.random.Generator | None = None, make: Any = averaged) -> Found:
    """Return positions in six steps from impulses of noise."""
    return {"positions": paths(case, make, 6)}


def split_anew(case: Coordinate, rng: np.random.Generator | None = None, make: Any = averaged) -> Found:
    """Return positions in two periods, between which the state is forgotten, with a momentum and without."""
    both = {"kept": make, "free": plain}
    return {name: paths(case, one, 2 * case.period, reset_every=case.period) for name, one in both.items()}


def travelled(case: Coordinate, rng: np.random.Generator | None = None, make: Any = averaged) -> Found:
    """Return positions from 3 after each step under the gradient 1, in two periods of the state."""
    made, x, found = make(case), np.array([3.0]), []
    for t in range(2 * case.period):
        if t == case.period:
            made.reset()
        x = x + np.asarray(made.step(np.ones(1), x).update)
        found.append(float(x[0]))
    return {"positions": np.array(found)}


def points() -> list[Coordinate]:
    """Return coordinates without and with momentum, without noise, near the border, and split in all ways."""
    first = [Coordinate(2, 2, b, density, p, T) for b, density, p, T in ((7, 1, 1, 3), (0, 1, 2, 4), (6, 2, 4, 1))]
    return [*first, Coordinate(3, 5, 4, 1, 0, 2), Coordinate(2, 7, 2, 3, 1, 4), Coordinate(1, 1, 1, 0, 3, 1)]


def draw_point(draws: Draws) -> Coordinate:
    """Return a drawn stable coordinate."""
    curvature = draws.integers(1, 6)
    step = draws.integers(1, max(1, (16 - 1) // curvature))
    momentum, noise = draws.integers(0, 7), draws.integers(1, 5)
    period = draws.integers(1, 4 if momentum % 2 == 0 else 3)
    return Coordinate(curvature, step, momentum, noise, draws.integers(0, 4), period)


POINTS = Family("noisy-coordinates", always=points, draw=draw_point)


# --- bytes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weights:
    """The shape of weights, the options of the optimizers, and the bytes of a number."""

    shape: tuple[int, ...]
    rank: int
    quarters: int
    kind: str = "columns"
    itemsize: int = 4


def is_weights(case: Weights) -> bool:
    """Decide whether there is a vector or a matrix, and options that optimizers take."""
    options = case.kind in KINDS and case.itemsize in (4, 8) and 0 <= case.quarters <= 4
    return options and len(case.shape) in (1, 2) and min(*case.shape, case.rank) >= 1


def counted(case: Weights, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Return the bytes of all arrays that each optimizer of the library keeps after one step."""
    G = np.ones(case.shape, np.float32 if case.itemsize == 4 else np.float64)
    made: dict[str, Any] = {
        "adamw": AdamW(step_size=1.0),
        "sgd": SGD(step_size=1.0, momentum=0.5),
        "sgd without momentum": SGD(step_size=1.0, momentum=0.0),
        "auon": AuON(step_size=1.0),
        "muon": Muon(step_size=1.0),
        "galore": GaLore(case.rank, step_size=1.0),
        "dct_adamw": DCTAdamW(case.rank, step_size=1.0),
        "dct_adamw with error feedback": DCTAdamW(case.rank, step_size=1.0, error_feedback=True),
        "trion": Trion(case.rank, step_size=1.0),
        "frugal": Frugal(case.quarters / 4, step_size=1.0, kind=case.kind, rng=0),
        "mkor": MKOR(step_size=1.0),
    }
    for name, one in made.items():
        inputs = {"activation": G[0], "output_gradient": G[:, 0]} if name == "mkor" and G.ndim == 2 else {}
        one.step(G, **inputs)
    found = {
        name: sum(value.nbytes for key, value in one.get_state().items() if "kept." in key)
        for name, one in made.items()
    }
    return found | {"low_rank_es": LowRankES([case.shape], sigma=1.0, population_size=2, rng=0).state_bytes}


def shapes() -> list[Weights]:
    """Return small shapes, among them one entry alone and a vector."""
    small = [(1, 1), (1, 3), (3, 1), (2, 3), (4, 4), (5, 2), (3,)]
    cases = [Weights(shape, rank, rank) for shape in small for rank in (1, 3)]
    return [*cases, Weights((6, 3), 2, 1, "rows", 8), Weights((3, 5), 2, 2, "entries"), Weights((4, 4), 1, 0)]


def draw_weights(draws: Draws) -> Weights:
    """Return a drawn shape and drawn options."""
    shape = tuple(draws.integers(1, 6) for _ in range(draws.choice((1, 2, 2))))
    return Weights(shape, draws.integers(1, 7), draws.integers(0, 4), draws.choice(KINDS), draws.choice((4, 8)))


SHAPES = Family("shapes-of-weights", always=shapes, draw=draw_weights)
