"""Answers about a recursion: the map, its ledger, its certificate, and its state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, beside, beside_jax, is_foreign
from lrtheory._result import read_only
from lrtheory._result.low_rank import LowRankFactors
from lrtheory._result.states import Filed
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import Words, must
from lrtheory.continual_learning.recursion import inputs, naming, steps
from lrtheory.continual_learning.recursion import state as states
from lrtheory.continual_learning.recursion.adapter import adapter_of
from lrtheory.continual_learning.recursion.forms.algebra import is_exact, norm
from lrtheory.continual_learning.recursion.forms.square_root import SquareRoot
from lrtheory.continual_learning.recursion.report import DriftCertificate, EditReport, report_of
from lrtheory.continual_learning.recursion.setup import Options
from lrtheory.continual_learning.recursion.steps import Edit, RecursionState, Step

__all__ = ["Queries"]


class Queries(Filed):
    """The base of `RecursiveRidge`, with everything that changes no edit."""

    _options: Options
    _kind: Any  # an empty array of the caller's library, precision and device
    _held: RecursionState
    _start: float  # the logarithm of the determinant of M_0
    _edits: dict[int | str, Edit]
    _next: int

    def __repr__(self) -> str:
        d, p = self._held.W.shape
        return f"{type(self).__name__}({d} -> {p}, method={self.method!r}): {self.n_edits} edits of {self.n_keys} keys"

    # --- the map ---------------------------------------------------------------------------------------------------

    @property
    def weights(self) -> Array:
        """The map now, of the shape, the precision and the library of W0."""
        return self._back(self._held.W.T if self.layout == "torch" else self._held.W)

    @beside_jax
    def predict(self, x: ArrayLike) -> Array:
        """Send rows through the map.

        Parameters
        ----------
        x : array of shape (n, d)
            Inputs.

        Returns
        -------
        array of shape (n, p)
            x W.

        Raises
        ------
        ValueError
            If the shape is another one, or a number is not finite.
        TypeError
            If the entries are not real numbers.
        """
        return self._back(self._inputs(x) @ self._held.W)

    @beside_jax
    def variance(self, x: ArrayLike) -> Array:
        """The uncertainty v of rows: an edit with this key would leave the share 1 / (1 + v) of an error.

        Parameters
        ----------
        x : array of shape (n, d)
            Inputs.

        Returns
        -------
        array of shape (n,)
            The numbers v = x C x^T with C the inverse of M; no edit lets them grow.

        Raises
        ------
        ValueError
            If the shape is another one, a number is not finite, or the form has lost its definiteness to rounding.
        TypeError
            If the entries are not real numbers.
        """
        rows = self._inputs(x)
        return self._back(steps.factorized(self.method, lambda: self._held.form.variance(rows)))

    @beside_jax
    def as_adapter(self, rank: int) -> LowRankFactors:
        """The change W - W0 as factors of a low rank, at the least objective that a change of this rank has.

        Parameters
        ----------
        rank : int
            Rank of the factors, in [1, min(d, p)].

        Returns
        -------
        LowRankFactors
            `dense()` gives B A, which has the shape of W0 and is added to it: B is (p, rank) and A (rank, d) in the
            layout "torch", as adapters are stored, and B is (d, rank) and A (rank, p) in the layout "rows". The
            certificate is a `LowRankEditCertificate` (statement RL-19). The least objective is not always the best
            recall of edits.

        Raises
        ------
        ValueError
            If the rank is out of range, or numbers are exact, since factors need roots.
        """
        if self._options.exactly:
            raise must("dtype", "a kind of float for factors, which need roots", "object")
        return steps.factorized(
            self.method, lambda: adapter_of(self._held, rank, self._arithmetic(), self._kind, self.layout)
        )

    @property
    def method(self) -> str:
        """The form that is held now."""
        return self._held.form.name

    @property
    def layout(self) -> str:
        """As given."""
        return self._options.layout

    @property
    def names(self) -> tuple[int | str, ...]:
        """The names of the edits that are kept, in the order in which they came."""
        return tuple(self._edits)

    @property
    def n_edits(self) -> int:
        """Edits that the map holds."""
        return self._held.n_edits

    @property
    def n_keys(self) -> int:
        """Keys of these edits."""
        return self._held.n_keys

    @property
    def factor(self) -> np.ndarray:
        """The upper triangular R of shape (d, d) with R^T R = M; of method "sqrt" alone."""
        form = self._held.form
        if not isinstance(form, SquareRoot):
            raise must("method", '"sqrt" for a factor', form.name)
        return read_only(form.R)

    @property
    def covariance(self) -> Array:
        """The inverse C of M, of shape (d, d); method "covariance" holds it, others compute it."""
        return self._back(steps.factorized(self.method, self._held.form.covariance))

    # --- the ledger ------------------------------------------------------------------------------------------------

    @property
    def cost(self) -> Number:
        """The objective of all edits at the present map, a sum over the edits (statement RL-10)."""
        return self._held.cost  # type: ignore[no-any-return]

    @property
    def log_det(self) -> float:
        """The logarithm of det M / det M_0 (statement RL-11)."""
        return steps.factorized(self.method, self._held.form.log_determinant) - self._start

    @property
    def drift(self) -> float:
        """The distance of the weights from W0, in the Frobenius norm."""
        return norm(self._held.W - self._held.prior.W0)

    @property
    def anchor_drift(self) -> float:
        """The distance of the outputs of the anchors from those of W0, in the Frobenius norm; 0 without anchors."""
        return math.sqrt(self._held.prior.moved(self._held.W - self._held.prior.W0))

    @property
    def certificate(self) -> DriftCertificate | None:
        """A bound on both drifts by the surprise of all edits (statement RL-4); None with a decay below 1."""
        if self._options.decay != 1:
            return None
        prior, bound = self._held.prior, float(self._held.initial) / 4
        deviation = float(prior.penalty(self._held.W - prior.W0))
        return DriftCertificate._of(deviation, bound, "continual_learning/RL-4", *self._arithmetic())

    # --- the state -------------------------------------------------------------------------------------------------

    def _learned(self) -> dict[str, Any]:
        found = states.told(self._held) | {"next": self._next}
        return found | (states.told_edits(self._edits, self._held.W) if self._options.keep == "edits" else {})

    @beside_jax
    def _restore(self, state: Mapping[str, Any]) -> None:
        held = states.read(state, self._held, self._options.method)
        edits = states.read_edits(state, held) if self._options.keep == "edits" else {}
        self._held, self._edits, self._next = held, edits, states.count(state, "next")

    def _given(self) -> dict[str, Any]:
        anchors = self._held.prior.anchors
        return {} if anchors is None else {"anchors": states.plain(anchors)}

    # --- inside ----------------------------------------------------------------------------------------------------

    def _parameters(self) -> dict[str, Any]:
        prior, options = self._held.prior, self._options
        kind = str(self._kind.dtype).rpartition(".")[2]
        numbers = {"ridge": prior.ridge, "anchor_weight": prior.anchor_weight, "decay": options.decay}
        words = {"method": options.method, "keep": options.keep, "layout": options.layout, "dtype": kind, "version": 1}
        shape = {"shape": list(prior.W0.shape), "n_anchors": 0 if prior.anchors is None else prior.anchors.shape[0]}
        return words | shape | {name: states.plain(number) for name, number in numbers.items()}

    def _inputs(self, x: Any) -> Any:
        rows = inputs.matrix("x", x, self._held.W)
        if rows.shape[1] != self._held.W.shape[0]:
            raise must("x", f"of shape (n, {self._held.W.shape[0]})", tuple(rows.shape))
        if not inputs.finite(rows):
            raise must("x", "finite", Words("an infinity or NaN"))
        return rows

    def _back(self, A: Any) -> Any:
        """An array in the caller's library and precision, which shares no numbers that can be changed."""
        if is_exact(A):
            return read_only(A)
        A = beside(A, self._kind) if isinstance(A, np.ndarray) else A
        A = A if A.dtype == self._kind.dtype else array_namespace(A).astype(A, self._kind.dtype)
        return inputs.copied(A) if is_foreign(A) else read_only(A)

    def _arithmetic(self) -> tuple[float, float, float]:
        """Numbers that every certificate holds: `ridge`, `anchor_weight` and the unit roundoff."""
        prior, W = self._held.prior, self._held.W
        unit = 0.0 if is_exact(W) else float(np.finfo(inputs.precision(W)).eps) / 2
        return float(prior.ridge), float(prior.anchor_weight), unit

    def _undecayed(self, what: str) -> None:
        if self._options.decay != 1:
            raise must("decay", f"1 for `{what}`, since the ages of edits are lost", float(self._options.decay))

    def _named(self, name: Any) -> tuple[int | str, Edit]:
        if self._options.keep != "edits":
            raise must("keep", '"edits" where edits are called by their names', self._options.keep)
        known = naming.plain(name)
        if known is None or known not in self._edits:
            raise must("name", "that of an edit that is kept", name, KeyError)
        return known, self._edits[known]

    def _found(self, keys: Any, values: Any) -> tuple[int | str, Edit]:
        """A kept edit with these keys and values; where none are kept, an edit that may have been there."""
        K, V = inputs.pair(keys, values, self._held.W)
        if self._options.keep != "edits":
            return -1, Edit(K, V, inputs.number(1, self._options.exactly))
        for name, edit in self._edits.items():
            if inputs.same(edit.K, K) and inputs.same(edit.V, V):
                return name, edit
        raise must("keys", "those of an earlier edit", K)

    def _others(self, name: Any) -> list[Edit] | None:
        if self._options.keep != "edits":
            return None
        return [edit for one, edit in self._edits.items() if one != name]

    def _flops(self, u: int) -> int:
        d, p = self._held.W.shape
        return int(self._held.form.flops(u) + 6 * u * d * p)

    def _report(self, step: Step, name: int | str, u: int) -> EditReport:
        counts = {"keys": u, "flops": self._flops(u)}
        return report_of(step, name, self.method, counts, self._arithmetic() if self._options.decay == 1 else None)
