"""The state of an optimizer of adapters, and one step of each method as a function from state to state."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lrtheory._array import array_namespace
from lrtheory.low_rank_adapters.convert.refactorize import refactorize
from lrtheory.low_rank_adapters.kinds.arrays import transposed
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.training.inverses import Inverse, inverse_of

__all__ = [
    "ADAM_DECAY",
    "METHODS",
    "PROJECTED",
    "Rule",
    "State",
    "followed",
    "is_zero",
    "refactored",
    "started",
    "stepped",
]

METHODS = ("altlora", "joint", "scaled", "sgd", "adam")
#: methods that project the gradient onto what the factors reach, for the kinds of LoRA
PROJECTED = ("altlora", "joint", "scaled")
#: how much of the mean of squares of Adam stays in a step
ADAM_DECAY = 0.999


@dataclass(frozen=True)
class Rule:
    """The method of an optimizer, and the numbers that it steps with."""

    method: str
    step_size: float
    momentum: float
    weight_decay: float
    ridge: float


@dataclass(frozen=True)
class State:
    """All that training has learned; arrays are never written to.

    ``turn`` names the factor that an alternating method moves next, `momenta` and `roots` (of means of squares,
    for Adam) belong to trained arrays, and ``earlier`` are the factors to which the momenta of A and B belong.
    """

    adapter: Adapter
    turn: str
    momenta: Mapping[str, Any]
    roots: Mapping[str, Any]
    earlier: Mapping[str, Any]
    n_steps: int = 0
    rank_deficient: bool = False


def started(adapter: Adapter, rule: Rule) -> State:
    """The state before the first step; B moves first where B is 0, since the gradient in A is then 0 too."""
    params = dict(adapter.params)
    momenta = {name: value * 0.0 for name, value in params.items()}
    roots = momenta if rule.method == "adam" else {}
    both = rule.method in PROJECTED and adapter.kind == "lora"
    turn = "A" if both and not is_zero(params["B"]) else next(iter(params))
    return State(adapter, turn, momenta, roots, params if both else {})


def stepped(state: State, gradient: Any, rule: Rule) -> State:
    """The state after a step with a gradient in the merged weight, or with a mapping of gradients in trained arrays."""
    if rule.method in PROJECTED:
        moved = _Projection(state, gradient, rule).step()
    else:
        pulled = gradient if isinstance(gradient, Mapping) else state.adapter.gradient(gradient)
        moved = _adam(state, pulled, rule) if rule.method == "adam" else _sgd(state, pulled, rule)
    return dataclasses.replace(moved, n_steps=state.n_steps + 1)


def is_zero(value: Any) -> bool:
    """Whether all entries of an array are 0."""
    return not bool(array_namespace(value).any(value != 0))


def _mixed(old: Any, new: Any, share: float) -> Any:
    """The running mean share * old + (1 - share) * new."""
    return share * old + (1.0 - share) * new if share else new


def _moved(value: Any, direction: Any, rule: Rule) -> Any:
    return value - rule.step_size * (direction + rule.weight_decay * value if rule.weight_decay else direction)


def _sgd(state: State, pulled: Mapping[str, Any], rule: Rule) -> State:
    momenta = {name: _mixed(state.momenta[name], g, rule.momentum) for name, g in pulled.items()}
    params = {name: _moved(value, momenta[name], rule) for name, value in state.adapter.params.items()}
    return dataclasses.replace(state, adapter=_with(state.adapter, params), momenta=momenta)


def _adam(state: State, pulled: Mapping[str, Any], rule: Rule) -> State:
    """Adam without a constant beside the root, which would depend on units; 0 / 0 counts as 0."""
    t = state.n_steps + 1
    momenta, roots, params = {}, {}, {}
    for name, value in state.adapter.params.items():
        xp, g = array_namespace(value), pulled[name]
        momenta[name] = _mixed(state.momenta[name], g, rule.momentum)
        old, new = math.sqrt(ADAM_DECAY) * state.roots[name], math.sqrt(1.0 - ADAM_DECAY) * g
        roots[name] = xp.hypot(old, new)
        mean = momenta[name] / (1.0 - rule.momentum**t)
        root = roots[name] / math.sqrt(1.0 - ADAM_DECAY**t)
        direction = xp.where(root > 0, mean / xp.where(root > 0, root, xp.ones_like(root)), xp.zeros_like(root))
        params[name] = _moved(value, direction, rule)
    return dataclasses.replace(state, adapter=_with(state.adapter, params), momenta=momenta, roots=roots)


class _Projection:
    """Steps by least squares: the change of the merged weight is the projection of the gradient (SB-1 and AL-1)."""

    def __init__(self, state: State, gradient: Any, rule: Rule) -> None:
        self.state, self.rule, self.adapter = state, rule, state.adapter
        self.gradient, self.ranks = gradient, dict[str, bool]()
        self.arrays = {**state.adapter.params, **state.adapter.frozen}
        # without transport and without the two factors 1 / scale, steps of "scaled" are those of scaled descent
        self.factor = state.adapter.scale if rule.method == "scaled" else 1.0 / state.adapter.scale

    def step(self) -> State:
        """Move the factor whose turn it is, or all that are trained; the other ones stay where they were."""
        names = [self.state.turn] if self.rule.method == "altlora" else list(self.adapter.params)
        momenta, earlier = dict(self.state.momenta), dict(self.state.earlier)
        for name in names:
            move: Callable[[], Any] = {"A": self._right, "B": self._left, "R": self._middle}[name]
            momenta[name] = move()
            if name in ("A", "B") and earlier:
                other = "B" if name == "A" else "A"
                earlier[other] = self.arrays[other]
        fresh = {name: _moved(self.arrays[name], momenta[name], self.rule) for name in names}
        both = self.adapter.kind == "lora"
        return dataclasses.replace(
            self.state,
            adapter=_with(self.adapter, {**self.adapter.params, **fresh}),
            turn={"A": "B", "B": "A"}[self.state.turn] if both else self.state.turn,
            momenta=momenta,
            earlier=earlier,
            rank_deficient=self.state.rank_deficient or not all(self.ranks.values()),
        )

    def _inverse(self, name: str) -> Inverse:
        """The pseudo-inverse of B, or of the transpose of A."""
        factor = self.arrays[name]
        found = inverse_of(factor if name == "B" else transposed(factor), self.rule.ridge)
        self.ranks[name] = found.rank == factor.shape[1 if name == "B" else 0]
        return found

    def _right(self) -> Any:
        """The momentum of A: B^+ G / scale, mixed with the momentum before, moved from the former B to this one."""
        B = self._inverse("B")
        old = self.state.momenta["A"]
        if self.rule.momentum and self.rule.method != "scaled":
            old = B.moved(self.state.earlier["B"]) @ old
        G = self.gradient
        g = B.squared(G["A"] / self.adapter.scale) if isinstance(G, Mapping) else B.of(transposed(B.basis) @ G)
        return _mixed(old, self.factor * g, self.rule.momentum)

    def _left(self) -> Any:
        """The momentum of B: G A^+ / scale, likewise."""
        A = self._inverse("A")
        old = transposed(self.state.momenta["B"])
        if self.rule.momentum and self.rule.method != "scaled" and self.state.earlier:
            old = A.moved(transposed(self.state.earlier["A"])) @ old
        G = self.gradient
        if isinstance(G, Mapping):
            g = A.squared(transposed(G["B"]) / self.adapter.scale)
        else:
            g = A.of(transposed(G @ A.basis))
        return transposed(_mixed(old, self.factor * g, self.rule.momentum))

    def _middle(self) -> Any:
        """The momentum of R: B^+ G A^+ / scale, as in LoRA-SB."""
        B, A = self._inverse("B"), self._inverse("A")
        G = self.gradient
        if isinstance(G, Mapping):
            g = transposed(A.squared(transposed(B.squared(G["R"] / self.adapter.scale))))
        else:
            g = transposed(A.of(transposed(B.of(transposed(B.basis) @ (G @ A.basis)))))
        return _mixed(self.state.momenta["R"], self.factor * g, self.rule.momentum)


def followed(adapter: Adapter, gradient: Any, method: str) -> dict[str, Any]:
    """Return the parts of a gradient that training follows, for each trained array.

    For methods that project these are coordinates of B B^+ G, of G A^+ A, or of both projections at once.
    Their norms do not depend on the choice of the factors, as those of the gradients in the arrays do.
    """
    whole = not isinstance(gradient, Mapping)
    if method not in PROJECTED:
        return adapter.gradient(gradient) if whole else dict(gradient)
    arrays = {**adapter.params, **adapter.frozen}
    found = {}
    if whole:  # gradients in the arrays carry the units of factors, and may leave the range where this does not
        for name in adapter.params:
            G = gradient
            if name in ("A", "R"):
                G = transposed(inverse_of(arrays["B"]).basis) @ G
            found[name] = G @ inverse_of(transposed(arrays["A"])).basis if name in ("B", "R") else G
        return found
    for name, value in gradient.items():
        turned = value / adapter.scale
        if name in ("A", "R"):
            turned = transposed(inverse_of(arrays["B"]).core) @ turned
        if name in ("B", "R"):
            turned = turned @ inverse_of(transposed(arrays["A"])).core
        found[name] = turned
    return found


def refactored(state: State) -> State:
    """The state of a LoRA in balanced factors, to which momenta and former factors move along (RF-3).

    Nothing changes where the product lacks the rank of the factors, since a part of balanced factors would be 0 then.
    """
    if is_zero(state.adapter.dense()):
        return state
    found = refactorize(state.adapter, momentum=state.momenta)
    if found.method != "transport" or found.momentum is None:
        return state
    earlier = refactorize(state.adapter, momentum=state.earlier).momentum if state.earlier else {}
    return dataclasses.replace(state, adapter=found.adapter, momenta=found.momentum, earlier=earlier or {})


def _with(adapter: Adapter, params: Mapping[str, Any]) -> Adapter:
    """The adapter with arrays that were computed, which need no check."""
    return dataclasses.replace(adapter, params=dict(params))
