"""SwitchLoRA: rows and columns of the factors are exchanged during training, so that the update gains rank."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np

from lrtheory._array import array_namespace, beside, beside_jax, real_array, to_numpy
from lrtheory._result import json_safe
from lrtheory._result.states import Resumable
from lrtheory._types import Array, ArrayLike, Rng
from lrtheory._validation import (
    below_one,
    choice,
    floats,
    generator,
    integer,
    must,
    open_interval,
    real,
    state_entry,
    state_value,
)
from lrtheory.low_rank_adapters.kinds.arrays import shaped, transposed
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.training.inverses import unit_of
from lrtheory.low_rank_adapters.training.optimizer import checked_gradient

__all__ = ["SwitchedLoRA"]

Side = Literal["A", "B"]
#: arrays of a state that hold whole numbers
COUNTED = ("resting_A", "resting_B", "next_index", "next_candidate")
#: to what share switches fall from the first step to the horizon
LAST = 0.3


class SwitchedLoRA(Resumable):
    r"""Trains a weight by a LoRA whose rows and columns are exchanged with stored ones now and then.

    A switch changes row k of A or column k of B, and adds to the frozen weight what the product loses, so that the
    merged weight stays as it is (statement SW-1). The gradient of the counterpart, column k of B or row k of A, jumps
    (statement SW-3), so its running mean is set to 0 and it rests for some steps.

    Parameters
    ----------
    weight : array of shape (d_out, d_in)
        The weight at the start. The update is subtracted from it, so that the start changes nothing.
    rank : int
        r, from 1 to the smaller side.
    step_size : float
        Above 0: of the gradient steps of both factors.
    horizon : int
        Steps over which switches become rare, at least 1.
    scale : float
        The factor in front of B A, not 0.
    momentum : float
        In [0, 1): the weight of earlier gradients in the running mean.
    interval : int
        At least 1: at first, steps between two switches of the same row or column on average.
    frozen_steps : int
        Steps for which a counterpart rests, at least 0.
    rng : int, SeedSequence, Generator or None
        Draws factors, candidates and the times of switches.

    Attributes
    ----------
    weight : array of shape (d_out, d_in)
        The frozen part of the merged weight.
    adapter : Adapter
        The LoRA beside it.
    candidates : dict of str to array
        Stored rows for "A", of shape (min(d_out, d_in), d_in), and columns for "B", of shape (d_out, same number).
    n_steps : int
        Steps so far.
    n_switches : int
        Switches so far, each of one row or one column.

    Raises
    ------
    ValueError
        If an argument is out of range, or the weight is not a finite matrix, with or without the update.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    Entries of rows are drawn with variance 1 / d_in, and those of columns so that the update has the norm of the weight
    on average.

    Arrays: any (device)

    References
    ----------
    Zhou, Wang and Xu, "SwitchLoRA: Switched Low-Rank Adaptation Can Learn Full-Rank Information", arXiv 2406.06564.

    Examples
    --------
    >>> import numpy as np
    >>> switched = SwitchedLoRA(np.eye(4), 1, step_size=0.1, horizon=100, rng=0)
    >>> before = switched.merged()
    >>> switched.switch(0, "A")
    >>> bool(np.allclose(switched.merged(), before)), switched.delta_rank_bound
    (True, 2)
    """

    @beside_jax
    def __init__(
        self,
        weight: ArrayLike,
        rank: int,
        *,
        step_size: float,
        horizon: int,
        scale: float = 1.0,
        momentum: float = 0.0,
        interval: int = 40,
        frozen_steps: int = 5,
        rng: Rng = None,
    ) -> None:
        W = shaped("weight", real_array(array_namespace(weight), "weight", weight), (None, None))
        m, n = W.shape
        r = integer("rank", rank, low=1, high=min(m, n))
        self.step_size = open_interval("step_size", step_size, 0.0, math.inf)
        self.horizon = integer("horizon", horizon, low=1)
        self.momentum = below_one("momentum", momentum)
        self.interval = integer("interval", interval, low=1)
        self.frozen_steps = integer("frozen_steps", frozen_steps, low=0)
        self.rng = generator(rng)
        size = real("scale", scale)
        if size == 0 or not math.isfinite(size):
            raise must("scale", "a finite number other than 0", scale)
        unit = unit_of(W)
        norm = float(np.linalg.norm(np.ldexp(np.asarray(to_numpy(W), np.float64), -unit))) or 1.0
        with np.errstate(over="ignore"):
            columns = float(np.ldexp(norm / math.sqrt(m) / math.sqrt(r), unit) / abs(size))
        if not math.isfinite(columns):
            raise must("scale", "so large that columns for an update of the size of the weight are finite", scale)
        rows, pool = 1.0 / math.sqrt(n), min(m, n)
        made = {"A": self._drawn((r, n), rows, W), "B": self._drawn((m, r), columns, W)}
        self.candidates = {"A": self._drawn((pool, n), rows, W), "B": self._drawn((m, pool), columns, W)}
        self.adapter: Adapter = lora(made["B"], made["A"], scale=size)
        with np.errstate(over="ignore", invalid="ignore"):
            self.weight: Array = _finite(W - self.adapter.dense())
        self.momenta = {name: value * 0.0 for name, value in made.items()}
        self.resting = {"A": np.zeros(r, np.int64), "B": np.zeros(r, np.int64)}
        # the next row and column to switch, half of the rank apart, and the candidates that they get
        self.next_index, self.next_candidate = {"A": 0, "B": r // 2}, {"A": 0, "B": 0}
        self.n_steps = self.n_switches = 0

    def __repr__(self) -> str:
        m, n = self.weight.shape
        return f"SwitchedLoRA({m} x {n}, rank {self.rank}): {self.n_steps} steps, {self.n_switches} switches"

    @property
    def rank(self) -> int:
        """Rows of A and columns of B."""
        return int(self.adapter.params["A"].shape[0])

    @property
    def delta_rank_bound(self) -> int:
        """The rank of the merged weight minus the frozen part at the start is at most this (statement SW-2)."""
        return min(*self.weight.shape, self.rank + self.n_switches)

    @beside_jax
    def merged(self) -> Array:
        """The weight that acts: the frozen part and the update.

        Returns
        -------
        array of shape (d_out, d_in)
            Merged weight, in the library of the frozen one.
        """
        return self.weight + self.adapter.dense()  # type: ignore[no-any-return]

    @beside_jax
    def step(self, gradient: ArrayLike | Mapping[str, ArrayLike]) -> None:
        """Move both factors along the gradient, then switch as many rows and columns as are due.

        Parameters
        ----------
        gradient : array of shape (d_out, d_in), or mapping of str to array
            The gradient of the loss in the merged weight, or those in A and B. What is rejected changes nothing.

        Raises
        ------
        ValueError
            If a shape is another one, an entry is not finite, or the step would leave the range of numbers.
        TypeError
            If the entries are not real numbers.
        """
        pulled = checked_gradient(self.adapter, gradient)
        pulled = pulled if isinstance(pulled, Mapping) else self.adapter.gradient(pulled)
        momenta, params = {}, {}
        with np.errstate(over="ignore", invalid="ignore"):
            for name, value in self.adapter.params.items():
                moving = beside((self.resting[name] == 0).astype(str(value.dtype).rpartition(".")[2]), value)
                moving = moving[:, None] if name == "A" else moving
                mean = self.momentum * self.momenta[name] + (1.0 - self.momentum) * pulled[name]
                momenta[name] = moving * mean  # what rests has the mean 0
                params[name] = value - self.step_size * momenta[name]
        for value in params.values():
            xp = array_namespace(value)
            if not bool(xp.all(xp.isfinite(value))):
                raise must("step_size", "so small that both factors stay finite", self.step_size)
        fresh = self._beside()
        fresh.adapter, fresh.momenta = self.adapter.with_params(params), momenta
        fresh.resting = {name: np.maximum(left - 1, 0) for name, left in self.resting.items()}
        fresh.n_steps += 1
        expected = self.rank / self.interval * LAST ** (fresh.n_steps / self.horizon)
        drawn_before = self.rng.bit_generator.state
        try:
            for side in ("A", "B"):
                due = math.floor(expected) + int(self.rng.random() < expected % 1.0)
                for _ in range(due):
                    fresh._exchange(fresh.next_index[side], side)
                    fresh.next_index[side] = (fresh.next_index[side] + 1) % self.rank
        except BaseException:  # an interrupt, too, leaves the generator where the step began
            self.rng.bit_generator.state = drawn_before
            raise
        self.__dict__.update(fresh.__dict__)  # all at once: no half of a step is ever left

    @beside_jax
    def switch(self, index: int, side: Side) -> None:
        """Exchange a row of A or a column of B with the next candidate; the merged weight stays as it is.

        Parameters
        ----------
        index : int
            The row or column, from 0.
        side : {"A", "B"}
            Factor that is switched.

        Raises
        ------
        ValueError
            If there is no such row, column or factor, or the weight would leave the range of numbers.
        TypeError
            If `index` is not an integer.
        """
        choice("side", side, ("A", "B"))
        fresh = self._beside()
        fresh._exchange(integer("index", index, low=0, high=self.rank - 1), side)
        self.__dict__.update(fresh.__dict__)

    def _exchange(self, k: int, side: Side) -> None:
        """Switch one row or column of an object that nobody else has."""
        other, slot = ("B" if side == "A" else "A"), self.next_candidate[side]
        # rows of A and of the transpose of B are switched alike
        turned = (lambda value: value) if side == "A" else transposed
        factor, stored = turned(self.adapter.params[side]), turned(self.candidates[side])
        old, new = factor[k, :], stored[slot, :]
        counterpart = self.adapter.params[other]
        with np.errstate(over="ignore", invalid="ignore"):
            change = self.adapter.scale * (old - new)
            if side == "A":
                moved = self.weight + counterpart[:, k][:, None] * change[None, :]
            else:
                moved = self.weight + change[:, None] * counterpart[k, :][None, :]
        self.weight = _finite(moved)
        self.adapter = self.adapter.with_params({**self.adapter.params, side: turned(_with_row(factor, k, new))})
        self.candidates = {**self.candidates, side: turned(_with_row(stored, slot, old))}
        mean = self.momenta[other] if side == "B" else transposed(self.momenta[other])
        mean = _with_row(mean, k, mean[k, :] * 0.0)
        self.momenta = {**self.momenta, other: mean if side == "B" else transposed(mean)}
        rests = self.resting[other].copy()
        rests[k] = self.frozen_steps
        self.resting = {**self.resting, other: rests}
        self.next_candidate = {**self.next_candidate, side: (slot + 1) % stored.shape[0]}
        self.n_switches += 1

    def _twin(self) -> Self:
        made = self._beside()
        made.rng = copy.deepcopy(self.rng)
        return made

    def _learned(self) -> dict[str, Any]:
        found = {name: np.asarray(to_numpy(value)).tolist() for name, value in self._arrays().items()}
        counts = {name: getattr(self, name) for name in ("n_steps", "n_switches")}
        return {**counts, **found, "rng": json_safe(self.rng.bit_generator.state)}

    @beside_jax
    def _restore(self, state: Mapping[str, Any]) -> None:
        read, W = {}, self.weight
        kind = np.asarray(to_numpy(W)).dtype
        for name, own in self._arrays().items():
            given = floats(f"state[{name!r}]", state_entry(state, name), shape=tuple(np.shape(to_numpy(own))))
            with np.errstate(over="ignore"):
                read[name] = given.astype(kind) if name not in COUNTED else given
            if not np.isfinite(read[name]).all():
                raise must(f"state[{name!r}]", f"finite in {kind}", float(np.abs(given).max()))
        counts = {
            name: integer(f"state[{name!r}]", state_value(state, name), low=0) for name in ("n_steps", "n_switches")
        }
        fresh = self.copy()
        word = state_entry(state, "rng")
        try:
            fresh.rng.bit_generator.state = word
        except (KeyError, TypeError, ValueError) as error:
            raise must("state['rng']", "the state of the generator of this object", word) from error
        made = {name: beside(value, W) for name, value in read.items() if name not in COUNTED}
        fresh.weight = made["weight"]
        fresh.adapter = self.adapter.with_params({"B": made["B"], "A": made["A"]})
        fresh.candidates = {side: made[f"candidates_{side}"] for side in ("A", "B")}
        fresh.momenta = {side: made[f"momentum_{side}"] for side in ("B", "A")}
        fresh.resting = {side: _counts(f"resting_{side}", read, self.frozen_steps) for side in ("A", "B")}
        for name, limit in (("next_index", self.rank), ("next_candidate", min(self.weight.shape))):
            values = _counts(name, read, limit - 1).tolist()
            setattr(fresh, name, dict(zip(("A", "B"), values, strict=True)))
        self.__dict__.update(fresh.__dict__ | counts)

    def _beside(self) -> Self:
        """An object that can be changed beside this one; both draw from the same generator."""
        made = copy.copy(self)  # arrays and all other mappings are replaced and never written to
        made.next_index = dict(self.next_index)
        return made

    def _drawn(self, shape: tuple[int, int], deviation: float, W: Any) -> Any:
        values = self.rng.standard_normal(shape) * deviation
        return beside(values.astype(np.asarray(to_numpy(W[:0, :])).dtype), W)

    def _parameters(self) -> dict[str, Any]:
        names = ("rank", "step_size", "horizon", "momentum", "interval", "frozen_steps")
        shape, scale = list(self.weight.shape), self.adapter.scale
        return {"shape": shape, "scale": scale} | {name: getattr(self, name) for name in names}

    def _arrays(self) -> dict[str, Any]:
        sides: tuple[Side, Side] = ("A", "B")
        pairs = {f"candidates_{side}": self.candidates[side] for side in sides}
        pairs |= {f"momentum_{side}": self.momenta[side] for side in sides}
        pairs |= {f"resting_{side}": self.resting[side] for side in sides}
        places = {
            name: np.array([getattr(self, name)[side] for side in sides]) for name in ("next_index", "next_candidate")
        }
        return {"weight": self.weight, **self.adapter.params, **pairs, **places}


def _finite(weight: Any) -> Any:
    """The frozen part of a weight, unless it has left the range of numbers."""
    xp = array_namespace(weight)
    if not bool(xp.all(xp.isfinite(weight))):
        raise must("weight", "so small that it stays finite without the update", "an infinity")
    return weight


def _with_row(matrix: Any, k: int, row: Any) -> Any:
    """The matrix with another row k; no array is written to."""
    return array_namespace(matrix).concat([matrix[:k, :], row[None, :], matrix[k + 1 :, :]], axis=0)


def _counts(name: str, read: Mapping[str, np.ndarray], high: int) -> np.ndarray:
    """An array of whole numbers in [0, high]."""
    whole = read[name].astype(np.int64)
    if (whole != read[name]).any() or (whole < 0).any() or (whole > high).any():
        raise must(f"state[{name!r}]", f"integers in [0, {high}]", read[name])
    return whole
