"""The bytes that optimizers keep."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Identity, Sides, Statement, saboteur
from lrtheory.low_rank_optimizers import theory
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
from proofs_checks.low_rank_optimizers.families.splits import KINDS, failing


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


def small_weights() -> Iterator[Weights]:
    """Yield all matrices of up to four rows and columns with ranks up to 4 and three kinds of half a split."""
    for m, n, rank, kind in itertools.product(range(1, 5), range(1, 5), range(1, 5), KINDS):
        yield Weights((m, n), rank, 2, kind)


def draw_weights(draws: Draws) -> Weights:
    """Return a drawn shape and drawn options."""
    shape = tuple(draws.integers(1, 6) for _ in range(draws.choice((1, 2, 2))))
    return Weights(shape, draws.integers(1, 7), draws.integers(0, 4), draws.choice(KINDS), draws.choice((4, 8)))


SHAPES = Family("shapes-of-weights", always=shapes, draw=draw_weights)


def with_basis(case: Weights, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Count the cosine basis for every array of weights."""
    found = counted(case)
    basis = case.itemsize * min(case.shape) ** 2
    return found | {name: found[name] + basis for name in found if name.startswith(("dct", "trion"))}


def without_error(case: Weights, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Forget the array of error feedback."""
    found = counted(case)
    return found | {"dct_adamw with error feedback": found["dct_adamw"]}


def _common(size: int) -> dict[str, int]:
    return {"sgd": size, "auon": size, "muon": size, "sgd without momentum": 0, "low_rank_es": 16}


def sizes(case: Weights) -> dict[str, int]:
    """Return the bytes of the arrays of each method, from the shape."""
    s, (m, n) = case.itemsize, (case.shape[0], case.shape[-1])
    if len(case.shape) == 1:
        base = {name: 2 * s * n for name in ("adamw", "galore", "dct_adamw", "trion", "frugal")}
        return base | {"dct_adamw with error feedback": 2 * s * n} | _common(s * n) | {"mkor": 0}
    r, most, least = min(case.rank, m, n), max(m, n), min(m, n)
    n_parts = {"columns": n, "rows": m, "entries": m * n}[case.kind]
    chosen = (case.quarters * n_parts + 2) // 4
    found = {"adamw": 2 * s * m * n, "galore": s * (2 * r * most + r * least), "mkor": s * (m * m + n * n)}
    found |= {"dct_adamw": 2 * s * r * most + 4 * r, "trion": s * m * n + 4 * r}
    found |= {"dct_adamw with error feedback": found["dct_adamw"] + s * m * n}
    return found | {"frugal": chosen * (2 * s * (m * n // n_parts) + 4)} | _common(s * m * n)


def stated(case: Weights, name: str) -> int:
    """Return what the formula counts."""
    method, _, rest = name.partition(" ")
    options: dict[str, Any] = {"rank": case.rank, "density": Fraction(case.quarters, 4), "kind": case.kind}
    options |= {"error_feedback": "error" in rest, "momentum": 0 if "without" in rest else Fraction(1, 2)}
    return theory.state_bytes(method, case.shape, itemsize=case.itemsize, **options)


def keep_so_many(case: Weights, found: dict[str, int], share: bool = False) -> Sides:
    """Compare the bytes that optimizers keep, and those of the formula, with sizes of arrays."""
    due: dict[str, Any] = dict(sizes(case))
    if share:  # the columns' share of Adam, whatever is fed back
        part = Fraction(min(case.rank, *case.shape), min(case.shape))
        due |= {"dct_adamw with error feedback": part * due["adamw"] + 4 * min(case.rank, *case.shape)}
    if set(found) != set(due):
        return failing()
    names = sorted(due)
    lhs = [found[name] for name in names] + [stated(case, name) for name in names]
    return Sides(np.array(lhs, object), np.array([due[name] for name in names] * 2, object))


FR_5 = Statement(
    id="low_rank_optimizers/FR-5",
    title="The state of nine optimizers and of a strategy of low rank is known to the byte",
    says=(
        "For weights (m, n) in single precision Adam keeps 8 m n bytes, a momentum 4 m n, GaLore 8 r max + 4 r min, "
        "Adam in r columns of a basis 8 r max + 4 r, and 4 m n more with error feedback, Trion 4 m n + 4 r, FRUGAL 8 "
        "for each chosen entry and 4 for each index, MKOR 4 (m^2 + n^2), and a strategy of low rank 16 bytes, where "
        "max and min are the larger and the smaller side."
    ),
    source=Derived(theory.state_bytes),
    tex=r"8r\max(m, n) + 4r\ (+\ 4mn),\quad 4mn + 4r,\quad 4(m^2 + n^2),\ \dots",
    hypotheses={"a shape, and options that optimizers take": is_weights},
    instances=SHAPES,
    for_all=(
        All(
            "triples of a shape up to 4 x 4, a rank up to 4 and one of three kinds of split", small_weights, members=192
        ),
    ),
    solve=counted,
    claim=Identity(keep_so_many),
    saboteurs=(
        saboteur("the basis is counted for every array", solve=with_basis),
        saboteur("the error is forgotten", solve=without_error),
        saboteur("r/n of Adam, with error feedback too", claim=Identity(partial(keep_so_many, share=True))),
    ),
    notes="With error feedback Adam in r columns keeps more than Adam for r above half of the smaller side.",
)
