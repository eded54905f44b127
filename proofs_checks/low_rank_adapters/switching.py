"""Switched rows and columns of factors: the merged weight stays, its rank grows, one gradient jumps: SW-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.training.switched import SwitchedLoRA
from proofs_checks.guards import unlike
from proofs_checks.low_rank_adapters.families.factors import rank
from proofs_checks.low_rank_adapters.families.switches import (
    RESTS,
    SINGLE,
    SWITCHES,
    TRAIN,
    Switches,
    followed,
    gradients,
    is_switching,
    is_whole,
    switched,
)

SWITCHED = {"arrays that fit, events that name rows and columns": is_switching, "exact in doubles": is_whole}


def listed(states: list[dict[str, Any]]) -> np.ndarray:
    """Return all entries of all arrays of some states."""
    return np.concatenate([np.ravel(value) for state in states for value in state.values()])


def merged(case: Switches, state: dict[str, Any]) -> np.ndarray:
    """Return the weight that acts."""
    return np.asarray(state["W"] + case.scale * (state["B"] @ state["A"]))


def keeps_weight(case: Switches, found: dict[str, Any]) -> Sides:
    """Compare the merged weight after each switch with that before, and all arrays with those that have to be there."""
    before = {"W": case.W, "B": case.B, "A": case.A}
    lhs = [merged(case, state).ravel() for state in found["states"]]
    rhs = [merged(case, before).ravel()] * len(lhs)
    return Sides(np.concatenate([*lhs, listed(found["states"])]), np.concatenate([*rhs, listed(followed(case))]))


SW_1 = Statement(
    id="low_rank_adapters/SW-1",
    title="A switch leaves the merged weight as it is",
    says=(
        "Row k of A is exchanged with a stored row a' in W + s B A, or column k of B with a stored column. With s b_k "
        "(a_k - a')^T, or s (b_k - b') a_k^T, added to the frozen weight W the merged weight stays, A has the new row, "
        "and the old one takes its place in the store."
    ),
    source=Derived(theory.switched_weight),
    tex=r"W' = W + s\,b_k(a_k - a')^\top \Rightarrow W' + sBA' = W + sBA",
    hypotheses=SWITCHED | {"switches alone": lambda case: all(word != TRAIN for _, word in case.events)},
    instances=SINGLE,
    solve=switched,
    claim=Identity(keeps_weight),
    decisions=("states.*",),
    unread={"bounds": "SW-2 compares the bound on the rank"},
    saboteurs=(
        saboteur(
            "the scale is left out", patch=(SwitchedLoRA._exchange, "self.adapter.scale * (old - new)", "old - new")
        ),
        saboteur("nothing is switched", patch=(SwitchedLoRA._exchange, "_with_row(factor, k, new)", "factor")),
        saboteur(
            "the store keeps what it gave", patch=(SwitchedLoRA._exchange, "_with_row(stored, slot, old)", "stored")
        ),
    ),
)


def grows_slowly(case: Switches, found: dict[str, Any], share: float = 1.0) -> Sides:
    """Compare the rank after each event with its bound, once all arrays and reports are what they have to be."""
    m, n = case.W.shape
    counts = np.cumsum([word != TRAIN for _, word in case.events])
    limits = [theory.switched_rank((m, n), case.B.shape[1], int(np.ceil(share * count))) for count in counts]
    due = [theory.switched_rank((m, n), case.B.shape[1], int(count)) for count in counts]
    off = unlike(listed(found["states"]) - listed(followed(case)), 0.0) or unlike(found["bounds"] - due, 0.0)
    ranks = [rank(merged(case, state) - case.W) for state in found["states"]]
    return off or Sides(np.array(ranks, float), np.array(limits, float), trivial=float(min(m, n)), rounding=0.0)


SW_2 = Statement(
    id="low_rank_adapters/SW-2",
    title="Each switch can add one to the rank of the update",
    says=(
        "The frozen weight was W before training. After any steps of training both factors, of rank r, and any switches"
        " of one row or one column each, the merged weight differs from W by a matrix of rank at most r plus the number"
        " of switches, and at most its smaller side."
    ),
    source=Derived(theory.switched_rank),
    tex=r"\mathrm{rank}(W_t + sB_tA_t - W_0) \le \min(m, n, r + \#\text{switches})",
    hypotheses=SWITCHED,
    instances=SWITCHES,
    solve=switched,
    claim=Inequality(grows_slowly),
    decisions=("states.*",),
    saboteurs=(
        saboteur("half of the switches count", claim=Inequality(partial(grows_slowly, share=0.5))),
        saboteur("the rank of the factors", claim=Inequality(partial(grows_slowly, share=0.0))),
        saboteur(
            "compensated in the first column",
            patch=(SwitchedLoRA._exchange, "counterpart[:, k][:, None]", "counterpart[:, 0][:, None]"),
        ),
    ),
    notes="Without training between switches the bound need not be met, as a switch may undo the one before it.",
)


def jumps_once(case: Switches, found: dict[str, Any]) -> Sides:
    """Compare both gradients around a switch, what rests after it, and which momenta are gone."""
    k, word = case.events[0]
    s, other = case.scale, "B" if word == "A" else "A"
    before = {"A": s * case.B.T @ case.G, "B": s * case.G @ case.A.T}
    after = {name: np.array(value) for name, value in before.items()}
    momenta = {"A": np.ones(case.A.shape, int), "B": np.ones(case.B.shape, int)}
    rests = {name: np.zeros(len(case.A), int) for name in "AB"}
    rests[other][k] = RESTS
    if word == "A":
        after["B"][:, k] += theory.gradient_jump(case.G, case.A[k], case.rows[0], scale=s)
        momenta["B"][:, k] = 0
    else:
        after["A"][k] += theory.gradient_jump(case.G.T, case.B[:, k], case.columns[:, 0], scale=s)
        momenta["A"][k] = 0
    wanted = {"before": before, "after": after, "momentum": momenta, "rests": rests}
    names = [(part, name) for part in wanted for name in "AB"]
    lhs = np.concatenate([np.ravel(found[f"{part}_{name}"]) for part, name in names])
    return Sides(lhs, np.concatenate([np.ravel(wanted[part][name]) for part, name in names]))


SW_3 = Statement(
    id="low_rank_adapters/SW-3",
    title="A switch makes the gradient of its counterpart jump, and no other",
    says=(
        "Where row k of A becomes a' and the gradient G in the merged weight stays, the gradient of A stays, and of the"
        " gradient of B column k alone jumps, by s G (a' - a_k); likewise for columns of B. That counterpart loses its "
        "momentum and rests for some steps."
    ),
    source=Derived(theory.gradient_jump),
    tex=r"\Delta\nabla_A = 0,\quad \Delta\nabla_{b_j} = \mathbb 1[j = k]\,s\,G(a' - a_k)",
    hypotheses=SWITCHED | {"a switch first": lambda case: case.events[0][1] != TRAIN},
    instances=SINGLE,
    solve=gradients,
    claim=Identity(jumps_once),
    saboteurs=(
        saboteur(
            "what was switched rests",
            patch=(SwitchedLoRA._exchange, "{**self.resting, other: rests}", "{**self.resting, side: rests}"),
        ),
        saboteur(
            "the counterpart keeps its momentum", patch=(SwitchedLoRA._exchange, "mean[k, :] * 0.0", "mean[k, :]")
        ),
    ),
)
