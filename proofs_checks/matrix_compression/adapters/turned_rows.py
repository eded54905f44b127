"""DoRA at a lower rank: rows of a weight that keep their lengths, or get the best ones for new directions.

Row i of a weight is w_i = m_i v_i / |v_i|, where v_i is row i of W + s B A and m_i its length, which training moves.
A DoRA of lower rank has other factors, with rows v'_i, and lengths m'_i; e_i = v_i - v'_i is what row i of s B A
loses.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files.safetensors import encoded, write_tensors
from lrtheory._numbers import inexact
from lrtheory.bounds import (
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
from lrtheory.matrix_compression import AdapterFile, AdapterModule, compress_adapter
from lrtheory.matrix_compression.adapters import directions
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import norm
from proofs_checks.matrix_compression.families.updates import are_factors

NAME = "query"


def with_lengths(rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return rows of the same directions with other lengths."""
    return rows * (lengths / np.linalg.norm(rows, axis=1))[:, None]


@dataclass(frozen=True)
class Turned:
    """A weight W (m, n), factors B (m, q) and A (q, n), the lengths of the rows, and the rank that is left."""

    weight: np.ndarray
    B: np.ndarray
    A: np.ndarray
    lengths: np.ndarray
    rank: int

    @property
    def rows(self) -> np.ndarray:
        """Return v, the rows of W + B A."""
        return np.asarray(self.weight + self.B @ self.A)

    @property
    def merged(self) -> np.ndarray:
        """Return w, the rows of the weight."""
        return with_lengths(self.rows, self.lengths)


def squeezed(case: Turned, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return factors and lengths of the library's DoRA of the rank, and the error and the bound that it reports."""
    module = AdapterModule(case.B, case.A, magnitude=case.lengths, dtype="F64")
    with tempfile.TemporaryDirectory() as place:
        write_tensors(Path(place) / "model.safetensors", {f"{NAME}.weight": encoded(case.weight, "F64")})
        made = compress_adapter(AdapterFile({NAME: module}, {"use_dora": True}), rank=case.rank, base=place)
    own = made.adapter.modules[NAME]
    return {
        "B": own.scale * own.B,
        "A": own.A,
        "lengths": own.magnitude,
        "error": made.error,
        "upper": made.certificate.achieved,
    }


def lengths_alone(case: Turned, rng: np.random.Generator | None = None, kept: bool = False) -> dict[str, Any]:
    """Return the lengths that rows had, or those of the new rows, which forgets what training made of them."""
    found = squeezed(case)
    rows = case.weight + found["B"] @ found["A"]
    lengths = case.lengths if kept else np.linalg.norm(rows, axis=1)
    error = norm(case.merged - with_lengths(rows, lengths))
    return found | {"lengths": lengths, "upper": error, "error": error / (norm(case.merged - case.weight) or 1.0)}


@formula(m="[0, inf)", before="(0, inf)", after="(0, inf)", lost="[0, inf)")
def turned_row_bound(m: Numbers, before: Numbers, after: Numbers, lost: Numbers) -> Numbers:
    r"""A row of the length m moves by at most this when its direction becomes that of another vector.

    `before` is norm(v) and `after` is norm(v') of two vectors at the distance `lost`, which lend the row their
    directions.

    Proof
    -----
    Assumes: neither vector is 0, which is checked.

    Proof: with p = \|v\|, q = \|v'\| and the distance d of v / p and v' / q, expanding squares gives \|v - v'\|^2 =
    (p - q)^2 + p q d^2. Now ((p + q)^2 / 4) d^2 = p q d^2 + ((p - q)^2 / 4) d^2 <= p q d^2 + (p - q)^2, since d <= 2.
    So (p + q) d / 2 <= \|v - v'\|, and m d is what the row moves by.
    """
    return 2 * m * lost / (before + after)


def allowed_of(case: Turned) -> float:
    """Return what directions and lengths err by in doubles; rows are not short, as a hypothesis says."""
    short = np.linalg.norm(case.rows, axis=1).min()
    load = (norm(case.weight) + norm(case.B) * norm(case.A)) / short
    return float(rounding(256 * (sum(case.weight.shape) + case.B.shape[1] + 8), norm(case.lengths) * load * load))


def in_rows(case: Turned, found: Mapping[str, Any], factor: float = 1.0) -> Sides:
    """Compare the distance of the weights with the bound over rows, once the report has that distance."""
    rows = case.weight + np.asarray(found["B"]) @ np.asarray(found["A"])
    far = norm(case.merged - with_lengths(rows, np.asarray(found["lengths"])))
    before, after, lost = (np.linalg.norm(X, axis=1) for X in (case.rows, rows, case.rows - rows))
    bound = factor * norm(turned_row_bound(np.abs(case.lengths), before, after, lost))
    allowed = allowed_of(case)
    said = np.array([found["error"] * norm(case.merged - case.weight) - far, found["upper"] - far])
    return unlike(said, 2 * allowed) or Sides([far], [bound], trivial=2 * norm(case.lengths), rounding=allowed)


def draw_turned(draws: Draws) -> Turned:
    """Draw weights whose rows are longer than what any truncation loses, and lengths near or far from theirs."""
    m, n, q = draws.integers(1, 5), draws.integers(1, 5), draws.integers(1, 4)
    B, A = (draws.integers(-3, 3, shape=shape).astype(float) for shape in ((m, q), (q, n)))
    weight = draws.integers(-3, 3, shape=(m, n)).astype(float)
    weight[:, draws.integers(0, n - 1)] += 4 * norm(B @ A) + 4
    lengths = np.linalg.norm(weight, axis=1) * draws.choice((1.0, 0.5, 3.0)) + draws.integers(0, 2, shape=(m,))
    unit = 2.0 ** draws.choice((0, 0, 40, -60))
    return Turned(unit * weight, unit * B, A, unit * lengths, draws.integers(1, q))


def climb_turned(case: Turned, draws: Draws) -> Turned:
    """Turn one row."""
    weight = case.weight.copy()
    weight[draws.integers(0, len(weight) - 1)] += draws.choice((-0.25, 0.25)) * norm(case.B @ case.A)
    return replace(case, weight=weight)


def crossed() -> Turned:
    """Make a row that is turned a little, and that keeps its length: 2^-9 of it is lost sideways."""
    return Turned(
        np.array([[1.0, 0.0], [0.0, 1.0]]), np.diag([2.0**-8, 2.0**-9]), np.eye(2)[::-1].copy(), np.ones(2), 1
    )


def turned() -> tuple[Turned, ...]:
    """Return weights of one and of three rows, with lengths of their own, and one that keeps its rank."""
    W = np.array([[9.0, 0.0, 1.0], [0.0, 9.0, 0.0], [1.0, 2.0, 9.0]])
    B, A = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, -1.0]]), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, -1.0]])
    return (
        Turned(W, B, A, np.array([4.0, 9.0, 30.0]), 1),
        Turned(W, B, A, np.array([4.0, 9.0, 30.0]), 2),
        Turned(2.0**-80 * W, 2.0**-80 * B, A, 2.0**-80 * np.array([10.0, 1.0, 0.0]), 1),
        crossed(),
    )


TURNED = Family(
    "turned-rows",
    always=turned,
    tight=(Tight(crossed(), 1 - 2.0**-16, 1),),
    draw=draw_turned,
    climb=climb_turned,
)


def is_turned(case: Turned) -> bool:
    """Decide whether factors of finite numbers fit to a weight and to lengths, and a rank is left."""
    fits = are_factors(case.B, case.A) and case.weight.shape == (len(case.B), case.A.shape[1])
    fits = fits and case.lengths.shape == (len(case.B),) and case.rank >= 1
    return bool(fits and np.isfinite(case.weight).all() and np.isfinite(case.lengths).all())


def keeps_its_rows(case: Turned) -> bool:
    """Decide whether no row of W + B A nearly vanishes, and none of them by any truncation of B A."""
    lost = norm(case.B @ case.A) if case.rank < case.B.shape[1] else 0.0
    shortest = np.linalg.norm(case.rows, axis=1).min()
    return bool(shortest > lost + 1e-3 * (norm(case.weight) + norm(case.B) * norm(case.A)))


HYPOTHESES = {"a weight, factors, lengths and a rank that fit": is_turned, "no row nearly vanishes": keeps_its_rows}


SQ_10 = Statement(
    id="matrix_compression/SQ-10",
    title="A squeezed DoRA moves each row by what its factors lose there",
    says=(
        "Row i of a weight is m_i v_i / |v_i|, where v_i is row i of W + s B A. The DoRA of lower rank that is found "
        "has the rows v'_i, at the distance |e_i| from v_i. Its weights are within the root of the sum over i of "
        "(2 m_i |e_i| / (|v_i| + |v'_i|))^2 of the old ones, in the Frobenius norm, and its report says their distance."
    ),
    source=Derived(turned_row_bound),
    tex=r"\sum_i\|w_i - w'_i\|^2 \le \sum_i\left(\frac{2m_i\|e_i\|}{\|v_i\| + \|v'_i\|}\right)^2",
    hypotheses=HYPOTHESES,
    instances=TURNED,
    solve=squeezed,
    claim=Inequality(in_rows),
    saboteurs=(
        saboteur("half of the bound, as if lengths were diameters", claim=Inequality(partial(in_rows, factor=0.5))),
        saboteur("lengths of the new rows", solve=lengths_alone),
        saboteur(
            "directions without the weight",
            patch=(directions.redirected, "directions_of(made, weight)", "directions_of(made, 0.5 * weight)"),
        ),
    ),
    notes="Lengths that stay as they were meet the bound too, and it was proved for these.",
)


@formula(m="[0, inf)", along="[0, m]")
def refitted_row_error(m: Numbers, along: Numbers) -> Numbers:
    r"""Least distance of a row of the length m from the multiples of a direction.

    `along` is the absolute value of the row's inner product with the direction.

    Proof
    -----
    Assumes: `along` is at most m, as an inner product with a vector of length 1 is; checked.

    Proof: for a unit vector u and a number x, \|w - x u\|^2 = \|w\|^2 - <w, u>^2 + (x - <w, u>)^2, which is least at
    x = <w, u>.
    """
    return np.sqrt(inexact((m - along) * (m + along)))


def fitted(case: Turned, found: Mapping[str, Any], share: float = 1.0) -> Sides:
    """Compare the distance of the weights with the least for these directions, and with those of other lengths."""
    rows = case.weight + np.asarray(found["B"]) @ np.asarray(found["A"])
    units = rows / np.linalg.norm(rows, axis=1)[:, None]
    lengths = np.asarray(found["lengths"], float)
    far, along = norm(case.merged - lengths[:, None] * units), np.abs((case.merged * units).sum(axis=1))
    most = np.abs(case.lengths)
    least = share * norm(refitted_row_error(most, np.minimum(along, most)))
    others = [case.lengths, *(lengths + step * most for step in (-1e-3, 1e-3))]
    distances = [norm(case.merged - other[:, None] * units) for other in others]
    # a small angle is the root of a difference of squares, each of which is off by what a square of its size rounds by
    square = allowed_of(case) * norm(case.lengths)
    rounding = square / max(far, np.sqrt(square)) if square > 0 else 0.0
    return Sides([far, *[far] * len(others)], [least, *distances], trivial=2 * norm(case.lengths), rounding=rounding)


SQ_11 = Statement(
    id="matrix_compression/SQ-11",
    title="The lengths of a squeezed DoRA are the best ones for its directions",
    says=(
        "Row i of a weight is w_i, and the DoRA of lower rank that is found gives it the direction u_i, a vector of "
        "length 1. Its length there is <w_i, u_i>, so that the squared distance of all rows is the sum of |w_i|^2 - "
        "<w_i, u_i>^2, and no other lengths are nearer, those of the weight included."
    ),
    source=Derived(refitted_row_error),
    tex=r"\min_{x}\sum_i\|w_i - x_iu_i\|^2 = \sum_i\left(\|w_i\|^2 - \langle w_i, u_i\rangle^2\right)",
    hypotheses=HYPOTHESES,
    instances=TURNED,
    solve=squeezed,
    claim=Inequality(fitted),
    unread={"error": "SQ-10 compares it with the distance", "upper": "SQ-10 compares it with the distance"},
    saboteurs=(
        saboteur("rows keep their lengths", solve=partial(lengths_alone, kept=True)),
        saboteur("nine tenths of it", claim=Inequality(partial(fitted, share=0.9))),
        saboteur(
            "lengths of the new rows",
            patch=(directions.redirected, "np.sum(merged * after.rows, axis=1)", "np.linalg.norm(merged, axis=1)"),
        ),
    ),
)
