"""Training of one adapter by questions and answers, for callers who compute gradients elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lrtheory._array import array_namespace, beside_jax, to_numpy
from lrtheory._result.states import Resumable
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import below_one, choice, flag, integer, must, real, state_entry, state_value
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.training.steps import (
    METHODS,
    PROJECTED,
    Rule,
    State,
    is_zero,
    refactored,
    started,
    stepped,
)

__all__ = ["AdapterOptimizer", "Diverged", "checked_gradient"]


class Diverged(ValueError):
    """A step would have left the range of numbers."""


class AdapterOptimizer(Resumable):
    r"""Trains an adapter step by step from gradients in its merged weight.

    `adapter` is where training stands, and `step` takes the gradient of the loss there. A state holds trained arrays
    and running means, but no frozen arrays: it belongs to an optimizer whose adapter has the same ones.

    Parameters
    ----------
    adapter : Adapter
        Adapter at the start of the training. B = A = 0 is refused for the kind "lora", since all gradients are 0 there
        for ever.
    method : {"altlora", "joint", "scaled", "sgd", "adam"}
        "altlora" moves A and B in turns, each by the projection of the gradient onto what it reaches: B^+ G / scale and
        G A^+ / scale, so that the merged weight does not depend on the choice of the factors (statement AL-3). "joint"
        moves all trained factors by the same gradient, and "scaled" does so by scale B^+ G, as scaled gradient descent.
        These three are for the kinds "lora", "lora-fa" and "lora-xs". "sgd" and "adam" move the trained arrays of every
        kind by their gradients.
    step_size : float
        Above 0. For "altlora" the loss of a quadratic falls up to 2 times its inverse curvature (statement AL-6), and
        for "joint" only up to 1 (statement AL-9).
    momentum : float
        In [0, 1): the weight of earlier gradients in the running mean. "altlora" and "joint" move it along to the
        present factors by least squares (statement AL-2).
    weight_decay : float
        At least 0: each step also subtracts step_size weight_decay times the array.
    ridge : float
        At least 0, for methods that project: (B^T B + ridge I)^{-1} B^T in place of B^+, which depends on the choice of
        the factors.

    Attributes
    ----------
    adapter : Adapter
        Adapter with the current trained arrays.
    n_steps : int
        Steps that were told.
    rank_deficient : bool
        Whether some step met a factor without full rank, for which pseudo-inverses of least norm were taken.
    turn : str
        The factor that "altlora" moves next; B first where it is 0.
    momenta : dict of str to array
        The running mean of each trained array, in its shape.

    Raises
    ------
    ValueError
        If an option is out of range or does not fit the kind of the adapter, or both factors are 0.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    Arrays: any (device)

    References
    ----------
    Yu et al., "AltLoRA: Towards Better Gradient Approximation in Low-Rank Adaptation with Alternating Projections",
    NeurIPS 2025, arXiv 2505.12455.

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> target = np.array([[2.0, 0.0], [0.0, 0.0]])
    >>> optimizer = AdapterOptimizer(lora([[1.0], [1.0]], [[1.0, 1.0]]), step_size=1.0)
    >>> for _ in range(2):
    ...     optimizer.step(optimizer.adapter.dense() - target)
    >>> np.round(optimizer.adapter.dense(), 12).tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """

    def __init__(
        self,
        adapter: Adapter,
        *,
        method: str = "altlora",
        step_size: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        ridge: float = 0.0,
    ) -> None:
        if not isinstance(adapter, Adapter):
            raise must("adapter", "an Adapter", adapter, TypeError)
        self._rule = _rule(adapter, method, step_size, momentum, weight_decay, ridge)
        self._state = _begun(adapter, self._rule)

    def __repr__(self) -> str:
        how = f"method={self._rule.method!r}, step_size={self._rule.step_size:g}"
        return f"AdapterOptimizer({self.adapter!r}, {how}): {self.n_steps} steps"

    @property
    def adapter(self) -> Adapter:
        """Where training stands."""
        return self._state.adapter

    @property
    def method(self) -> str:
        """As given."""
        return self._rule.method

    @property
    def n_steps(self) -> int:
        """Steps that were told."""
        return self._state.n_steps

    @property
    def rank_deficient(self) -> bool:
        """Whether some step met a factor without full rank."""
        return self._state.rank_deficient

    @property
    def turn(self) -> str:
        """The trained array that an alternating method moves next."""
        return self._state.turn

    @property
    def momenta(self) -> dict[str, Array]:
        """The running mean of each trained array, in its shape."""
        return dict(self._state.momenta)

    @beside_jax
    def step(self, gradient: ArrayLike | Mapping[str, ArrayLike]) -> None:
        """Take one step; a rejected gradient changes nothing.

        Parameters
        ----------
        gradient : array of shape (d_out, d_in), or mapping of str to array
            The gradient of the loss in the merged weight, or those in all trained arrays by their names.

        Raises
        ------
        ValueError
            If a shape is another one, an entry is not finite, or the step would leave the range of numbers.
        TypeError
            If the entries are not real numbers.
        """
        checked = checked_gradient(self.adapter, gradient)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
            fresh = stepped(self._state, checked, self._rule)
        for value in (*fresh.adapter.params.values(), *fresh.momenta.values()):
            xp = array_namespace(value)
            if not bool(xp.all(xp.isfinite(value))):
                raise must("step_size", "so small that trained arrays stay finite", self._rule.step_size, Diverged)
        self._state = fresh

    def _twin(self) -> Self:
        return copy.copy(self)  # states are never written to

    def _learned(self) -> dict[str, Any]:
        state = self._state
        word = {"n_steps": state.n_steps, "turn": state.turn, "rank_deficient": state.rank_deficient}
        arrays = {f"{part}.{name}": np.array(to_numpy(value)) for part, name, value in _arrays(state)}
        return word | arrays

    @beside_jax
    def _restore(self, state: Mapping[str, Any]) -> None:
        own = self._state
        read: dict[str, dict[str, Any]] = {"params": {}, "momenta": {}, "roots": {}, "earlier": {}}
        for part, name, value in _arrays(own):
            key = f"{part}.{name}"
            with np.errstate(over="ignore"):
                found = own.adapter._matrix(f"state[{key!r}]", state_entry(state, key), tuple(value.shape))
            xp = array_namespace(found)
            if not bool(xp.all(xp.isfinite(found))):  # a double may be too large for the precision of the adapter
                raise must(f"state[{key!r}]", f"finite in {found.dtype}", "an infinity")
            read[part][name] = found
        for name, root in read["roots"].items():
            if bool(array_namespace(root).any(root < 0)):
                raise must(f"state['roots.{name}']", "roots of means of squares, of at least 0", to_numpy(root))
        n_steps = integer("state['n_steps']", state_value(state, "n_steps"), low=0)
        turns = ("A", "B") if own.earlier else (own.turn,)
        turn = choice("state['turn']", state_value(state, "turn"), turns)
        deficient = flag("state['rank_deficient']", state_value(state, "rank_deficient"))
        adapter = own.adapter.with_params(read.pop("params"))
        self._state = State(adapter, turn, n_steps=n_steps, rank_deficient=deficient, **read)

    def _refactorize(self) -> bool:
        """Balance the factors of a LoRA, and say whether this could be done."""
        before, self._state = self._state, refactored(self._state)
        return self._state is not before

    def _parameters(self) -> dict[str, Any]:
        adapter, rule = self.adapter, self._rule
        kind = {"kind": adapter.kind, "shape": list(adapter.shape), "scale": adapter.scale}
        return {**kind, **vars(rule)}


def _rule(adapter: Adapter, method: Any, step_size: Any, momentum: Any, weight_decay: Any, ridge: Any) -> Rule:
    """The options, each in its range."""
    choice("method", method, METHODS)
    projects = method in PROJECTED
    if projects and adapter.kind not in ("lora", "lora-fa", "lora-xs"):
        raise must("method", f'"sgd" or "adam" for the kind {adapter.kind!r}', method)
    if adapter.kind == "queryable":
        rule = "of a kind whose trained numbers are free, as the weights of a router are not"
        raise must("adapter", rule, adapter.kind)
    if projects and adapter.scale == 0:
        raise must("adapter", f"of a scale other than 0 for method {method!r}", adapter.scale)
    largest = float(np.finfo(float).max)
    size = real("step_size", step_size, high=largest)
    if size <= 0:
        raise must("step_size", "above 0", step_size)
    share = below_one("momentum", momentum)
    damping = real("ridge", ridge, low=0.0, high=largest)
    if damping and not projects:
        raise must("ridge", f"left out with method {method!r}, which does not use it", ridge)
    return Rule(method, size, share, real("weight_decay", weight_decay, low=0.0, high=largest), damping)


@beside_jax
def _begun(adapter: Adapter, rule: Rule) -> State:
    if adapter.kind == "lora" and all(is_zero(value) for value in adapter.params.values()):
        raise must("adapter", "one with a factor other than 0, since all gradients are 0 for ever", "B = A = 0")
    return started(adapter, rule)


def checked_gradient(adapter: Adapter, gradient: Any) -> Any:
    """The gradient in the library of the adapter."""
    if not isinstance(gradient, Mapping):
        return adapter._matrix("gradient", gradient, adapter.shape)
    if set(gradient) != set(adapter.params):
        raise must("gradient", f"a mapping with the names {', '.join(adapter.params)}", sorted(map(str, gradient)))
    given = adapter.params.items()
    return {name: adapter._matrix(f"gradient[{name!r}]", gradient[name], tuple(old.shape)) for name, old in given}


def _arrays(state: State) -> list[tuple[str, str, Any]]:
    """All arrays of a state: the part that they belong to, and their names."""
    parts = {"params": state.adapter.params, "momenta": state.momenta, "roots": state.roots}
    return [(part, name, value) for part, arrays in (parts | {"earlier": state.earlier}).items()
            for name, value in arrays.items()]  # fmt: skip
