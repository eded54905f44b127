"""Results of training in integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._result import Result, result
from lrtheory._result.display import curves
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN

__all__ = ["IntegerStep", "IntegerTraining", "Progress"]


@result
class IntegerStep(Result):
    """The outcome of one vote.

    Attributes
    ----------
    quantile : int
        Sixteenths of the quantile that votes had to reach.
    counts : mapping
        ``evaluations``, ``dropped_pairs`` (a score was not finite), ``tied_pairs`` (equal scores), ``moved`` weights,
        ``clipped`` activations.
    """

    quantile: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Progress:
    """The state that a callback sees after a step.

    Parameters
    ----------
    n_steps : int
        Steps of the whole training so far.
    bits : float
        The mean loss of all members at this step, in bits a symbol.
    network : IntegerRNN
        Network with the weights after this step.
    """

    n_steps: int
    bits: float
    network: IntegerRNN


@result
class IntegerTraining(Result):
    """The loss along a training in integers.

    Attributes
    ----------
    bits : array of shape (n_iter,)
        The mean loss of all members at each step, in bits a symbol, before the weights moved.
    network : IntegerRNN
        Network after the last step.
    first : int
        Steps that had been taken before.
    n_iter : int
        Steps of this call.
    converged : bool
        Whether all steps were taken that were asked for.
    message : str
        Sentence about the end of the training and its last loss.
    counts : mapping
        ``symbols`` that were predicted, ``evaluations`` of members, ``tied_pairs``, ``moved`` weights and ``clipped``
        activations, all steps together.
    trace : mapping or None
        Arrays of the counts a step.
    """

    bits: np.ndarray
    network: IntegerRNN
    first: int
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    trace: Mapping[str, Any] | None

    _is_more = True

    def _columns(self) -> dict[str, Any]:
        return {"step": list(range(self.first + 1, self.first + self.n_iter + 1)), "bits": self.bits.tolist()}

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        curves(ax, columns["step"], {"bits": columns["bits"]}, xlabel="step", ylabel="bits a symbol")
