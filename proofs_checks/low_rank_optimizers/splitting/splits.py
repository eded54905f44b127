"""Coordinates with and without a state, chosen anew in every period."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from lrtheory.bounds import All, Draws, Family, Identity, Paper, Recorded, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers.optimizers.frugal import Frugal
from lrtheory.low_rank_optimizers.optimizers.sgd import SGD
from proofs_checks.low_rank_optimizers.families.splits import KINDS, POINTS, Split, failing, split_anew


def is_split(case: Split) -> bool:
    """Decide whether the options are some that FRUGAL has."""
    options = case.kind in KINDS and case.rest in ("sign", "identity")
    return options and case.gradients.ndim == 3 and 0 <= case.quarters <= 4 and case.refresh_every >= 1


Found = dict[str, Any]


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


def short_splits() -> Iterator[Split]:
    """Yield all gradients of two entries -2, 0 or 1 in three steps, of which one entry has moments for two steps."""
    for entries in itertools.product((-2, 0, 1), repeat=6):
        yield Split(np.reshape(entries, (3, 1, 2)), 2)


def draw_split(draws: Draws) -> Split:
    """Return drawn gradients and options."""
    shape = (draws.integers(2, 7), draws.integers(1, 4), draws.integers(1, 4))
    rest = draws.choice(("sign", "identity"))
    G = draws.integers(-4, 4, shape)
    return Split(G, draws.integers(0, 4), draws.choice(KINDS), rest, draws.integers(1, 4))


SPLITS = Family("split-gradients", always=splits, draw=draw_split)


FRUGAL = "2411.07837"


def _flat(*arrays: np.ndarray) -> np.ndarray:
    return np.concatenate([one.ravel() for one in arrays])


def adam(seen: list[float]) -> float:
    """Return the step of Adam from its gradients, as sums, with averages of 1/2 and 3/4, and 0 for 0/0."""
    T = len(seen)
    mean = sum(0.5 * 0.5 ** (T - 1 - t) * g for t, g in enumerate(seen)) / (1 - 0.5**T)
    square = sum(0.25 * 0.75 ** (T - 1 - t) * g * g for t, g in enumerate(seen)) / (1 - 0.75**T)
    return float(mean / np.sqrt(square)) if square else 0.0


def splits_rightly(case: Split, found: Found) -> Sides:
    """Compare all updates with plain loops: Adam since the last choice where chosen, and the rest rule elsewhere."""
    T, m, n = case.gradients.shape
    k = (case.quarters * case.n_parts + 2) // 4
    chosen = np.asarray(found["indices"], float)
    good = chosen.shape == (T, k) and bool(((chosen >= 0) & (chosen < case.n_parts) & (chosen % 1 == 0)).all())
    good = good and all(len(set(row)) == k for row in chosen.tolist())
    if not good or any(np.shape(found[name]) != (T, m, n) for name in ("updates", "plain")):
        return failing()
    due, allowed = np.zeros((T, m, n)), np.zeros((T, m, n))
    for t in range(T):
        start = t - t % case.refresh_every
        parts = set(chosen[start].astype(int).tolist())
        for i in range(m):
            for j in range(n):
                seen = np.asarray(case.gradients[start : t + 1, i, j], float).tolist()
                if {"columns": j, "rows": i, "entries": i * n + j}[case.kind] in parts:
                    due[t, i, j], allowed[t, i, j] = -0.5 * adam(seen), rounding(64 * len(seen) + 64, 16)
                else:
                    due[t, i, j] = -0.125 * (seen[-1] if case.rest == "identity" else np.sign(seen[-1]))
    drawn_anew = chosen[np.arange(T) - np.arange(T) % case.refresh_every] - chosen
    lhs = _flat(np.asarray(found["updates"], float), np.asarray(found["plain"], float), drawn_anew)
    rhs = _flat(due, -0.5 * np.asarray(case.gradients, float), 0 * drawn_anew)
    return Sides(lhs, rhs, rounding=_flat(allowed, 0 * allowed, 0 * drawn_anew))


FR_1 = Statement(
    id="low_rank_optimizers/FR-1",
    title="Each coordinate of a split takes the step of one of two methods",
    says=(
        "FRUGAL chooses a share of the columns, rows or entries of a gradient in every period. Chosen ones take the "
        "steps of Adam that began with the period, and all others take a step along their gradient or its sign. With "
        "density 1 it is Adam with restarts, and with density 0 the rest rule; a running mean with b = 0 is the "
        "gradient."
    ),
    source=Paper(FRUGAL, "the method and the released program", read="code"),
    tex=r"\Delta W = -\eta\,P^\top\mathrm{Adam}(Pg) - \eta\rho\,\mathrm{rest}(g - P^\top Pg)",
    hypotheses={"options of the method": is_split},
    instances=SPLITS,
    for_all=(
        All("streams of three gradients of two columns with one entry -2, 0 or 1 each", short_splits, members=729),
    ),
    solve=split,
    claim=Identity(splits_rightly),
    decisions=("indices",),
    saboteurs=(
        saboteur(
            "moments outlive the choice", patch=(Frugal._advance, "kept = self._empty(layout) |", "kept = kept |")
        ),
        saboteur(
            "the correction of Adam counts all steps", patch=(Frugal._advance, "kept, since + 1)", "kept, n_steps)")
        ),
        saboteur("signs and gradients exchanged", patch=(Frugal._advance, 'rest == "sign"', 'rest == "identity"')),
    ),
    notes="The draws are those of the solver; the claim holds for every choice of so many parts.",
)


FR_2 = Statement(
    id="low_rank_optimizers/FR-2",
    title="Splits with momentum reach small gradients",
    says=(
        "For an L-smooth f and noise of variance s2, the mean of E|grad f|^2 over k steps is of the order of (f_0 - f*)"
        " / (k alpha) + L alpha s2 (1 + p_max (1 - p_min) b / (1 - b)), where coordinates have the momentum b with "
        "chances from p_min to p_max."
    ),
    source=Paper(FRUGAL, "convergence of SGD with momentum", read="recalled"),
    tex=(
        r"\overline{\mathbb E\|\nabla f\|^2} = O\bigl(\tfrac{f_0 - f^*}{k\alpha} + L\alpha s^2(1 + p_{\max}"
        r"(1 - p_{\min})\tfrac{b}{1 - b})\bigr)"
    ),
    hypotheses={},
    instances=POINTS,
    solve=split_anew,
    claim=Recorded(
        "its constants are unconfirmed; variances of splits that are fixed (FR-3) and drawn anew (FR-3T) are exact",
        carried_by="low_rank_optimizers/FR-3T",
    ),
)
